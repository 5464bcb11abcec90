"""Lets one request read once what its page asks many times, and shows every time in the organisation's zone."""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

from foundation.organisation.models import zone
from foundation.organisation.once import reading_once


class OrganisationMiddleware:
    """Open what `once` keeps; make the organisation's zone the current one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with reading_once(), timezone.override(zone()):
            return self.get_response(request)
