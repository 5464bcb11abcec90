"""Routes of the pages that serve every register: printing, and the steps of an import."""

from django.urls import URLPattern

app_name = "pages"
urlpatterns: list[URLPattern] = []
