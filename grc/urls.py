"""Every route of the product; routes that are handed the wiring's lists stand here."""

from django.urls import include, path

from controls.views import matrix, matrix_csv
from grc import wiring
from grc.about import about, licence
from grc.health import healthz, readyz
from home.views import my_work, search

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("about/", about, name="about"),
    path("about/licence/", licence, name="licence"),
    path("", my_work, {"work": wiring.WORK}, name="my-work"),
    path("search/", search, {"search": wiring.SEARCH}, name="search"),
    path("matrix/", matrix, {"columns": wiring.MATRIX_COLUMNS}, name="matrix"),
    path("matrix/export.csv", matrix_csv, {"columns": wiring.MATRIX_COLUMNS}, name="matrix-csv"),
    path("controls/", include("controls.urls")),
    path("audits/", include("audits.urls")),
    path("trail/", include("foundation.trail.urls")),
    path("people/", include("foundation.accounts.urls")),
    path("organisation/", include("foundation.organisation.urls")),
    path("jobs/", include("foundation.jobs.urls")),
    path("pages/", include("foundation.pages.urls")),
    path("account/", include("foundation.accounts.sign_in_urls")),
]

handler500 = "grc.errors.server_error"
