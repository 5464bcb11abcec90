"""How the audience of a policy stands with its acknowledgement: a tab of the policy's page."""

import datetime
from typing import Any

from django.db.models import QuerySet

from foundation.accounts.access import sees_own_alone, verbs_on, visible
from foundation.accounts.models import User
from foundation.pages.panels import Panel, Tab
from foundation.trail.asof import rows
from people.models import Person
from policies.acknowledging.owed import ORDER, TONES, Owed, counted, owed
from policies.models import Acknowledgement, Policy

SHOWN = 200  # people on the tab, the late ones first; the CSV has them all


def whose(user: User, moment: datetime.datetime | None = None) -> QuerySet[Any]:
    """The people whose acknowledgements this person sees: an administrator keeps the roster, and sees but their own."""
    people = visible(user, rows(Person, moment), moment)
    return people.filter(user=user.pk) if sees_own_alone(user, Acknowledgement) else people


def standings(user: User, policy: Any, moment: datetime.datetime | None) -> list[Owed]:
    """How everybody whom this person sees stands with a policy, the late ones first. Constant queries."""
    found = owed(whose(user, moment), moment, policies=[policy.pk])
    return sorted(found, key=lambda one: (ORDER.index(one.standing), one.due_on))


def acknowledgements_panel(user: User, policy: Policy, moment: datetime.datetime | None) -> Panel | None:
    """The counts, and who stands how, as far as this person sees people."""
    found = standings(user, policy, moment)
    may = moment is None and bool(found) and bool(verbs_on(user, ("record_acknowledgements",), policy))
    shown = {
        "lines": [(one, TONES[one.standing]) for one in found[:SHOWN]], "more": len(found) - SHOWN,
        "counts": [(standing, count, TONES[standing]) for standing, count in counted(found).items()],
        "total": len(found), "may_record": may,
    }  # fmt: skip
    return Panel("policies/acknowledging_panel.html", shown)


TAB = Tab("acknowledgements", "Acknowledgements", [acknowledgements_panel])
