"""Digest and calendar on one's own account, and the calendar itself at its secret address."""

from collections.abc import Sequence
from typing import Final

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from foundation.accounts import fresh
from foundation.accounts.actions import choose_digest
from foundation.accounts.attempts import counted, counted_from_here
from foundation.accounts.feeds import feed_of, known_by, make_feed, may_have, note_fetch, opens, revoke_feeds
from foundation.accounts.models import CalendarFeed, User
from foundation.organisation.models import today
from foundation.organisation.settings import setting
from foundation.pages.due import EVER, DueOf, all_due
from foundation.pages.forms import user_of
from foundation.trail.record import record
from home.feed.ics import DAY, Entry, document_of, entries_of, tag_of

MADE: Final = "calendar_made"  # in the session: a new address's secret, until the page has shown it
AHEAD: Final = 365 * DAY
FAILURES_A_MINUTE: Final = 10  # from one address, as for tokens
FETCHES_A_MINUTE: Final = 5  # of one calendar: they ask every few hours
WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def person_of(request: HttpRequest) -> User:
    """Whose page it is, as stored; Http404 for whoever has no role, and so nothing that could fall due."""
    user = User.objects.get(pk=user_of(request).pk)
    if not user.role:
        raise Http404
    return user


@require_safe
@never_cache
def reminders(request: HttpRequest) -> HttpResponse:
    """Whether the weekly digest is mailed to oneself, and one's calendar. A new address is shown once."""
    user = person_of(request)
    secret = request.session.pop(MADE, "") if request.method == "GET" else ""
    context = {
        "person": user,
        "weekday": WEEKDAYS[setting("digest_weekday") - 1],
        "feed": feed_of(user),
        "may_have": may_have(user),
        "address": f"{settings.PUBLIC_URL}{reverse('calendar-feed', args=[secret])}" if secret else "",
    }
    return render(request, "home/reminders.html", context)


@require_POST
def digest_choose(request: HttpRequest) -> HttpResponse:
    """Say whether one wants the weekly digest."""
    user = choose_digest(person_of(request), wanted=request.POST.get("wanted") == "yes", actor=user_of(request))
    messages.success(request, "You get the weekly digest." if user.wants_digest else "You get no weekly digest.")
    return redirect("reminders")


@require_POST
def calendar_make(request: HttpRequest) -> HttpResponse:
    """Make a calendar address for oneself, in the place of the one before. It takes a fresh authentication."""
    user = person_of(request)
    if not may_have(user):
        raise PermissionDenied
    fresh.require(request, "add", CalendarFeed, back=reverse("reminders"))
    try:
        _, secret = make_feed(user, actor=user)
    except ValidationError as refused:
        messages.error(request, " ".join(refused.messages))
    else:
        request.session[MADE] = secret
    return redirect("reminders")


@require_POST
def calendar_revoke(request: HttpRequest) -> HttpResponse:
    """End one's calendar address."""
    user = person_of(request)
    if revoke_feeds(user, actor=user):
        messages.success(request, "The address is revoked. Whoever asks for it is told that there is nothing.")
    return redirect("reminders")


@login_not_required
@require_safe
def calendar_feed(
    request: HttpRequest, secret: str, due: Sequence[DueOf], due_to_auditors: Sequence[DueOf]
) -> HttpResponse:
    """What falls due for the person whose address it is: what is late, and a year ahead.

    Whatever is wrong with an address, the answer is the same 404; after too many of them from one place, 429. A fetch
    is no entry, as reading by the API is none; but what an auditor is given is one whenever it is new.
    """
    feed = known_by(secret)
    if feed is None or not opens(feed):
        return refused(request, feed)
    if counted(f"calendar:{feed.pk}") > FETCHES_A_MINUTE:
        return too_many(request)
    user = feed.user
    found = all_due(due_to_auditors if user.is_auditor else due, user, EVER, today() + AHEAD)
    entries = entries_of(found, feed.made_at, None if user.is_auditor else user.pk)
    sha256 = tag_of(entries)
    if user.is_auditor and feed.given != sha256:
        with transaction.atomic():
            record("calendarfeed.read", user, feed, refs={"events": len(entries), "sha256": sha256})
    note_fetch(feed, sha256 if user.is_auditor else "")
    tag = f'"{sha256}"'
    answer = get_conditional_response(request, etag=tag) or written(entries)  # 304 before anything is written
    answer["ETag"] = tag
    answer["Cache-Control"] = "private, no-cache"
    answer["Referrer-Policy"] = "no-referrer"
    return answer


def written(entries: Sequence[Entry]) -> HttpResponse:
    """The document itself."""
    answer = HttpResponse(document_of(entries), content_type="text/calendar; charset=utf-8")
    answer["Content-Disposition"] = 'inline; filename="countersign.ics"'
    return answer


def refused(request: HttpRequest, feed: CalendarFeed | None) -> HttpResponse:
    """Tell the trail of an address that opens nothing, up to a limit: who knows none must not be able to fill it.

    Raises Http404.
    """
    count = counted_from_here("calendar-failed")
    if count <= FAILURES_A_MINUTE + 1:
        reason = "too many attempts" if count > FAILURES_A_MINUTE else why(feed)
        with transaction.atomic():
            record("auth.feed_failed", None, feed, outcome="failed", reason=reason)
    if count > FAILURES_A_MINUTE:
        return too_many(request)
    raise Http404


def why(feed: CalendarFeed | None) -> str:
    """Why an address opens nothing, for the trail."""
    if feed is None:
        return "unknown"
    return "revoked" if feed.revoked_at is not None else "its account has no calendar now"


def too_many(request: HttpRequest) -> HttpResponse:
    """Come back in the next minute."""
    answer = render(request, "429.html", status=429)
    answer["Retry-After"] = "60"
    return answer
