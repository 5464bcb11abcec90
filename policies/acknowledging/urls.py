"""Routes of the acknowledgements, among those of the policies."""

from django.urls import include, path

from policies.acknowledging import views
from policies.acknowledging.views import AcknowledgementPages

urlpatterns = [
    path("to-read/", views.to_read, name="to-read"),
    path("to-read/<int:pk>/", views.read, name="policyversion-acknowledge"),
    path("acknowledgements/by-person/", views.people, name="acknowledgement-people"),
    path(
        "acknowledgements/by-person/export.csv", views.people_export, {"form": "csv"}, name="acknowledgement-people-csv"
    ),
    path(
        "acknowledgements/by-person/export.json",
        views.people_export,
        {"form": "json"},
        name="acknowledgement-people-json",
    ),
    path("acknowledgements/", include(AcknowledgementPages.urls())),
    path(
        "<int:pk>/acknowledgements/export.csv",
        views.standing_export,
        {"form": "csv"},
        name="policy-acknowledgements-csv",
    ),
    path(
        "<int:pk>/acknowledgements/export.json",
        views.standing_export,
        {"form": "json"},
        name="policy-acknowledgements-json",
    ),
    path("<int:pk>/acknowledgements/sign/", views.sign, name="policy-record-acknowledgements"),
]
