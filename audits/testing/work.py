"""What waits for management about tests: exceptions that nobody has responded to."""

from audits.models import Engagement
from audits.models.testing import Conclusion, ControlTest
from foundation.accounts.access import allowed
from foundation.accounts.models import User
from foundation.accounts.roles import Role
from foundation.pages.work import WorkItem

REGISTER = "Tests of controls"


def responses_work(user: User) -> list[WorkItem]:
    """Concluded tests with exceptions and no response: of one's own controls; all of them for who keeps the programme.

    One query.
    """
    if user.role == Role.AUDITOR:
        return []
    found = allowed(user, "respond", ControlTest).filter(
        conclusion=Conclusion.EXCEPTIONS, response=None, superseded_by=None, engagement__in=Engagement.objects.open()
    )
    return [
        WorkItem.on(
            one, REGISTER, one.control.name, "Exceptions without a response", "Respond", "audits:controltest-respond"
        )
        for one in found.select_related("control").order_by("id")
    ]
