"""When exceptions from the separation of duties end."""

import datetime
from typing import Final

from foundation.accounts.access import visible
from foundation.accounts.models import DutyException, User
from foundation.organisation.models import begin_of, day_at
from foundation.pages.due import Due, due_on

DAY: Final = datetime.timedelta(days=1)


def exceptions_due(user: User, first: datetime.date, last: datetime.date) -> list[Due]:
    """Those that are in force, at the moment at which they end. One query."""
    found = visible(user, DutyException).filter(
        state=DutyException.State.APPROVED, expires_at__gte=begin_of(first), expires_at__lt=begin_of(last + DAY)
    )
    return [
        due_on(
            one, "Exceptions", "Exception from a rule ends", day_at(one.expires_at), one.beneficiary, title=one.rule(),
            date="expiry", at=one.expires_at, ends=True,
        )
        for one in found.select_related("beneficiary").order_by("expires_at", "id")
    ]  # fmt: skip
