"""Every route of the product; routes that are handed the wiring's lists stand here."""

from django.urls import URLPattern, URLResolver, path

from grc.health import healthz

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", healthz, name="healthz"),
]
