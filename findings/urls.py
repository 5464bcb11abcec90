"""Routes of the findings, their corrective actions and the ageing report."""

from collections.abc import Sequence

from django.urls import URLPattern, URLResolver, include, path

from findings import views
from findings.corrective_views import CorrectiveActionPages
from findings.views import FindingPages
from foundation.pages.panels import PanelOf, Tab


def routes(links: Sequence[PanelOf]) -> tuple[list[URLPattern | URLResolver], str]:
    """What `include` takes. links: what the registers above show of a finding (grc/wiring.py)."""
    patterns: list[URLPattern | URLResolver] = [
        *FindingPages.urls(tabs=(Tab("links", "Links", links),) if links else ()),
        path("ageing/", views.ageing_page, name="ageing"),
        path("ageing.csv", views.ageing_export, {"form": "csv"}, name="ageing-csv"),
        path("ageing.json", views.ageing_export, {"form": "json"}, name="ageing-json"),
        path("controls/<int:pk>/unlink/", views.unlink_control, name="findingcontrol-unlink"),
        path("evidence/<int:pk>/unlink/", views.unlink_evidence, name="findingevidence-unlink"),
        path("actions/", include(CorrectiveActionPages.urls())),
    ]
    return patterns, "findings"
