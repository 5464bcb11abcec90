"""What falls due in engagements: the day or the end of the period, when auditors' access ends, their requests."""

import datetime
from typing import Final

from audits.models import Engagement
from audits.requests.reminders import waiting
from foundation.accounts.access import can, visible
from foundation.accounts.models import AuditorWindow, User
from foundation.organisation.models import begin_of, day_at
from foundation.pages.due import Dated, Due, source_of

REGISTER: Final = "Audits"
DAY: Final = datetime.timedelta(days=1)
AS_OF: Final = Dated(REGISTER, "Day of the report", "as_of", "", "name", ends=True)
PERIOD: Final = Dated(REGISTER, "The audited period ends", "period_to", "", "name", ends=True)

REQUEST: Final = Dated("Requests", "Auditor's request", "due_on")


def audits_due(user: User, first: datetime.date, last: datetime.date) -> list[Due]:
    """Engagements that are not closed, and windows of auditors. Three queries."""
    running = Engagement.objects.open()
    found = AS_OF.of(user, running, first, last) + PERIOD.of(user, running, first, last)
    if can(user, "view", Engagement):
        found += windows_due(user, first, last)
    return found


def windows_due(user: User, first: datetime.date, last: datetime.date) -> list[Due]:
    """The ends of auditors' access."""
    closing = visible(user, AuditorWindow).filter(closes_at__gte=begin_of(first), closes_at__lt=begin_of(last + DAY))
    return [window_due(one) for one in closing.select_related("user").order_by("closes_at", "id")]


def requests_due(user: User, first: datetime.date, last: datetime.date) -> list[Due]:
    """Requests that the company is to answer; an auditor's, of the engagement of his open window. One query."""
    return REQUEST.of(user, waiting(), first, last)


def window_due(one: AuditorWindow) -> Due:
    """The end of an auditor's access; its page is the auditor's account."""
    return Due(
        register=REGISTER, kind="Auditor's access ends", ref=str(one.user), title=f"Access of {one.user}",
        whose="", person=None, on=day_at(one.closes_at), url=one.user.get_absolute_url(),
        key=f"accounts.auditorwindow-{one.pk}", at=one.closes_at, ends=True, version=one.version,
        source=source_of(one),
    )  # fmt: skip
