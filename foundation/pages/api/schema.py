"""The API's description: what each endpoint says of itself, in OpenAPI."""

from functools import lru_cache
from typing import Any

from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter

from foundation.pages.api.errors import WORDS, ErrorShape

CHANGES = {"change", "archive", "restore", "carry_out"}


class ApiSchema(AutoSchema):
    """Asks the view (base.Api) instead of guessing."""

    view: Any

    def _is_list_view(self, serializer: Any = None) -> bool:
        return bool(self.view.action == "read_all")

    def get_override_parameters(self) -> list[Any]:
        return [*self.view.parameters(), *self.headers()]

    def headers(self) -> list[OpenApiParameter]:
        """What answers carry beside their body."""
        if self.view.action not in {"read", "create", *CHANGES} or not hasattr(self.view, "pages"):
            return []
        words = "The version of the record, for If-Match."
        return [OpenApiParameter("ETag", str, OpenApiParameter.HEADER, description=words, response=[200, 201])]

    def get_request_serializer(self) -> Any:
        return self.view.takes()

    def get_response_serializers(self) -> Any:
        done = "201" if self.view.action == "create" else "200"
        again = {"200": self.view.gives()} if "Idempotency-Key" in self.asked_headers() else {}
        return {done: self.view.gives()} | again | dict.fromkeys(map(str, self.view.refuses()), ErrorShape)

    def asked_headers(self) -> set[str]:
        """The names of the headers that the present action may be sent."""
        return {one.name for one in self.view.parameters() if one.location == OpenApiParameter.HEADER}

    def get_operation_id(self) -> str:
        path, action = self._tokenize_path(), self.view.action
        words = path if action in {"carry_out", path[-1]} else [*path, action]
        return "_".join(words).replace("-", "_")

    def get_serializer_name(self, serializer: Any, direction: Any) -> str:
        return type(serializer).__name__.removesuffix("Shape")

    def get_summary(self) -> str:
        return str(self.view.in_short())

    def get_description(self) -> str:  # type: ignore[override]  # as drf-spectacular asks it
        return str(self.view.in_words() or super().get_description())

    def get_extensions(self) -> dict[str, Any]:
        return {"x-scope": str(self.view.needed_scope())}

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> Any:
        """Nothing may be sent that is not described. Of what is answered, nothing is sure where `fields` chooses."""
        said = super()._map_basic_serializer(serializer, direction)
        if direction == "request":
            return said | {"additionalProperties": False}
        if self.is_chosen_from() and isinstance(serializer, self.view.gives()):
            said.pop("required", None)
        return said

    def is_chosen_from(self) -> bool:
        """Whether some endpoint of this view answers only the properties that are asked for."""
        return hasattr(self.view, "pages") or any(one.name == "fields" for one in self.view.parameters())

    def _get_response_for_code(self, serializer: Any, status_code: str, *args: Any, **kwargs: Any) -> Any:
        said = super()._get_response_for_code(serializer, status_code, *args, **kwargs)
        code = int(status_code)
        return said | {"description": WORDS[code][1]} if code in WORDS else said


@lru_cache(maxsize=1)
def description() -> dict[str, Any]:
    """The whole description. It is the same for everybody, and as long as the program runs."""
    found: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return found
