"""What the frame around every page shows: the rail, the organisation, the demo mark."""

from typing import Any

from django.http import HttpRequest


def frame(_request: HttpRequest) -> dict[str, Any]:
    """The context of base.html beyond a page's own."""
    return {"rail": [], "org": None, "demo": False}
