"""When controls are to be looked at again."""

import datetime

from controls.models import IN_SCOPE, Control
from foundation.accounts.models import User
from foundation.pages.due import Dated, Due

REVIEW = Dated("Controls", "Review of the control", "review_date", title="name")


def controls_due(user: User, first: datetime.date, last: datetime.date) -> list[Due]:
    """Reviews of controls in scope. One query."""
    return REVIEW.of(user, Control.objects.filter(IN_SCOPE, archived_at=None), first, last)
