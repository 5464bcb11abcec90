"""Routes of the vendors, and of what belongs to them."""

from collections.abc import Sequence

from django.urls import URLPattern, URLResolver, include, path

from foundation.pages.panels import PanelOf, Tab
from vendors import panel, paper_views, review_views, views
from vendors.paper_views import ContractPages, VendorDocumentPages
from vendors.reconciliation.views import routes as reconciliation_routes
from vendors.review_views import VendorControlPages, VendorReviewPages
from vendors.subprocessors.views import routes as subprocessor_routes
from vendors.views import VendorPages
from vendors.work_views import ConditionPages, ExitStepPages
from vendors.worksheets.panel import readings_panel, worksheets_panel
from vendors.worksheets.urls import routes as worksheet_routes


def routes(links: Sequence[PanelOf]) -> tuple[list[URLPattern | URLResolver], str]:
    """What `include` takes. links: what the registers above show of a vendor (grc/wiring.py)."""
    tabs = (
        Tab("papers", "Documents and contracts", [panel.documents_panel, worksheets_panel, panel.contracts_panel]),
        Tab("reviews", "Reviews", [panel.reviews_panel]),
        Tab("links", "Links", [panel.findings_panel, panel.aliases_panel, *links]),
    )
    patterns: list[URLPattern | URLResolver] = [
        *VendorPages.urls(tabs=tabs),
        path("findings/<int:pk>/unlink/", views.unlink_finding, name="vendorfinding-unlink"),
        path("aliases/<int:pk>/take-off/", views.take_alias_off, name="vendoralias-archive"),
        path("documents/", include(VendorDocumentPages.urls(panels=(readings_panel,)))),
        path("documents/<int:pk>/file/", paper_views.download, name="vendordocument-file"),
        path("contracts/", include(ContractPages.urls())),
        path("conditions/", include(ConditionPages.urls())),
        path("exit-steps/", include(ExitStepPages.urls())),
        *worksheet_routes,
        *subprocessor_routes,
        *reconciliation_routes,
        path("reviews/", include(VendorReviewPages.urls())),
        path("reviews/<int:pk>/report/", review_views.report, name="vendorreview-report"),
        path("controls/", include(VendorControlPages.urls())),
    ]
    return patterns, "vendors"
