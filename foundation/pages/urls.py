"""Routes of the pages that serve every register: printing, and the steps of an import."""

from django.urls import path

from foundation.pages.imports.views import import_apply, import_columns, import_preview, import_result
from foundation.pages.views import print_page

app_name = "pages"
urlpatterns = [
    path("print/", print_page, name="print"),
    path("imports/<int:pk>/columns/", import_columns, name="import-columns"),
    path("imports/<int:pk>/preview/", import_preview, name="import-preview"),
    path("imports/<int:pk>/apply/", import_apply, name="import-apply"),
    path("imports/<int:pk>/", import_result, name="import-result"),
]
