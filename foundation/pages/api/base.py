"""The view that every endpoint is: who asks, as of when, with which parameters; and what its description says."""

import datetime
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from django.core.paginator import Paginator
from django.http import QueryDict
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.viewsets import ViewSet

from foundation.accounts.access import moment_for
from foundation.accounts.authentication import (
    BearerAuthentication,
    SessionAuthentication,
    SignedInWithinScope,
    Throttle,
)
from foundation.accounts.models import User
from foundation.accounts.scopes import TokenScope
from foundation.pages.api.body import JSONBody
from foundation.pages.api.errors import Problem, answer
from foundation.pages.api.schema import ApiSchema
from foundation.pages.moment import asked_moment, correction

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
SIZE, MOST = 50, 200  # records a page: by default, and at most
NUMBER = {"type": "integer", "minimum": 1}
READING = (400, 401, 403, 404, 406, 429)
WRITING = (*READING, 409, 413, 415)
CHANGING = (*WRITING, 412, 428)


def ask(name: str, words: str, schema: dict[str, Any] | None = None) -> OpenApiParameter:
    """A parameter of the query string."""
    return OpenApiParameter(name, schema or {"type": "string"}, OpenApiParameter.QUERY, description=words)


AS_OF = ask("as_of", "A day or moment of the past: the records as the system knew them then.")
FIELDS = ask("fields", "Names of the properties that are wanted, with commas between them.")
PAGE = ask("page", "The number of the page.", NUMBER)
PAGE_SIZE = ask("page_size", f"Records a page, {SIZE} unless said.", NUMBER | {"maximum": MOST})
IF_MATCH = OpenApiParameter(
    "If-Match", {"type": "string"}, OpenApiParameter.HEADER, required=True,
    description="The ETag of the version that this change builds on.",
)  # fmt: skip


class Numbered:
    """How the description words a list: drf-spectacular asks it for the shape around the results."""

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """None beyond those that the endpoint names itself."""
        return []

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """count, next, previous, results."""
        link = {"type": "string", "nullable": True, "format": "uri"}
        count = {"type": "integer", "description": "How many there are on all pages."}
        return {
            "type": "object",
            "required": ["count", "next", "previous", "results"],
            "properties": {"count": count, "next": link, "previous": link, "results": schema},
        }


class Api(ViewSet):
    """An endpoint. Its methods are ViewSet actions (read_all, read, create …); all else says what they take and give.

    `summary`: action → what it does, in a line. An action that writes takes the scope `write` of a token.
    """

    authentication_classes = (BearerAuthentication, SessionAuthentication)
    permission_classes = (SignedInWithinScope,)
    throttle_classes = (Throttle,)
    renderer_classes = (JSONRenderer,)
    parser_classes = (JSONBody,)
    metadata_class = None  # OPTIONS would tell what the description tells
    schema = ApiSchema()
    pagination_class: ClassVar[type[Numbered]] = Numbered
    summary: ClassVar[Mapping[str, str]] = {}

    request: Request
    action: str

    # ---- what the description asks ---------------------------------------------------------------------------------

    def in_short(self) -> str:
        """What the present action does, in a few words."""
        return self.summary.get(self.action, "")

    def in_words(self) -> str:
        """What it does, in a sentence or two; by default the action's own docstring."""
        return ""

    def parameters(self) -> list[OpenApiParameter]:
        """The parameters of the present action."""
        return []

    def takes(self) -> type[serializers.Serializer[Any]] | None:
        """The shape of what is sent."""
        return None

    def gives(self) -> type[serializers.Serializer[Any]]:
        """The shape of the answer, or of each result of a list."""
        raise NotImplementedError

    def refuses(self) -> tuple[int, ...]:
        """The statuses of its errors."""
        return READING

    def needed_scope(self) -> str | None:
        """The scope that a token must have; None for a method that is not there, which is answered with 405."""
        if not self.action:
            return None
        return TokenScope.READ if self.request.method in SAFE else TokenScope.WRITE

    # ---- what the actions share ------------------------------------------------------------------------------------

    @property
    def user(self) -> User:
        """Who asks: the permission lets nobody else in."""
        return self.request.user  # type: ignore[return-value]

    def asked(self) -> QueryDict:
        """The query string. Raises Problem for a parameter that this endpoint does not know: a slip of the pen in a
        filter must not show everything.
        """
        params = self.request._request.GET  # noqa: SLF001 - DRF's own name for Django's request
        known = {one.name for one in self.parameters() if one.location == OpenApiParameter.QUERY}
        if unknown := sorted(set(params) - known):
            raise Problem(400, errors={name: ["There is no such parameter here."] for name in unknown})
        return params

    def moment(self, model: Any = None) -> datetime.datetime | None:
        """The moment asked for, within what this person may see; None is now. Raises Problem for one that has not come:
        a page would say that it shows the present instead, and a program would not read that.
        """
        text = self.request.query_params.get("as_of", "")
        try:
            found = asked_moment(text)
        except ValueError as error:
            raise Problem(400, errors={"as_of": [str(error)]}) from error
        if found is None and correction(text, None, None):
            raise Problem(400, errors={"as_of": ["That moment has not come yet."]})
        return moment_for(self.user, found, model)

    def number(self, name: str, default: int, most: int | None = None) -> int:
        """A number above 0 from the query string."""
        text = self.request.query_params.get(name)
        if text is None:
            return default
        if not (text.isascii() and text.isdigit()) or len(text) > 9 or int(text) < 1 or (most and int(text) > most):
            words = f"A number from 1 to {most}." if most else "A number from 1 on."
            raise Problem(400, errors={name: [words]})
        return int(text)

    def numbered(self, rows: Any) -> tuple[list[Any], dict[str, Any]]:
        """The rows of the page asked for, and what stands around them. 404 behind the last page."""
        paginator = Paginator(rows, self.number("page_size", SIZE, MOST))
        number = self.number("page", 1)
        if number > paginator.num_pages:
            raise Problem(404, f"There are {paginator.num_pages} pages.")
        page = paginator.page(number)
        around = {
            "count": paginator.count,
            "next": self.link(page=number + 1) if page.has_next() else None,
            "previous": self.link(page=number - 1) if page.has_previous() else None,
        }
        return list(page.object_list), around

    def link(self, **changes: Any) -> str:
        """This address with other parameters."""
        address = self.request.build_absolute_uri()
        for name, value in changes.items():
            address = replace_query_param(address, name, value)
        return address

    def chosen(self, shape: type[serializers.Serializer[Any]], hidden: Iterable[str] = ()) -> set[str]:
        """The properties to leave out: those that `?fields=` does not name, and those that this person may not see."""
        known = set(shape._declared_fields) | set(getattr(getattr(shape, "Meta", None), "fields", ()))  # noqa: SLF001
        wanted = {name for name in self.request.query_params.get("fields", "").split(",") if name}
        if unknown := sorted(wanted - known):
            raise Problem(400, errors={"fields": [f"There is no property {name}." for name in unknown]})
        return (known - wanted - {"id"} if wanted else set()) | set(hidden)

    def shaped(self, shape: type[serializers.Serializer[Any]], rows: Any, left_out: set[str]) -> Any:
        """Rows, or one row, as JSON."""
        many = isinstance(rows, list)
        serializer = shape(rows, many=many, context={"request": self.request})
        fields = serializer.child.fields if many else serializer.fields  # type: ignore[attr-defined]
        for name in left_out:
            fields.pop(name, None)
        return serializer.data

    def get_exception_handler(self) -> Any:
        return answer

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Response:
        """Answers are for whoever asked, and for nobody's cache."""
        response = super().finalize_response(request, response, *args, **kwargs)
        response["Cache-Control"] = "private, no-store"
        return response
