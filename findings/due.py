"""What falls due among findings: their deadlines, acceptances that end, corrective actions."""

import datetime
from typing import Final

from findings.models import CorrectiveAction, Finding, Status, unresolved
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.pages.due import Dated, Due

DEADLINE: Final = Dated("Findings", "Finding to be fixed", "due_on")
ACCEPTANCE: Final = Dated("Findings", "Acceptance of the finding ends", "acceptance_until", ends=True)
ACTION: Final = Dated("Findings", "Corrective action", "due_on", title="what")


def findings_due(user: User, first: datetime.date, last: datetime.date) -> list[Due]:
    """All of it. Three queries."""
    accepted = Finding.objects.filter(status=Status.ACCEPTED, archived_at=None)
    undone = CorrectiveAction.objects.filter(done_by=None, archived_at=None)
    return [
        *DEADLINE.of(user, Finding.objects.filter(unresolved(today())), first, last),
        *ACCEPTANCE.of(user, accepted, first, last),
        *ACTION.of(user, undone, first, last),
    ]
