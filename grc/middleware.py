"""What surrounds every request: its number, its line in the log, and headers that no view should have to remember."""

import logging
import time
import uuid
from collections.abc import Callable
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.shortcuts import render

from foundation.trail.origin import origin
from grc.logs import route_of

logger = logging.getLogger("countersign.request")

Answer = Callable[[HttpRequest], HttpResponseBase]

# Passkeys are the one feature of a browser that these pages use; all others are off, for whatever gets into a page too.
# Names that Chromium does not know are left out: it complains of each on every page.
UNUSED: Final = (
    "accelerometer", "autoplay", "browsing-topics", "camera", "display-capture", "encrypted-media",
    "fullscreen", "gamepad", "geolocation", "gyroscope", "hid", "idle-detection", "local-fonts", "magnetometer",
    "microphone", "midi", "payment", "picture-in-picture", "screen-wake-lock", "serial", "usb",
    "xr-spatial-tracking",
)  # fmt: skip
PERMISSIONS_POLICY: Final = ", ".join(
    [
        "publickey-credentials-create=(self)",
        "publickey-credentials-get=(self)",
        "clipboard-write=(self)",
        *(f"{name}=()" for name in UNUSED),
    ]
)
HEADERS: Final = {
    "Permissions-Policy": PERMISSIONS_POLICY,
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Permitted-Cross-Domain-Policies": "none",
}
QUIET: Final = frozenset({"healthz", "readyz"})  # asked every few seconds by machines
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})
PAGE_METHODS: Final = ("GET", "HEAD", "POST")


class RequestMiddleware:
    """Outermost: gives the request its number (trail, log, error page and X-Request-ID say the same) and its line."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        begun, request_id = time.perf_counter(), uuid.uuid4().hex
        with origin(request_id=request_id):
            response = self.get_response(request)
            say(request, response, milliseconds=(time.perf_counter() - begun) * 1000)
        response["X-Request-ID"] = request_id
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if settings.SESSION_COOKIE_NAME in request.COOKIES:
            # nothing that a signed-in person was shown stays in a browser or proxy after signing out
            response.headers.setdefault("Cache-Control", "private, no-store")
        return response


def say(request: HttpRequest, response: HttpResponseBase, *, milliseconds: float) -> None:
    """One line: method, route, status, time, account number. Never the path, the query or who somebody is."""
    route, status = route_of(request), response.status_code
    if status < 400 and (route in QUIET or request.path.startswith(settings.STATIC_URL)):
        return
    facts = {
        "method": request.method if request.method in METHODS else "other",  # a client can invent any word
        "route": route,
        "status": status,
        "ms": round(milliseconds, 1),
        "user": getattr(getattr(request, "_cached_user", None), "pk", None),  # only if somebody asked who it is
    }
    logger.info("%(method)s %(route)s %(status)s in %(ms)s ms, account %(user)s", facts, extra=facts)


class PlainMethods:
    """Pages know GET, HEAD and POST; every other method is refused here, whatever a view forgot. The API has its own.

    An answer that Django would leave blank, 405, gets a page: people meet it when they reload an address.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if response.status_code != 405 or not isinstance(response, HttpResponse) or response.content:
            return response
        page = render(request, "405.html", status=405)
        page["Allow"] = response["Allow"]
        return page

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        """Asked once the route is known, before its view runs."""
        if request.method in PAGE_METHODS or hasattr(view, "cls"):  # a view of the API carries its class
            return None
        return HttpResponseNotAllowed(PAGE_METHODS)
