"""Routes of management's texts, under `texts/`."""

from django.urls import URLPattern, URLResolver, include, path

from audits.texts.showing import assertion_paper
from audits.texts.views import AssertionPages, CsocPages, CuecPages, OrganisationPages, SectionPages


def text_routes() -> list[URLPattern | URLResolver]:
    """Everything under `texts/`."""
    return [
        path("sections/", include(SectionPages.urls())),
        path("cuecs/", include(CuecPages.urls())),
        path("subservice-organisations/", include(OrganisationPages.urls())),
        path("csocs/", include(CsocPages.urls())),
        path("assertions/<int:pk>/", AssertionPages.view("detail", paper=assertion_paper), name="assertion-detail"),
        path("assertions/", include(AssertionPages.urls())),
    ]
