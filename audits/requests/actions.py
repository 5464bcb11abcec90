"""What people do about an auditor's requests: one function a verb, each one transaction and its trail.

Who may do it is asked before, in access.py; what is legal at all is asked here, on the rows as they are stored. When an
engagement is closed or archived, nothing of its requests changes any more.
"""

import dataclasses
import datetime
from collections.abc import Iterable, Sequence
from typing import Any, Final

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.base import File
from django.db import transaction
from django.utils import timezone

from audits.models import Engagement
from audits.models.requests import (
    REQUEST_MOVES,
    RUNNING,
    TO_ANSWER,
    Request,
    RequestComment,
    RequestControl,
    RequestCriterion,
    RequestEvidence,
    RequestState,
)
from audits.requests import news
from controls.models import Control, Criterion
from evidence.actions import For, Ready, SameBytes, Source, made_ready, store
from evidence.models import Evidence, State
from foundation.accounts.access import can, open_window, visible, which
from foundation.accounts.models import User
from foundation.accounts.roles import Role
from foundation.organisation.calendar import business_calendar
from foundation.organisation.models import today
from foundation.organisation.settings import setting
from foundation.trail.keep import save
from foundation.trail.record import record
from foundation.trail.steps import locked, move, say, tie, untie

OVER: Final = "The engagement is closed: nothing of its requests changes any more."
NAMED: Final = "Named in the request."
MOST_REFS: Final = 100  # references in one box


# ---- asking --------------------------------------------------------------------------------------------------------


@transaction.atomic
def ask(request: Request, *, actor: User, controls: str = "", criteria: str = "") -> Request:
    """Store a new request, with the controls and criteria that it names by reference; its owner is told.

    Raises PermissionDenied for an auditor of another engagement, ValidationError for a closed engagement, an unknown
    reference or what is not legal.
    """
    running(request.engagement_id)
    if actor.role == Role.AUDITOR:
        window = open_window(actor)
        if window is None or window.engagement_id != request.engagement_id:
            raise PermissionDenied("This is not the engagement of your access.")
        request.owner = None  # whose work it is, the company says
    request.raised_by = actor
    if getattr(request, "due_on", None) is None:
        request.due_on = usual_due()
    request.full_clean()
    save(request, actor=actor, verb="request.created", refs={"engagement": request.engagement_id})
    for control in named_controls(controls, actor):
        tie(RequestControl(request=request, control=control), actor=actor, reason=NAMED)
    for criterion in named_criteria(criteria, actor):
        tie(RequestCriterion(request=request, criterion=criterion), actor=actor, reason=NAMED)
    if request.owner_id is not None:
        news.assigned.tell(request, actor=actor)
    return request


def usual_due(asked: datetime.date | None = None) -> datetime.date:
    """The day by which a request of that day (None: today) is answered, by the setting and the calendar."""
    return business_calendar().add_business_days(asked or today(), setting("request_due_days"))


@transaction.atomic
def change(request: Request, *, actor: User) -> Request:
    """Store what is said anew of a request. Raises Stale, ValidationError once it is accepted or withdrawn."""
    stored = Request.objects.get(pk=request.pk)
    running(stored.engagement_id)
    before = locked(request)
    if before.state not in RUNNING:
        raise ValidationError(f"{before.ref} is {before.get_state_display().lower()}: it stays as it was asked.")
    if request.engagement_id != before.engagement_id:
        raise ValidationError({"engagement": "A request stays in its engagement."})
    request.full_clean()
    save(request, actor=actor, verb="request.updated")
    tell_new_owner(request, before.owner_id, actor)
    return request


@transaction.atomic
def assign(
    request: Request, *, actor: User, owner: User | None, due_on: datetime.date | None = None, note: str = ""
) -> Request:
    """Say who answers it, and by when (None: as it is). Raises Stale, ValidationError for one that is not open."""
    request = taken(request)
    if request.state not in TO_ANSWER:
        raise ValidationError(f"{request.ref} is {request.get_state_display().lower()}: nobody has to answer it now.")
    if owner is not None and (not owner.is_active or owner.role in ("", Role.AUDITOR)):
        raise ValidationError({"owner": "Somebody who works here and has an active account."})
    before, request.owner, request.due_on = request.owner_id, owner, due_on or request.due_on
    save(request, actor=actor, verb="request.assigned", reason=note)
    tell_new_owner(request, before, actor)
    return request


def tell_new_owner(request: Request, before: int | None, actor: User) -> None:
    """Whoever has it now, and had not before, is told."""
    if request.owner_id is not None and request.owner_id != before:
        news.assigned.tell(request, actor=actor)


@transaction.atomic
def remind(request: Request, *, actor: User, note: str = "") -> Request:
    """Mail its owner that it waits. Raises ValidationError where nobody owns it or it is not their turn."""
    request = taken(request)
    if request.state not in TO_ANSWER or request.owner_id is None:
        raise ValidationError("It waits for nobody who could be reminded.")
    record("request.reminded", actor, request, reason=note)
    news.reminded.tell(request, actor=actor)
    return request


# ---- answering -----------------------------------------------------------------------------------------------------


def respond(
    request: Request, *, actor: User, files: Sequence[File] = (), evidence: str = "", note: str = "",
    submit: bool = False, **told: Any,
) -> Request:  # fmt: skip
    """Hand in files, evidence that is there already (references as “EV-12, EV-14”) and a note in one move.

    files: each becomes an item of evidence, linked to the request and to those of its controls that this person
    submits evidence to. told: its `title`, `kind` and `source`. submit: the auditor is asked to look now. All of it
    happens or nothing: bytes are stored before the transaction, and swept where it fails.

    Raises Stale, ValidationError for a request that is not open or returned, an unknown reference, the same bytes
    again, or nothing at all.
    """
    if not (files or evidence.strip() or note.strip() or submit):
        raise ValidationError("Hand in a file or evidence, or write a note.")
    answerable(request)
    known = named_evidence(evidence, actor)
    ready = made_ready_for(request, files, actor=actor, **told) if files else []
    return _respond(request, actor=actor, ready=ready, known=known, note=note, submit=submit)


@transaction.atomic
def _respond(
    request: Request, *, actor: User, ready: Sequence[Ready], known: Sequence[Evidence], note: str, submit: bool
) -> Request:
    request = taken(request)
    answerable(request)
    made = [store(one, actor=actor, accepted_by=None) for one in ready]
    for item in [*made, *known]:
        tie(RequestEvidence(request=request, evidence=item), actor=actor, reason=f"Handed in for {request.ref}.")
    if note.strip():
        write(request, note, actor=actor)
    return hand_in(request, actor) if submit else request


@transaction.atomic
def submit(request: Request, *, actor: User, evidence: str = "", note: str = "") -> Request:
    """Say that it is answered, with evidence that is there already and a note if something is to be added.

    Raises Stale, ValidationError where it is not open or returned, or where nothing was handed in or said.
    """
    return _respond(
        request, actor=actor, ready=(), known=named_evidence(evidence, actor), note=note, submit=True
    )  # fmt: skip


def hand_in(request: Request, actor: User) -> Request:
    """It is the auditor's turn. Raises ValidationError where nothing was handed in and nothing said."""
    attached = RequestEvidence.objects.live().filter(request=request).exists()
    since = request.judged_at or request.created_at  # what was said before it was returned is no new answer
    if not attached and not RequestComment.objects.filter(request=request, by=actor, at__gte=since).exists():
        raise ValidationError("Hand in a file or evidence, or write a note: there is nothing to look at yet.")
    move(request, RequestState.SUBMITTED, REQUEST_MOVES, "state")
    request.submitted_by, request.submitted_at = actor, timezone.now()
    request.judged_by, request.judged_at, request.answer = None, None, ""  # its history keeps them
    save(request, actor=actor, verb="request.submitted")
    news.submitted.tell(request, actor=actor)
    return request


def answerable(request: Request) -> None:
    """Raise ValidationError where it is not the company's turn."""
    if request.state not in TO_ANSWER:
        raise ValidationError(f"{request.ref} is {request.get_state_display().lower()}: it takes no answer now.")


def made_ready_for(
    request: Request, files: Sequence[File], *, actor: User, kind: str, title: str = "", source: Source | None = None
) -> list[Ready]:
    """The files as items that may be kept, their bytes stored. Raises ValidationError."""
    if source is None:
        raise ValidationError("Say which system the files come from.")
    live = RequestControl.objects.live().filter(request=request.pk, control__archived_at=None)
    controls = [link.control for link in live.select_related("control")]
    mine = which(actor, "submit_evidence", controls)
    links = [For(control=one, reason=f"Asked for in {request.ref}.") for one in controls if one.pk in mine]
    source = dataclasses.replace(source, collected_by=actor)
    told: dict[str, Any] = {"title": title.strip() or request.title, "kind": kind, "source": source, "links": links}
    try:
        return made_ready(files, actor=actor, **told)
    except SameBytes as known:
        if not can(actor, "view", known.evidence):
            return made_ready(files, actor=actor, another=True, **told)  # kept once; whose else it is stays unsaid
        words = f"{known.evidence} has the same bytes: name {known.evidence.ref} as existing evidence."
        raise ValidationError({"file": words}) from known


# ---- judging: the auditor's alone ----------------------------------------------------------------------------------


@transaction.atomic
def accept(request: Request, *, actor: User, note: str = "") -> Request:
    """The auditor has what he asked for. Raises Stale, ValidationError where nothing waits for him."""
    return judge(request, RequestState.ACCEPTED, actor, note)


@transaction.atomic
def give_back(request: Request, *, actor: User, reason: str) -> Request:
    """The auditor returns it and says what is missing; its owner is told. Raises as `accept`, and without a reason."""
    say(reason, "Say what is missing.")
    request = judge(request, RequestState.RETURNED, actor, reason)
    news.returned.tell(request, actor=actor)
    return request


def judge(request: Request, state: str, actor: User, words: str) -> Request:
    """Keep the auditor's decision. Management never makes it, whatever the caller asked before (R2.2)."""
    if actor.role != Role.AUDITOR:
        raise PermissionDenied("Only the auditor accepts or returns what was handed in.")
    request = taken(request)
    move(request, state, REQUEST_MOVES, "state")
    request.judged_by, request.judged_at, request.answer = actor, timezone.now(), words
    return save(request, actor=actor, verb=f"request.{state}", reason=words)


@transaction.atomic
def withdraw(request: Request, *, actor: User, reason: str) -> Request:
    """It is not asked for any more. An auditor withdraws what an auditor asked; the compliance manager any.

    Raises Stale, PermissionDenied, ValidationError without a reason or where it is over.
    """
    say(reason, "Say why it is not needed any more.")
    request = taken(request)
    if actor.role == Role.AUDITOR and request.raised_by_id != actor.pk:
        raise PermissionDenied("You withdraw the requests that you wrote yourself.")
    move(request, RequestState.WITHDRAWN, REQUEST_MOVES, "state")
    request.answer = reason
    return save(request, actor=actor, verb="request.withdrawn", reason=reason)


# ---- talking about it ----------------------------------------------------------------------------------------------


@transaction.atomic
def comment(request: Request, *, actor: User, text: str, answers: int | None = None) -> RequestComment:
    """Say something about it. answers: the number of the comment that it answers.

    Raises ValidationError for no words, or a comment that is another request's or an answer itself.
    """
    running(request.engagement_id)
    return write(request, text, actor=actor, answers=answers)


def write(request: Request, text: str, *, actor: User, answers: int | None = None) -> RequestComment:
    """The comment's row and its entry. Raises ValidationError."""
    say(text, "Write something.")
    about = None
    if answers is not None:
        about = RequestComment.objects.filter(pk=answers, request=request.pk, answers=None).first()
        if about is None:
            raise ValidationError("There is no such comment to answer here.")
    row = RequestComment(request=request, answers=about, by=actor, at=timezone.now(), text=text.strip())
    kept: RequestComment = save(row, actor=actor, verb="requestcomment.created", refs={"request": request.pk})
    return kept


# ---- what it is about ----------------------------------------------------------------------------------------------


@transaction.atomic
def link_control(request: Request, *, actor: User, control: str, reason: str) -> RequestControl:
    """Link the control with this reference. Raises Stale, ValidationError for one that is not seen or is linked."""
    request = taken(request)
    found = named_controls(control, actor)
    if len(found) != 1:
        raise ValidationError({"control": "Name one control."})
    return tie(RequestControl(request=request, control=found[0]), actor=actor, reason=reason)


@transaction.atomic
def link_criterion(request: Request, *, actor: User, criterion: str, reason: str) -> RequestCriterion:
    """Link the criterion with this code. Raises as `link_control`."""
    request = taken(request)
    found = named_criteria(criterion, actor)
    if len(found) != 1:
        raise ValidationError({"criterion": "Name one criterion."})
    return tie(RequestCriterion(request=request, criterion=found[0]), actor=actor, reason=reason)


@transaction.atomic
def unlink(link: Any, *, actor: User, reason: str) -> Any:
    """Take a link away. What was handed in stays once the auditor looks at it. Raises Stale, ValidationError."""
    request = Request.objects.get(pk=link.request_id)
    running(request.engagement_id)
    request = Request.objects.select_for_update().get(pk=request.pk)
    if isinstance(link, RequestEvidence):
        answerable(request)
    if request.state not in RUNNING:
        raise ValidationError(f"{request.ref} is {request.get_state_display().lower()}: it stays as it was.")
    return untie(link, actor=actor, reason=reason)


# ---- common --------------------------------------------------------------------------------------------------------


def running(engagement_id: int) -> Engagement:
    """The engagement, locked before any of its requests. Raises ValidationError where it is closed or archived."""
    engagement = Engagement.objects.select_for_update().get(pk=engagement_id)
    if engagement.is_over:
        raise ValidationError(OVER)
    return engagement


def taken(request: Request) -> Request:
    """The request, locked in a running engagement. Raises Stale, ValidationError."""
    running(request.engagement_id)
    return locked(request)


def references(text: str) -> list[str]:
    """References that somebody typed, divided by commas, semicolons, spaces or lines; each once.

    Raises ValidationError for more than MOST_REFS.
    """
    found = list(dict.fromkeys(text.replace(",", " ").replace(";", " ").split()))
    if len(found) > MOST_REFS:
        raise ValidationError(f"These are {len(found)} references; {MOST_REFS} is the most at once.")
    return found


def named_controls(text: str, actor: User) -> list[Control]:
    """The controls that somebody named. Raises ValidationError for one that this person does not see."""
    wanted = references(text)
    if not wanted:
        return []
    seen = {one.ref.upper(): one for one in visible(actor, Control).filter(archived_at=None)}
    return picked(wanted, seen, "control")


def named_criteria(text: str, actor: User) -> list[Criterion]:
    """The criteria that somebody named by code, as “CC6.1”. Raises ValidationError."""
    wanted = references(text)
    if not wanted:
        return []
    by_code = {one.code.upper(): one for one in visible(actor, Criterion).order_by("-framework_id")}
    return picked(wanted, by_code, "criterion")


def named_evidence(text: str, actor: User) -> list[Evidence]:
    """Standing items that somebody named, as “EV-12”. Raises ValidationError for one that this person does not see."""
    wanted = references(text)
    if not wanted:
        return []
    numbers = [number for ref in wanted if (number := Evidence.number_in(ref)) is not None]
    seen = visible(actor, Evidence).filter(pk__in=numbers).exclude(state=State.WITHDRAWN)
    return picked(wanted, {one.ref: one for one in seen}, "evidence")


def picked(wanted: Iterable[str], known: dict[str, Any], what: str) -> list[Any]:
    """What the references name, in their order. Raises ValidationError."""
    found: list[Any] = []
    missing: list[str] = []
    for ref in wanted:
        one = known.get(ref.upper())
        if one is None:
            missing.append(ref[:40])
        else:
            found.append(one)
    if missing:
        raise ValidationError(f"There is no {what} {', '.join(missing[:5])} that you may see.")
    return list(dict.fromkeys(found))
