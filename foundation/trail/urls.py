"""Routes of the trail."""

from django.urls import path

from foundation.trail import views

app_name = "trail"
urlpatterns = [
    path("", views.entry_list, name="entry-list"),
    path("export.csv", views.entry_export, {"form": "csv"}, name="entry-csv"),
    path("export.json", views.entry_export, {"form": "json"}, name="entry-json"),
    path("integrity/", views.integrity, name="integrity"),
    path("integrity/checkpoint.txt", views.checkpoint, name="checkpoint"),
    path("integrity/verify/", views.verify_now, name="verify"),
    path("<int:pk>/", views.entry_detail, name="entry-detail"),
]
