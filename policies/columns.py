"""The columns of the lists of policies, their versions and exceptions, and the facts on their pages."""

import datetime
from typing import Any, Final

from foundation.accounts.access import visible
from foundation.accounts.models import User
from foundation.pages.columns import Column
from foundation.pages.moment import day_of
from foundation.pages.people import owner_words
from foundation.trail.asof import rows
from policies.models import (
    EXCEPTION_TONES,
    OPEN,
    STATUS_TONES,
    VERSION_TONES,
    Audience,
    ExceptionState,
    Policy,
    PolicyGroup,
    PolicyVersion,
    Status,
    VersionState,
)
from policies.promises import differing
from policies.status import Standings, approved_at, approvers_words, given, in_force_from, late, wanting

DIFFERS: Final = "Differs"
STATE_TONES: Final = {str(ExceptionState(value).label): tone for value, tone in EXCEPTION_TONES.items()}


def attach_policy(found: list[Any], user: User, moment: datetime.datetime | None) -> None:
    """Its versions in force and being worked on, as far as the person sees them; its groups; the day; what differs."""
    ids, day, gaps = [one.pk for one in found], day_of(moment), differing(moment) if found else {}
    states = (VersionState.IN_FORCE, *OPEN)
    seen = visible(user, rows(PolicyVersion, moment), moment).filter(policy_id__in=ids, state__in=states)
    bound: dict[int, Any] = {}
    begun: dict[int, Any] = {}
    for version in seen.defer("text", "promises").order_by("id"):
        (bound if version.state == VersionState.IN_FORCE else begun)[version.policy_id] = version
    standings = Standings(user, moment, bound)
    groups: dict[int, list[str]] = {}
    linked = rows(PolicyGroup, moment).filter(policy_id__in=ids, archived_at=None).order_by("kind", "department")
    for pk, kind, department in linked.values_list("policy_id", "kind", "department"):
        groups.setdefault(pk, []).append(str(PolicyGroup(kind=kind, department=department)))
    for one in found:
        one.seen_on, one.bound, one.begun = day, bound.get(one.pk), begun.get(one.pk)
        one.standings = standings
        one.gaps, one.group_words = gaps.get(one.pk, []), groups.get(one.pk, [])


def version_words(policy: Any) -> str:
    """The number of the version in force."""
    return number_of(policy.bound)


def draft_words(policy: Any) -> str:
    """The version that is being worked on: its number and where it stands."""
    return f"{number_of(policy.begun)} {VersionState(policy.begun.state).label.lower()}" if policy.begun else ""


def number_of(version: Any) -> str:
    """A version's number, of a live or a history row."""
    return f"{version.major}.{version.minor}" if version else ""


def audience_words(policy: Any) -> str:
    """Whom it is for."""
    return "Everybody" if policy.audience == Audience.EVERYBODY else ", ".join(policy.group_words)


def review_words(policy: Any) -> str:
    """The day of the next review, with a word when it has passed."""
    if policy.status != Status.IN_FORCE or policy.next_review_on is None:
        return ""
    late = " overdue" if policy.next_review_on < policy.seen_on else ""
    return f"{policy.next_review_on}{late}"


def cadence_words(policy: Any) -> str:
    """How often it is reviewed."""
    return f"Every {policy.review_days} days" if policy.review_days else "As the setting says"


def gap_words(policy: Any) -> str:
    """Whether it promises another number than the settings say."""
    return DIFFERS if policy.gaps else ""


COLUMNS: Final = (
    Column("ref", "Ref", sort="id", kind="ref"),
    Column("title", "Title", sort="title", kind="title"),
    Column("status", "Status", sort="status", kind="badge", tones=STATUS_TONES),
    Column("version_in_force", "Version", get=version_words),
    Column("being_worked_on", "Being worked on", get=draft_words),
    Column("owner", "Owner", sort="owner__name", kind="person", empty="No owner", get=owner_words),
    Column(
        "next_review_on", "Next review", sort="next_review_on", kind="date", get=review_words,
        data=lambda policy: policy.next_review_on if policy.status == Status.IN_FORCE else None,
    ),
    Column("promises", "Promises", kind="badge", tones={DIFFERS: "bad"}, get=gap_words),
    Column("reaches", "For", sort="audience", get=audience_words),
    Column("acknowledged", "Acknowledged", sort="acknowledged", more=True),
    Column("last_reviewed_on", "Last reviewed", sort="last_reviewed_on", kind="date", more=True),
    Column("summary", "Summary", more=True),
    Column("in_force_from", "In force from", kind="date", get=in_force_from, more=True),
    Column("approved_at", "Approved", kind="moment", get=approved_at, more=True),
    Column("approved_by", "Approved by", get=approvers_words, more=True),
    Column("given", "Acknowledged by", kind="number", get=given, more=True),
    Column("wanting", "Not yet by", kind="number", get=wanting, more=True),
    Column("late", "Late", kind="number", get=late, more=True),
)  # fmt: skip
FACTS: Final = (
    Column("summary", "About"),
    Column("owner", "Owner", kind="person", empty="No owner", get=owner_words),
    Column("reaches", "For", get=audience_words),
    Column("acknowledged", "Acknowledged by them"),
    Column("review_days", "Reviewed", get=cadence_words),
    Column("last_reviewed_on", "Last reviewed", kind="date"),
    Column("next_review_on", "Next review", kind="date", get=review_words),
    Column("status_note", "Last said"),
)


# ---- versions ------------------------------------------------------------------------------------------------------


def attach_version(found: list[Any], user: User, moment: datetime.datetime | None) -> None:
    """The policy's page, for whoever sees that. One query."""
    ids = {one.policy_id for one in found}
    seen = set(visible(user, rows(Policy, moment), moment).filter(id__in=ids).values_list("id", flat=True))
    for one in found:
        one.seen_on = day_of(moment)
        one.policy_url = Policy(pk=one.policy_id).get_absolute_url() if one.policy_id in seen else ""


def policy_ref(one: Any) -> str:
    """The reference of the policy that a row belongs to."""
    return Policy.ref_of(one.policy_id)


VERSION_COLUMNS: Final = (
    Column("ref", "Version", sort="id", kind="ref"),
    Column("title", "Title", sort="title", kind="title"),
    Column("state", "State", sort="state", kind="badge", tones=VERSION_TONES),
    Column("change_note", "What changes"),
    Column("material", "Material", sort="material"),
    Column("in_force_from", "In force from", sort="in_force_from", kind="date"),
    Column("in_force_until", "Until", sort="in_force_until", kind="date"),
    Column("approved_at", "Approved", sort="approved_at", kind="moment", more=True),
    Column("effective_on", "Chosen day", sort="effective_on", kind="date", more=True),
    Column("drafted_by", "Begun by", sort="drafted_by__name", kind="person", more=True),
    Column("sha256", "Hash", more=True),
)
VERSION_FACTS: Final = (
    Column("policy", "Policy", get=policy_ref, url=lambda one: one.policy_url),
    Column("change_note", "What changes"),
    Column("material", "Material change"),
    Column("effective_on", "Comes into force", get=lambda one: one.effective_on or "On the day of its approval"),
    Column("in_force_from", "In force from", kind="date"),
    Column("in_force_until", "In force until", kind="date"),
    Column("drafted_by", "Begun by", kind="person"),
    Column("submitted_by", "Submitted by", kind="person"),
    Column("submitted_at", "Submitted", kind="moment"),
    Column("approved_at", "Approved", kind="moment"),
    Column("state_note", "Last said"),
    Column("sha256", "SHA-256"),
)


# ---- exceptions ----------------------------------------------------------------------------------------------------


def attach_exception(found: list[Any], user: User, moment: datetime.datetime | None) -> None:
    """The day; and the policy in words to whoever sees it, to others its number. One query."""
    day, ids = day_of(moment), {one.policy_id for one in found}
    seen = dict(visible(user, rows(Policy, moment), moment).filter(id__in=ids).values_list("id", "title"))
    for one in found:
        title = seen.get(one.policy_id)
        one.seen_on, one.policy_words = day, " ".join(filter(None, (Policy.ref_of(one.policy_id), title)))
        one.policy_url = Policy(pk=one.policy_id).get_absolute_url() if title is not None else ""


def exception_words(exception: Any) -> str:
    """Its state on the day that is looked at."""
    return str(ExceptionState(exception.standing(exception.seen_on)).label)


EXCEPTION_COLUMNS: Final = (
    Column("ref", "Ref", sort="id", kind="ref"),
    Column("what", "Excepted", sort="what", kind="title"),
    Column("policy", "Policy", sort="policy", get=lambda one: one.policy_words, url=lambda one: one.policy_url),
    Column("standing", "State", sort="state", kind="badge", tones=STATE_TONES, get=exception_words),
    Column("for_whom", "For", sort="for_whom"),
    Column("until", "Until", sort="until", kind="date"),
    Column("requested_by", "Asked by", sort="requested_by__name", kind="person"),
    Column("decided_by", "Decided by", sort="decided_by__name", kind="person"),
    Column("reason", "Reason", more=True),
    Column("compensating", "Meanwhile", more=True),
)
EXCEPTION_FACTS: Final = (
    Column("policy", "Policy", get=lambda one: one.policy_words, url=lambda one: one.policy_url),
    Column("for_whom", "For"),
    Column("reason", "Reason"),
    Column("compensating", "What stands in meanwhile"),
    Column("until", "Last day", kind="date"),
    Column("requested_by", "Asked by", kind="person"),
    Column("decided_by", "Decided by", kind="person"),
    Column("decided_at", "Decided", kind="moment"),
    Column("decision_note", "What was said then"),
    Column("ended_at", "Ended", kind="moment"),
    Column("ended_reason", "Why it ended"),
)
