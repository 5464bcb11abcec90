"""The facts of record of restricted incidents: what an auditor reads of them, who sees nothing else of them.

The columns are listed here one by one. None of them holds text that a person wrote, nor names one.
"""

import datetime
from typing import Any, Final

from foundation.accounts.access import allowed
from foundation.accounts.models import User
from foundation.trail.asof import rows
from incidents.models import TIMES, Incident

COLUMNS: Final = ("id", "state", "severity", *TIMES, "dismissed_at", "reopened_at", "review_due_on")


def restricted_facts(user: User, moment: datetime.datetime | None = None) -> list[dict[str, Any]]:
    """The facts of each incident that is restricted now, as they were at the moment, newest first. One query.

    Nothing for whoever may not have them: the verb is `view_facts` (compliance managers, auditors in their window).
    """
    shut = Incident.objects.filter(restricted=True).order_by().values("id")
    found = allowed(user, "view_facts", rows(Incident, moment), moment).filter(id__in=shut)
    return [fact | {"ref": Incident.ref_of(fact["id"])} for fact in found.order_by("-id").values(*COLUMNS)]
