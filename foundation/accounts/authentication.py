"""Who asks the API: by a token, or in a browser that is signed in. And how often, and within which scope."""

import re
import time
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from knox.auth import TokenAuthentication
from knox.crypto import hash_token
from rest_framework import authentication, permissions, throttling
from rest_framework.authentication import get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied, Throttled
from rest_framework.request import Request

from foundation.accounts.attempts import counted, counted_from_here
from foundation.accounts.models import Token, User
from foundation.accounts.roles import Role
from foundation.accounts.scopes import grants
from foundation.trail.models import audited_bulk
from foundation.trail.origin import acting_by_token
from foundation.trail.record import record

TOKEN: Final = re.compile(rb"cs_[0-9a-f]{64}")
UNKNOWN: Final = "This token is unknown, expired or revoked."
NO_TOKENS_FOR: Final = frozenset({"", Role.AUDITOR})  # roles: auditors read on screen, within their window
FAILURES_A_MINUTE: Final = 10  # from one address, as for signing in


class BearerAuthentication(TokenAuthentication):
    """`Authorization: Bearer cs_…`. The account must stand: active, with a role that has tokens at all.

    Everything else (what the person may see and do now) is asked as on the pages, at every request.
    """

    def authenticate(self, request: Request) -> tuple[User, Token] | None:
        """Whose token was sent; None if none was. What opens nothing is an entry, and soon answered with 429."""
        try:
            found: tuple[User, Token] | None = super().authenticate(request)
        except AuthenticationFailed:
            failed(get_authorization_header(request))
            raise
        return found

    def authenticate_credentials(self, token: bytes) -> tuple[User, Token]:
        """The account and its token. Raises AuthenticationFailed in the same words for whatever is wrong with it."""
        if not TOKEN.fullmatch(token):
            raise AuthenticationFailed(UNKNOWN)
        try:
            user, found = super().authenticate_credentials(token)
        except AuthenticationFailed:
            raise AuthenticationFailed(UNKNOWN) from None
        acting_by_token(found.pk)
        note_use(found)
        return user, found

    def validate_user(self, auth_token: Token) -> tuple[User, Token]:
        """Refuse a deactivated account, one without a role, and an auditor's."""
        user = auth_token.user
        if not user.is_active or user.role in NO_TOKENS_FOR:
            raise AuthenticationFailed(UNKNOWN)
        return user, auth_token

    def _cleanup_token(self, auth_token: Token) -> bool:
        """Whether the token opens nothing any more. knox would delete it here; nothing is deleted."""
        return auth_token.revoked_at is not None or auth_token.expiry <= timezone.now()


def failed(header: bytes) -> None:
    """Tell the trail of a token that opens nothing, and raise Throttled where an address sends too many of them.

    A good token from there goes on being good: nobody guesses 256 bits, and neighbours shut nobody out. Beyond the
    limit one more entry says so, and no further: who knows no token must not be able to fill the trail.
    """
    count = counted_from_here("api-failed")
    if count <= FAILURES_A_MINUTE:
        known, reason = known_as(header)
        with transaction.atomic():
            record("auth.token_failed", None, known, outcome="failed", reason=reason)
        return
    if count == FAILURES_A_MINUTE + 1:
        with transaction.atomic():
            record("auth.token_failed", None, outcome="failed", reason="too many attempts")
    raise Throttled(Throttle().wait())


def known_as(header: bytes) -> tuple[Token | None, str]:
    """The token that is meant, if there ever was such a one, and why it opens nothing. Nothing of its text is kept."""
    text = header.rpartition(b" ")[2]
    found = None
    if TOKEN.fullmatch(text):
        found = Token.objects.filter(digest=hash_token(text.decode())).first()
    if found is None:
        return None, "unknown"
    standing = found.standing()
    return found, "its account has no tokens" if standing == "In use" else standing.lower()


def note_use(token: Token) -> None:
    """Keep the day on which the token was last used: one write a day. No history: it is unrecorded, like a sign-in."""
    today = timezone.now().date()
    if token.last_used_on != today:
        with audited_bulk("the day of a token's last use"):
            Token.objects.filter(pk=token.pk).update(last_used_on=today)


class SessionAuthentication(authentication.SessionAuthentication):
    """A browser that is signed in; it sends the CSRF token with whatever it writes (header X-CSRFToken)."""


class SignedInWithinScope(permissions.BasePermission):
    """Everybody signed in; a token only within the scope that the endpoint names."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Raises PermissionDenied, with the scope that is missing, for a token without it."""
        if not request.user.is_authenticated:
            return False
        needed: str | None = view.needed_scope()
        if needed and isinstance(request.auth, Token) and not grants(request.auth.scopes, needed):
            raise PermissionDenied(f"This token lacks the scope {needed}.")
        return True


class Throttle(throttling.BaseThrottle):
    """So many requests in each minute of the clock, counted in the cache that all processes share."""

    def allow_request(self, request: Request, view: Any) -> bool:
        who = f"token-{request.auth.pk}" if isinstance(request.auth, Token) else f"user-{request.user.pk}"
        return counted(f"api:{who}") <= settings.API_REQUESTS_A_MINUTE

    def wait(self) -> float:
        """Seconds until the next minute begins."""
        return 60 - time.time() % 60


class BearerScheme(OpenApiAuthenticationExtension):
    """How the API's description names a token."""

    target_class = BearerAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "cs_…"}


class SessionScheme(OpenApiAuthenticationExtension):
    """How the API's description names a browser's session."""

    target_class = SessionAuthentication
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME}
