"""Routes of the incidents. Each part (clocks, custody, reviews, plans, exercises) has its own in its folder."""

from collections.abc import Sequence
from typing import Final

from django.urls import URLPattern, URLResolver, include, path

from foundation.pages.panels import Paged, PanelOf, Tab
from incidents import panels, views
from incidents.clocks.panel import clocks_panel, notifications_panel
from incidents.clocks.urls import clock_routes
from incidents.custody.urls import custody_routes
from incidents.custody.views import custody_panel
from incidents.exercises.urls import exercise_routes
from incidents.models import IncidentControl, IncidentFinding, IncidentRisk, IncidentSystem, IncidentVendor
from incidents.paper import incident_paper
from incidents.plans.panel import plan_panel
from incidents.plans.urls import plan_routes
from incidents.programme import IncidentControlLinkPages
from incidents.reviews.panel import reviews_panel
from incidents.reviews.urls import review_routes
from incidents.views import IncidentPages

app_name = "incidents"
# What stands on an incident's overview before its facts, and on tabs of its own: a line for each part.
PANELS: Final[Sequence[PanelOf]] = (plan_panel, panels.latest_panel)
TABS: Final[Sequence[Tab]] = (
    Tab("timeline", "Timeline", [Paged(panels.timeline_panel)]),
    Tab("clocks", "Clocks", [clocks_panel, notifications_panel]),
    Tab("people", "People and data", [panels.people_panel]),
    Tab("links", "Links", [panels.links_panel]),
    Tab("custody", "Custody", [custody_panel]),
    Tab("review", "Review", [reviews_panel]),
)
# A line for each part: `*clock_routes()`, with the addresses "clocks/", "notification-rules/" and so on before them.
PARTS: Final[Sequence[URLPattern | URLResolver]] = (
    *clock_routes(),
    *custody_routes(),
    *review_routes(),
    *plan_routes(),
    *exercise_routes(),
    path("programme/", include(IncidentControlLinkPages.urls())),
)
LINKS: Final = {
    "systems": IncidentSystem,
    "controls": IncidentControl,
    "risks": IncidentRisk,
    "vendors": IncidentVendor,
    "findings": IncidentFinding,
}
urlpatterns = [
    *IncidentPages.urls(panels=PANELS, tabs=TABS),
    path("<int:pk>/", IncidentPages.view("detail", paper=incident_paper), name="incident-detail"),
    path("declare/", views.declare_now, name="declare"),
    path("restricted/", views.restricted, name="restricted"),
    path("timeline/<int:pk>/correct/", views.correct, name="timelineentry-correct"),
    path("timeline/<int:pk>/file/", views.download, name="timelineentry-file"),
    path("people/<int:pk>/end/", views.take_off, name="incidentperson-end"),
    *(
        path(f"{name}/<int:pk>/unlink/", views.unlink, {"model": model}, name=f"{model._meta.model_name}-unlink")
        for name, model in LINKS.items()
    ),
    *PARTS,
]
