"""What the coverage grid and the readiness can be narrowed to; shown by the same template as a list's filters."""

import datetime
from collections.abc import Sequence
from typing import Any

from django import forms

from controls.filters import taxonomy_choices
from controls.models import Control
from evidence.coverage.grid import ATTENTION, UNEXPECTED, WAITING, Narrowed
from evidence.coverage.period import PeriodForm
from evidence.coverage.tiles import Days
from evidence.coverage.words import STANDINGS
from foundation.accounts.access import can
from foundation.accounts.models import User
from foundation.pages.filters import shown
from foundation.pages.moment import day_of
from foundation.pages.people import nobody_or, owner_choices

STATES = [
    (ATTENTION, "Missing or late"),
    *STANDINGS.items(),
    (WAITING, "Evidence waits"),
    (UNEXPECTED, "Nothing expected"),
]


class PeriodFilter:
    """From, to and category; `period` is what they say."""

    def __init__(self, params: Any, user: User, moment: datetime.datetime | None) -> None:
        self.form = PeriodForm(params, day_of(moment))
        reads = can(user, "view", Control)
        categories = taxonomy_choices(user, moment)[0] if reads else []
        self.choose("category", "Category", "Any", categories)

    def choose(self, name: str, label: str, empty: str, choices: Sequence[tuple[str, str]]) -> None:
        """Offer a choice that may be left open."""
        self.form.fields[name] = forms.ChoiceField(label=label, required=False, choices=[("", empty), *choices])

    @property
    def period(self) -> Days:
        """The period asked for."""
        return self.form.period

    def is_valid(self) -> bool:
        """Whether all of it can be read."""
        return bool(self.form.is_valid())

    @property
    def active(self) -> list[tuple[str, str]]:
        """The filters that are set, as (label, words), besides the period."""
        if not self.form.is_valid():
            return []
        said = {name: value for name, value in self.form.cleaned_data.items() if value and name not in ("from", "to")}
        return [(str(self.form.fields[name].label), shown(self.form.fields[name], said[name])) for name in said]


class CoverageFilter(PeriodFilter):
    """The grid's filters."""

    def __init__(self, params: Any, user: User, moment: datetime.datetime | None) -> None:
        super().__init__(params, user, moment)
        owners = nobody_or(owner_choices(Control, "owner", "operator")) if can(user, "view", Control) else []
        self.choose("owner", "Owner", "Anybody", owners)
        self.choose("state", "State", "Any", STATES)
        words = forms.TextInput(attrs={"type": "search", "placeholder": "Ref or words"})
        self.form.fields["q"] = forms.CharField(label="Search", required=False, max_length=200, widget=words)

    @property
    def narrowed(self) -> Narrowed:
        """What was asked for; nothing is narrowed while it cannot be read."""
        said = self.form.cleaned_data if self.is_valid() else {}
        return Narrowed(**{name: said.get(name, "") for name in ("category", "owner", "state", "q")})
