"""The answer when a file turns out to be altered before anything of it was sent."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from foundation.files.sealed import Altered
from foundation.files.vault import NoKey


class RefusedFile:
    """Says that the file is refused, with the number under which trail and log tell why."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """410: what was stored here can no longer be had. Who asks again changes nothing."""
        if isinstance(error, Altered | NoKey):
            return render(request, "files/refused.html", status=410)
        return None
