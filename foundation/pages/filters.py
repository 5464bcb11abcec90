"""The filter that every list has: words, and live or archived. A register's FilterSet extends it."""

import datetime
from dataclasses import dataclass
from typing import Any, ClassVar

import django_filters
from django import forms
from django.db.models import Q, QuerySet

from foundation.accounts.models import User
from foundation.pages.fields import DAY, within_reach
from foundation.trail.numbered import Numbered

ARCHIVED = [("archived", "Archived"), ("all", "Live and archived")]


@dataclass(frozen=True)
class Span:
    """The two filters of a list that make a period, and in words which rows belong to one."""

    first: str
    last: str
    words: str


class InOrder(forms.Form):
    """A filter's form that refuses a period which ends before it begins."""

    span: ClassVar[Span | None] = None

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or self.cleaned_data
        if self.span:
            first, last = said.get(self.span.first), said.get(self.span.last)
            if first and last and last < first:
                self.add_error(self.span.last, "The period ends before it begins.")
        return said


class RegisterFilter(django_filters.FilterSet):
    """`search_fields` are the ORM paths that `q` looks in; every word must occur in one of them. A reference of a
    Numbered register finds that record alone.

    Filters run over live rows and over history rows alike, so they go by `id` (never `pk`), by the model's own fields
    and foreign keys, and reach links with `id__in=rows(Link, self.moment)…` (never through a reverse relation).
    """

    search_fields: tuple[str, ...] = ("ref", "name")
    hint = "Ref or words"  # what stands in the box for words while it is empty
    span: ClassVar[Span | None] = None  # the register's period, where its rows have one
    archives = True  # False: what is never archived has nothing archived to show

    filters: dict[str, django_filters.Filter]
    q = django_filters.CharFilter(
        method="search",
        label="Search",
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search"}),
    )
    show = django_filters.ChoiceFilter(
        method="filter_show",
        label="Show",
        empty_label="Live",
        choices=ARCHIVED,
    )

    def __init__(
        self, data: Any, *, queryset: QuerySet[Any], user: User, moment: datetime.datetime | None = None
    ) -> None:
        self.user, self.moment = user, moment
        super().__init__(data, queryset=queryset)
        words, show = self.filters.pop("q"), self.filters.pop("show", None)  # words come first, which to show last
        words.extra["widget"].attrs["placeholder"] = self.hint
        self.filters = {"q": words, **self.filters, **({"show": show} if show else {})}

    @classmethod
    def get_filters(cls) -> dict[str, django_filters.Filter]:
        """Without the choice of archived rows where there are none; a `show` of the register's own stays."""
        found: dict[str, django_filters.Filter] = super().get_filters()
        if not cls.archives and found["show"].extra["choices"] == ARCHIVED:
            del found["show"]
        return found

    def get_form_class(self) -> type[forms.Form]:
        """The form of the filters, which minds the order of a period."""
        made: type[forms.Form] = super().get_form_class()
        return type(made.__name__, (InOrder, made), {"span": self.span})

    @property
    def qs(self) -> QuerySet[Any]:
        """The rows that pass: those that are shown by themselves, unless `show` asks for others."""
        found = super().qs
        return found if self.form.cleaned_data.get("show") else self.unasked(found)

    def unasked(self, found: QuerySet[Any]) -> QuerySet[Any]:
        """What is shown while `show` asks for nothing: the live rows."""
        return found.filter(archived_at=None) if self.archives else found

    def filter_show(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        return queryset.filter(archived_at__isnull=False) if value == "archived" else queryset

    def search(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        model = getattr(queryset.model, "instance_type", queryset.model)  # history rows know whose history they are
        number = model.number_in(value) if issubclass(model, Numbered) else None
        return queryset.filter(matching(value, self.search_fields) if number is None else Q(id=number))

    @property
    def active(self) -> list[tuple[str, str]]:
        """The filters that are set, as (label, words), for the top of a list and for its paper."""
        if not self.form.is_valid():
            return []
        return [
            (str(self.form.fields[name].label), shown(self.form.fields[name], value))
            for name, value in self.form.cleaned_data.items()
            if value not in (None, "", [])
        ]

    @property
    def period(self) -> str:
        """The period that is asked for, in words, with which rows belong to one; "" for none."""
        said = self.form.cleaned_data if self.span and self.form.is_valid() else {}
        first, last = (said.get(name) for name in (self.span.first, self.span.last)) if self.span else (None, None)
        if not self.span or not (first or last):
            return ""
        days = f"{first} to {last}" if first and last else f"From {first} on" if first else f"Until {last}"
        return f"{days}: {self.span.words}"

    @property
    def narrowed(self) -> list[tuple[str, str]]:
        """The filters that are set besides the period."""
        days = {str(self.form.fields[name].label) for name in (self.span.first, self.span.last)} if self.span else ()
        return [(label, value) for label, value in self.active if label not in days]


def day_filter(label: str, **how: Any) -> django_filters.DateFilter:
    """A day within reach, chosen from a calendar. how: `method`, or `field_name` and `lookup_expr`."""
    return django_filters.DateFilter(label=label, widget=DAY, validators=[within_reach], **how)


def matching(words: str, paths: tuple[str, ...]) -> Q:
    """The condition that each of `words` occurs in at least one of the ORM `paths`, whatever its case."""
    condition = Q()
    for word in words.split():
        anywhere = Q()
        for path in paths:
            anywhere |= Q(**{f"{path}__icontains": word})
        condition &= anywhere
    return condition


def shown(field: forms.Field, value: Any) -> str:
    """A filter's value in the words that the person picked."""
    if isinstance(field, forms.ChoiceField) and not isinstance(field, forms.ModelChoiceField):
        return str(dict(field.choices).get(value, value))  # type: ignore[arg-type]
    return "Yes" if value is True else str(value)
