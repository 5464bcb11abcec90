"""What nobody can foresee in a form: two people saving at the same instant. A clear answer instead of a failure."""

import logging
from collections.abc import Callable

from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from foundation.trail.keep import Stale

logger = logging.getLogger(__name__)


class ConflictMiddleware:
    """Turns what the save path or a constraint refused, after every form was content, into a page with status 409.

    The transaction has been rolled back: nothing was saved. Pages that can say more (a form's own conflict) do so
    themselves before this is reached.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answers Stale, IntegrityError and an action's ValidationError; leaves everything else to Django."""
        if not isinstance(exception, Stale | IntegrityError | ValidationError):
            return None
        match = request.resolver_match
        logger.warning("Conflict at %s: %s", match.view_name if match else "", type(exception).__name__)
        return render(request, "409.html", {"back": request.path}, status=409)
