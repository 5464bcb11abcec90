"""Lets one request read the organisation once, and shows every time in its zone."""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

from foundation.organisation.models import seen, zone


class OrganisationMiddleware:
    """Open a cell that `organisation()` fills and the actions empty after a change; make its zone the current one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        token = seen.set([])
        try:
            with timezone.override(zone()):
                return self.get_response(request)
        finally:
            seen.reset(token)
