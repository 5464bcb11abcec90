"""What the API answers when it does not do what was asked: one shape for every error, from wherever it comes."""

import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from django.core.exceptions import (
    NON_FIELD_ERRORS,
    PermissionDenied,
    RequestDataTooBig,
    TooManyFieldsSent,
    TooManyFilesSent,
    ValidationError,
)
from django.db import IntegrityError
from django.forms import BaseForm
from django.http import Http404, HttpRequest, JsonResponse, UnreadablePostError
from django.http.response import HttpResponseBase
from rest_framework import serializers
from rest_framework.exceptions import APIException
from rest_framework.exceptions import ValidationError as Refused
from rest_framework.response import Response

from foundation.files.uploads import too_much
from foundation.trail.keep import Stale

API = "/api/"
WHOLE = "all"  # the key of what is wrong with the whole and not with one field
WORDS = {
    400: ("invalid", "Something in the request is not valid."),
    401: ("not_authenticated", "Send a token (Authorization: Bearer cs_…), or sign in."),
    403: ("forbidden", "You may not do this."),
    404: ("not_found", "There is no such record, or you do not see it."),
    405: ("method_not_allowed", "This address does not know that method."),
    406: ("not_acceptable", "The API answers in JSON."),
    409: ("conflict", "The record is no longer as it was. Read it again, then decide."),
    412: ("stale", "The record has been changed since the version in If-Match. Read it again, then decide."),
    413: ("too_large", "The request is too large."),
    415: ("unsupported_media_type", "Send JSON (Content-Type: application/json)."),
    428: ("version_required", "Send If-Match with the ETag of the version that you read."),
    429: ("too_many_requests", "Too many requests. Wait for the seconds in Retry-After."),
}

logger = logging.getLogger(__name__)


class ErrorShape(serializers.Serializer[Any]):
    """Every answer from 400 on."""

    code = serializers.CharField(help_text="A word that programs can rely on.")
    detail = serializers.CharField(help_text="A sentence for people.")
    errors = serializers.DictField(  # type: ignore[assignment]  # the property, not the method
        child=serializers.ListField(child=serializers.CharField()),
        help_text=f"Field → what is wrong with it; “{WHOLE}” for the whole. Empty where no field is to blame.",
    )


class Problem(APIException):
    """An answer by its status, in the words of WORDS unless others say more."""

    def __init__(self, status: int, detail: str = "", errors: Mapping[str, list[str]] | None = None) -> None:
        self.status_code, self.errors = status, dict(errors or {})
        super().__init__(detail or WORDS[status][1], WORDS[status][0])


def refused(form: BaseForm) -> Problem:
    """What a form says, field by field, as it says it on the page."""
    return Problem(400, errors={_key(name): [str(one) for one in found] for name, found in form.errors.items()})


def answer(exc: Exception, context: dict[str, Any]) -> Response | None:
    """The answer to whatever a view raised; None leaves a fault to Django, which logs it and answers 500."""
    problem = problem_of(exc)
    if problem is None:
        return None
    headers = {}
    if getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = exc.auth_header  # type: ignore[attr-defined]
    if getattr(exc, "wait", None):
        headers["Retry-After"] = str(int(exc.wait) + 1)  # type: ignore[attr-defined]
    return Response(
        body(problem.status_code, str(problem.detail), problem.errors), problem.status_code, headers=headers
    )


def problem_of(exc: Exception) -> Problem | None:  # noqa: PLR0911 - one answer a kind of error
    """The problem that an exception stands for; None for a fault of ours."""
    match exc:
        case Problem():
            return exc
        case Refused():
            return Problem(400, errors=_flat(exc.detail))
        case APIException():
            own = exc.detail if exc.status_code in (400, 401, 403, 405) else ""
            return Problem(exc.status_code, str(own))
        case Http404():
            return Problem(404)
        case PermissionDenied():
            return Problem(403, " ".join(str(one) for one in exc.args))
        case ValidationError():
            return Problem(400, errors=_messages(exc))
        case RequestDataTooBig() | TooManyFilesSent() | TooManyFieldsSent():
            return Problem(413, too_much(exc))
        case UnreadablePostError():
            return Problem(400, "The connection was cut before the whole request had arrived. Nothing was kept.")
        case Stale() | IntegrityError():
            logger.warning("Conflict in the API: %s", type(exc).__name__)
            return Problem(409)
        case _:
            return None


def body(status: int, detail: str = "", errors: Mapping[str, list[str]] | None = None) -> dict[str, Any]:
    """The one shape."""
    code, words = WORDS.get(status, ("error", HTTPStatus(status).phrase))
    return {"code": code, "detail": detail or words, "errors": dict(errors or {})}


class JsonErrors:
    """Stands outside everything: what is refused before a view of the API is reached has its shape all the same."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        is_page = "json" not in response.get("Content-Type", "")
        if response.status_code < 400 or not is_page or not request.path.startswith(API):
            return response
        told = JsonResponse(body(response.status_code), status=response.status_code)
        for name in ("Allow", "Retry-After", "Vary"):
            if name in response:
                told[name] = response[name]
        return told


def _key(name: str) -> str:
    return WHOLE if name in (NON_FIELD_ERRORS, "version") else name


def _messages(exc: ValidationError) -> dict[str, list[str]]:
    if hasattr(exc, "error_dict"):
        return {_key(name): list(found) for name, found in exc.message_dict.items()}
    return {WHOLE: list(exc.messages)}


def _flat(detail: Any) -> dict[str, list[str]]:
    """DRF's nested detail as field → sentences; an item of a list is told with its field."""
    if not isinstance(detail, dict):
        return {WHOLE: list(_sentences(detail))}
    return {WHOLE if name == "non_field_errors" else name: list(_sentences(told)) for name, told in detail.items()}


def _sentences(told: Any) -> list[str]:
    if isinstance(told, dict):
        return [sentence for one in told.values() for sentence in _sentences(one)]
    if isinstance(told, list | tuple):
        return [sentence for one in told for sentence in _sentences(one)]
    return [str(told)]
