"""Frameworks and controls made for tests, through the save path that everything uses."""

from pathlib import Path
from typing import Any

import factory

from controls.frameworks import load_framework, load_trust_services
from controls.models import Control, Criterion, Framework, Mapping
from foundation.trail.keep import save
from foundation.trail.record import SYSTEM


class ControlFactory(factory.Factory):
    """A planned control without an owner."""

    class Meta:
        model = Control

    ref = factory.Sequence(lambda n: f"CTL-{n:05}")
    name = factory.LazyAttribute(lambda control: f"Control {control.ref}")

    @classmethod
    def _create(cls, model_class: type[Control], *args: Any, **kwargs: Any) -> Control:
        return save(model_class(*args, **kwargs), actor=SYSTEM, verb="control.created")


def link(control: Control, *codes: str, rationale: str = "It helps.") -> list[Mapping]:
    """Link a control to criteria by their codes."""
    found = [Criterion.objects.get(code=code) for code in codes]
    made = [Mapping(control=control, criterion=criterion, rationale=rationale) for criterion in found]
    return [save(mapping, actor=SYSTEM, verb="mapping.created") for mapping in made]


def trust_services() -> Framework:
    """The 61 criteria of the starter."""
    return load_trust_services(SYSTEM)


SMALL = """id,category,series,series_title,title,description
CC1.1,Security (common criteria),CC1,First,One,
CC1.2,Security (common criteria),CC1,First,Two,
CC2.1,Security (common criteria),CC2,Second,Three,
A1.1,Availability,A1,Uptime,Four,
P1.1,Privacy,P1,Notice,Five,
"""


def small_framework(folder: Path) -> Framework:
    """Five criteria in four series and three categories, of which Security is required."""
    file = folder / "small.csv"
    file.write_text(SMALL)
    return load_framework(file, slug="small", name="Small", required=("security",), actor=SYSTEM)
