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
    path("<int:pk>/accept/", views.accept, name="evidence-accept"),
    path("<int:pk>/return/", views.give_back, name="evidence-give-back"),
    path("<int:pk>/withdraw/", views.withdraw, name="evidence-withdraw"),
    path("<int:pk>/version/", views.supersede, name="evidence-supersede"),
    path("<int:pk>/link/", views.link, name="evidence-link"),
    path("<int:pk>/download/", views.download, name="evidence-download"),
    path("<int:pk>/content/", views.preview, name="evidence-content"),
    path("<int:pk>/picture/", views.picture_of, name="evidence-picture"),
    path("links/<int:pk>/confirm/", views.confirm, name="evidencelink-confirm"),
    path("links/<int:pk>/unlink/", views.unlink, name="evidencelink-unlink"),
    path("requirements/", include(views.RequirementPages.urls())),
    path("exemptions/", include(views.ExemptionPages.urls())),
    path("exemptions/<int:pk>/approve/", views.approve_exemption, name="exemption-approve"),
    path("exemptions/<int:pk>/decline/", views.decline_exemption, name="exemption-decline"),
    path("occurrences/<int:control>/<isoday:day>/", coverage.occurrence, name="occurrence"),
    *sampling,
]
