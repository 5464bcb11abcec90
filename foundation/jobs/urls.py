"""Routes of a person's own jobs."""

from django.urls import path

from foundation.jobs import views

app_name = "jobs"
urlpatterns = [
    path("", views.job_list, name="job-list"),
    path("<uuid:pk>/", views.job_detail, name="job-detail"),
    path("<uuid:pk>/download/", views.job_download, name="job-download"),
    path("<uuid:pk>/cancel/", views.job_cancel, name="job-cancel"),
]
