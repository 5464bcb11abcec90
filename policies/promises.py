"""Where what a policy in force promises is no longer what the settings say (R8.3).

Every deadline of the product reads the same settings, so a difference means: the company does not do what it says.
"""

import datetime
from dataclasses import dataclass

from foundation.organisation.catalogue import CATALOGUE
from foundation.organisation.models import Setting
from foundation.organisation.settings import all_settings
from foundation.trail.asof import rows
from policies.content import Promises, amount
from policies.models import PolicyVersion, VersionState


@dataclass(frozen=True)
class Promise:
    """One promised number: what it is about, what the text says, and what the setting says now ("" if it is gone)."""

    key: str
    words: str
    promised: str
    now: str

    @property
    def differs(self) -> bool:
        """Whether the setting says something else than the text."""
        return self.promised != self.now


def settings_at(moment: datetime.datetime | None) -> dict[str, int]:
    """Every setting, as it is or as it was at a moment. One query."""
    if moment is None:
        return all_settings()
    away = dict(rows(Setting, moment).values_list("key", "value"))
    return {key: away.get(key, item.default) for key, item in CATALOGUE.items()}


def held(promises: Promises, today: dict[str, int]) -> list[Promise]:
    """Each promised number against the settings of a day, by name."""
    found = []
    for key, told in sorted(promises.items()):
        item = CATALOGUE.get(key)
        now = amount(key, {"value": today[key], "unit": item.unit}) if item else ""
        found.append(Promise(key, item.words if item else key, amount(key, told), now))
    return found


def differing(moment: datetime.datetime | None = None) -> dict[int, list[Promise]]:
    """For each policy whose version in force promises another number than the settings say: which. Two queries."""
    versions = rows(PolicyVersion, moment).filter(state=VersionState.IN_FORCE).exclude(promises={})
    told, today = dict(versions.order_by().values_list("policy_id", "promises")), settings_at(moment)
    found = {pk: [one for one in held(promises, today) if one.differs] for pk, promises in told.items()}
    return {pk: some for pk, some in found.items() if some}
