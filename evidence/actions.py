"""What people and programs do with evidence: one function a verb, each one transaction and its trail.

`record_evidence` is the one door by which anything becomes evidence. Who may do it is asked before, in access.py; what
is legal at all is asked here, on the row as it is stored.
"""

import dataclasses
import datetime
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.base import ContentFile, File
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from controls.models import Control
from evidence.coverage.keep import refresh
from evidence.models import (
    EMPTY,
    MOVES,
    Evidence,
    EvidenceLink,
    Exemption,
    ExemptionState,
    Population,
    PopulationLink,
    Requirement,
    State,
)
from foundation.accounts.access import apart, can, refs_of
from foundation.accounts.duties import EVIDENCE_REVIEW, EXEMPTION
from foundation.accounts.models import User
from foundation.accounts.roles import Role
from foundation.files.kinds import plain_name
from foundation.files.spool import SealedUpload
from foundation.files.storage import stored_file
from foundation.organisation.models import day_at
from foundation.trail.keep import Stale, save
from foundation.trail.steps import ends_of, locked, move, say, tie, untie

JSON_NAME = "data.json"


class SameBytes(ValidationError):
    """These bytes are kept already, as `evidence`: link that to the control, or say that it is another item."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        super().__init__(f"{evidence} has the same bytes. Link it, or say why this is another item.", code="same_bytes")


class Replayed(ValidationError):
    """The idempotency key was used before, with other content."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where an item comes from and which time it covers.

    `query`: by which anybody gets the same again. `captured_at`: when the source showed it (aware, never ahead; None =
    now). `stamped`: the source system itself wrote capture time and period; only connectors and registers of ours may
    say so, a reviewer confirms it for what people send. `period`: first and last day covered. `rows`: of a list.
    """

    system: str
    environment: str = ""
    query: str = ""
    connector: str = ""
    collected_by: User | None = None
    captured_at: datetime.datetime | None = None
    stamped: bool = False
    period: tuple[datetime.date, datetime.date] | None = None
    rows: int | None = None


@dataclass(frozen=True, kw_only=True)
class For:
    """A control that an item is for, and what it proves about it. See EvidenceLink."""

    control: Control
    reason: str
    requirement: Requirement | None = None
    occurrence: datetime.date | None = None
    event: str = ""
    nothing_occurred: bool = False


@dataclass(frozen=True)
class Ready:
    """An item that may be kept: looked at whole, nothing stored yet. `same`: what holds the same bytes already."""

    item: Evidence
    file: File
    links: Sequence[For]
    same: Evidence | None
    supersedes: Evidence | None = None

    def keep_bytes(self) -> None:
        """Store the bytes, outside any transaction; those that are there already are kept once.

        What is stored and then refused belongs to no row, and is swept (foundation.files.sweep).
        """
        if self.same is not None:
            self.item.file.name, self.item.content_type = self.same.file.name, self.same.content_type
            return
        self.item.file.save(self.item.name, self.file, save=False)
        self.item.content_type = stored_file(str(self.item.file.name)).content_type


def record_evidence(
    content: File | bytes | dict[str, Any] | list[Any],
    *,
    actor: Any,
    accepted_by: User | None = None,
    idempotency_key: str = "",
    **told: Any,
) -> Evidence:
    """Keep an item of evidence and link it to controls: the one door for people, connectors and every register.

    content: a file, bytes, or plain data, which is kept as sorted JSON under `name`. actor: who submits it, or
    SYSTEM. accepted_by: who signed the record that it comes from, where another register has had it judged; it is
    then accepted at once, and `actor` must be somebody else. idempotency_key: sent again by the same actor with the
    same content, the first item is returned. told: what it says about itself, see `prepare`.

    Raises SameBytes, Replayed, Stale for a version that has a successor already, ValidationError for what is not legal
    (no bytes, no source, times ahead of the clock, a requirement of another control or one that takes other kinds).
    """
    file, sha256 = as_file(content, told.get("name", JSON_NAME))
    if earlier := pushed_before(actor, idempotency_key, sha256, told.get("links", ())):
        return earlier
    ready = prepare(file, sha256, actor=actor, idempotency_key=idempotency_key, **told)
    ready.keep_bytes()
    return store(ready, actor=actor, accepted_by=accepted_by)


def record_many(files: Sequence[File], *, actor: Any, title: str, **told: Any) -> list[Evidence]:
    """Keep each file as an item of its own, all of them or none. Several are told apart by their files' names.

    Raises as `record_evidence`, for the first file that is refused, which the words then name.
    """
    found = made_ready(files, actor=actor, title=title, **told)
    with transaction.atomic():
        return [store(ready, actor=actor, accepted_by=None) for ready in found]


def made_ready(files: Sequence[File], *, actor: Any, title: str, **told: Any) -> list[Ready]:
    """Look at each file and store its bytes: what is left is `store`, in a transaction with what else is to be kept.

    Call it outside transactions. Raises as `record_many`.
    """
    found: list[Ready] = []
    for file in files:
        name = title if len(files) == 1 else f"{title.strip()[:150]} ({plain_name(file.name or '')})"[:200]
        try:
            ready = prepare(*as_file(file, file.name or ""), actor=actor, title=name, **told)
        except SameBytes:
            raise
        except ValidationError as refused:
            raise named(refused, file, len(files)) from refused
        if any(ready.item.sha256 == other.item.sha256 for other in found):
            raise ValidationError(f"“{ready.item.name}” is here twice, with the same bytes.")
        found.append(ready)
    for ready in found:
        ready.keep_bytes()
    return found


def named(refused: ValidationError, file: File, count: int) -> ValidationError:
    """The refusal; of one of many files with its name in front. What is said of a field stays with the field."""
    if count == 1 or hasattr(refused, "error_dict"):
        return refused
    return ValidationError([f"{plain_name(file.name or '')}: {words}" for words in refused.messages])


def prepare(  # noqa: PLR0913 - an item says this much about itself
    file: File, sha256: str, *, actor: Any, title: str, kind: str, source: Source, links: Iterable[For] = (),
    name: str = JSON_NAME, description: str = "", redaction: str = "", expires_on: datetime.date | None = None,
    reviewer: User | None = None, supersedes: Evidence | None = None, another: bool = False, idempotency_key: str = "",
) -> Ready:  # fmt: skip
    """Look at an item before anything is stored. Raises what `record_evidence` raises.

    supersedes: the version that this one follows; it inherits its links unless `links` are given. another: keep it
    apart although the same bytes are there already (they are stored once). name: of the file, if it has none itself.
    """
    item = Evidence(
        title=title.strip(), kind=kind, description=description, redaction=redaction, expires_on=expires_on,
        source_system=source.system.strip(), environment=source.environment, query=source.query,
        collected_by=source.collected_by, connector=source.connector, stamped=source.stamped,
        captured_at=source.captured_at or timezone.now(), row_count=source.rows, sha256=sha256, size=file.size or 0,
        name=plain_name(file.name or name), reviewer=reviewer, submitted_by=person(actor),
        idempotency_key=idempotency_key,
    )  # fmt: skip
    item.period_from, item.period_to = source.period or (None, None)
    wanted = list(links) or (inherited(supersedes) if supersedes else [])
    check(item, wanted)
    same = Evidence.objects.standing().filter(sha256=sha256).order_by("id").first()
    if same is not None and supersedes is None and not another:
        raise SameBytes(same)
    return Ready(item, file, wanted, same, supersedes)


def as_file(content: File | bytes | dict[str, Any] | list[Any], name: str) -> tuple[File, str]:
    """The content as a file that stands at its beginning, and its SHA-256. ValidationError for no bytes."""
    if isinstance(content, dict | list):
        content = json.dumps(content, sort_keys=True, ensure_ascii=False, indent=1).encode()
    file = ContentFile(content, name) if isinstance(content, bytes) else content
    if isinstance(file, SealedUpload):
        sha256 = file.spool.sha256
    else:
        digest = hashlib.sha256()
        for chunk in file.chunks():
            digest.update(chunk)
        sha256 = digest.hexdigest()
        file.seek(0)
    if sha256 == EMPTY:
        raise ValidationError("This file is empty: 0 bytes prove nothing.")
    return file, sha256


def pushed_before(actor: Any, idempotency_key: str, sha256: str, links: Iterable[For]) -> Evidence | None:
    """What the same person pushed under this key. Raises Replayed if that was something else, or for something else."""
    if not idempotency_key or person(actor) is None:
        return None
    earlier = Evidence.objects.filter(submitted_by=actor, idempotency_key=idempotency_key).first()
    if earlier is None:
        return None
    if earlier.sha256 != sha256:
        raise Replayed("This idempotency key was used for other content.")
    if earlier.state == State.WITHDRAWN:
        raise Replayed(f"This idempotency key was used for {earlier.ref}, which was withdrawn.")
    wanted = {(link.control.pk, getattr(link.requirement, "pk", None), link.occurrence, link.event) for link in links}
    said = EvidenceLink.history.filter(evidence_id=earlier.pk)
    known = set(said.values_list("control_id", "requirement_id", "occurrence", "event"))
    if not known.issuperset(wanted):
        raise Replayed("This idempotency key was used for the same content, for another control, requirement or day.")
    return earlier


@transaction.atomic
def store(ready: Ready, *, actor: Any, accepted_by: User | None) -> Evidence:
    """The row and its links, with their entries; and the coverage of the controls they are about."""
    item, links = ready.item, ready.links
    verb = "submitted" if item.submitted_by else "recorded"
    if ready.supersedes is not None:
        follow(item, ready.supersedes)
        verb = "superseded"
    if accepted_by is not None:
        if accepted_by in (item.submitted_by, item.collected_by):
            raise PermissionDenied(EVIDENCE_REVIEW.rule)
        item.state, item.reviewed_by, item.reviewed_at = State.ACCEPTED, accepted_by, timezone.now()
    item.full_clean(exclude=["file"])
    refs = {"controls": ",".join(str(link.control.pk) for link in links)} if links else None
    save(item, actor=actor, verb=f"evidence.{verb}", refs=refs)
    for link in links:
        tie(new_link(item, link, actor, accepted_by), actor=actor, reason=link.reason)
    return refreshed(item)


def follow(item: Evidence, earlier: Evidence) -> None:
    """Make `item` the version after `earlier`. Raises Stale when that has a successor or was withdrawn meanwhile."""
    stored = Evidence.objects.select_for_update().get(pk=earlier.pk)
    if stored.state == State.WITHDRAWN or Evidence.objects.filter(supersedes=stored).exists():
        raise Stale(stored)
    if Population.objects.filter(evidence=stored).exists():
        raise ValidationError("These are the frozen rows of a population: freeze another one.")
    item.supersedes, item.first, item.number = stored, stored.first or stored, stored.number + 1


def inherited(earlier: Evidence) -> list[For]:
    """The links of the version before, but those to controls that are archived now: the new one is for the same."""
    live = EvidenceLink.objects.live().filter(evidence=earlier, control__archived_at=None)
    live = live.select_related("control", "requirement")
    return [
        For(
            control=link.control, reason=link.reason, requirement=link.requirement, occurrence=link.occurrence,
            event=link.event, nothing_occurred=link.nothing_occurred,
        )
        for link in live
    ]  # fmt: skip


def check(item: Evidence, links: Iterable[For]) -> None:
    """Raise ValidationError for what nobody may hand in."""
    if item.captured_at > timezone.now():
        raise ValidationError({"captured_at": "It cannot have been captured in the future."})
    if not item.source_system:
        raise ValidationError({"source_system": "Say which system it comes from."})
    if item.period_to and item.stamped and item.period_to > day_at(item.captured_at):
        raise ValidationError({"period_to": "A source cannot vouch for days after the capture."})
    for link in links:
        check_link(item, link)


def check_link(item: Evidence, link: For) -> None:
    """A requirement is one of the control's and takes this kind; that nothing occurred takes a query and no rows."""
    if link.control.archived_at:
        raise ValidationError(f"{link.control.ref} is archived.")
    if not link.reason.strip():
        raise ValidationError("Say what it proves about the control.")
    if link.requirement is not None:
        if link.requirement.control_id != link.control.pk:
            raise ValidationError(f"“{link.requirement}” is asked of another control.")
        if not link.requirement.accepts(item.kind):
            kind, wanted = item.get_kind_display().lower(), link.requirement.kind_words().lower()
            raise ValidationError(f"“{link.requirement}” takes {wanted}; this is a {kind}.")
    if link.event and link.occurrence is None:
        raise ValidationError({"occurrence": "Say on which day the event was."})
    if link.nothing_occurred and (item.row_count != 0 or not item.query or item.period_from is None):
        raise ValidationError("That nothing occurred takes its query, the period that it covers and a count of 0 rows.")


# ---- judging -------------------------------------------------------------------------------------------------------


def may_judge(user: User, item: Evidence) -> bool:
    """Whether it is this person's to judge: whoever was asked; else a manager; a compliance manager in any case.

    Nothing about keeping duties apart: `apart` says that.
    """
    if user.role == Role.COMPLIANCE_MANAGER or item.reviewer_id == user.pk:
        return True
    return item.reviewer_id is None and user.role == Role.MANAGER


@transaction.atomic
def accept(item: Evidence, *, actor: User, note: str = "", times_seen: bool = False) -> Evidence:
    """Accept it. `times_seen`: the reviewer saw the source's own times for the period in its content.

    Raises PermissionDenied for whoever submitted or collected it (unless an exception allows it) and for whom it was
    not asked of; ValidationError unless it waits to be judged.
    """
    item, exception = judged(item, actor, State.ACCEPTED)
    item.stamp_confirmed, item.review_note, item.accepted_under = times_seen, note, exception
    save(item, actor=actor, verb="evidence.accepted", reason=note, refs=refs_of(exception))
    return refreshed(item)


@transaction.atomic
def give_back(item: Evidence, *, actor: User, reason: str) -> Evidence:
    """Return it with a reason: its submitter sends a new version. Raises as `accept`, and without a reason."""
    item, exception = judged(item, actor, State.RETURNED)
    say(reason, "Say what is wrong with it.")
    item.review_note, item.accepted_under = reason, exception
    save(item, actor=actor, verb="evidence.returned", reason=reason, refs=refs_of(exception))
    return refreshed(item)


@transaction.atomic
def withdraw(item: Evidence, *, actor: User, reason: str) -> Evidence:
    """Take it out of every count, with a reason. The row stays as a tombstone, with its hash (R3.4)."""
    item = locked(item)
    moved(item, State.WITHDRAWN)
    say(reason, "Say why it is withdrawn.")
    item.withdrawn_by, item.withdrawn_at, item.withdrawal_reason = actor, timezone.now(), reason
    save(item, actor=actor, verb="evidence.withdrawn", reason=reason)
    return refreshed(item)


def judged(item: Evidence, actor: User, state: str) -> tuple[Evidence, Any]:
    """The item in its new state, and the exception that its judge needed."""
    item = locked(item)
    if not may_judge(actor, item):
        raise PermissionDenied("Somebody else was asked to judge it.")
    exception = apart(actor, [item.submitted_by_id, item.collected_by_id], EVIDENCE_REVIEW, item)
    moved(item, state)
    item.reviewed_by, item.reviewed_at = actor, timezone.now()
    return item, exception


def moved(item: Evidence, state: str) -> None:
    """Change the state, if that is legal; of versions only the newest is judged. Raises ValidationError."""
    move(item, state, MOVES, "state")
    if state != State.WITHDRAWN and Evidence.objects.filter(supersedes=item).exists():
        raise ValidationError("There is a newer version: judge that.")


def refreshed(item: Evidence) -> Evidence:
    """The item, with the coverage of its controls computed anew, and of those to which another version is linked.

    A version counts until the next one does, so what becomes of one says what the others are worth. A population's list
    is linked to no control as proof, and yet decides which events those of the population had.
    """
    begun = item.first_id or item.pk
    versions = Evidence.objects.filter(Q(pk=begun) | Q(first=begun))
    proved = EvidenceLink.objects.filter(evidence__in=versions).values_list("control_id", flat=True)
    listed = PopulationLink.objects.filter(population__evidence=item).values_list("control_id", flat=True)
    refresh([*proved, *listed])
    return item


def send_version(item: Evidence, *, actor: User, file: File, source: Source, **told: Any) -> Evidence:
    """The version after `item`, for the same controls; whoever sends it has collected it. Raises as `record_evidence`.

    Stale, too, if the item is no longer as its reader saw it.
    """
    if Evidence.objects.filter(pk=item.pk, version=item.version).first() is None:
        raise Stale(Evidence.objects.get(pk=item.pk))
    if item.state == State.WITHDRAWN:
        raise ValidationError(f"{item.ref} was withdrawn.")
    source = dataclasses.replace(source, collected_by=actor)
    return record_evidence(file, actor=actor, source=source, supersedes=item, **told)


@transaction.atomic
def change_evidence(item: Evidence, *, actor: User) -> Evidence:
    """Save what may be said anew of an item: title, description, reviewer, expiry. Raises Stale."""
    save(item, actor=actor, verb="evidence.updated")
    return item


# ---- links ---------------------------------------------------------------------------------------------------------


@transaction.atomic
def link_evidence(item: Evidence, link: For, *, actor: Any) -> EvidenceLink:
    """Link an item to one more control. What an accepted one proves there, another than its submitter has to confirm.

    Raises ValidationError for what is not legal, and where they are linked already.
    """
    item = locked(item)
    if item.state == State.WITHDRAWN:
        raise ValidationError(f"{item.ref} was withdrawn.")
    check_link(item, link)
    row = tie(new_link(item, link, actor, confirming(actor, item)), actor=actor, reason=link.reason)
    refresh([link.control.pk])
    return row


def confirming(actor: Any, item: Evidence) -> User | None:
    """Whoever links an accepted item judges what it proves there, unless it is their own: then another confirms it."""
    if item.state != State.ACCEPTED or not isinstance(actor, User):
        return None
    judges = can(actor, "review", item) and may_judge(actor, item)
    return actor if judges and actor.pk not in (item.submitted_by_id, item.collected_by_id) else None


@transaction.atomic
def confirm_link(link: EvidenceLink, *, actor: User, note: str = "") -> EvidenceLink:
    """See that an accepted item proves what was said of it when it was linked later. Raises as `accept`."""
    link = locked(link)
    item = Evidence.objects.select_for_update().get(pk=link.evidence_id)
    if not link.waits(item):
        raise ValidationError("It does not wait to be confirmed.")
    if not may_judge(actor, item):
        raise PermissionDenied("Somebody else was asked to judge it.")
    exception = apart(actor, [item.submitted_by_id, item.collected_by_id, link.linked_by_id], EVIDENCE_REVIEW, item)
    link.confirmed_by, link.confirmed_at, link.confirmed_under = actor, timezone.now(), exception
    refs = ends_of(link) | refs_of(exception)
    save(link, actor=actor, verb="evidencelink.confirmed", reason=note, refs=refs)
    refresh([link.control_id])
    return link


@transaction.atomic
def unlink_evidence(link: EvidenceLink, *, actor: Any, reason: str) -> EvidenceLink:
    """Take a link away, with a reason. Raises Stale, ValidationError without one or when it is gone already."""
    stored = untie(link, actor=actor, reason=reason)
    refresh([stored.control_id])
    return stored


def new_link(item: Evidence, link: For, actor: Any, confirmed_by: User | None = None) -> EvidenceLink:
    """The row of a link, not stored yet."""
    now = timezone.now()
    return EvidenceLink(
        evidence=item, control=link.control, requirement=link.requirement, occurrence=link.occurrence,
        event=link.event, nothing_occurred=link.nothing_occurred, reason=link.reason, linked_by=person(actor),
        linked_at=now, confirmed_by=confirmed_by, confirmed_at=now if confirmed_by else None,
    )  # fmt: skip


@transaction.atomic
def link_to(item: Evidence, *, actor: User, **link: Any) -> EvidenceLink:
    """Link an item to a control that this person submits evidence to; `link` as `For` takes it.

    Raises PermissionDenied for another control, ValidationError as `link_evidence`.
    """
    if not can(actor, "submit_evidence", link["control"]):
        raise PermissionDenied("You do not submit evidence to that control.")
    return link_evidence(item, For(**link), actor=actor)


# ---- requirements --------------------------------------------------------------------------------------------------


@transaction.atomic
def write_requirement(requirement: Requirement, participle: str, *, actor: User, reason: str = "") -> Requirement:
    """Save what a control asks for, with its coverage: created, updated, archived or restored. Raises Stale."""
    refs = {"control": requirement.control_id}
    save(requirement, actor=actor, verb=f"requirement.{participle}", refs=refs, reason=reason)
    refresh([requirement.control_id])
    return requirement


@transaction.atomic
def replace_requirement(requirement: Requirement, earlier: Requirement, *, actor: User) -> Requirement:
    """From the day on which `requirement` begins it stands in the place of `earlier`, which ends the day before.

    Raises Stale, ValidationError for a day on which the earlier one had not begun.
    """
    if requirement.effective_from <= earlier.effective_from:
        raise ValidationError(f"The present one begins on {earlier.effective_from}: name a later day.")
    earlier.effective_to = requirement.effective_from - datetime.timedelta(days=1)
    write_requirement(earlier, "updated", actor=actor)
    return write_requirement(requirement, "created", actor=actor)


# ---- exemptions ----------------------------------------------------------------------------------------------------


@transaction.atomic
def request_exemption(exemption: Exemption, *, actor: User) -> Exemption:
    """Ask to except occurrences of a control. Raises ValidationError."""
    exemption.requested_by = actor
    exemption.full_clean()
    refs = {"control": exemption.control_id}
    return save(exemption, actor=actor, verb="exemption.requested", reason=exemption.reason, refs=refs)


@transaction.atomic
def approve_exemption(exemption: Exemption, *, actor: User, reason: str) -> Exemption:
    """Except the occurrences. PermissionDenied for whoever asked (unless excepted), ValidationError if decided."""
    return decide(exemption, actor, ExemptionState.APPROVED, reason)


@transaction.atomic
def decline_exemption(exemption: Exemption, *, actor: User, reason: str) -> Exemption:
    """Turn it down. Raises ValidationError without a reason, or if it was decided already."""
    say(reason, "Say why.")
    return decide(exemption, actor, ExemptionState.DECLINED, reason)


def decide(exemption: Exemption, actor: User, state: str, reason: str) -> Exemption:
    """Keep the decision; an approved one changes the coverage of its control."""
    exemption = locked(exemption)
    if exemption.state != ExemptionState.REQUESTED:
        raise ValidationError(f"It was {exemption.get_state_display().lower()} already.")
    exception = None
    if state == ExemptionState.APPROVED:
        exception = apart(actor, [exemption.requested_by_id], EXEMPTION, exemption)
    exemption.state, exemption.decided_by, exemption.decided_at = state, actor, timezone.now()
    exemption.decision, exemption.approved_under = reason, exception
    refs = {"control": exemption.control_id} | refs_of(exception)
    save(exemption, actor=actor, verb=f"exemption.{state}", reason=reason, refs=refs)
    refresh([exemption.control_id])
    return exemption


# ---- common --------------------------------------------------------------------------------------------------------


def person(actor: Any) -> User | None:
    """The account behind an actor; None for the system."""
    return actor if isinstance(actor, User) else None
