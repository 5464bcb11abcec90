"""Routes of the systems."""

from collections.abc import Sequence

from django.urls import URLPattern, path

from foundation.pages.panels import PanelOf
from systems import views
from systems.views import SystemPages


def routes(panels: Sequence[PanelOf]) -> tuple[list[URLPattern], str]:
    """What `include` takes. panels: what the registers above show of a system (grc/wiring.py)."""
    patterns = [
        *SystemPages.urls(panels),
        path("administrators/<int:pk>/unlink/", views.unlink_administrator, name="systemadministrator-unlink"),
    ]
    return patterns, "systems"
