"""What ends a draft: submitted by who wrote it, approved by another person, frozen, hashed and kept as evidence.

And the yearly look at what is in force: “reviewed, no change” is signed, too (R8.2).
"""

import datetime
from typing import Any, Final

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from foundation.accounts.access import apart, refs_of
from foundation.accounts.duties import PLAN_APPROVAL
from foundation.accounts.models import User
from foundation.accounts.roles import Role
from foundation.organisation.models import today
from foundation.organisation.settings import setting
from foundation.trail.keep import save
from foundation.trail.leaf import canonical, sha256
from foundation.trail.steps import locked, move, say
from incidents.models import (
    VERSION_MOVES,
    IncidentControlLink,
    PlanReview,
    PlanVersion,
    ResponsePlan,
    Severity,
    VersionState,
)
from incidents.plans import news
from incidents.plans.content import ALL_TEXTS, content, left_open, parts_of
from incidents.plans.writing import authors
from incidents.proofs import keep_as_evidence

APPROVES: Final = (Role.COMPLIANCE_MANAGER, Role.MANAGER)  # table.TABLE
REGISTER: Final = "response plans"
NEEDED: Final = tuple(ALL_TEXTS)
SHOWN_OPEN: Final = 12  # of the places left open: more are counted


# ---- what blocks -----------------------------------------------------------------------------------------------------


def blocks(version: Any, parts: dict[str, list[Any]] | None = None) -> list[str]:
    """What keeps a version from being submitted or approved, in words; nothing when it can be. Four queries at most."""
    parts = parts if parts is not None else parts_of(version)
    found = [f"{heading} is empty." for name, heading in ALL_TEXTS.items() if not getattr(version, name).strip()]
    found += [f"No {name[:-1]} is written." for name in ("roles", "contacts", "playbooks") if not parts[name]]
    found += [f"{row.role}: say who holds it." for row in parts["roles"] if not row.holder]
    found += [
        f"{row.role}: {person} has no account any more."
        for row in parts["roles"]
        for person in (row.user, row.deputy)
        if person is not None and not person.is_active
    ]
    if parts["roles"] and not any(row.telephone for row in parts["roles"]):
        found.append("No role has a telephone number: at night nobody could be reached by the plan.")
    missing = set(Severity.values) - {row.severity for row in parts["severities"]}
    found += [f"{Severity(one).label} is not in the severity matrix." for one in sorted(missing)]
    return found + open_words(left_open(version, parts))


def open_words(marks: list[tuple[str, str]]) -> list[str]:
    """The places left open, in words; so many of them, and how many more there are."""
    shown = [f"{heading}: {mark}" for heading, mark in marks[:SHOWN_OPEN]]
    rest = len(marks) - len(shown)
    return [*shown, f"And {rest} more to fill in."] if rest else shown


def possible_approvers(version: PlanVersion) -> QuerySet[User]:
    """Who can be asked to approve a version: whoever wrote none of it."""
    people = User.objects.active().filter(role__in=APPROVES)
    return people.exclude(pk__in=authors(version)).order_by("name", "id")


# ---- the moves -------------------------------------------------------------------------------------------------------


@transaction.atomic
def submit(version: PlanVersion, *, actor: User, approver: User, change_note: str) -> PlanVersion:
    """Submit a draft to somebody who wrote none of it. Raises Stale, ValidationError with everything that blocks it."""
    version = locked(version)
    say(change_note, "Say what changes with this version.")
    move(version, VersionState.SUBMITTED, VERSION_MOVES, "state")
    if approver.pk == actor.pk or not possible_approvers(version).filter(pk=approver.pk).exists():
        raise ValidationError({"approver": f"{approver} wrote some of it, submits it, or may not approve plans."})
    if found := blocks(version):
        raise ValidationError(found)
    version.change_note, version.approver = change_note.strip(), approver
    version.submitted_by, version.submitted_at = actor, timezone.now()
    version.returned_note = ""
    version = save(version, actor=actor, verb="planversion.submitted", reason=version.change_note)
    news.submitted.tell(version, actor=actor)
    return version


@transaction.atomic
def approve(version: PlanVersion, *, actor: User, statement: str) -> PlanVersion:
    """Approve a submitted version, as its approver: it comes into force, frozen and hashed, instead of the one before.

    Raises PermissionDenied for anybody else and for whoever wrote any of it; Stale; ValidationError without a statement
    and with whatever would block submitting it now.
    """
    version = waiting(version, actor)
    under = apart(actor, authors(version), PLAN_APPROVAL, version)
    say(statement, "State what you approve.")
    if found := blocks(version):
        raise ValidationError([*found, "Return it to its author."])
    plan = ResponsePlan.objects.select_for_update().get(pk=version.plan_id)
    move(version, VersionState.APPROVED, VERSION_MOVES, "state")
    supersede(plan, version, actor)
    version.approved_by, version.approved_at, version.approved_under = actor, timezone.now(), under
    version.approval_statement, version.returned_note = statement.strip(), ""
    result = result_of(version)
    version.sha256 = sha256(canonical(result))
    version.evidence = keep_as_evidence(
        result, IncidentControlLink.Part.PLAN, day=today(), register=REGISTER,
        what=f"Response plan {plan.ref}, version {version.number}", words=f"{plan.ref}, version {version.number}.",
        title=f"Response plan: {plan.title}, version {version.number}", name=f"{plan.ref}-{version.number}.json",
        signed_by=actor, at=version.approved_at,
    )  # fmt: skip
    refs = {
        "sha256": version.sha256, "text_sha256": result["text_sha256"], "evidence": version.evidence.pk,
        "responseplan": plan.pk, **refs_of(under),
    }  # fmt: skip
    version = save(version, actor=actor, verb="planversion.approved", reason=version.approval_statement, refs=refs)
    plan.next_review_on = due_from(today())
    save(plan, actor=actor, verb="responseplan.updated", refs={"planversion": version.pk})
    return version


def supersede(plan: ResponsePlan, version: PlanVersion, actor: User) -> None:
    """Take the version that was in force out of it."""
    earlier = PlanVersion.objects.select_for_update().filter(plan=plan, state=VersionState.APPROVED).first()
    if earlier is None:
        return
    move(earlier, VersionState.SUPERSEDED, VERSION_MOVES, "state")
    earlier.superseded_at = timezone.now()
    save(earlier, actor=actor, verb="planversion.superseded", refs={"planversion": version.pk})


@transaction.atomic
def give_back(version: PlanVersion, *, actor: User, reason: str) -> PlanVersion:
    """Return a submitted version to its authors, with a reason. Raises PermissionDenied, Stale, ValidationError."""
    version = waiting(version, actor)
    say(reason, "Say what is to be changed.")
    move(version, VersionState.DRAFT, VERSION_MOVES, "state")
    version.submitted_by, version.submitted_at, version.returned_note = None, None, reason.strip()
    return save(version, actor=actor, verb="planversion.returned", reason=reason)


@transaction.atomic
def withdraw(version: PlanVersion, *, actor: User, reason: str) -> PlanVersion:
    """Give a draft up, with a reason; what is in force stays. Raises Stale, ValidationError once it is approved."""
    version = locked(version)
    say(reason, "Say why it is withdrawn.")
    move(version, VersionState.WITHDRAWN, VERSION_MOVES, "state")
    version.returned_note = reason.strip()
    return save(version, actor=actor, verb="planversion.withdrawn", reason=reason)


def waiting(version: PlanVersion, actor: User) -> PlanVersion:
    """The version, locked, if it waits for this person. Raises PermissionDenied, Stale, ValidationError."""
    version = locked(version)
    if actor.pk != version.approver_id:
        raise PermissionDenied("The approver whom it names does this.")
    if version.state != VersionState.SUBMITTED:
        raise ValidationError("It does not wait for an approval.")
    return version


# ---- the yearly look -------------------------------------------------------------------------------------------------


@transaction.atomic
def review(plan: ResponsePlan, *, actor: User, statement: str) -> PlanReview:
    """Sign that what is in force was looked at and needs no change; the next look is due a cadence later (R8.2).

    One person does it alone: the item of evidence waits for somebody else's judgement. Raises Stale; ValidationError
    without a statement, or while nothing is in force.
    """
    plan = locked(plan)
    say(statement, "Say what you looked at.")
    version = in_force(plan)
    if version is None:
        raise ValidationError("No version is in force: there is nothing to review.")
    day, now = today(), timezone.now()
    if PlanReview.objects.filter(plan=plan, edition=version, reviewed_on=day).exists():
        raise ValidationError("It was reviewed today already.")
    signed = PlanReview(
        plan=plan, edition=version, reviewed_on=day, by=actor, at=now, statement=statement.strip(),
        next_review_on=due_from(day),
    )  # fmt: skip
    result = {
        "format": "countersign response plan review 1", "plan": plan.ref, "version": version.number,
        "version_sha256": version.sha256, "reviewed_on": str(day), "by": actor.pk, "at": now.isoformat(),
        "statement": signed.statement, "next_review_on": str(signed.next_review_on),
    }  # fmt: skip
    signed.evidence = keep_as_evidence(
        result, IncidentControlLink.Part.PLAN_REVIEW, day=day, register=REGISTER,
        what=f"Review of response plan {plan.ref} on {day}", words=f"{plan.ref} reviewed.",
        title=f"Response plan reviewed: {plan.title}", name=f"{plan.ref}-review-{day}.json", signed_by=actor, at=now,
        alone=True,
    )  # fmt: skip
    refs = {"responseplan": plan.pk, "planversion": version.pk, "evidence": signed.evidence.pk}
    signed = save(signed, actor=actor, verb="planreview.created", reason=signed.statement, refs=refs)
    plan.last_reviewed_on, plan.next_review_on = day, signed.next_review_on
    save(plan, actor=actor, verb="responseplan.reviewed", reason=signed.statement, refs={"planreview": signed.pk})
    return signed


def in_force(plan: ResponsePlan) -> PlanVersion | None:
    """The version that holds."""
    return PlanVersion.objects.filter(plan=plan, state=VersionState.APPROVED).first()


def due_from(day: datetime.date) -> datetime.date:
    """When a plan that was looked at on a day is looked at again."""
    return day + datetime.timedelta(days=setting("plan_review_days"))


def wording(version: Any, parts: dict[str, list[Any]] | None = None) -> dict[str, Any]:
    """What an approver reads, as plain data: everything that a version says. Four queries, or none with its parts."""
    return {
        "plan": version.plan.ref,
        "version": version.number,
        "change_note": version.change_note,
        **content(version, parts),
    }


def text_sha256(version: Any, parts: dict[str, list[Any]] | None = None) -> str:
    """The hash of what an approver reads; the form of the approval shows it, and the approved record names it."""
    return sha256(canonical(wording(version, parts)))


def result_of(version: PlanVersion) -> dict[str, Any]:
    """An approved version as plain data: everything it says and who approved it. Its hash is over this."""
    said = wording(version)
    return {
        "format": "countersign response plan 1",
        "title": version.plan.title,  # the plan's own, which may be renamed later: no part of the version's text
        **said,
        "text_sha256": sha256(canonical(said)),
        "authors": sorted(authors(version)),
        "submitted_by": version.submitted_by_id,
        "submitted_at": version.submitted_at.isoformat() if version.submitted_at else "",
        "approved_by": version.approved_by_id,
        "approved_at": version.approved_at.isoformat() if version.approved_at else "",
        "statement": version.approval_statement,
    }
