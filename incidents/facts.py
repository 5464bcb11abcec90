"""The facts of record of restricted incidents: what an auditor reads of them, who sees nothing else of them.

The columns are listed here one by one. None of them holds text that a person wrote, nor names one.
"""

import datetime
from collections import Counter
from typing import Any, Final

from foundation.accounts.access import allowed, can, visible
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


def unshown(user: User, moment: datetime.datetime | None = None) -> str:
    """How many restricted incidents the list does not show, in words, for whoever may know that; "" for others.

    By severity, so that “none of this kind in the period” can be said of all of them. Two queries at most.
    """
    if not can(user, "view_facts", Incident):
        return ""
    told = restricted_facts(user, moment)
    numbers = [fact["id"] for fact in told]
    seen = set(visible(user, rows(Incident, moment), moment).filter(id__in=numbers).values_list("id", flat=True))
    hidden = [fact for fact in told if fact["id"] not in seen]
    if not hidden:
        return ""
    kinds = Counter(f"SEV{fact['severity']}" if fact["severity"] else "without severity" for fact in hidden)
    words = ", ".join(f"{number} {kind}" for kind, number in sorted(kinds.items()))
    return f"{len(hidden)} restricted {'is' if len(hidden) == 1 else 'are'} not in this list ({words})."
