"""The register of engagements, and admitting auditors to one."""

import datetime
from typing import Any, ClassVar

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from audits import actions
from audits.forms import AdmissionForm, EngagementFilter, EngagementForm
from audits.models import Engagement, Status
from controls.models import Category
from foundation.accounts import fresh
from foundation.accounts.access import can, get_allowed
from foundation.accounts.models import User
from foundation.pages.act import VerbPage, act
from foundation.pages.columns import Column
from foundation.pages.pages import Pages

TONES: dict[str, str] = {
    Status.PLANNED: "mute",
    Status.FIELDWORK: "info",
    Status.REPORTING: "warn",
    Status.CLOSED: "ok",
}


class EngagementPages(Pages):
    """Engagements. Their windows follow them; one whose auditors still have access is not archived."""

    model = Engagement
    form_class, filter_class = EngagementForm, EngagementFilter
    columns: ClassVar = (
        Column("name", "Engagement", sort="name", kind="title"),
        Column("type", "Type", sort="type"),
        Column("time", "Covers"),
        Column("scope_words", "Categories"),
        Column("firm", "Audit firm", sort="firm", empty="Not chosen"),
        Column("status", "Status", sort="status", kind="badge", tones=TONES),
    )
    facts: ClassVar = (*columns[1:], Column("notes", "Notes"))
    ordering: ClassVar = ("-id",)
    intro = "The examinations by a CPA firm: what each covers, and which auditors may look, from when to when."

    @staticmethod
    def attach(found: list[Any], user: User, moment: datetime.datetime | None) -> None:  # noqa: ARG004 - the same at any moment
        """The categories by name, in one query."""
        names = dict(Category.objects.values_list("slug", "name"))
        for engagement in found:
            engagement.scope_words = [names.get(slug, slug) for slug in engagement.categories]

    def detail_context(self, target: Engagement, moment: datetime.datetime | None) -> dict[str, Any]:
        """The windows as they are now, for whoever may open and close them, and the form to admit somebody."""
        if moment is not None or not can(self.user, "admit_auditor", target):
            return {"windows": None}
        return {
            "windows": list(actions.windows_of(target)),
            "now": timezone.now(),
            "admit_form": AdmissionForm(initial=fresh.typed(self.request)),
        }

    def keep(self, form: Any, participle: str) -> Engagement:
        """Windows follow their engagement in the same transaction."""
        return actions.keep_engagement(form.save(commit=False), actor=self.user)

    @transaction.atomic
    def put_away(self, target: Engagement, participle: str, reason: str) -> Engagement:
        """Not archived while an auditor still has access, whoever asks."""
        if participle == "archived":
            actions.hold_for_archiving(target)
        return super().put_away(target, participle, reason)

    @transaction.atomic
    def archive_page(self, pk: int) -> HttpResponse:
        """Refused while an auditor still has access: end that first, with its own reason."""
        engagement = get_allowed(self.user, "archive", Engagement, pk)
        try:
            actions.hold_for_archiving(engagement)
        except ValidationError as refused:
            messages.error(self.request, " ".join(refused.messages))
            return redirect(engagement)
        return super().archive_page(pk)


@require_POST
def admit(request: HttpRequest, pk: int) -> HttpResponse:
    """Admit an auditor to an engagement."""
    engagement = get_allowed(request.user, "admit_auditor", Engagement, pk)
    fresh.require(request, "admit_auditor", engagement, back=engagement.get_absolute_url())
    form = AdmissionForm(request.POST)
    if form.is_valid():
        try:
            window = actions.admit_auditor(engagement, actor=request.user, **form.cleaned_data)
        except ValidationError as refused:
            form.add_error(None, refused.messages)
        else:
            messages.success(request, f"{window.user} can read this engagement.")
            return redirect(engagement)
    return EngagementPages.again(request, engagement, admit_form=form)


END_ACCESS = VerbPage(
    "end_access",
    actions.end_access,
    "End access",
    "{0.user} no longer has access.",
    tone="danger",
    template="audits/end_access.html",
)


def end_access(request: HttpRequest, pk: int, window_pk: int) -> HttpResponse:
    """Ask why, then shut an auditor's window."""
    engagement = get_allowed(request.user, "end_access", Engagement, pk)
    window = get_object_or_404(actions.windows_of(engagement), pk=window_pk)
    fresh.require(request, "end_access", engagement)  # it is the engagement's verb
    home = engagement.get_absolute_url()
    return act(request, EngagementPages, window, END_ACCESS, home=home, object=engagement, window=window)
