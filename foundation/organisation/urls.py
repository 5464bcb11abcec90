"""Routes of the organisation."""

from django.urls import include, path

from foundation.organisation import views

app_name = "organisation"
urlpatterns = [
    path("", views.settings, name="settings"),
    path("edit/", views.organisation_edit, name="organisation-edit"),
    path("history/", views.history, name="history"),
    path("logo/", views.logo, name="logo"),
    path("logo/edit/", views.logo_edit, name="logo-edit"),
    path("logo/remove/", views.logo_remove, name="logo-remove"),
    path("settings/<slug:key>/", views.setting_edit, name="setting-edit"),
    path("holidays/", include(views.HolidayPages.urls())),
]
