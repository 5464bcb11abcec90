"""The rules of notification: which is in force, publishing a version, retiring one, taking over starter rules.

A version is never edited: whoever changes a rule publishes its next version, and clocks that run keep the terms that
they were started with (R7.1).
"""

import csv
import datetime
import zoneinfo
from collections.abc import Collection, Iterable
from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.text import slugify

from foundation.accounts.models import User
from foundation.trail.asof import rows
from foundation.trail.keep import save
from foundation.trail.steps import locked, say
from incidents.models import NotificationRule, Unit
from incidents.models.clocks import MOST

STARTER: Final = Path(__file__).parent / "starter" / "rules.csv"
FROM_STARTER: Final = "Starter rule, taken over as it came: not legal advice, to be checked with counsel."
# What a version says. What is not here (who, when, its number) is not a change of the rule.
SAID: Final = (
    "regime", "whom", "applies", "starts", "amount", "unit", "zone", "warn_hours", "data_classes", "source",
    "source_url", "note", "checked",
)  # fmt: skip
HOURS_OF: Final[ReadOnly[str, int]] = {Unit.HOURS: 1, Unit.DAYS: 24, Unit.BUSINESS_DAYS: 24, Unit.MONTHS: 672}
LONGEST_KEY: Final = 50  # of what the words of a rule give; numbers make it unique


# ---- which hold ----------------------------------------------------------------------------------------------------


def newest(moment: datetime.datetime | None = None) -> QuerySet[Any]:
    """The newest version of every rule, retired ones too; live or as it stood."""
    newer = rows(NotificationRule, moment).filter(key=OuterRef("key"), number__gt=OuterRef("number"))
    return rows(NotificationRule, moment).filter(~Exists(newer.order_by()))


def in_force(moment: datetime.datetime | None = None) -> QuerySet[Any]:
    """The rules by which clocks are started, by regime."""
    return newest(moment).filter(retired=False).order_by("regime", "key")


# ---- publishing ----------------------------------------------------------------------------------------------------


@transaction.atomic
def add(rule: NotificationRule, *, actor: User) -> NotificationRule:
    """Publish the first version of a rule. Raises ValidationError for what is no rule."""
    rule.key = free_key(slugify(f"{rule.regime} {rule.whom}"))
    return published(rule, actor, rule.change_note or "First version.", verb="notificationrule.created")


@transaction.atomic
def publish(rule: NotificationRule, *, actor: User, change_note: str, **said: Any) -> NotificationRule:
    """Publish the next version of a rule, in force at once. A retired one is in use again.

    Raises ValidationError without a reason, where a newer version stands, and where nothing would change.
    """
    before = newest_of(rule)
    say(change_note, "Say why the rule changes.")
    after = next_version(before, retired=False, **said)
    if not before.retired and all(getattr(after, name) == getattr(before, name) for name in SAID):
        raise ValidationError("Nothing differs from the version in force.")
    return published(after, actor, change_note)


@transaction.atomic
def retire(rule: NotificationRule, *, actor: User, reason: str) -> NotificationRule:
    """Publish the version that takes a rule out of use: no clock is started by it. Clocks that run go on."""
    before = newest_of(rule)
    say(reason, "Say why the rule is not used any more.")
    if before.retired:
        raise ValidationError("It is retired already.")
    return published(next_version(before, retired=True), actor, reason, verb="notificationrule.retired")


def newest_of(rule: NotificationRule) -> NotificationRule:
    """The rule's version, locked. Raises ValidationError where it is not the newest."""
    stored = locked(rule)
    if NotificationRule.objects.filter(key=stored.key, number__gt=stored.number).exists():
        raise ValidationError("There is a newer version of this rule. Open that one.")
    return stored


def next_version(before: NotificationRule, **said: Any) -> NotificationRule:
    """What the next version would be: what was said, and for the rest what holds."""
    kept = {name: getattr(before, name) for name in SAID}
    return NotificationRule(key=before.key, number=before.number + 1, starter=before.starter, **{**kept, **said})


def published(
    rule: NotificationRule, actor: User, reason: str, verb: str = "notificationrule.published"
) -> NotificationRule:
    """Judge a version and keep it."""
    rule.published_by, rule.published_at, rule.change_note = actor, timezone.now(), reason.strip()
    check(rule)
    rule.full_clean()
    return save(rule, actor=actor, verb=verb, reason=rule.change_note, refs={"number": rule.number})


def check(rule: NotificationRule) -> None:
    """Raise ValidationError for what a database cannot judge: more than a unit bears, no zone, a warning too early."""
    if rule.zone and rule.zone not in zoneinfo.available_timezones():
        raise ValidationError({"zone": f"“{rule.zone[:60]}” is not a time zone. Write it like Europe/Berlin."})
    if rule.amount is None:
        return
    if not 1 <= rule.amount <= MOST:
        raise ValidationError({"amount": f"At least 1 and at most {MOST}."})
    if rule.warn_hours >= rule.amount * HOURS_OF[rule.unit]:
        raise ValidationError({"warn_hours": "People would be warned before the clock runs: say less than the period."})


def free_key(words: str) -> str:
    """A key that no rule has yet."""
    stem = words[:LONGEST_KEY].strip("-") or "rule"
    taken = set(NotificationRule.objects.filter(key__startswith=stem).values_list("key", flat=True))
    numbered = (f"{stem}-{number}" for number in range(2, len(taken) + 3))
    return stem if stem not in taken else next(key for key in numbered if key not in taken)


# ---- starter rules -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Starter:
    """A starter rule, as it comes with the product. `key` is that of the rule which it becomes."""

    key: str
    said: ReadOnly[str, Any]

    def __getitem__(self, name: str) -> Any:
        return self.said[name]

    def rule(self) -> NotificationRule:
        """As a rule, not stored."""
        return NotificationRule(key=self.key, starter=True, **self.said)


@cache
def starters() -> dict[str, Starter]:
    """Every starter rule, by its key, in its order: what is law, and no proposal."""
    with STARTER.open(newline="", encoding="utf-8") as text:
        return {row["key"]: Starter(row["key"], as_said(row)) for row in csv.DictReader(text)}


def as_said(row: dict[str, str]) -> dict[str, Any]:
    """A row of the file as a rule says it."""
    said: dict[str, Any] = {name: value for name, value in row.items() if name != "key"}
    amount, warn_hours = int(row["amount"]) if row["amount"] else None, int(row["warn_hours"])
    return said | {"amount": amount, "warn_hours": warn_hours, "data_classes": row["data_classes"].split()}


@transaction.atomic
def adopt(keys: Iterable[str], *, actor: User) -> list[NotificationRule]:
    """Publish these starter rules as the company's own, unchecked. All or none.

    Raises ValidationError for none at all, an unknown one, and one that was taken over before.
    """
    wanted = list(dict.fromkeys(keys))
    if not wanted:
        raise ValidationError("Choose at least one rule.")
    if unknown := [key for key in wanted if key not in starters()]:
        raise ValidationError(f"There is no starter rule {unknown[0][:40]}.")
    if twice := sorted(adopted(wanted)):
        raise ValidationError(f"Taken over already: {', '.join(str(starters()[key].rule()) for key in twice)}.")
    return [published(starters()[key].rule(), actor, FROM_STARTER, verb="notificationrule.created") for key in wanted]


def adopted(keys: Collection[str]) -> set[str]:
    """Those of the starter rules that were taken over, whatever became of them."""
    return set(NotificationRule.objects.filter(key__in=keys).values_list("key", flat=True))
