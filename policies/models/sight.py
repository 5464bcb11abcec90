"""Whom a policy is meant for, and what of it an auditor's window shows: conditions that access.py puts into its SQL.

Everybody reads what is in force and meant for them, with the versions that were in force before; an auditor what was in
force on some day of the period, and never a draft. All of it holds for live rows and history rows.
"""

import datetime
from typing import Any

from django.apps import apps
from django.db.models import Q

from foundation.accounts.paths import Condition
from foundation.trail.asof import rows
from policies.models.states import Audience, Status, VersionState

Moment = datetime.datetime | None


def policies_meant(user: Any, moment: Moment) -> Q:
    """Policies in force that are for everybody, or for a group to which this person's row of the roster belongs."""
    here = apps.get_model("people.Person").objects.filter(user=user.pk)
    groups = rows(apps.get_model("policies.PolicyGroup"), moment).filter(archived_at=None)
    mine = groups.filter(
        Q(kind__in=here.values("kind")) | Q(department__in=here.exclude(department="").values("department"))
    )
    reached = Q(audience=Audience.EVERYBODY) | Q(audience=Audience.GROUPS, id__in=mine.values("policy_id"))
    return Q(status=Status.IN_FORCE, archived_at=None) & reached


def versions_meant(user: Any, moment: Moment) -> Q:
    """What is in force of those policies, and what was before it."""
    bound = Q(state__in=(VersionState.IN_FORCE, VersionState.SUPERSEDED))
    return bound & of("policy", "policies.Policy", policies_meant)(user, moment)


def versions_within(window: Any, moment: Moment) -> Q:
    """Versions that were in force on some day of the window's period."""
    began = Q(in_force_from__lte=window.period_to)
    return began & (Q(in_force_until=None) | Q(in_force_until__gte=window.period_from))


def policies_within(window: Any, moment: Moment) -> Q:
    """Policies of which some version was."""
    found = rows(apps.get_model("policies.PolicyVersion"), moment).filter(versions_within(window, moment))
    return Q(id__in=found.values("policy_id"))


def of(column: str, label: str, condition: Condition) -> Condition:
    """The same condition for rows that belong to such a row: `column` leads to a row of the model `label`."""

    def asked(who: Any, moment: Moment) -> Q:
        found = rows(apps.get_model(label), moment).filter(condition(who, moment))
        return Q(**{f"{column}_id__in": found.values("id")})

    return asked


of_policies_meant = of("policy", "policies.Policy", policies_meant)
of_policies_within = of("policy", "policies.Policy", policies_within)
of_versions_meant = of("policy_version", "policies.PolicyVersion", versions_meant)
of_versions_within = of("policy_version", "policies.PolicyVersion", versions_within)
