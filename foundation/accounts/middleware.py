"""Auditors are read-only by construction, but for what is their own: a page that forgot to ask is refused here."""

from collections.abc import Callable
from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from foundation.accounts.roles import Role

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})

# What an auditor may send: signing in and out, what keeps the own account, and asking for paper of what he reads.
OWN_ROUTES: Final = frozenset(
    {
        "account_login",
        "account_logout",
        "account_reauthenticate",
        "account_change_password",
        "account_end_sessions",
        "account_reset_password",
        "account_reset_password_from_key",
        "accounts:invitation",
        "calendar-make",
        "calendar-revoke",
        "digest-choose",
        "mfa_activate_totp",
        "mfa_add_webauthn",
        "mfa_authenticate",
        "mfa_deactivate_totp",
        "mfa_edit_webauthn",
        "mfa_generate_recovery_codes",
        "mfa_login_webauthn",
        "mfa_reauthenticate",
        "mfa_reauthenticate_webauthn",
        "mfa_remove_webauthn",
        "pages:print",
        "reports",
    }
)
# The pages on which an auditor writes what is his own in his engagement; who may do what there, access.py says
# (table.AUDITOR_WRITES). Pages alone: the API knows no writing auditor.
AUDITOR_ROUTES: Final[frozenset[str]] = frozenset(
    {
        "audits:request-create",
        "audits:request-comment",
        "audits:request-accept",
        "audits:request-return",
        "audits:request-withdraw",
        "audits:package-create",
        "audits:engagement-draw",
        "audits:auditsample-replace-item",
        "audits:controltest-create",
        "audits:controltest-edit",
        "audits:controltest-results",
        "audits:controltest-conclude",
        "audits:controltest-reopen",
    }
)


class AuditorReadOnly:
    """Refuses an auditor every unsafe method outside OWN_ROUTES and AUDITOR_ROUTES with 403; TrailMiddleware, outside
    it, records that.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        """Asked once the route is known and before its view runs."""
        if request.method in SAFE or getattr(request.user, "role", "") != Role.AUDITOR:
            return
        if request.resolver_match is None or request.resolver_match.view_name not in OWN_ROUTES | AUDITOR_ROUTES:
            raise PermissionDenied("Auditors read; they change nothing but what is their own.")
