"""What falls due among risks: reviews, acceptances that end, treatment actions, rounds of assessment."""

import datetime
from typing import Final

from foundation.accounts.models import User
from foundation.pages.due import Dated, Due
from risks.models import Assessment, AssessmentState, Risk, Status, TreatmentAction

REVIEW: Final = Dated("Risks", "Review of the risk", "review_on")
ACCEPTANCE: Final = Dated("Risks", "Acceptance of the risk ends", "accepted_until", ends=True)
ACTION: Final = Dated("Risks", "Treatment action", "due_on", title="what")
ROUND: Final = Dated("Risk assessments", "Risk assessment", "due_on", "lead")


def risks_due(user: User, first: datetime.date, last: datetime.date) -> list[Due]:
    """All of it. Four queries."""
    live = Risk.objects.filter(archived_at=None)
    undone = TreatmentAction.objects.filter(done_by=None, archived_at=None)
    rounds = Assessment.objects.filter(state__in=(AssessmentState.OPEN, AssessmentState.SUBMITTED))
    return [
        *REVIEW.of(user, live.exclude(status__in=(Status.TEMPLATE, Status.CLOSED)), first, last),
        *ACCEPTANCE.of(user, live.filter(status=Status.ACCEPTED), first, last),
        *ACTION.of(user, undone, first, last),
        *ROUND.of(user, rounds, first, last),
    ]
