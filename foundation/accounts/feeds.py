"""Calendar addresses: making, revoking and finding the secret address of a person's calendar."""

import hashlib
import re
import secrets
from typing import Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from foundation.accounts.access import can, open_window
from foundation.accounts.jobs import notice_mail
from foundation.accounts.models import CalendarFeed, User
from foundation.trail.keep import save
from foundation.trail.models import audited_bulk

SECRET: Final = re.compile(r"[A-Za-z0-9_-]{43}")
RENEWED: Final = "A new one was made."
NOT_FOR: Final = "Only an active account with a role has a calendar, and an auditor's within the open access."


def may_have(user: User) -> bool:
    """Whether the person may have a calendar address: everybody with a role, an auditor while the access is open."""
    return can(user, "add", CalendarFeed) or open_window(user) is not None


def feed_of(user: User) -> CalendarFeed | None:
    """The address that the person has now."""
    return CalendarFeed.objects.filter(user=user, revoked_at=None).first()


@transaction.atomic
def make_feed(user: User, *, actor: User) -> tuple[CalendarFeed, str]:
    """Make a calendar address, and revoke the one before; returns it and its secret, which is kept nowhere.

    Raises ValidationError for whoever has none (`may_have`).
    """
    user = User.objects.select_for_update().get(pk=user.pk)
    if not may_have(user):
        raise ValidationError(NOT_FOR)
    revoke_feeds(user, actor=actor, reason=RENEWED)
    secret = secrets.token_urlsafe(32)
    feed = CalendarFeed(user=user, digest=hashed(secret), made_at=timezone.now())
    feed.full_clean()
    save(feed, actor=actor, verb="calendarfeed.created")
    notice_mail.enqueue(actor=actor, title="Mail a notice", user_id=user.pk, about="feed_made")
    return feed, secret


@transaction.atomic
def revoke_feeds(user: User, *, actor: object, reason: str = "") -> int:
    """End the address that a person has, for ever: how many there were."""
    found = list(CalendarFeed.objects.select_for_update().filter(user=user, revoked_at=None))
    for feed in found:
        feed.revoked_at = timezone.now()
        save(feed, actor=actor, verb="calendarfeed.revoked", reason=reason)
    return len(found)


def known_by(secret: str) -> CalendarFeed | None:
    """The address with this secret, revoked ones too; None where there never was one."""
    if not SECRET.fullmatch(secret):
        return None
    return CalendarFeed.objects.select_related("user").filter(digest=hashed(secret)).first()


def opens(feed: CalendarFeed) -> bool:
    """Whether it opens anything now: not revoked, and its owner may have one."""
    return feed.revoked_at is None and may_have(feed.user)


def note_fetch(feed: CalendarFeed, given: str = "") -> None:
    """Keep the day of the last fetch, and what an auditor was given: one write where either is new. No history."""
    today = timezone.now().date()
    if (feed.last_used_on, feed.given) != (today, given):
        with audited_bulk("what a calendar address was last used for"):
            CalendarFeed.objects.filter(pk=feed.pk).update(last_used_on=today, given=given)


def hashed(secret: str) -> str:
    """What is stored of a secret: 256 bits of chance need no salt."""
    return hashlib.sha256(secret.encode()).hexdigest()
