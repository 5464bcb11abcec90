"""Routes of the risks: the register, treatment actions, acceptances."""

from django.urls import include, path

from risks import views
from risks.acceptance_views import AcceptancePages
from risks.treatment_views import TreatmentActionPages
from risks.views import RiskPages

app_name = "risks"
urlpatterns = [
    *RiskPages.urls(),
    path("actions/", include(TreatmentActionPages.urls())),
    path("acceptances/", include(AcceptancePages.urls())),
    path("controls/<int:pk>/unlink/", views.unlink_control, name="riskcontrol-unlink"),
    path("vendors/<int:pk>/unlink/", views.unlink_vendor, name="riskvendor-unlink"),
    path("findings/<int:pk>/unlink/", views.unlink_finding, name="riskfinding-unlink"),
]
