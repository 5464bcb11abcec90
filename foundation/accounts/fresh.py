"""Signing takes somebody who proved within the last five minutes who they are: a session left open signs nothing.

A view that carries out a verb of `table.SIGNING` calls `require` once it knows that the person is allowed to; its form
starts with what `typed` gives, so that nobody types a reason twice.
"""

import time
from datetime import timedelta
from typing import Any, Final

from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.reauthentication import get_reauthentication_flows
from allauth.core.exceptions import ImmediateHttpResponse
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

from foundation.accounts.access import signs
from foundation.accounts.providers import came_by
from foundation.accounts.sessions import SIGNED_IN_AT

FRESH: Final = timedelta(minutes=5)
_TYPED: Final = "typed_before_confirming"
_MOST: Final = 20_000  # characters of a form that are kept while its sender confirms


def is_fresh(request: HttpRequest) -> bool:
    """Whether the person signed in, or confirmed that it is them, within the last five minutes."""
    proofs = [record["at"] for record in get_authentication_records(request, request.user)]
    return time.time() - max([request.session.get(SIGNED_IN_AT, 0), *proofs]) < FRESH.total_seconds()


def require(request: HttpRequest, verb: str, target: Model | type[Model], back: str = "") -> None:
    """Let a verb that signs through only right after an authentication; any other verb always.

    Otherwise the request ends here, with nothing changed, on the page that asks for the password or second factor
    again. From there the person comes to `back` (default: this address), whose form gets what was sent from `typed`.
    """
    if not signs(verb, target) or is_fresh(request):
        return
    back = back or request.get_full_path()
    if request.method == "POST":
        _keep(request, back)
    raise ImmediateHttpResponse(ask(request, back))


def typed(request: HttpRequest) -> dict[str, Any]:
    """What was sent from this page before its sender had to confirm, as a form's `initial`: once, then {}."""
    kept = request.session.get(_TYPED) or {}
    if request.method != "GET" or kept.get("back", "").partition("?")[0] != request.path:
        return {}
    del request.session[_TYPED]
    fields: dict[str, Any] = kept["fields"]
    return fields


def _keep(request: HttpRequest, back: str) -> None:
    fields = {name: values if len(values) > 1 else values[0] for name, values in request.POST.lists() if values}
    fields = {name: value for name, value in fields.items() if name not in ("csrfmiddlewaretoken", "secret")}
    if sum(len(str(value)) for value in fields.values()) <= _MOST:
        request.session[_TYPED] = {"back": back, "fields": fields}


def ask(request: HttpRequest, back: str) -> HttpResponse:
    """To the page that asks; htmx would put that page into the middle of this one, so it is told to leave.

    Who has neither password nor factor here proves it at the identity provider, which is asked to ask again.
    """
    query = {REDIRECT_FIELD_NAME: back}
    where = reverse("account_reauthenticate")
    provider = None if get_reauthentication_flows(request.user) else came_by(request, request.user)
    if provider is not None:
        oidc = provider.kind == provider.Kind.OIDC
        where = reverse("openid_connect_login" if oidc else "saml_login", args=(provider.slug,))
        query |= {"auth_params": "prompt=login"} if oidc else {}
    where = f"{where}?{urlencode(query)}"
    if not request.headers.get("HX-Request"):
        return redirect(where)
    return HttpResponse(headers={"HX-Redirect": where})
