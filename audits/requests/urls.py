"""Routes of the requests, and what an engagement shows of them."""

from typing import Final

from django.urls import URLPattern, path

from audits.models.requests import RequestControl, RequestCriterion, RequestEvidence
from audits.requests.panel import requests_panel
from audits.requests.views import RequestPages, download, unlink
from foundation.pages.panels import Tab

LINKS: Final = {"controls": RequestControl, "criteria": RequestCriterion, "evidence": RequestEvidence}
REQUESTS_TAB: Final = Tab("requests", "Requests", (requests_panel,))


def request_routes() -> list[URLPattern]:
    """Everything under `requests/`."""
    return [
        *RequestPages.urls(),
        path("evidence/<int:pk>/file/", download, name="requestevidence-file"),
        *(
            path(f"{name}/<int:pk>/unlink/", unlink, {"model": model}, name=f"{model._meta.model_name}-unlink")
            for name, model in LINKS.items()
        ),
    ]
