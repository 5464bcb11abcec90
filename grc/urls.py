"""Every route of the product; routes that are handed the wiring's lists stand here."""

from django.urls import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = []
