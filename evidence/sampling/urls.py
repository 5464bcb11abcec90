"""Routes of populations and samples. Freezing stands in grc/urls.py, because the wiring hands it its sources."""

from django.urls import include, path

from evidence.sampling import views
from evidence.sampling.views import PopulationPages, SamplePages

POPULATIONS = [
    path("<int:pk>/rows.csv", views.download, name="population-download"),
    *PopulationPages.urls(),
]
SAMPLES = [
    path("draw_sample.py", views.script, name="sample-script"),
    path("<int:pk>/items.csv", views.sample_items, name="sample-items"),
    *SamplePages.urls(),
]
urlpatterns = [path("populations/", include(POPULATIONS)), path("samples/", include(SAMPLES))]
