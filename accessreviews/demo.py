"""The demo company's access reviews: three past quarters, one of them with a late removal, and one that runs.

Made by the actions that people use, on the demo's own systems and roster. Every account is invented.
"""

import datetime
import random
from typing import Final

from django.utils import timezone

from accessreviews import campaigns, deciding, removals, signing
from accessreviews.forms import APPROVED, SIGNED
from accessreviews.listings.demo import demo_listing
from accessreviews.listings.own import list_own_accounts
from accessreviews.models import (
    Assignment,
    By,
    Campaign,
    Choice,
    Flag,
    Listing,
    Removal,
    Review,
    ReviewItem,
)
from accessreviews.quarters import Quarter
from foundation.accounts.models import User
from foundation.organisation.demo_clock import as_on
from foundation.organisation.models import today
from people.models import Person
from systems.models import Cadence, System

DAY: Final = datetime.timedelta(days=1)
MORNING: Final = datetime.time(8, 30, tzinfo=datetime.UTC)
CONTROL: Final = "IAM-06"
ROOT: Final = "<root_account>"
PROVES: Final = "It is the quarterly review of everybody's access, signed by two people."
KEPT: Final = {
    Flag.PRIVILEGED: "Runs this system; the on-call rota names them.",
    Flag.NO_MFA: "Was away when the factor became due; enrols this week.",
    Flag.SERVICE: "Needed by the nightly jobs; its key was rotated this quarter.",
    Flag.NEW: "Joined this quarter; the request was approved by their lead.",
    Flag.GREW: "Took over duties; the change was approved.",
    Flag.NEVER_SIGNED_IN: "Starts using it next month, with the new project.",
    Flag.DORMANT: "On parental leave until spring; suspended meanwhile.",
}
TAKEN: Final = {
    Flag.LEFT_ACTIVE: "Has left the company.",
    Flag.ORPHANED: "Nobody knows whose it is.",
    Flag.DORMANT: "Has not used it for months and does not need it.",
    Flag.NEVER_SIGNED_IN: "Never used it; it can be asked for again.",
}


class Round:
    """One quarter of the demo: its days, and what was removed before and in it."""

    def __init__(self, quarter: Quarter, gone: set[tuple[int, str]]) -> None:
        self.name, self.first, self.last = str(quarter), quarter.first, quarter.last
        self.gone = gone  # (system, account) that earlier removals took away
        self.rng = random.Random(str(self.first))
        self.now = timezone.now()

    def at(self, days: int, minutes: int = 0) -> datetime.datetime:
        """A morning of the quarter, counted from its first day; never one that has not come yet."""
        morning = datetime.datetime.combine(self.first + days * DAY, MORNING) + datetime.timedelta(minutes=minutes)
        return min(morning, self.now)


def reviews(*, compliance: User, reviewer: User, approver: User) -> None:
    """Make them all: the past quarters from beginning to end, the running one half decided."""
    gone: set[tuple[int, str]] = set()
    last = Quarter.of(today())
    for number in range(4):
        quarter, running = Round(last.after(number - 3), gone), number == 3
        if quarter.first == today():
            continue  # a quarter that begins today has nothing to show
        take_listings(quarter, day_of_listing(quarter, running))
        campaign = launch(quarter, compliance, reviewer, approver, running=running)
        decide_all(quarter, campaign, share=0.4 if running else 1.0)
        if not running:
            finish(quarter, campaign, approver, late=number == 1, compliance=compliance)
    own_accounts(compliance, reviewer, approver)


def own_accounts(compliance: User, reviewer: User, approver: User) -> None:
    """Countersign came into the inventory last: a campaign of its own beside the one that runs."""
    own = list_own_accounts().system
    one = Quarter.of(today())
    name = f"Accounts of Countersign, {one}"
    draft = Campaign(name=name, period_from=one.first, period_to=one.last, due_on=one.last, approver=approver)
    campaign = campaigns.plan(draft, actor=compliance)
    for review in Review.objects.filter(campaign=campaign).select_related("system", "campaign"):
        if review.system_id == own.pk:
            campaigns.set_reviewer(review, actor=compliance, reviewer=reviewer, by=By.REVIEWER)
        else:
            campaigns.omit(review, actor=compliance, reason="Reviewed in this quarter's own campaign.")
    campaigns.launch(campaign, actor=compliance)


def day_of_listing(quarter: Round, running: bool) -> int:
    """On which day of the quarter its listings were taken; of the running one as late as can be, a week ago at most."""
    return max(0, min(40, (today() - quarter.first).days - 7)) if running else 40


# ---- listings ------------------------------------------------------------------------------------------------------


def take_listings(quarter: Round, day: int) -> None:
    """A listing of every system in scope that is reviewed in the quarter, brought by its owner."""
    for system in in_scope():
        if due_in(system, quarter):
            take(system, quarter, day)


def take(system: System, quarter: Round, day: int) -> Listing:
    """One listing, as its system stands on a day of the quarter, counted from its first."""
    moment = quarter.at(day, 120)
    people = Person.objects.filter(archived_at=None).order_by("id")
    gone = {account for number, account in quarter.gone if number == system.pk}
    with as_on(moment):
        return demo_listing(system, moment.date(), people, quarter.rng, gone=gone)


def in_scope() -> list[System]:
    """The systems that are reviewed."""
    return list(System.objects.live().filter(in_scope=True).select_related("owner").order_by("id"))


def due_in(system: System, quarter: Round) -> bool:
    """Whether a system is reviewed in a quarter: what is reviewed twice a year, in the second and the fourth."""
    often = system.review_cadence in (Cadence.MONTHLY, Cadence.QUARTERLY)
    return often or quarter.last.month in ((6, 12) if system.review_cadence == Cadence.SEMI_ANNUAL else (12,))


# ---- campaigns -----------------------------------------------------------------------------------------------------


def launch(quarter: Round, compliance: User, reviewer: User, approver: User, *, running: bool) -> Campaign:
    """The quarter's campaign, planned and launched."""
    with as_on(quarter.at(day_of_listing(quarter, running) + 1)):
        draft = Campaign(
            name=f"Access review, {quarter.name}", period_from=quarter.first, period_to=quarter.last,
            due_on=quarter.last, approver=approver,
        )  # fmt: skip
        campaign = campaigns.plan(draft, actor=compliance)
        campaigns.link_control(campaign, actor=compliance, control=CONTROL, reason=PROVES)
        for review in Review.objects.filter(campaign=campaign).select_related("system", "campaign"):
            if due_in(review.system, quarter):
                by = By.MANAGER if review.system.criticality == "critical" else By.REVIEWER
                campaigns.set_reviewer(review, actor=compliance, reviewer=reviewer, by=by)
            else:
                campaigns.omit(review, actor=compliance, reason=omitted(review.system))
        return campaigns.launch(campaign, actor=compliance)


def omitted(system: System) -> str:
    """Why a system is left out."""
    return f"Reviewed {system.review_cadence.label.lower()}; not due in this quarter."


def decide_all(quarter: Round, campaign: Campaign, share: float) -> None:
    """Every account decided by whom it came to, the flagged one by one, at a reader's pace; `share` of the parts."""
    parts = list(Assignment.objects.filter(review__campaign=campaign).select_related("reviewer").order_by("id"))
    begun = campaign.launched_at or quarter.at(41)
    for number, part in enumerate(parts[: max(1, round(len(parts) * share))]):
        moment = begun + (1 + number % 4) * DAY
        found = ReviewItem.objects.filter(assignment=part).select_related("account__person").order_by("position")
        for item in found.filter(flagged=True):
            moment += datetime.timedelta(seconds=quarter.rng.randint(9, 70))
            with as_on(moment):
                decide(item, part.reviewer)
        plain = list(found.filter(flagged=False))
        with as_on(moment + datetime.timedelta(seconds=90)):
            for start in range(0, len(plain), 25):
                deciding.keep_together(part, plain[start : start + 25], actor=part.reviewer)


def decide(item: ReviewItem, reviewer: User) -> None:
    """What a sensible manager decides on a flagged account."""
    flags = [flag for flag, _ in item.account.flags]
    if item.account.key == ROOT:
        deciding.decide(item, actor=reviewer, choice=Choice.KEEP, reason="Cannot be deleted. Its key is in the safe.")
        return
    taken = next((TAKEN[flag] for flag in flags if flag in (Flag.LEFT_ACTIVE, Flag.ORPHANED)), "")
    if not taken and item.pk % 3 == 0 and not item.privileged:
        taken = next((TAKEN[flag] for flag in flags if flag in TAKEN), "")
    if taken:
        deciding.decide(item, actor=reviewer, choice=Choice.REMOVE, reason=taken)
        return
    reason = next((KEPT[flag] for flag in flags if flag in KEPT), "Looked at with their lead: it is needed.")
    deciding.decide(item, actor=reviewer, choice=Choice.KEEP, reason=reason)


def finish(quarter: Round, campaign: Campaign, approver: User, *, late: bool, compliance: User) -> None:
    """Signed, approved, removed (one of them too late) and proved by the listings after."""
    for part in Assignment.objects.filter(review__campaign=campaign).order_by("id"):
        with as_on(quarter.at(47)):
            signing.sign(part, actor=part.reviewer, statement=SIGNED)
    for review in Review.objects.filter(campaign=campaign, state="signed").order_by("id"):
        with as_on(quarter.at(49)):
            signing.approve(review, actor=approver, statement=APPROVED)
    asked = list(Removal.objects.filter(review__campaign=campaign).select_related("owner", "account", "review__system"))
    for number, removal in enumerate(asked):
        overlooked = late and number == 0
        with as_on(quarter.at(62 if overlooked else 48, number)):
            note = "Overlooked at first; deleted now." if overlooked else "Disabled, then deleted."
            actor = removal.owner or compliance
            removals.complete(removal, actor=actor, ticket=f"OPS-{4100 + removal.pk}", note=note)
        quarter.gone |= {(removal.review.system_id, name) for name in (removal.account.key, removal.account.email)}
    for system in {removal.review.system for removal in asked}:
        take(system, quarter, 70)
    for removal in Removal.objects.filter(review__campaign=campaign, proved_at=None, shown_by__isnull=False):
        with as_on(quarter.at(71)):
            removals.confirm(removal, actor=compliance, note="Not on the listing any more; looked in the console, too.")
