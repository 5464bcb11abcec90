"""Reading what is sent: JSON alone, of a bounded size and depth, and text that any database can hold."""

import json
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from foundation.pages.api.errors import Problem


class JSONBody(JSONParser):
    """A JSON object. Refuses what is too large (413) before reading it; what is no object, or too deep, with 400."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        request = (parser_context or {})["request"]
        if int(request.META.get("CONTENT_LENGTH") or 0) > settings.API_BODY_MAX_BYTES:
            raise Problem(413)
        try:
            found = super().parse(stream, media_type, parser_context)
            json.dumps(found, ensure_ascii=False).encode()
        except RecursionError as error:
            raise ParseError("This JSON is nested too deeply.") from error
        except UnicodeEncodeError as error:
            raise ParseError("This JSON holds half a character (a lone surrogate).") from error
        except LookupError as error:
            raise ParseError("This charset is not known. Send UTF-8.") from error
        if not isinstance(found, dict):
            raise ParseError("Send a JSON object.")
        return found
