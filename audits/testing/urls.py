"""Routes of samples and tests of controls, and the engagement's tab."""

from typing import Final

from django.urls import URLPattern, include, path

from audits.testing import views
from audits.testing.panel import tests_panel
from foundation.pages.panels import Tab

TESTS_TAB: Final = Tab("tests", "Tests", (tests_panel,))


def testing_routes() -> list[URLPattern]:
    """Everything under `samples/` and `tests/`, and drawing under the engagement."""
    samples = [
        path("<int:pk>/lines.csv", views.lines_csv, name="auditsample-lines"),
        path("<int:pk>/population.csv", views.population_csv, name="auditsample-population"),
        path("evidence/<int:pk>/unlink/", views.take_back, name="itemevidence-unlink"),
        *views.AuditSamplePages.urls(),
    ]
    return [
        path("<int:pk>/populations/<int:population>/draw/", views.draw, name="engagement-draw"),
        path("samples/", include(samples)),  # type: ignore[list-item]
        path("tests/", include(views.ControlTestPages.urls())),  # type: ignore[list-item]
    ]
