"""Every request's origin, and the entries that no view should have to remember: refusals, and what auditors read."""

import ipaddress
import uuid
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from foundation.trail.origin import current, origin
from foundation.trail.record import record
from foundation.trail.values import number

# Pages not about the programme, so that reading them is no entry (signing in has entries of its own; a job's page asks
# for itself every second). A calendar's view tells itself what an auditor was given: its address is a secret.
QUIET = {"calendar-feed", "healthz", "readyz", "organisation:logo", "jobs:job-detail", "jobs:job-list"}
QUIET_PREFIXES = ("account_", "mfa_")

API = "/api/"


class TrailMiddleware:
    """Stands inside authentication and outside every view, so that its entries follow the view's rollback."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        agent = request.headers.get("User-Agent", "")[:300]
        source = {
            "request_id": current().request_id or uuid.uuid4().hex,
            "ip": address_of(request),
            "user_agent": agent,
        }
        via = "api" if request.path.startswith(API) else "page"
        with origin(via=via, **source, told=[]) as here:
            response = self.get_response(request)
            self.note(request, response, told=bool(here.told))
        return response

    def note(self, request: HttpRequest, response: HttpResponseBase, *, told: bool) -> None:
        """A refusal of somebody signed in, and each page that an auditor was given, unless its view told of it."""
        match = request.resolver_match
        user: Any = request.user
        if match is None or not user.is_authenticated:
            return
        if response.status_code == 403:
            write("access.refused", request, outcome="refused")
            return
        was_read = user.role == "auditor" and request.method == "GET" and response.status_code == 200
        if was_read and not told and match.view_name not in QUIET and not match.view_name.startswith(QUIET_PREFIXES):
            write("page.read", request)


@transaction.atomic
def write(verb: str, request: HttpRequest, outcome: str = "ok") -> None:
    """An entry about a request: route and record in the leaf; path and query, which people type, in `private`."""
    match = request.resolver_match
    refs = {"route": match.view_name if match else "", "method": request.method}
    private = {"path": request.path[:500], "query": request.META.get("QUERY_STRING", "")[:1000]}
    record(verb, request.user, subject(request), refs=refs, outcome=outcome, private=private)


def subject(request: HttpRequest) -> models.Model | None:
    """The record that a page of a register is about, by the number in its address (it need not exist, but could)."""
    match = request.resolver_match
    model = getattr(getattr(match.func, "pages", None), "model", None) if match else None
    key = number(model, match.kwargs.get("pk")) if match and model else None
    return model(pk=key) if model and key is not None else None


def address_of(request: HttpRequest) -> str:
    """The client's address: the connection's own, or what the outermost of our proxies saw (TRUSTED_PROXY_COUNT).

    "" for what is no address (a unix socket, rubbish in a header). Without its zone, and IPv4 always as IPv4: one
    machine is one address to search by, and PostgreSQL knows no zones.
    """
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
    trusted = settings.TRUSTED_PROXY_COUNT
    claimed = hops[-trusted] if 0 < trusted <= len(hops) else request.META.get("REMOTE_ADDR", "")
    try:
        found = ipaddress.ip_address(claimed.partition("%")[0])
    except ValueError:
        return ""
    return str(getattr(found, "ipv4_mapped", None) or found)
