"""A post-incident review's way: begun, written, submitted, approved by another person, returned, cancelled (R7.2).

What it finds outlives it and its incident: findings with their own owners, deadlines and corrective actions.
"""

from typing import Any, Final

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from controls.models import Control
from findings.actions import raise_finding as raise_the_finding
from findings.models import Finding, SourceKind
from findings.models import Kind as FindingKind
from foundation.accounts.access import apart, can, refs_of, visible
from foundation.accounts.duties import INCIDENT_REVIEW_APPROVAL
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.trail.keep import save
from foundation.trail.leaf import canonical, sha256
from foundation.trail.steps import locked, move, say, tie, untie
from incidents import timeline
from incidents.actions import give_part
from incidents.command import require_response
from incidents.models import (
    REVIEW_MOVES,
    EntryKind,
    Incident,
    IncidentControlLink,
    IncidentFinding,
    Part,
    PostIncidentReview,
    ReviewControl,
    ReviewFinding,
    ReviewState,
)
from incidents.proofs import keep_as_evidence
from incidents.reviews import news
from incidents.reviews.blocks import blocks
from incidents.reviews.people import may_approve, writers
from incidents.reviews.result import outline_of, result_of

FOUND_BY: Final = "Post-incident review"
APPROVES: Final = "Approves its review."
FAILED: Final = "Failed, as a post-incident review found."


@transaction.atomic
def begin(incident: Incident, *, actor: User, approver: User) -> PostIncidentReview:
    """Begin the review of an incident, as its author. approver: another person, who will judge it.

    Raises PermissionDenied for whoever does not respond; ValidationError for an event, for an approver who cannot be
    one, or while another review of it is being written.
    """
    incident = locked(incident)
    require_response(actor, incident)
    if incident.is_event:
        raise ValidationError("An event is dismissed or declared; only an incident is reviewed.")
    check_approver(approver, incident, [actor.pk])
    if PostIncidentReview.objects.filter(incident=incident, state__in=(ReviewState.DRAFT, ReviewState.SUBMITTED)):
        raise ValidationError("A review of this incident is being written already.")
    let_read(approver, incident, actor)
    review = PostIncidentReview(incident=incident, author=actor, approver=approver)
    return told(review, actor, "postincidentreview.created", "Its review was begun.")


def let_read(approver: Any, incident: Incident, actor: User) -> None:
    """Keep the approver informed of an incident that they do not see: nobody approves what they cannot read."""
    if not can(approver, "view", incident):
        give_part(incident, approver, Part.OBSERVER, actor=actor, reason=APPROVES)


@transaction.atomic
def change(review: PostIncidentReview, *, actor: User) -> PostIncidentReview:
    """Store what its form says. Raises Stale, ValidationError, and PermissionDenied for who approves it."""
    stored = PostIncidentReview.objects.select_for_update().get(pk=review.pk)
    require_response(actor, stored.incident)
    apart(actor, [stored.approver_id], INCIDENT_REVIEW_APPROVAL, stored)
    draft(stored)
    check_approver(review.approver, review.incident, [review.author_id])
    let_read(review.approver, review.incident, actor)
    return save(review, actor=actor, verb="postincidentreview.updated", refs={"incident": review.incident_id})


@transaction.atomic
def link_control(review: PostIncidentReview, *, actor: User, control: str, reason: str) -> ReviewControl:
    """Note the control with this reference: it failed or was missing. Raises ValidationError, PermissionDenied."""
    for_writer(review, actor)
    found = visible(actor, Control).filter(ref__iexact=control.strip(), archived_at=None).first()
    if found is None:
        raise ValidationError({"control": "There is no control with this reference."})
    return tie(ReviewControl(review=review, control=found, reason=reason), actor=actor, reason=reason)


@transaction.atomic
def unlink_control(link: ReviewControl, *, actor: User, reason: str) -> ReviewControl:
    """Say that the control did not fail after all. Raises as `link_control`."""
    for_writer(PostIncidentReview.objects.get(pk=link.review_id), actor)
    return untie(link, actor=actor, reason=reason)


@transaction.atomic
def raise_finding(
    review: PostIncidentReview, *, actor: User, title: str, reason: str, severity: str, owner: User | None
) -> Finding:
    """Raise a finding that follows from the review: it has its own deadline and corrective actions (R7.2).

    reason: why it follows. It is linked to the incident and to the controls that the review says failed; how they did
    stays in the review of a restricted one, because the finding has readers of its own. Raises ValidationError,
    PermissionDenied as `change`.
    """
    for_writer(review, actor)
    say(reason, "Say why it follows.")
    count = ReviewFinding.objects.filter(review=review).count()
    failed = ReviewControl.objects.live().filter(review=review, control__archived_at=None).select_related("control")
    found = raise_the_finding(
        actor=actor, title=title, kind=FindingKind.DEVIATION, severity=severity, source=SourceKind.PERSON,
        source_name=FOUND_BY, key=f"{review.ref}/{count + 1}", description=reason, owner=owner,
        controls=[(one.control, FAILED if review.incident.restricted else one.reason) for one in failed],
    )  # fmt: skip
    tie(ReviewFinding(review=review, finding=found, reason=reason), actor=actor, reason=reason)
    tie(IncidentFinding(incident=review.incident, finding=found, reason=reason), actor=actor, reason=reason)
    timeline.add(
        review.incident, EntryKind.LINK, f"{found.ref} was raised from its review.", actor=actor,
        facts={"finding": found.pk},
    )  # fmt: skip
    return found


@transaction.atomic
def submit(review: PostIncidentReview, *, actor: User, note: str = "") -> PostIncidentReview:
    """Submit it to its approver. Raises ValidationError with everything that blocks it, PermissionDenied."""
    review = for_writer(review, actor)
    move(review, ReviewState.SUBMITTED, REVIEW_MOVES, "state")
    if found := blocks(review):
        raise ValidationError([block.words for block in found])
    review.submitted_by, review.submitted_at = actor, timezone.now()
    review = told(review, actor, "postincidentreview.submitted", "Its review was submitted.", reason=note)
    news.submitted.tell(review, actor=actor)
    return review


@transaction.atomic
def approve(review: PostIncidentReview, *, actor: User, statement: str) -> PostIncidentReview:
    """Approve it, as the person whom it names: it is hashed, kept as evidence, and never changed again.

    Evidence has readers of its own: of a restricted incident's review it holds the facts of record and the hash alone.

    Raises PermissionDenied for anybody else, and for whoever wrote or submitted it, unless an exception allows that;
    ValidationError without a statement, or where something blocks it by now.
    """
    review = for_approver(review, actor)
    say(statement, "State what you approve.")
    exception = apart(actor, writers(review), INCIDENT_REVIEW_APPROVAL, review)
    move(review, ReviewState.APPROVED, REVIEW_MOVES, "state")
    if found := blocks(review):
        raise ValidationError(["Something blocks it by now: return it.", *(block.words for block in found)])
    review.approved_by, review.approved_at, review.approved_under = actor, timezone.now(), exception
    review.approval_statement = statement.strip()
    review.incident = Incident.objects.select_for_update().get(pk=review.incident_id)
    result = result_of(review)
    review.sha256 = sha256(canonical(result))
    kept = outline_of(result) if review.incident.restricted else result
    review.evidence = keep_as_evidence(
        kept, IncidentControlLink.Part.REVIEW, register="incidents", signed_by=actor, at=review.approved_at,
        day=today(), event=review.ref,
        title=f"Post-incident review {review.ref} of {review.incident.ref}",
        what=f"Post-incident review {review.ref} of {review.incident.ref}", name=f"{review.ref}.json",
    )  # fmt: skip
    refs = {"sha256": review.sha256, "evidence": review.evidence.pk, **refs_of(exception)}
    said = review.approval_statement
    no_longer_due(review.incident, actor)
    return told(review, actor, "postincidentreview.approved", "Its review was approved.", reason=said, refs=refs)


@transaction.atomic
def give_back(review: PostIncidentReview, *, actor: User, reason: str) -> PostIncidentReview:
    """Return it to its author, with a reason. Raises as `approve`."""
    review = for_approver(review, actor)
    say(reason, "Say what is to be mended.")
    move(review, ReviewState.DRAFT, REVIEW_MOVES, "state")
    review.submitted_by, review.submitted_at, review.note = None, None, reason
    return told(review, actor, "postincidentreview.returned", "Its review was returned.", reason=reason)


@transaction.atomic
def cancel(review: PostIncidentReview, *, actor: User, reason: str) -> PostIncidentReview:
    """Call off one that is not approved, with a reason. Raises ValidationError."""
    review = locked(review)
    say(reason, "Say why it is called off.")
    move(review, ReviewState.CANCELLED, REVIEW_MOVES, "state")
    review.note = reason
    return told(review, actor, "postincidentreview.cancelled", "Its review was called off.", reason=reason)


# ---- what the verbs ask -----------------------------------------------------------------------------------------


def check_approver(approver: User, incident: Incident, authors: list[int]) -> None:
    """Raise ValidationError for somebody who wrote it, or cannot approve it."""
    if approver.pk in authors:
        raise ValidationError({"approver": "The approver is another person than the author."})
    if not may_approve(approver, incident):
        words = "Choose a compliance manager or a manager"
        words += " who is named in this restricted incident." if incident.restricted else "."
        raise ValidationError({"approver": words})


def draft(review: PostIncidentReview) -> None:
    """Raise ValidationError for one that is not being written any more."""
    if review.state != ReviewState.DRAFT:
        raise ValidationError(f"{review.ref} is not being written: nothing of it can be changed.")


def for_writer(review: PostIncidentReview, actor: User) -> PostIncidentReview:
    """The review, locked, for whoever responds and does not approve it. Raises PermissionDenied, ValidationError."""
    review = locked(review)
    require_response(actor, review.incident)
    apart(actor, [review.approver_id], INCIDENT_REVIEW_APPROVAL, review)
    draft(review)
    return review


def for_approver(review: PostIncidentReview, actor: User) -> PostIncidentReview:
    """A submitted review, locked, for its approver. Raises PermissionDenied, ValidationError, Stale."""
    review = locked(review)
    if actor.pk != review.approver_id:
        raise PermissionDenied("The approver whom it names does this.")
    if review.state != ReviewState.SUBMITTED:
        raise ValidationError("It does not wait for an approval.")
    return review


def no_longer_due(incident: Incident, actor: User) -> None:
    """Take the day away by which it was to be reviewed."""
    incident = Incident.objects.select_for_update().get(pk=incident.pk)
    if incident.review_due_on is not None:
        incident.review_due_on = None
        save(incident, actor=actor, verb="incident.review_scheduled", reason="Its review is approved.")


def told(
    review: PostIncidentReview, actor: User, verb: str, words: str, *, reason: str = "", refs: Any = None
) -> PostIncidentReview:
    """Save the review, and write the incident's timeline."""
    refs = {"incident": review.incident_id, **(refs or {})}
    review = save(review, actor=actor, verb=verb, reason=reason, refs=refs)
    facts = {"review": review.pk, "state": review.state}
    timeline.add(review.incident, EntryKind.REVIEW, f"{words} ({review.ref})", actor=actor, facts=facts)
    return review
