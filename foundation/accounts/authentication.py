"""Who asks the API: by a token, or in a browser that is signed in. And how often, and within which scope."""

import re
import time
from typing import Any, Final

from django.conf import settings
from django.core.cache import cache
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from knox.auth import TokenAuthentication
from rest_framework import authentication, permissions, throttling
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request

from foundation.accounts.models import Token, User
from foundation.accounts.roles import Role
from foundation.accounts.scopes import grants
from foundation.trail.models import audited_bulk
from foundation.trail.origin import acting_by_token

TOKEN: Final = re.compile(rb"cs_[0-9a-f]{64}")
UNKNOWN: Final = "This token is unknown, expired or revoked."
NO_TOKENS_FOR: Final = frozenset({"", Role.AUDITOR})  # roles: auditors read on screen, within their window


class BearerAuthentication(TokenAuthentication):
    """`Authorization: Bearer cs_…`. The account must stand: active, with a role that has tokens at all.

    Everything else (what the person may see and do now) is asked as on the pages, at every request.
    """

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
        key = f"api:{who}:{int(time.time()) // 60}"
        count = 1 if cache.add(key, 1, timeout=120) else cache.incr(key)
        return count <= settings.API_REQUESTS_A_MINUTE

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
