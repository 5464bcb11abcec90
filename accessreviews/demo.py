"""The demo company's access reviews: three past quarters, one of them with a late removal, and one that runs.

Made by the actions that people use, on the demo's own systems and roster. Every account is invented.
"""

import datetime
import random
from collections.abc import Iterator
from typing import Any, Final

from django.utils import timezone

from accessreviews import campaigns, deciding, removals, signing
from accessreviews.forms import APPROVED, SIGNED, quarter_of, quarter_words
from accessreviews.listings.freeze import record_listing
from accessreviews.listings.rows import AccountRow
from accessreviews.models import (
    Assignment,
    By,
    Campaign,
    Choice,
    Flag,
    Known,
    Listing,
    Removal,
    Review,
    ReviewItem,
    Shape,
    SignIn,
)
from foundation.accounts.models import User
from foundation.organisation.demo_clock import as_on
from foundation.organisation.models import today
from people.models import Person
from systems.models import Cadence, System

DAY: Final = datetime.timedelta(days=1)
MORNING: Final = datetime.time(8, 30, tzinfo=datetime.UTC)
CONTROL: Final = "IAM-06"
PROVES: Final = "It is the quarterly review of everybody's access, signed by two people."
MACHINES: Final = ("ci-deploy", "backup-agent", "metrics-export")
SHARE: Final = {"critical": 0.5, "high": 0.35, "medium": 0.3, "low": 0.2}  # of the roster, by criticality
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


class Quarter:
    """One quarter of the demo: its days, and what was removed in it."""

    def __init__(self, day: datetime.date, gone: set[tuple[int, str]]) -> None:
        self.first, self.last = quarter_of(day)
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
    days = [quarter_of(today())[0]]
    for _ in range(3):
        days.insert(0, quarter_of(days[0] - DAY)[0])
    for number, day in enumerate(days):
        quarter, running = Quarter(day, gone), number == len(days) - 1
        if day == today():
            continue  # a quarter that begins today has nothing to show
        take_listings(quarter, day_of_listing(quarter, running), compliance)
        campaign = launch(quarter, compliance, reviewer, approver, running=running)
        decide_all(quarter, campaign, share=0.4 if running else 1.0)
        if not running:
            finish(quarter, campaign, approver, late=number == 1, compliance=compliance)


def day_of_listing(quarter: Quarter, running: bool) -> int:
    """On which day of the quarter its listings were taken; of the running one as late as can be, a week ago at most."""
    return max(0, min(40, (today() - quarter.first).days - 7)) if running else 40


# ---- listings ------------------------------------------------------------------------------------------------------


def take_listings(quarter: Quarter, day: int, compliance: User) -> None:
    """A listing of every system in scope that is reviewed in the quarter."""
    for number, system in enumerate(in_scope()):
        if due_in(system, quarter):
            moment = quarter.at(day, 3 * number)
            with as_on(moment):
                take(system, quarter, moment - datetime.timedelta(minutes=1), system.owner or compliance)


def take(system: System, quarter: Quarter, moment: datetime.datetime, by: User) -> Listing:
    """One listing as somebody brings it: the system's owner, or to prove removals somebody else."""
    rows = list(accounts_of(system, quarter, moment.date()))
    lines = ["login,name,roles,active,mfa,last sign-in"]
    lines += [f"{r.key},{r.name},{'|'.join(r.roles)},{r.enabled},{r.mfa},{r.last_sign_in or 'never'}" for r in rows]
    content = "\n".join(["# Invented for the demo company.", *lines, ""]).encode()
    return record_listing(
        system, rows, actor=by, pulled_by=by, source=f"{system.name}, administration",
        environment="production", query="Users > Export all, no filter", source_total=len(rows), pulled_at=moment,
        content=content, name=f"{system.ref}-users.csv", shape=Shape.OWN,
    )  # fmt: skip


def accounts_of(system: System, quarter: Quarter, day: datetime.date) -> Iterator[AccountRow]:
    """Everybody who has an account there on a day: the same people every time, but for who came, went and grew."""
    line, dice = 2, random.Random(system.name)
    share = SHARE[system.criticality]
    for person in Person.objects.filter(starts_on__lte=day, archived_at=None).order_by("id"):
        has, roles = dice.random() < share, ["User"]
        privileged, trait = dice.random() < 0.12, dice.random()
        if privileged and system.privileged_roles:
            roles.append(system.privileged_roles[0])
        stays = person.ends_on is None or (day - person.ends_on).days < 45
        if has and stays and (system.pk, person.email) not in quarter.gone:
            yield account(line, person.email, person.name, roles, day, trait)
            line += 1
    for name in MACHINES[: 2 if system.production else 0]:
        yield AccountRow(
            line=line, key=name, name=name, roles=("Service",), enabled=Known.YES, mfa=Known.UNKNOWN,
            machine=Known.YES, sign_in=SignIn.KNOWN, last_sign_in=day - DAY,
        )  # fmt: skip
        line += 1


def account(line: int, key: str, name: str, roles: list[str], day: datetime.date, trait: float) -> AccountRow:
    """One person's account; `trait` (0 to 1) makes some dormant, some without a factor, some unused."""
    never = trait < 0.03
    seen = day - (140 * DAY if 0.03 <= trait < 0.09 else int(trait * 20 + 1) * DAY)
    return AccountRow(
        line=line, key=key, name=name, email=key, roles=tuple(sorted(roles)), enabled=Known.YES,
        mfa=Known.NO if 0.09 <= trait < 0.13 else Known.YES, sign_in=SignIn.NEVER if never else SignIn.KNOWN,
        last_sign_in=None if never else seen,
    )  # fmt: skip


def in_scope() -> list[System]:
    """The systems that are reviewed."""
    return list(System.objects.live().filter(in_scope=True).select_related("owner").order_by("id"))


def due_in(system: System, quarter: Quarter) -> bool:
    """Whether a system is reviewed in a quarter: what is reviewed twice a year, in the second and the fourth."""
    often = system.review_cadence in (Cadence.MONTHLY, Cadence.QUARTERLY)
    return often or quarter.last.month in ((6, 12) if system.review_cadence == Cadence.SEMI_ANNUAL else (12,))


# ---- campaigns -----------------------------------------------------------------------------------------------------


def launch(quarter: Quarter, compliance: User, reviewer: User, approver: User, *, running: bool) -> Campaign:
    """The quarter's campaign, planned and launched."""
    with as_on(quarter.at(day_of_listing(quarter, running) + 1)):
        draft = Campaign(
            name=f"Access review, {quarter_words(quarter.first)}", period_from=quarter.first, period_to=quarter.last,
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


def decide_all(quarter: Quarter, campaign: Campaign, share: float) -> None:
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
    taken = next((TAKEN[flag] for flag in flags if flag in (Flag.LEFT_ACTIVE, Flag.ORPHANED)), "")
    if not taken and item.pk % 3 == 0:
        taken = next((TAKEN[flag] for flag in flags if flag in TAKEN), "")
    if taken:
        deciding.decide(item, actor=reviewer, choice=Choice.REMOVE, reason=taken)
        return
    reason = next((KEPT[flag] for flag in flags if flag in KEPT), "Looked at with their lead: it is needed.")
    deciding.decide(item, actor=reviewer, choice=Choice.KEEP, reason=reason)


def finish(quarter: Quarter, campaign: Campaign, approver: User, *, late: bool, compliance: User) -> None:
    """Signed, approved, removed (one of them too late) and proved by the listings after."""
    for part in Assignment.objects.filter(review__campaign=campaign).order_by("id"):
        with as_on(quarter.at(47)):
            signing.sign(part, actor=part.reviewer, statement=SIGNED)
    for review in Review.objects.filter(campaign=campaign, state="signed").order_by("id"):
        with as_on(quarter.at(49)):
            signing.approve(review, actor=approver, statement=APPROVED)
    asked: list[Any] = list(
        Removal.objects.filter(review__campaign=campaign).select_related("owner", "account", "review").order_by("id")
    )
    for number, removal in enumerate(asked):
        with as_on(quarter.at(62 if late and number == 0 else 48, number)):
            note = "Disabled, then deleted." if number or not late else "Overlooked at first; deleted now."
            ticket = f"OPS-{4100 + removal.pk}"
            removals.complete(removal, actor=removal.owner or compliance, ticket=ticket, note=note)
        quarter.gone.add((removal.review.system_id, removal.account.key))
    for system in in_scope():
        if any(removal.review.system_id == system.pk for removal in asked):
            moment = quarter.at(70, system.pk)
            with as_on(moment):
                take(system, quarter, moment - datetime.timedelta(minutes=1), compliance)
