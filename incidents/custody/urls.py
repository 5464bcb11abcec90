"""Routes of the evidence of incidents, under /incidents/."""

from django.urls import URLPattern, URLResolver, include, path

from incidents.custody.views import CustodyItemPages, download


def custody_routes() -> list[URLPattern | URLResolver]:
    """The register and its downloads."""
    return [
        path("custody/<int:pk>/file/", download, name="custodyitem-file"),
        path("custody/", include(CustodyItemPages.urls())),
    ]
