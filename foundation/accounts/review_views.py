"""The page of roles: who may do what, who holds what for a while, which duties are kept apart."""

import datetime

from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from foundation.accounts import review
from foundation.accounts.access import require
from foundation.accounts.duties import DUTIES
from foundation.accounts.models import User
from foundation.pages.exports import Form, Table, send
from foundation.pages.paper import Paper
from foundation.trail.record import record

HEADER = ("Register", "Verb", "Signs", *(role.label for role in review.ROLES))


@require_safe
def roles(request: HttpRequest) -> HttpResponse:
    """The table of permissions in words, and everything that adds to it or bounds it."""
    user: User = request.user  # type: ignore[assignment]  # LoginRequiredMiddleware lets nobody else in
    return render(request, "accounts/roles.html", facts(user))


def roles_paper(user: User, params: QueryDict, moment: datetime.datetime | None) -> Paper:
    """The same on paper, for whoever reviews access. It shows the present: the rules are the program's own."""
    found = facts(user)
    return Paper(title="Roles and access", template="pdf/roles.html", context=found, landscape=True)


roles.paper = roles_paper  # type: ignore[attr-defined]


@require_safe
def roles_export(request: HttpRequest, form: Form) -> StreamingHttpResponse:
    """The table of who may do what."""
    require(request.user, "review_access", User)
    user: User = request.user  # type: ignore[assignment]  # as above
    with transaction.atomic():
        record("access.exported", user)
    rows = [[one.register, one.verb, one.signs, *one.scopes] for one in review.permissions()]
    return send(Table("Who may do what", f"roles-{timezone.localdate()}", HEADER, [rows]), form, user)


def facts(user: User) -> dict[str, object]:
    """The context of page and paper; Http404 or PermissionDenied for who may not review access."""
    require(user, "review_access", User)
    return {
        "roles": review.ROLES,
        "permissions": review.permissions(),
        "holders": review.holders(),
        "grants": review.grants(user),
        "windows": review.windows(),
        "duties": DUTIES.values(),
        "exceptions": review.exceptions_in_force(user),
        "now": timezone.now(),
    }
