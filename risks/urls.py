"""Routes of the risks: the register, treatment actions, acceptances."""

from django.urls import include, path

from risks import views
from risks.acceptance_views import AcceptancePages
from risks.assessments.urls import assessment_routes
from risks.heatmap.views import heatmap_routes
from risks.treatment_views import TreatmentActionPages
from risks.views import RiskPages

app_name = "risks"
urlpatterns = [
    *RiskPages.urls(),
    *heatmap_routes(),
    *assessment_routes(),
    path("actions/", include(TreatmentActionPages.urls())),
    path("acceptances/", include(AcceptancePages.urls())),
    path("controls/<int:pk>/unlink/", views.unlink_control, name="riskcontrol-unlink"),
    path("vendors/<int:pk>/unlink/", views.unlink_vendor, name="riskvendor-unlink"),
    path("findings/<int:pk>/unlink/", views.unlink_finding, name="riskfinding-unlink"),
]
