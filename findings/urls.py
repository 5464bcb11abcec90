"""Routes of the findings, their corrective actions and the ageing report."""

from django.urls import include, path

from findings import views
from findings.corrective_views import CorrectiveActionPages
from findings.views import FindingPages

app_name = "findings"
urlpatterns = [
    *FindingPages.urls(),
    path("ageing/", views.ageing_page, name="ageing"),
    path("ageing.csv", views.ageing_csv, name="ageing-csv"),
    path("controls/<int:pk>/unlink/", views.unlink_control, name="findingcontrol-unlink"),
    path("evidence/<int:pk>/unlink/", views.unlink_evidence, name="findingevidence-unlink"),
    path("actions/", include(CorrectiveActionPages.urls())),
]
