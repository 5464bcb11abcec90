"""How each policy stands, for the report on all of them: who approved its version in force, and who acknowledged it.

Read only where a list shows it: the rows of one page share what is read, in constant queries.
"""

import datetime
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from foundation.accounts.access import visible
from foundation.accounts.models import User
from foundation.trail.asof import rows
from policies.acknowledging.owed import DONE, LATE, owed
from policies.acknowledging.reach import whose
from policies.models import PolicyApproval


@dataclass
class Standings:
    """What is read for these policies, once it is asked for. `bound`: the version in force of each, by its number."""

    user: User
    moment: datetime.datetime | None
    bound: dict[int, Any]

    @cached_property
    def approvers(self) -> dict[int, list[str]]:
        """By policy, who gave the approvals that count of its version in force, as far as the person sees them."""
        versions = {one.pk: one for one in self.bound.values()}
        seen = visible(self.user, rows(PolicyApproval, self.moment), self.moment)
        found: dict[int, list[str]] = defaultdict(list)
        for one in seen.filter(policy_version_id__in=versions).select_related("approver").order_by("approved_at", "id"):
            version = versions[one.policy_version_id]
            if one.submission == version.submission:
                found[version.policy_id].append(str(one.approver))
        return found

    @cached_property
    def acknowledgements(self) -> dict[int, Counter[str]]:
        """By policy, how many of the people whom the person sees stand how with it."""
        found: dict[int, Counter[str]] = defaultdict(Counter)
        for one in owed(whose(self.user, self.moment), self.moment, policies=list(self.bound)):
            found[one.asked.pk][one.standing] += 1
        return found


def approvers_words(policy: Any) -> list[str]:
    """Who approved the version in force."""
    return policy.standings.approvers.get(policy.pk, []) if policy.bound else []


def approved_at(policy: Any) -> datetime.datetime | None:
    """When the version in force was approved."""
    return policy.bound.approved_at if policy.bound else None


def in_force_from(policy: Any) -> datetime.date | None:
    """Since which day the version in force is."""
    return policy.bound.in_force_from if policy.bound else None


def given(policy: Any) -> int | None:
    """How many have acknowledged it; None where nobody is asked to."""
    counts = policy.standings.acknowledgements.get(policy.pk) if policy.bound else None
    return counts[DONE] if counts else None


def wanting(policy: Any) -> int | None:
    """How many have not, in time or late."""
    counts = policy.standings.acknowledgements.get(policy.pk) if policy.bound else None
    return counts.total() - counts[DONE] if counts else None


def late(policy: Any) -> int | None:
    """How many of those are late."""
    counts = policy.standings.acknowledgements.get(policy.pk) if policy.bound else None
    return counts[LATE] if counts else None
