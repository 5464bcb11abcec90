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
        path("<int:pk>/status/", views.update_status, name="control-update-status"),
        path("<int:pk>/not-applicable/", views.propose_not_applicable, name="control-propose-not-applicable"),
        path("<int:pk>/not-applicable/approve/", views.approve_not_applicable, name="control-approve-not-applicable"),
        path("<int:pk>/not-applicable/decline/", views.decline_not_applicable, name="control-decline-not-applicable"),
        path("<int:pk>/review/", views.review, name="control-review"),
        path("<int:pk>/reword/", views.reword, name="control-reword"),
        path("<int:pk>/criteria/", views.map_criteria, name="control-map-criteria"),
    ]
    return patterns, "controls"
