"""Routes of the engagements."""

from django.urls import include, path

from audits import views
from audits.package.views import PACKAGES_TAB, package_routes
from audits.requests.urls import REQUESTS_TAB, request_routes
from audits.scope import engagement_paper, scope_panel, snapshot_json
from audits.testing.panel import tests_paper
from audits.testing.urls import TESTS_TAB, testing_routes
from audits.texts.showing import DESCRIPTION_TAB, description_paper
from audits.texts.urls import text_routes
from foundation.pages.panels import Paged, Tab

TABS = (Tab("scope", "Scope", (Paged(scope_panel),)), DESCRIPTION_TAB, REQUESTS_TAB, TESTS_TAB, PACKAGES_TAB)

app_name = "audits"
urlpatterns = [
    path("<int:pk>/admit/", views.admit, name="engagement-admit-auditor"),
    path("<int:pk>/access/<int:window_pk>/end/", views.end_access, name="engagement-end-access"),
    path("<int:pk>/snapshots/<int:number>.json", snapshot_json, name="engagement-snapshot"),
    path("requests/", include(request_routes())),
    path("packages/", include(package_routes())),
    *testing_routes(),
    path(
        "<int:pk>/tests/",
        views.EngagementPages.view("tab", paper=tests_paper),
        {"tab": TESTS_TAB},
        name="engagement-tests",
    ),
    path("texts/", include(text_routes())),
    path(
        "<int:pk>/description/",
        views.EngagementPages.view("tab", paper=description_paper),
        {"tab": DESCRIPTION_TAB},
        name="engagement-description",
    ),
    path("<int:pk>/", views.EngagementPages.view("detail", paper=engagement_paper), name="engagement-detail"),
    *views.EngagementPages.urls(tabs=TABS),
]
