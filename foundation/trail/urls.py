"""Routes of the trail."""

from django.urls import path

from foundation.trail import views

app_name = "trail"
urlpatterns = [
    path("", views.entries, name="entry-list"),
    path("export.csv", views.export, name="entry-csv"),
    path("<int:pk>/", views.entry, name="entry-detail"),
]
