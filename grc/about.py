"""What this program is: its licence and where its source is, for everybody; its version for who is signed in."""

from pathlib import Path

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

LICENCE = Path(settings.BASE_DIR) / "LICENSE"


@require_safe
@login_not_required
def about(request: HttpRequest) -> HttpResponse:
    """The offer of the source that the AGPL asks for (section 13); without SOURCE_URL the licence alone."""
    context = {"source_url": settings.SOURCE_URL, "version": settings.VERSION}
    return render(request, "about.html", context)


@require_safe
@login_not_required
def licence(_request: HttpRequest) -> HttpResponse:
    """The licence, word for word."""
    return HttpResponse(LICENCE.read_text(encoding="utf-8"), content_type="text/plain; charset=utf-8")
