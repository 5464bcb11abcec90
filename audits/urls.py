"""Routes of the engagements."""

from django.urls import path

from audits import views

app_name = "audits"
urlpatterns = [
    path("<int:pk>/admit/", views.admit, name="engagement-admit-auditor"),
    path("<int:pk>/access/<int:window_pk>/end/", views.end_access, name="engagement-end-access"),
    *views.EngagementPages.urls(),
]
