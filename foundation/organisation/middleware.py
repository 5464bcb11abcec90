"""Lets one request read the organisation once, however many filters and pages ask for it."""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from foundation.organisation.models import seen


class OrganisationMiddleware:
    """Open a cell that `organisation()` fills on its first call and the actions empty after a change."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        token = seen.set([])
        try:
            return self.get_response(request)
        finally:
            seen.reset(token)
