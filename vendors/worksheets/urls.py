"""Routes of worksheets, their lines and the user controls in them, under /vendors/."""

from django.urls import URLPattern, URLResolver, include, path

from vendors.worksheets.line_views import line_routes
from vendors.worksheets.views import CuecPages, WorksheetPages, worksheet_paper

routes: list[URLPattern | URLResolver] = [
    path("worksheets/<int:pk>/", WorksheetPages.view("detail", paper=worksheet_paper), name="worksheet-detail"),
    *line_routes(),
    path("worksheets/", include(WorksheetPages.urls())),
    path("cuecs/", include(CuecPages.urls())),
]
