"""Routes of evidence, requirements and exemptions, populations and samples."""

import datetime

from django.urls import include, path, register_converter

from evidence import views
from evidence.coverage import views as coverage
from evidence.sampling.urls import urlpatterns as sampling

app_name = "evidence"


class IsoDay:
    """A day in an address, as 2026-11-22."""

    regex = "[0-9]{4}-[0-9]{2}-[0-9]{2}"

    def to_python(self, value: str) -> datetime.date:
        """The day; ValueError, which is no such address, for one that the calendar lacks."""
        return datetime.date.fromisoformat(value)

    def to_url(self, value: object) -> str:
        """A day, or its text."""
        return str(value)


register_converter(IsoDay, "isoday")

urlpatterns = [
    *views.EvidencePages.urls(),
    path("<int:pk>/download/", views.download, name="evidence-download"),
    path("<int:pk>/content/", views.preview, name="evidence-content"),
    path("<int:pk>/picture/", views.picture_of, name="evidence-picture"),
    path("links/<int:pk>/confirm/", views.confirm, name="evidencelink-confirm"),
    path("links/<int:pk>/unlink/", views.unlink, name="evidencelink-unlink"),
    path("requirements/", include(views.RequirementPages.urls())),
    path("exemptions/", include(views.ExemptionPages.urls())),
    path("occurrences/<int:control>/<isoday:day>/", coverage.occurrence, name="occurrence"),
    *sampling,
]
