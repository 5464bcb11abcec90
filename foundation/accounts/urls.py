"""Routes of the accounts register, of one's own profile and of invitations."""

from django.urls import include, path

from foundation.accounts import exception_views, review_views, views
from foundation.accounts.provider_views import IdentityProviderPages
from foundation.accounts.token_pages import TokenPages

app_name = "accounts"
urlpatterns = [
    path("roles/", review_views.roles, name="roles"),
    path("roles/export.csv", review_views.roles_export, {"form": "csv"}, name="roles-csv"),
    path("roles/export.json", review_views.roles_export, {"form": "json"}, name="roles-json"),
    path("exceptions/", include(exception_views.ExceptionPages.urls())),
    path("me/", views.profile, name="profile"),
    path("invitation/<str:token>/", views.invitation, name="invitation"),
    path("<int:pk>/invite-again/", views.resend_invitation, name="user-resend-invitation"),
    path("tokens/", include(TokenPages.urls())),
    path("providers/", include(IdentityProviderPages.urls())),
    *views.UserPages.urls(),
]
