"""Living with a risk: asked by one person, approved by another whom its band names, until a day (R5.2).

The literal table of who may approve what is APPROVERS. An acceptance that has expired is over on every page from that
day on (`Risk.standing`); `lapse_acceptances` writes it down.
"""

import datetime
from collections.abc import Collection, Iterable
from collections.abc import Mapping as ReadOnly
from typing import Any, Final

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from foundation.accounts.access import apart, are_apart
from foundation.accounts.duties import RISK_ACCEPTANCE
from foundation.accounts.models import User
from foundation.accounts.roles import Role
from foundation.organisation.models import today
from foundation.organisation.settings import setting
from foundation.trail.asof import rows
from foundation.trail.keep import save
from foundation.trail.record import SYSTEM
from foundation.trail.steps import legal, locked, move, say
from risks.models import (
    ACCEPTANCE_MOVES,
    MOVES,
    Acceptance,
    AcceptanceState,
    Band,
    Executive,
    Risk,
    Status,
    Treatment,
    in_force,
)

OWNERS_MANAGER, COMPLIANCE_MANAGER, EXECUTIVE = "owner's manager", "compliance manager", "executive"
APPROVERS: Final[ReadOnly[str, tuple[str, ...]]] = {
    Band.LOW: (OWNERS_MANAGER, COMPLIANCE_MANAGER, EXECUTIVE),
    Band.MEDIUM: (OWNERS_MANAGER, EXECUTIVE),
    Band.HIGH: (COMPLIANCE_MANAGER, EXECUTIVE),
    Band.CRITICAL: (EXECUTIVE,),
}
LAPSED: Final = "The acceptance ended on {}."
RATED_ANEW: Final = "The risk was rated anew: {} remains, {} was asked about."
WORSE: Final = "The risk was rated anew: {} remains, {} was accepted."
GIVEN: Final = "The risk has another owner than when it was asked."
REWRITTEN: Final = "The risk was rewritten since it was asked: {}."
# What a risk says of itself: who accepts it accepts this.
WORDED: Final = ("title", "cause", "event", "effect", "category", "objective", "assets")


# ---- who may decide ------------------------------------------------------------------------------------------------


def lines_of(user: User, owner: User | None) -> set[str]:
    """Which of the table's lines this person is, for a risk of this owner. One query at most."""
    named = user.role == Role.MANAGER and Executive.objects.live().filter(user=user).exists()
    holds = {
        OWNERS_MANAGER: owner is not None and owner.manager_id is not None and owner.manager_id == user.pk,
        COMPLIANCE_MANAGER: user.role == Role.COMPLIANCE_MANAGER,
        EXECUTIVE: named,
    }
    return {line for line, is_so in holds.items() if is_so}


def line_for(user: User, acceptance: Acceptance) -> str:
    """By which line of APPROVERS this person decides about a request; "" if by none. The owner is the risk's of now."""
    mine = lines_of(user, acceptance.risk.owner)
    return next((line for line in APPROVERS[acceptance.band] if line in mine), "")


def approvers_in_words(band: str) -> str:
    """Who accepts a risk of this band: “the owner's manager or an executive”."""
    words = {
        OWNERS_MANAGER: "the owner's manager",
        COMPLIANCE_MANAGER: "a compliance manager",
        EXECUTIVE: "an executive",
    }
    *first, last = [words[line] for line in APPROVERS[band]]
    return f"{', '.join(first)} or {last}" if first else last


def approvers_of(acceptance: Acceptance) -> list[User]:
    """Who may approve it now, by name: whom its band's lines hold, without those concerned. Two queries."""
    lines, owner, holders = APPROVERS[acceptance.band], acceptance.risk.owner, Q(pk__in=())
    if OWNERS_MANAGER in lines and owner is not None and owner.manager_id is not None:
        holders |= Q(pk=owner.manager_id)
    if COMPLIANCE_MANAGER in lines:
        holders |= Q(role=Role.COMPLIANCE_MANAGER)
    if EXECUTIVE in lines:
        holders |= Q(role=Role.MANAGER, pk__in=Executive.objects.live().values("user"))
    given = User.objects.filter(holders, is_active=True, role__in=(Role.COMPLIANCE_MANAGER, Role.MANAGER))
    return list(given.exclude(pk__in=concerned(acceptance)).order_by("name", "pk"))


def require_line(user: User, acceptance: Acceptance) -> str:
    """The line by which this person decides. Raises PermissionDenied where the table names none."""
    line = line_for(user, acceptance)
    if not line:
        band = Band(acceptance.band).label.lower()
        raise PermissionDenied(f"A {band} risk is accepted by {approvers_in_words(acceptance.band)}.")
    return line


def concerned(acceptance: Acceptance) -> set[int | None]:
    """Who cannot approve it: who asked, whoever owned the risk since it was rated, and who rated it and ever owned it.

    Giving the risk away helps nobody. Rating it for somebody else is the compliance manager's work, and no bar. One
    query.
    """
    risk = acceptance.risk
    since = min(filter(None, (risk.rated_at, acceptance.created_at)))
    owned = Q(history_date__gte=since) | Q(owner=risk.rated_by_id)
    owners = Risk.history.filter(owned, id=risk.pk).order_by().values_list("owner_id", flat=True).distinct()
    return {acceptance.requested_by_id, acceptance.owner_id, risk.owner_id, *owners} - {None}


def may_approve(user: User, acceptance: Acceptance) -> bool:
    """Whether pages offer this person the approval; `approve` asks again."""
    return bool(line_for(user, acceptance)) and are_apart(user, concerned(acceptance), RISK_ACCEPTANCE, acceptance)


# ---- asking and deciding -------------------------------------------------------------------------------------------


@transaction.atomic
def request_acceptance(risk: Risk, *, actor: User, reason: str, compensating: str, until: datetime.date) -> Acceptance:
    """Ask to live with what remains of a risk until a day. Nothing changes before another person approves.

    Raises ValidationError without words, an owner or a rating, for a day that is not ahead or further than its band
    allows, or while another request waits or holds.
    """
    risk = present(locked(risk))
    say(reason, "Say why it is right to live with it.")
    say(compensating, "Say what stands in meanwhile, or why nothing needs to.")
    legal(risk, Status.ACCEPTED, MOVES)
    if risk.owner is None or not risk.owner.is_active:
        raise ValidationError("Name an owner first: somebody answers for what is accepted.")
    if standing_one(risk) is not None:
        raise ValidationError("That was asked already and waits for an answer.")
    band = band_of(risk)
    check_until(until, band)
    acceptance = Acceptance(
        risk=risk, score=risk.residual_score, band=band, reason=reason, compensating=compensating, until=until,
        requested_by=actor, owner=risk.owner,
    )  # fmt: skip
    acceptance.full_clean(exclude=["decided_by"])
    return save(acceptance, actor=actor, verb="acceptance.requested", reason=reason, refs={"risk": risk.pk})


def band_of(risk: Risk) -> Band:
    """The band of what remains of a rated risk, by the method in force."""
    band = in_force().band(risk.residual_score)
    assert band is not None  # noqa: S101 - `legal` lets nothing through that is not rated
    return band


def check_until(until: datetime.date, band: str) -> None:
    """An acceptance ends, the sooner the worse the risk. Raises ValidationError."""
    longest = setting(f"risk_acceptance_{band}_days")
    if until <= today():
        raise ValidationError({"until": "The last day must lie ahead."})
    if until > today() + datetime.timedelta(days=longest):
        raise ValidationError({"until": f"A {Band(band).label.lower()} risk is accepted for at most {longest} days."})


@transaction.atomic
def approve(acceptance: Acceptance, *, actor: User, note: str = "") -> Acceptance:
    """Accept the risk until the day asked for; then it is open again by itself.

    Raises PermissionDenied for whom the band does not name, for the requester, and for whoever owned the risk since it
    was rated; ValidationError for a request that is over or that the risk has moved away from.
    """
    risk = risk_first(acceptance)
    acceptance = waiting(acceptance)
    acceptance.risk = risk
    line = require_line(actor, acceptance)
    apart(actor, concerned(acceptance), RISK_ACCEPTANCE, acceptance)
    if risk.residual_score != acceptance.score or band_of(risk) != acceptance.band:
        raise ValidationError("The risk or the method changed since it was asked. Ask again for what holds now.")
    if why := outdated(acceptance, risk):
        raise ValidationError(f"{why} Ask again for what holds now.")
    check_until(acceptance.until, acceptance.band)
    decide(acceptance, actor, AcceptanceState.APPROVED, note, line)
    move(risk, Status.ACCEPTED, MOVES)
    risk.accepted_until, risk.treatment, risk.treatment_reason = acceptance.until, Treatment.ACCEPT, acceptance.reason
    risk.status_note = f"Accepted until {acceptance.until}."
    refs = {"acceptance": acceptance.pk}
    save(risk, actor=actor, verb="risk.accepted", reason=note or acceptance.reason, refs=refs)
    return acceptance


@transaction.atomic
def decline(acceptance: Acceptance, *, actor: User, reason: str) -> Acceptance:
    """Turn a request down; the risk stays as it is. Raises as `approve` does, and without a reason."""
    risk_first(acceptance)
    acceptance = waiting(acceptance)
    say(reason, "Say why it cannot be accepted.")
    return decide(acceptance, actor, AcceptanceState.DECLINED, reason, require_line(actor, acceptance))


def decide(acceptance: Acceptance, actor: User, state: str, note: str, line: str) -> Acceptance:
    """Write the decision onto the request; the database keeps it from then on."""
    move(acceptance, state, ACCEPTANCE_MOVES, "state")
    acceptance.decided_by, acceptance.decided_at = actor, timezone.now()
    acceptance.decided_as, acceptance.decision_note = line, note
    refs = {"risk": acceptance.risk_id}
    return save(acceptance, actor=actor, verb=f"acceptance.{state}", reason=note or acceptance.reason, refs=refs)


@transaction.atomic
def withdraw(acceptance: Acceptance, *, actor: Any, reason: str) -> Acceptance:
    """Take a request back before anybody answered. Raises ValidationError."""
    risk_first(acceptance)
    acceptance = waiting(acceptance)
    say(reason, "Say why it is taken back.")
    move(acceptance, AcceptanceState.WITHDRAWN, ACCEPTANCE_MOVES, "state")
    acceptance.ended_at, acceptance.ended_reason = timezone.now(), reason
    refs = {"risk": acceptance.risk_id}
    return save(acceptance, actor=actor, verb="acceptance.withdrawn", reason=reason, refs=refs)


@transaction.atomic
def end(acceptance: Acceptance, *, actor: Any, reason: str) -> Acceptance:
    """End an acceptance before its day; the risk is open again. Raises ValidationError where none is in force."""
    risk = risk_first(acceptance)
    acceptance = locked(acceptance)
    say(reason, "Say why it ends.")
    acceptance = over(acceptance, AcceptanceState.ENDED, actor=actor, reason=reason)
    reopened(risk, actor=actor, reason=reason, acceptance=acceptance)
    return acceptance


def risk_first(acceptance: Acceptance) -> Risk:
    """The acceptance's risk, locked before the acceptance is, as every verb on a risk locks them: so none waits for
    another that waits for it. A request never changes its risk.
    """
    return Risk.objects.select_for_update().get(pk=acceptance.risk_id)


def waiting(acceptance: Acceptance) -> Acceptance:
    """The request, locked, with its people. Raises ValidationError where it waits for no answer any more."""
    found = locked(acceptance)
    if found.state != AcceptanceState.REQUESTED:
        raise ValidationError(f"{found.ref} waits for no answer: {found.get_state_display().lower()}.")
    return found


# ---- its risk changes meanwhile ------------------------------------------------------------------------------------


def holding(risks: Iterable[int]) -> dict[int, Acceptance]:
    """What waits or is in force today for these risks, by the risk's number. One query."""
    found = Acceptance.objects.filter(risk__in=list(risks))
    in_force_today = Q(state=AcceptanceState.APPROVED, until__gte=today())
    return {one.risk_id: one for one in found.filter(Q(state=AcceptanceState.REQUESTED) | in_force_today)}


def against(acceptance: Acceptance, changed: Collection[str], owner: int | None) -> dict[str, str]:
    """What stands against changing these fields of its risk, in words by field. owner: the number of the owner then.

    What is accepted stays as it was accepted; who accepted it never owns it; and what is accepted or asked has an
    owner (R5.2). Forms and the import ask the same.
    """
    found = {}
    if "owner" in changed and owner is None:
        found["owner"] = "It is accepted, or waits to be: somebody owns it."
    elif "owner" in changed and owner == acceptance.decided_by_id:
        found["owner"] = "Who approved its acceptance cannot own it while that stands."
    if acceptance.state == AcceptanceState.APPROVED:
        words = f"{acceptance.ref} accepts the risk as it is written. End the acceptance first."
        found |= {name: words for name in WORDED if name in changed}
    return found


def same_words(one: str, other: str) -> bool:
    """Whether two texts say the same: a browser's line ends change nothing."""
    return one.replace("\r\n", "\n").strip() == other.replace("\r\n", "\n").strip()


def outdated(acceptance: Acceptance, risk: Risk) -> str:
    """Why a request is no longer about its risk as it stands: another owner, or rewritten; "" where it is."""
    if risk.owner_id != acceptance.owner_id:
        return GIVEN
    then = rows(Risk, acceptance.created_at).get(id=risk.pk)
    names = [name for name in WORDED if not same_words(getattr(then, name), getattr(risk, name))]
    return REWRITTEN.format(", ".join(names)) if names else ""


def after_change(risk: Risk, *, actor: Any) -> None:
    """Withdraw the request that waits where the change of the risk, just saved, makes it outdated."""
    acceptance = standing_one(risk)
    if acceptance is None or acceptance.state != AcceptanceState.REQUESTED:
        return
    if why := outdated(acceptance, risk):
        withdraw(acceptance, actor=actor, reason=why)


# ---- its end -------------------------------------------------------------------------------------------------------


def over(acceptance: Acceptance, state: str, *, actor: Any, reason: str) -> Acceptance:
    """End one that is in force. Raises IllegalMove."""
    move(acceptance, state, ACCEPTANCE_MOVES, "state")
    acceptance.ended_at, acceptance.ended_reason = timezone.now(), reason
    refs = {"risk": acceptance.risk_id}
    return save(acceptance, actor=actor, verb=f"acceptance.{state}", reason=reason, refs=refs)


def reopened(risk: Risk, *, actor: Any, reason: str, acceptance: Acceptance) -> Risk:
    """Open the risk again whose acceptance is over."""
    move(risk, Status.REOPENED, MOVES)
    risk.accepted_until, risk.treatment, risk.treatment_reason, risk.status_note = None, "", "", reason
    return save(risk, actor=actor, verb="risk.reopened", reason=reason, refs={"acceptance": acceptance.pk})


def standing_one(risk: Risk) -> Acceptance | None:
    """The acceptance that waits or is in force; None if there is none. At most one is (a constraint)."""
    open_states = (AcceptanceState.REQUESTED, AcceptanceState.APPROVED)
    found: Acceptance | None = Acceptance.objects.filter(risk=risk.pk, state__in=open_states).first()
    return found


def present(risk: Risk) -> Risk:
    """A locked risk as it is today: if its acceptance has expired, that is written down first."""
    if risk.status == Status.ACCEPTED and risk.standing(today()) != Status.ACCEPTED:
        return lapse(risk)
    return risk


def lapse(risk: Risk) -> Risk:
    """End the expired acceptance of a locked risk, and open it again, as the system."""
    acceptance = Acceptance.objects.select_for_update().get(risk=risk.pk, state=AcceptanceState.APPROVED)
    reason = LAPSED.format(acceptance.until)
    over(acceptance, AcceptanceState.LAPSED, actor=SYSTEM, reason=reason)
    return reopened(risk, actor=SYSTEM, reason=reason, acceptance=acceptance)


def lapse_acceptances() -> int:
    """Open again every risk that was accepted until a day that has passed; returns how many. Each in its own step.

    Doing it twice changes nothing; how long nobody did it does not matter.
    """
    expired = Risk.objects.filter(status=Status.ACCEPTED, accepted_until__lt=today()).order_by("id")
    return sum(lapsed_one(pk) for pk in expired.values_list("pk", flat=True))


@transaction.atomic
def lapsed_one(pk: int) -> bool:
    """Lapse the acceptance of one risk, unless somebody was first: whether it did."""
    risk = Risk.objects.select_for_update().get(pk=pk)
    expired = risk.status == Status.ACCEPTED and risk.standing(today()) != Status.ACCEPTED
    if expired:
        lapse(risk)
    return expired


def after_rating(risk: Risk, *, actor: Any) -> Risk:
    """What a new rating, just saved, does to the acceptance: above what was accepted it ends; a request is void."""
    acceptance = standing_one(risk)
    if acceptance is None or acceptance.score == risk.residual_score:
        return risk
    if acceptance.state == AcceptanceState.REQUESTED:
        withdraw(acceptance, actor=actor, reason=RATED_ANEW.format(risk.residual_score, acceptance.score))
    elif (risk.residual_score or 0) > acceptance.score:
        reason = WORSE.format(risk.residual_score, acceptance.score)
        over(acceptance, AcceptanceState.ENDED, actor=actor, reason=reason)
        return reopened(risk, actor=actor, reason=reason, acceptance=acceptance)
    return risk
