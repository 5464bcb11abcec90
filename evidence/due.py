"""What falls due in evidence: occurrences of controls, evidence that stops being good, exemptions that end."""

import datetime
from typing import Final

from evidence.models import Evidence, Exemption, ExemptionState, Occurrence, Outcome, State
from foundation.accounts.access import visible
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.pages.due import Dated, Due, source_of

YEAR: Final = datetime.timedelta(days=365)
EXPIRY: Final = Dated("Evidence", "Evidence expires", "expires_on", "submitted_by")
EXEMPTION: Final = Dated("Exemptions", "Exemption ends", "ends_on", "requested_by", "reason", ("control",), ends=True)


def occurrences_due(user: User, first: datetime.date, last: datetime.date) -> list[Due]:
    """Occurrences without evidence that counts, on their last day of grace. Those of the last twelve months: what is
    older is in the coverage. One query.
    """
    found = visible(user, Occurrence).filter(
        outcome=Outcome.OPEN, control__archived_at=None, due_on__range=(max(first, today() - YEAR), last)
    )
    return [
        occurrence_due(one)
        for one in found.select_related("control__owner").order_by("due_on", "control__ref", "starts_on", "event")
    ]


def occurrence_due(one: Occurrence) -> Due:
    """An occurrence as something that falls due. Its row is derived and changes its number: its key is what it is."""
    control, owner = one.control, one.control.owner
    return Due(
        register="Coverage", kind="Evidence of an occurrence", ref=control.ref, title=f"{control.name}, {one.words}",
        whose=str(owner) if owner else "", person=owner.pk if owner else None, on=one.due_on,
        url=one.get_absolute_url(), key=f"evidence.occurrence-{control.pk}-{one.starts_on}-{one.event}",
        source=source_of(control),
    )  # fmt: skip


def evidence_due(user: User, first: datetime.date, last: datetime.date) -> list[Due]:
    """Accepted evidence that no newer version replaced, on its last good day; exemptions that end. Two queries."""
    accepted = Evidence.objects.filter(state=State.ACCEPTED, superseded_by=None)
    given = Exemption.objects.filter(state=ExemptionState.APPROVED, archived_at=None)
    return EXPIRY.of(user, accepted, first, last) + EXEMPTION.of(user, given, first, last)
