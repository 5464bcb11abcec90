"""The stretch of time that a grid, a readiness or a column is about: asked for, else the running programme year."""

import datetime
from collections.abc import Mapping as ReadOnly
from functools import cached_property
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError

from evidence.coverage.tiles import Days
from foundation.organisation.settings import setting

LONGEST: Final = 5  # years that one grid shows
YEARS: Final = range(1990, 2200)  # in which programmes run; near either end of the calendar no year can be counted
DAY = datetime.timedelta(days=1)


def programme_year(day: datetime.date) -> Days:
    """The programme's year in which a day lies."""
    month = setting("programme_year_month")
    first = datetime.date(day.year - (day.month < month), month, 1)
    return Days(first, datetime.date(first.year + 1, month, 1) - DAY)


class PeriodForm(forms.Form):
    """`from` and `to`, both included; either may be left out. Subclasses and filters add what else narrows."""

    def __init__(self, params: Any, day: datetime.date) -> None:
        super().__init__(params)
        self.day = day
        for name, label in (("from", "From"), ("to", "To")):
            widget = forms.DateInput(attrs={"type": "date"})
            self.fields[name] = forms.DateField(label=label, required=False, widget=widget)

    def clean(self) -> dict[str, Any]:
        """Refuse what ends before it begins, and more years than anybody can read."""
        said: dict[str, Any] = super().clean() or self.cleaned_data
        for name in ("from", "to"):
            if said.get(name) and said[name].year not in YEARS:
                raise_on(self, name, "No programme runs in that year.")
                return said
        period = self.asked(said)
        if period.last < period.first:
            raise_on(self, "to", "The period ends before it begins.")
        elif period.last.year - period.first.year > LONGEST:
            raise_on(self, "to", f"At most {LONGEST} years at once.")
        return said

    def asked(self, said: ReadOnly[str, Any]) -> Days:
        """The period that was said; what is left out is the running year's."""
        first, last = said.get("from"), said.get("to")
        if first and last:
            return Days(first, last)
        year = programme_year(first or last or self.day)
        return Days(first or min(year.first, last or year.first), last or year.last)

    @cached_property
    def period(self) -> Days:
        """The period asked for; the running year while what was asked cannot be read."""
        return self.asked(self.cleaned_data) if self.is_valid() else programme_year(self.day)


def raise_on(form: forms.Form, name: str, words: str) -> None:
    """Put an error beside one field."""
    form.add_error(name, ValidationError(words))
