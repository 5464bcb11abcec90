"""Routes of the controls. The matrix stands in grc/urls.py, because the wiring hands it its columns."""

from collections.abc import Sequence

from django.urls import URLPattern, path

from controls import views
from controls.views import ControlPages
from foundation.pages.panels import PanelOf, Tab


def routes(panels: Sequence[PanelOf], tabs: Sequence[Tab]) -> tuple[list[URLPattern], str]:
    """What `include` takes. panels and tabs: what the registers above show of a control (grc/wiring.py)."""
    patterns = [
        *ControlPages.urls(panels, tabs),
        path("scope/", views.scope, name="scope"),
        path("criteria/<int:pk>/applicability/", views.change_applicability, name="criterion-change-applicability"),
        path("assign-owner/", views.assign_owner, name="control-assign-owner"),
        path("change-review-date/", views.change_review_date, name="control-change-review-date"),
    ]
    return patterns, "controls"
