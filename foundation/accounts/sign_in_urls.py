"""The routes of allauth that are used. Left out: sign-up, and adding addresses, which would be a second login."""

from allauth.account import views
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as passkeys
from allauth.socialaccount.providers.openid_connect import views as oidc
from django.urls import path, re_path
from django.views.generic import RedirectView

from foundation.accounts.second_factor import told
from foundation.accounts.security import cancelled, end_sessions, no_single_logout, security
from foundation.accounts.sso import acs, finish_acs, oidc_login, saml_login, saml_metadata

urlpatterns = [
    path("sign-in/", views.login, name="account_login"),
    path("sign-out/", views.logout, name="account_logout"),
    path("inactive/", views.account_inactive, name="account_inactive"),
    path("confirm-password/", views.reauthenticate, name="account_reauthenticate"),
    path("password/", views.password_change, name="account_change_password"),
    path("password/set/", RedirectView.as_view(pattern_name="account_reset_password"), name="account_set_password"),
    path("password/forgotten/", views.password_reset, name="account_reset_password"),
    path("password/forgotten/sent/", views.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^password/new/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        views.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path("second-factor/", mfa.authenticate, name="mfa_authenticate"),
    path("passkey/", passkeys.login_webauthn, name="mfa_login_webauthn"),
    path("confirm/code/", mfa.reauthenticate, name="mfa_reauthenticate"),
    path("confirm/passkey/", passkeys.reauthenticate_webauthn, name="mfa_reauthenticate_webauthn"),
    path("security/", security, name="mfa_index"),
    path("security/sessions/", end_sessions, name="account_end_sessions"),
    path("security/app/add/", told(totp.activate_totp), name="mfa_activate_totp"),
    path("security/app/remove/", told(totp.deactivate_totp, removes=True), name="mfa_deactivate_totp"),
    path("security/recovery-codes/", codes.view_recovery_codes, name="mfa_view_recovery_codes"),
    path("security/recovery-codes/new/", told(codes.generate_recovery_codes), name="mfa_generate_recovery_codes"),
    path("security/passkeys/", RedirectView.as_view(pattern_name="mfa_index"), name="mfa_list_webauthn"),
    path("security/passkeys/add/", told(passkeys.add_webauthn), name="mfa_add_webauthn"),
    path("security/passkeys/<int:pk>/", told(passkeys.edit_webauthn), name="mfa_edit_webauthn"),
    path(
        "security/passkeys/<int:pk>/remove/", told(passkeys.remove_webauthn, removes=True), name="mfa_remove_webauthn"
    ),
    path("provider/<slug:provider_id>/", oidc_login, name="openid_connect_login"),
    path("provider/<slug:provider_id>/back/", oidc.callback, name="openid_connect_callback"),
    path("saml/<slug:organization_slug>/", saml_login, name="saml_login"),
    path("saml/<slug:organization_slug>/acs/", acs, name="saml_acs"),
    path("saml/<slug:organization_slug>/acs/finish/", finish_acs, name="saml_finish_acs"),
    path("saml/<slug:organization_slug>/metadata/", saml_metadata, name="saml_metadata"),
    path("saml/<slug:organization_slug>/sign-out/", no_single_logout, name="saml_sls"),
    path("provider-cancelled/", cancelled, name="socialaccount_login_cancelled"),
    path("password/new/done/", views.password_reset_from_key_done, name="account_reset_password_from_key_done"),
]
