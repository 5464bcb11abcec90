"""The API's description, for programs and for people."""

from functools import lru_cache
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from foundation.accounts.scopes import TokenScope
from foundation.pages.api.errors import WORDS
from foundation.pages.api.reading import endpoints
from foundation.pages.api.schema import description


@login_not_required
@require_safe
def schema(request: HttpRequest) -> JsonResponse:
    """OpenAPI 3, as JSON. It says what there is to ask for and nothing about what is stored, so anybody may read it."""
    return JsonResponse(description(), content_type="application/vnd.oai.openapi+json")


@lru_cache(maxsize=1)
def endpoints_on_page() -> SafeString:
    """The part of the page that says what each endpoint takes and gives: as large as the API, and as constant."""
    return render_to_string("pages/api_endpoints.html", {"groups": endpoints(description())})


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """The same on a page: written by the server, so that it needs no script and no style from anywhere."""
    context: dict[str, Any] = {
        "endpoints": endpoints_on_page(),
        "errors": [(status, code, words) for status, (code, words) in WORDS.items()],
        "scopes": TokenScope.choices,
        "base": settings.PUBLIC_URL,
    }
    return render(request, "pages/api.html", context)
