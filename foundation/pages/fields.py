"""The fields that forms of every register have: a day, a moment, a few sentences, somebody who works here."""

import datetime
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from foundation.accounts.models import User
from foundation.organisation.models import today

MOST_WORDS = 4000  # of one free text: long enough for anybody, short enough for a page
FIRST_DAY: Final = datetime.date(1950, 1, 1)  # whoever works here longest began later
YEARS_AHEAD: Final = 50  # no contract, paper or plan reaches further
LONGEST_NUMBER: Final = 18  # digits of a record's number that any database can hold
# A field copies its widget, so one of each serves all forms.
DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
MOMENT = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")


def text_area(rows: int) -> forms.Textarea:
    """A box of so many lines."""
    return forms.Textarea(attrs={"rows": rows})


def within_reach(day: datetime.date) -> None:
    """Raise ValidationError for a day that is a slip of the pen: before 1950, or after the year 50 years from now.

    What follows from a day (a deadline, the day on which a report is stale) can then always be counted.
    """
    last = today().year + YEARS_AHEAD
    if day < FIRST_DAY or day.year > last:
        raise ValidationError(f"Say a day in the years {FIRST_DAY.year} to {last}.")


def day_field(**options: Any) -> forms.DateField:
    """A day within reach, picked from a calendar and written in ISO."""
    return forms.DateField(widget=DAY, validators=[within_reach, *options.pop("validators", ())], **options)


def moment_field(**options: Any) -> forms.DateTimeField:
    """A moment, in the organisation's time zone, which ui/field.html says once, beside the box."""
    return forms.DateTimeField(widget=MOMENT, **options)


def words_field(rows: int = 3, **options: Any) -> forms.CharField:
    """A few sentences that must be said."""
    return forms.CharField(max_length=MOST_WORDS, widget=text_area(rows), **options)


class RecordsField(forms.ModelMultipleChoiceField):
    """Several records, by their numbers. One that no table can hold is no choice, and no error of the database."""

    def clean(self, value: Any) -> Any:
        """The records. Raises ValidationError for a number that is none of the choices, however long it is."""
        for one in value if isinstance(value, list | tuple) else ():
            if len(str(one)) > LONGEST_NUMBER:
                raise ValidationError(
                    self.error_messages["invalid_pk_value"], code="invalid_pk_value", params={"pk": str(one)[:30]}
                )
        return super().clean(value)


def offer(field: forms.Field, people: QuerySet[User], *, kept: int | None = None, empty: str = "") -> None:
    """Let `field` choose among `people`.

    kept: the number of whoever stands there now, and may have left: stays until somebody else is named. empty: the
    words for nobody, instead of the field's own.
    """
    chosen: Any = field
    chosen.queryset = (people | User.objects.filter(pk=kept)).distinct() if kept else people
    if empty:
        chosen.empty_label = empty
