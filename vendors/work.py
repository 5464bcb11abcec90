"""What waits for a person among the vendors: reviews, approvals, papers that run out, conditions, steps of exits."""

import datetime
from collections.abc import Iterator
from typing import Final

from django.db.models import Exists, OuterRef, Q, Subquery

from foundation.accounts.access import allowed
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.organisation.settings import setting
from foundation.pages.work import WorkItem
from vendors.approval import reviews_that_count
from vendors.filters import current_documents
from vendors.models import (
    Condition,
    Contract,
    ExitStep,
    ReviewState,
    Status,
    Vendor,
    VendorReview,
)
from vendors.models.papers import MOST_DAYS
from vendors.tiering import is_above

REGISTER: Final = "Vendors"
LONGEST_NOTICE: Final = datetime.timedelta(days=MOST_DAYS)  # of a contract that is looked at before its notice


def vendors_work(user: User) -> list[WorkItem]:
    """All of it, in a constant number of queries: one for each kind of record."""
    day = today()
    soon = day + datetime.timedelta(days=setting("review_due_soon_days"))
    return [
        *reviews(user, day), *vendors(user), *outgrown(user), *conditions(user, day), *steps(user, day),
        *documents(user, day, soon), *contracts(user, day, soon),
    ]  # fmt: skip


def reviews(user: User, day: datetime.date) -> Iterator[WorkItem]:
    """Reviews that one does, and those that wait for one's approval."""
    doing = Q(state=ReviewState.OPEN, reviewer=user.pk)
    judging = Q(state=ReviewState.SUBMITTED, approver=user.pk)
    found = allowed(user, "submit", VendorReview).filter(doing) | allowed(user, "approve", VendorReview).filter(judging)
    for review in found.filter(archived_at=None).select_related("vendor").order_by("due_on", "id"):
        if review.state == ReviewState.SUBMITTED:
            yield WorkItem.on(
                review, REGISTER, review.title, "Submitted; waits for your approval", "Look at it", due=review.due_on
            )
            continue
        words = "Review overdue" if review.due_on < day else "Review to be done"
        page = "vendors:vendorreview-questions"
        yield WorkItem.on(review, REGISTER, review.title, words, "Answer", page, review.due_on)


def vendors(user: User) -> Iterator[WorkItem]:
    """Vendors that wait for one's approval or for their last word, and one's own that nobody assesses yet."""
    judged = reviews_that_count().filter(vendor=OuterRef("pk"))
    asked = Condition.objects.live().filter(vendor=OuterRef("pk"), met_on=None)
    left = ExitStep.objects.live().filter(vendor=OuterRef("pk"), done_on=None)
    named = Q(approver=user.pk) & (Q(owner=None) | ~Q(owner=user.pk))
    approving = named & (
        (Q(status=Status.ASSESSING) & Exists(judged)) | (Q(status=Status.CONDITIONAL) & ~Exists(asked))
    )
    found = (
        allowed(user, "approve", Vendor).filter(approving)
        | allowed(user, "end", Vendor).filter(Q(status=Status.OFFBOARDING) & ~Exists(left))
        | allowed(user, "begin_review", Vendor).filter(status=Status.PROPOSED, owner=user.pk)
    )
    for vendor in found.filter(archived_at=None).order_by("name", "id"):
        if vendor.status == Status.OFFBOARDING:
            yield item(vendor, "Every step of its exit is settled", "End it", "vendors:vendor-end")
        elif vendor.status == Status.PROPOSED:
            yield item(vendor, "Proposed", "Begin due diligence", "vendors:vendor-begin-review")
        else:
            words = "Assessed; waits for approval" if vendor.status == Status.ASSESSING else "Its conditions are met"
            yield item(vendor, words, "Look at it")


def outgrown(user: User) -> Iterator[WorkItem]:
    """One's own vendors in use whose tier is higher by now than what their newest review asked, with none under way."""
    newest = reviews_that_count().filter(vendor=OuterRef("pk")).order_by("-approved_at", "-id")
    under_way = VendorReview.objects.live().filter(
        vendor=OuterRef("pk"), state__in=(ReviewState.OPEN, ReviewState.SUBMITTED)
    )
    mine = allowed(user, "begin_review", Vendor).filter(
        ~Exists(under_way), owner=user.pk, status__in=(Status.APPROVED, Status.CONDITIONAL), archived_at=None
    )
    for vendor in mine.annotate(asked=Subquery(newest.values("tier")[:1])).order_by("name", "id"):
        if vendor.asked and is_above(vendor.tier, vendor.asked):
            words = "Its tier is higher than what was reviewed"
            yield item(vendor, words, "Begin review", "vendors:vendor-begin-review")


def conditions(user: User, day: datetime.date) -> Iterator[WorkItem]:
    """Conditions that one sees to."""
    found = allowed(user, "meet", Condition).filter(owner=user.pk, met_on=None, archived_at=None)
    for one in found.exclude(vendor__status=Status.ENDED).order_by("due_on", "id"):
        words = "Condition overdue" if one.due_on < day else "Condition to be met"
        yield WorkItem.on(one, REGISTER, one.what, words, "Mark as met", "vendors:condition-meet", one.due_on)


def steps(user: User, day: datetime.date) -> Iterator[WorkItem]:
    """Steps of exits that one sees to."""
    found = allowed(user, "complete", ExitStep).filter(owner=user.pk, done_on=None, archived_at=None)
    for step in found.select_related("vendor").order_by("due_on", "id"):
        words = "Exit overdue" if step.due_on < day else "Exit"
        title = f"{step.get_kind_display()}: {step.vendor.name}"
        yield WorkItem.on(step, REGISTER, title, words, "Settle", "vendors:exitstep-complete", step.due_on)


def documents(user: User, day: datetime.date, soon: datetime.date) -> Iterator[WorkItem]:
    """Documents of one's own vendors that expire soon, or have."""
    mine = allowed(user, "supersede", current_documents(None)).filter(vendor__owner=user.pk, expires_on__lte=soon)
    for one in mine.exclude(vendor__status=Status.ENDED).select_related("vendor").order_by("expires_on", "id"):
        words = "Document expired" if one.expires_on < day else "Document expires"
        title = f"{one.title}, {one.vendor.name}"
        page = "vendors:vendordocument-supersede"
        yield WorkItem.on(one, REGISTER, title, words, "File newer version", page, one.expires_on)


def contracts(user: User, day: datetime.date, soon: datetime.date) -> Iterator[WorkItem]:
    """Contracts of one's own vendors whose last day for notice, or whose end, is near."""
    mine = allowed(user, "change", Contract).filter(vendor__owner=user.pk, archived_at=None)
    mine = mine.filter(ends_on__range=(day, soon + LONGEST_NOTICE)).exclude(vendor__status=Status.ENDED)
    for one in mine.select_related("vendor").order_by("ends_on", "id"):
        for due, words in days_of(one):
            if day <= due <= soon:
                title = f"{one.title}, {one.vendor.name}"
                yield WorkItem.on(one, REGISTER, title, words, "Look at it", due=due)
                break


def days_of(contract: Contract) -> Iterator[tuple[datetime.date, str]]:
    """The days of a contract before which somebody looks at it, the earlier first, each with what it is."""
    if contract.notice_on is not None and contract.notice_days:
        renews = "Renews by itself unless notice is given"
        yield contract.notice_on, renews if contract.renews_itself else "Last day to give notice"
    if contract.ends_on is not None and not contract.renews_itself:
        yield contract.ends_on, "Contract ends"


def item(vendor: Vendor, words: str, action: str, page: str = "") -> WorkItem:
    """A vendor as something to do."""
    return WorkItem.on(vendor, REGISTER, vendor.name, words, action, page)
