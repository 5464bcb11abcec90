"""Routes of the evidence."""

from evidence.sampling.urls import urlpatterns as sampling

app_name = "evidence"
urlpatterns = [*sampling]
