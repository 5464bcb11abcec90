"""Sessions: stored so that whoever reads the database can neither use nor read them, and over when their time is up.

The table holds the SHA-256 of the cookie's value, and the data sealed. A session ends by itself after a while without
a request, and at the latest some hours after sign-in; both numbers are settings of the organisation. The store itself
no longer finds such a session, so that no page has to ask.
"""

import hashlib
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends import db
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from foundation.accounts.models import Session, User
from foundation.keys import Unreadable, seal, unseal
from foundation.organisation.settings import all_settings
from foundation.trail.middleware import address_of

SIGNED_IN_AT: Final = "signed_in_at"  # these four stand in the session; moments are seconds since 1970
SEEN_AT: Final = "seen_at"
ENDS_AT: Final = "ends_at"
CLIENT: Final = "client"
TOUCH_EVERY: Final = 60  # seconds: a session is written at most this often because somebody is there


class SessionStore(db.SessionStore):
    """Django's store in the database, over our own table. `settings.SESSION_ENGINE` names this module."""

    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    def encode(self, session_dict: dict[str, Any]) -> str:
        return seal("session", super().encode(session_dict))

    def decode(self, session_data: bytes | str) -> dict[str, Any]:
        """The data; of a session that was sealed under a key that is gone, nothing: its owner signs in again."""
        try:
            return super().decode(unseal("session", str(session_data)))
        except Unreadable:
            return {}

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        ip, agent = data.get(CLIENT, ("", ""))
        return Session(
            session_key=stored_key(self._get_or_create_session_key()),  # type: ignore[attr-defined]  # Django's own hook
            session_data=self.encode(data),
            expire_date=_moment(data.get(ENDS_AT)) or self.get_expiry_date(),
            user_id=data.get(SESSION_KEY),
            signed_in_at=_moment(data.get(SIGNED_IN_AT)),
            seen_at=_moment(data.get(SEEN_AT)),
            ip=ip or None,
            user_agent=agent.replace("\0", ""),  # which PostgreSQL stores in no column
        )

    def exists(self, session_key: str) -> bool:
        return bool(super().exists(stored_key(session_key)))

    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if key is not None:
            self.model.objects.filter(session_key=stored_key(key)).delete()

    def _get_session_from_db(self) -> Session | None:
        found = self.model.objects.filter(session_key=stored_key(self.session_key), expire_date__gt=timezone.now())
        session: Session | None = found.first()  # type: ignore[assignment]
        if session is None:
            self._session_key = None
        return session


def stored_key(cookie: str | None) -> str:
    """What stands in the table for the value of a cookie."""
    return hashlib.sha256((cookie or "").encode()).hexdigest()


def begin(request: HttpRequest) -> None:
    """Somebody signed in: from now on the session has an owner's address and a last moment."""
    request.session[SIGNED_IN_AT] = time.time()
    touch(request)


def touch(request: HttpRequest) -> None:
    """The owner of the session is there: put off its end, never beyond what is allowed since sign-in."""
    now, limits = time.time(), all_settings()
    begun = request.session.get(SIGNED_IN_AT, now)
    request.session[SEEN_AT] = now
    request.session[ENDS_AT] = min(now + limits["session_idle_minutes"] * 60, begun + limits["session_hours"] * 3600)
    request.session[CLIENT] = client_of(request)


def client_of(request: HttpRequest) -> list[str]:
    """From which address, and with which browser."""
    return [address_of(request), request.headers.get("User-Agent", "")[:300]]


def sessions_of(user: User) -> QuerySet[Session]:
    """A person's sessions that have not ended, the one last used first."""
    return Session.objects.filter(user=user, expire_date__gt=timezone.now()).order_by("-seen_at", "session_key")


def end_sessions_of(user: User, *, but: HttpRequest | None = None) -> int:
    """End every session of a person, except the one that a request belongs to; return how many.

    The caller records why. Raising `session_epoch` ends them too; this also takes them off the list.
    """
    found = Session.objects.filter(user=user)
    if but is not None:
        found = found.exclude(session_key=stored_key(but.session.session_key))
    return found.delete()[0]


class SessionTouch:
    """Notes once a minute, from a new address at once, that a session is in use. A page that polls does not count."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        """Asked once the route is known: a job's page looks for news every second, whether somebody is there or not."""
        name = request.resolver_match.view_name if request.resolver_match else ""
        polling = name == "jobs:job-detail" and request.headers.get("HX-Request")
        if not request.user.is_authenticated or polling:
            return
        moved = request.session.get(CLIENT) != client_of(request)
        if moved or time.time() - request.session.get(SEEN_AT, 0) >= TOUCH_EVERY:
            touch(request)


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
