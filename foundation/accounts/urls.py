"""Routes of the accounts register, of one's own profile and of invitations."""

from django.urls import include, path

from foundation.accounts import exception_views, review_views, views
from foundation.accounts.provider_views import IdentityProviderPages
from foundation.accounts.token_pages import TokenPages

app_name = "accounts"
urlpatterns = [
    path("roles/", review_views.roles, name="roles"),
    path("roles/export.csv", review_views.roles_csv, name="roles-csv"),
    path("exceptions/<int:pk>/approve/", exception_views.approve, name="dutyexception-approve"),
    path("exceptions/<int:pk>/decline/", exception_views.decline, name="dutyexception-decline"),
    path("exceptions/<int:pk>/end/", exception_views.end, name="dutyexception-end"),
    path("exceptions/", include(exception_views.ExceptionPages.urls())),
    path("me/", views.profile, name="profile"),
    path("invitation/<str:token>/", views.invitation, name="invitation"),
    path("<int:pk>/role/", views.change_role, name="user-change-role"),
    path("<int:pk>/deactivate/", views.deactivate, name="user-deactivate"),
    path("<int:pk>/reactivate/", views.reactivate, name="user-reactivate"),
    path("<int:pk>/break-glass/", views.change_break_glass, name="user-change-break-glass"),
    path("<int:pk>/end-sessions/", views.end_sessions, name="user-end-sessions"),
    path("<int:pk>/reset-second-factor/", views.reset_mfa, name="user-reset-mfa"),
    path("<int:pk>/untie/", views.untie_provider, name="user-untie-provider"),
    path("<int:pk>/invite-again/", views.resend_invitation, name="user-resend-invitation"),
    path("tokens/", include(TokenPages.urls())),
    path("providers/", include(IdentityProviderPages.urls())),
    *views.UserPages.urls(),
]
