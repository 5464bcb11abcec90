"""Routes of the engagements."""

from django.urls import include, path

from audits import views
from audits.requests.urls import REQUESTS_TAB, request_routes

app_name = "audits"
urlpatterns = [
    path("<int:pk>/admit/", views.admit, name="engagement-admit-auditor"),
    path("<int:pk>/access/<int:window_pk>/end/", views.end_access, name="engagement-end-access"),
    path("requests/", include(request_routes())),
    *views.EngagementPages.urls(tabs=(REQUESTS_TAB,)),
]
