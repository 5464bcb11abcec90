"""The library: starter scenarios in our own words. What is added is a template, and counts nowhere until adapted."""

import csv
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.core.exceptions import ValidationError
from django.db import transaction

from controls.models import Control
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.trail.keep import save
from risks.actions import tie_control
from risks.models import Category, Effectiveness, Risk, SourceKind, Status

STARTER = Path(__file__).parent / "starter" / "scenarios.csv"
SUGGESTED = "Suggested by the library for this scenario."


@dataclass(frozen=True)
class Scenario:
    """One starter scenario. `controls`: references of the starter controls that it suggests."""

    key: str
    title: str
    cause: str
    event: str
    effect: str
    category: str
    fraud: bool
    controls: tuple[str, ...]


@cache
def scenarios() -> dict[str, Scenario]:
    """Every scenario of the library, by its key, in its order."""
    with STARTER.open(newline="", encoding="utf-8") as text:
        found = [
            Scenario(
                row["key"], row["title"], row["cause"], row["event"], row["effect"], row["category"],
                row["fraud"] == "yes", tuple(row["controls"].split()),
            )
            for row in csv.DictReader(text)
        ]  # fmt: skip
    return {one.key: one for one in found}


def added(keys: Collection[str]) -> set[str]:
    """Those of the scenarios that are in the register already, archived or not."""
    return set(Risk.objects.filter(library_key__in=keys).values_list("library_key", flat=True))


@transaction.atomic
def add_templates(keys: Iterable[str], *, actor: User) -> list[Risk]:
    """Put these scenarios into the register as templates, with links to the suggested controls that exist.

    All or none: raises ValidationError for none at all, for an unknown key, and for one that was added before.
    """
    wanted = list(dict.fromkeys(keys))
    if not wanted:
        raise ValidationError("Choose at least one scenario.")
    if unknown := [key for key in wanted if key not in scenarios()]:
        raise ValidationError(f"There is no scenario {unknown[0][:40]} in the library.")
    if twice := sorted(added(wanted)):
        raise ValidationError(f"Added already: {', '.join(scenarios()[key].title for key in twice)}.")
    refs = {ref for key in wanted for ref in scenarios()[key].controls}
    controls = {one.ref: one for one in Control.objects.live().filter(ref__in=refs)}
    return [template(scenarios()[key], controls, actor) for key in wanted]


def template(scenario: Scenario, controls: dict[str, Control], actor: User) -> Risk:
    """One scenario as a risk that is not the company's own yet."""
    risk = Risk(
        title=scenario.title, cause=scenario.cause, event=scenario.event, effect=scenario.effect,
        category=scenario.category, fraud=scenario.fraud, source=SourceKind.ASSESSMENT, source_note="Library",
        identified_on=today(), library_key=scenario.key, status=Status.TEMPLATE,
    )  # fmt: skip
    kept = save(risk, actor=actor, verb="risk.created", reason="From the library.")
    for ref in scenario.controls:
        if ref in controls:
            tie_control(kept, controls[ref], Effectiveness.UNTESTED, SUGGESTED, actor=actor)
    return kept


def shelves(chosen: Collection[str] = ()) -> list[tuple[str, list[tuple[Scenario, bool, bool]]]]:
    """The scenarios by category: each, whether it was added, and whether it is chosen. One query."""
    there = added(list(scenarios()))
    return [
        (str(label), [(one, one.key in there, one.key in chosen) for one in some])
        for value, label in Category.choices
        if (some := [one for one in scenarios().values() if one.category == value])
    ]
