"""The answers when a file turns out to be altered before anything of it was sent, or was cut off on its way here."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.http.response import HttpResponseBase
from django.shortcuts import render

from foundation.files.sealed import Altered
from foundation.files.vault import NoKey


class RefusedFile:
    """Says that the file is refused, with the number under which trail and log tell why.

    Of a file that arrived in part nothing stays.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        try:
            return self.get_response(request)
        finally:
            if arriving := getattr(request, "arriving", None):
                arriving.discard()

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """410: what was stored here can no longer be had. Who asks again changes nothing."""
        if isinstance(error, Altered | NoKey):
            return render(request, "files/refused.html", status=410)
        if isinstance(error, UnreadablePostError):  # nobody listens any more; the log has a refusal and no fault
            return render(request, "400.html", status=400)
        return None
