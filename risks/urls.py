"""Routes of the risks: the register, treatment actions, acceptances, the method, the library."""

from collections.abc import Sequence

from django.urls import URLPattern, URLResolver, include, path

from foundation.pages.panels import PanelOf, Tab
from risks import method_views, views
from risks.acceptance_views import AcceptancePages
from risks.assessments.urls import assessment_routes
from risks.heatmap.views import heatmap_routes
from risks.library_views import library
from risks.method_views import MethodPages
from risks.panel import ties_panel
from risks.treatment_views import TreatmentActionPages
from risks.views import RiskPages


def routes(links: Sequence[PanelOf]) -> tuple[list[URLPattern | URLResolver], str]:
    """What `include` takes. links: what the registers above show of a risk (grc/wiring.py)."""
    patterns: list[URLPattern | URLResolver] = [
        *RiskPages.urls(tabs=(Tab("links", "Vendors and findings", [ties_panel, *links]),)),
        *heatmap_routes(),
        *assessment_routes(),
        path("actions/", include(TreatmentActionPages.urls())),
        path("acceptances/", include(AcceptancePages.urls())),
        path("method/", method_views.method_page, name="method-list"),
        path("method/new/", method_views.publish_page, name="method-publish"),
        path("method/executives/new/", method_views.name_executive_page, name="executive-create"),
        path("method/executives/<int:pk>/end/", method_views.end_executive_page, name="executive-end"),
        path("method/", include(MethodPages.urls())),
        path("library/", library, name="library"),
        path("controls/<int:pk>/unlink/", views.unlink_control, name="riskcontrol-unlink"),
        path("vendors/<int:pk>/unlink/", views.unlink_vendor, name="riskvendor-unlink"),
        path("findings/<int:pk>/unlink/", views.unlink_finding, name="riskfinding-unlink"),
    ]
    return patterns, "risks"
