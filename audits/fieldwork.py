"""The steps of an engagement, each of which freezes or opens something: fieldwork, reporting, the issued report."""

from datetime import date
from itertools import chain
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from audits.freezing import changes_since, freeze, frozen_scope, report_lines, scope_lines
from audits.models import Engagement, Opinion, Snapshot, SnapshotKind, Sort, Status
from audits.texts.reading import issued_lines
from evidence.models import Evidence
from foundation.accounts.access import visible
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.trail.keep import save
from foundation.trail.steps import locked, move, say


@transaction.atomic
def begin_fieldwork(engagement: Engagement, *, actor: User) -> Engagement:
    """Freeze the scope: criteria with what applies, controls as they are, and which meets which (R1.2, R2.3).

    Raises ValidationError where no control is in it, or from where fieldwork cannot begin; Stale.
    """
    engagement = _from(Status.PLANNED, engagement, Status.FIELDWORK)
    return save(engagement, actor=actor, verb="engagement.fieldwork_begun", refs=_freeze_scope(engagement, actor))


@transaction.atomic
def refreeze_scope(engagement: Engagement, *, actor: User, reason: str) -> Engagement:
    """Freeze the scope anew during fieldwork or reporting, because it changed; the earlier edition stays.

    Raises ValidationError without a reason, at any other time, and where nothing changed; Stale.
    """
    engagement = locked(engagement)
    say(reason, "Say what changed, and that the auditor knows of it.")
    if engagement.status not in (Status.FIELDWORK, Status.REPORTING):
        raise ValidationError("The scope is frozen anew during fieldwork and reporting alone.")
    scope = frozen_scope(engagement)
    if scope is not None and not changes_since(engagement, scope):
        raise ValidationError("Nothing of the scope has changed since it was frozen.")
    refs = _freeze_scope(engagement, actor, reason)
    return save(engagement, actor=actor, verb="engagement.scope_refrozen", reason=reason, refs=refs)


@transaction.atomic
def return_to_planning(engagement: Engagement, *, actor: User, reason: str) -> Engagement:
    """Open the scope again, with a reason: what was frozen stays on record. Raises ValidationError, Stale."""
    say(reason, "Say why.")
    engagement = _from(Status.FIELDWORK, engagement, Status.PLANNED)
    return save(engagement, actor=actor, verb="engagement.returned_to_planning", reason=reason)


@transaction.atomic
def begin_reporting(engagement: Engagement, *, actor: User) -> Engagement:
    """Say that fieldwork is over and the report is being written. Raises ValidationError, Stale."""
    engagement = _from(Status.FIELDWORK, engagement, Status.REPORTING)
    return save(engagement, actor=actor, verb="engagement.reporting_begun")


@transaction.atomic
def resume_fieldwork(engagement: Engagement, *, actor: User, reason: str) -> Engagement:
    """Go back from reporting to fieldwork, with a reason: the scope stays frozen. Raises ValidationError, Stale."""
    say(reason, "Say why.")
    engagement = _from(Status.REPORTING, engagement, Status.FIELDWORK)
    return save(engagement, actor=actor, verb="engagement.fieldwork_resumed", reason=reason)


@transaction.atomic
def issue_report(
    engagement: Engagement, *, actor: User, opinion: str, report_date: date, report: str = ""
) -> Engagement:
    """Close it with the auditor's report, and freeze all of it: scope, wordings, evidence, management's texts (R2.3).

    opinion: as the report says (R2.1). report: the reference of the evidence that it is kept as,
    among what the actor sees, or "". Raises ValidationError for a
    day before the end of what is examined or after today, where no scope was frozen, or from any step but reporting;
    Stale.
    """
    engagement = _from(Status.REPORTING, engagement, Status.CLOSED)
    if opinion not in Opinion.values:
        raise ValidationError({"opinion": "Say which opinion the report gives."})
    _, last = engagement.days
    if not last <= report_date <= today():
        words = f"The report is dated after what it examines ({last}), and not after today."
        raise ValidationError({"report_date": words})
    scope = frozen_scope(engagement)
    if scope is None:
        raise ValidationError("No scope was frozen. Return to planning, and begin fieldwork anew.")
    now = timezone.now()
    engagement.opinion, engagement.report_date, engagement.report = opinion, report_date, _kept_as(report, actor)
    engagement.issued_at, engagement.issued_by = now, actor
    lines = chain(report_lines(engagement, scope), issued_lines(engagement))
    kept = freeze(engagement, SnapshotKind.REPORT, lines, actor=actor, at=now)
    return save(engagement, actor=actor, verb="engagement.report_issued", refs=_refs(kept))


def _kept_as(ref: str, actor: User) -> Evidence | None:
    if not ref.strip():
        return None
    found = visible(actor, Evidence).filter(pk=Evidence.number_in(ref) or 0).first()
    if found is None:
        raise ValidationError({"report": "There is no such item of evidence. Write its reference, such as EV-12."})
    return found


def _from(was: str, engagement: Engagement, to: str) -> Engagement:
    """The engagement, locked, and moved on. Two ways lead to fieldwork: one freezes, the other resumes."""
    engagement = locked(engagement)
    move(engagement, to, {status: (to,) if status == was else () for status in Status})
    return engagement


def _freeze_scope(engagement: Engagement, actor: User, reason: str = "") -> dict[str, Any]:
    lines = scope_lines(engagement)
    if not any(line.sort == Sort.CONTROL for line in lines):
        raise ValidationError("No control in scope is linked to a criterion of these categories: nothing to examine.")
    return _refs(freeze(engagement, SnapshotKind.SCOPE, lines, actor=actor, at=timezone.now(), reason=reason))


def _refs(snapshot: Snapshot) -> dict[str, Any]:
    return {"snapshot": snapshot.number, "lines": snapshot.line_count, "sha256": snapshot.sha256}
