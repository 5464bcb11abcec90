"""The certificate of a signed review: everything that an auditor asks of it, on one page and on paper (R4.1, R4.2).

Whatever the size of the review it takes the same few queries and shows a bounded number of lines; the full list is a
file beside it (`full_list`), and its hash stands on the certificate.
"""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.db import transaction
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.urls import URLPattern, path
from django.views.decorators.http import require_safe

from accessreviews import full_list
from accessreviews.models import Addendum, Assignment, Choice, Decision, Flag, Listing, Removal, Review, ReviewState
from accessreviews.pace import pace_words
from accessreviews.removal_pages import attach_day, wanted_words
from accessreviews.views import ReviewPages
from foundation.accounts.access import get_allowed, moment_for
from foundation.accounts.models import User
from foundation.pages.forms import user_of
from foundation.pages.moment import at, day_of
from foundation.pages.paper import Paper
from foundation.pages.sheets import json_file, stream
from foundation.trail.asof import rows, thaw
from foundation.trail.record import record

ON_SCREEN: Final = 100  # exceptions, and removals, that the page lists
ON_PAPER: Final = 1000  # and the paper; the full list has them all
CERTIFIED: Final = (ReviewState.SIGNED, ReviewState.APPROVED)
RELATED: Final = (
    "campaign__approver", "system__owner", "listing__pulled_by", "listing__frozen_by", "approved_by", "reviewer",
)  # fmt: skip


@dataclass(frozen=True)
class Part:
    """What one reviewer signed: for which accounts and why these, decided by whom and how fast."""

    row: Assignment
    deciders: list[tuple[str, int]]
    pace: str


@dataclass(frozen=True)
class Certificate:
    """What is certified of a review. `exceptions`: flagged accounts that are kept; `removals`: all that follows."""

    review: Review
    listing: Listing
    parts: list[Part]
    counts: dict[str, int]
    exceptions: list[tuple[Decision, str]]
    removals: list[tuple[Removal, str]]
    removal_count: int
    settled: int
    addenda: list[Addendum]
    most: int

    @property
    def approved(self) -> bool:
        """Whether the second signature is there."""
        return self.review.state == ReviewState.APPROVED

    @property
    def exceptions_left(self) -> int:
        """How many exceptions are in the full list alone."""
        return self.counts["flagged_kept"] - len(self.exceptions)

    @property
    def removals_left(self) -> int:
        """How many removals are in their register alone."""
        return self.removal_count - len(self.removals)


def certificate_of(review: Review, user: User, moment: datetime.datetime | None, most: int) -> Certificate:
    """What a review certifies, live or at a moment: the same to everybody who sees the review, whatever else they see.

    A constant number of queries.
    """
    listing: Any = review.listing
    found = rows(Assignment, moment).filter(review_id=review.pk)
    parts = [thaw(row) for row in found.select_related("reviewer", "delegate", "signed_by").order_by("id")]
    asked = rows(Removal, moment).filter(review_id=review.pk, archived_at=None)
    shown = asked.select_related("account", "owner", "decision", "proved_by", "shown_by").order_by("id")[:most]
    removals = [thaw(row) for row in shown]
    attach_day(removals, user, moment)
    addenda = rows(Addendum, moment).filter(review_id=review.pk)
    settled = asked.filter(proved_at__isnull=False) | asked.filter(excepted_at__isnull=False)
    return Certificate(
        review=review, listing=listing, parts=parts_of(parts), counts=counts_of(review),
        exceptions=exceptions_of(review, most), removals=[(one, wanted_words(one)) for one in removals],
        removal_count=asked.count(), settled=settled.count(),
        addenda=[thaw(row) for row in addenda.select_related("author").order_by("id")], most=most,
    )  # fmt: skip


def parts_of(parts: list[Assignment]) -> list[Part]:
    """Each part with whoever decided in it: the reviewer, and a delegate. One query."""
    said = Decision.objects.filter(assignment__in=[part.pk for part in parts]).exclude(choice="").order_by()
    counts = said.values_list("assignment_id", "decided_by__name").annotate(count=Count("id"))
    whose: dict[int, list[tuple[str, int]]] = {part.pk: [] for part in parts}
    for part, name, count in counts:
        whose[part].append((name, count))
    return [Part(part, sorted(whose[part.pk]), pace_words(part.pace)) for part in parts]


def counts_of(review: Review) -> dict[str, int]:
    """The decisions of a review in numbers. One query."""
    said = Decision.objects.filter(assignment__review=review.pk).exclude(choice="").order_by()
    counts = dict.fromkeys((*Choice.values, "flagged", "flagged_kept", "privileged", "in_bulk"), 0)
    grouped = said.values_list("choice", "item__flagged", "item__privileged", "in_bulk").annotate(count=Count("id"))
    for choice, flagged, privileged, in_bulk, count in grouped:
        counts[choice] += count
        counts["flagged"] += count * flagged
        counts["flagged_kept"] += count * (flagged and choice == Choice.KEEP)
        counts["privileged"] += count * privileged
        counts["in_bulk"] += count * in_bulk
    return counts


def exceptions_of(review: Review, most: int) -> list[tuple[Decision, str]]:
    """The first `most` flagged accounts that are kept, with their flags in words, in the order of the listing."""
    kept = Decision.objects.filter(assignment__review=review.pk, choice=Choice.KEEP, item__flagged=True)
    related = kept.select_related("item__account", "decided_by").order_by("item__account__line", "id")
    return [(one, flag_words(one.item.account.flags)) for one in related[:most]]


def flag_words(flags: Iterable[Any]) -> str:
    """The flags of an account in one line."""
    return ", ".join(str(Flag(flag).label) for flag, _ in flags)


# ---- pages ---------------------------------------------------------------------------------------------------------


def certified(request: HttpRequest, pk: int) -> tuple[ReviewPages, Any, datetime.datetime | None]:
    """The pages, the review and the moment, if it is (or was then) signed by all its reviewers. Raises Http404."""
    pages = ReviewPages(request)
    moment = pages.moment()
    return pages, signed_one(pages.fetch(pk, moment)), moment


def signed_one(review: Any) -> Any:
    """The review, if it is signed by all its reviewers. Raises Http404."""
    if review.state not in CERTIFIED:
        raise Http404("Not every reviewer has signed this review.")
    return review


@require_safe
def certificate(request: HttpRequest, pk: int) -> HttpResponse:
    """The certificate on screen."""
    pages, review, moment = certified(request, pk)
    said = certificate_of(review, pages.user, moment, ON_SCREEN)
    context = {"pages": pages, "object": review, "moment": moment, "said": said, "at": at(moment)}
    return render(request, "accessreviews/certificate.html", context)


def certificate_paper(user: User, params: QueryDict, moment: datetime.datetime | None, /, pk: int) -> Paper:
    """The certificate on paper: what the page shows, with as many lines as a PDF holds."""
    found = get_allowed(user, "view", rows(Review, moment).select_related(*RELATED), pk, moment)
    review = signed_one(thaw(found))
    said = certificate_of(review, user, moment, ON_PAPER)
    return Paper(
        title="Certificate of access review",
        template="pdf/certificate.html",
        context={"said": said, "review": review, "day": day_of(moment)},
        scope=(review.system.name, f"{review.campaign.ref} {review.campaign.name}"),
        period=review.campaign.period(),
        as_of=moment,
        rows=len(said.exceptions) + len(said.removals),
    )


certificate.paper = certificate_paper  # type: ignore[attr-defined]
certificate.pages = ReviewPages  # type: ignore[attr-defined]


# ---- the full list -------------------------------------------------------------------------------------------------


def downloaded(request: HttpRequest, pk: int, kind: str) -> tuple[User, Any, str]:
    """Who takes the full list of which review, and the file's name; the trail says so. Raises Http404, 403."""
    user = user_of(request)
    moment = moment_for(user, None, Review)
    found = get_allowed(user, "download", rows(Review, moment).select_related(*RELATED), pk, moment)
    review = signed_one(thaw(found))
    with transaction.atomic():
        record("review.exported", user, review, refs={"format": kind, "accounts": review.item_count})
    return user, review, f"{review.campaign.ref}-{review.system.ref}-decisions"


@require_safe
def decisions_csv(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Every account with its decision, a row each."""
    _, review, name = downloaded(request, pk, "csv")
    return stream(name, full_list.HEADER, full_list.chunks(review))


@require_safe
def decisions_json(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The exact lines that were hashed, and the hashes: anybody can compute them again."""
    _, review, name = downloaded(request, pk, "json")
    return json_file(name, full_list.document(review))


def certificate_routes() -> list[URLPattern]:
    """Beside the pages of a review."""
    return [
        path("reviews/<int:pk>/certificate/", certificate, name="review-certificate"),
        path("reviews/<int:pk>/decisions.csv", decisions_csv, name="review-decisions-csv"),
        path("reviews/<int:pk>/decisions.json", decisions_json, name="review-decisions-json"),
    ]
