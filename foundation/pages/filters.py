"""The filter that every list has: words, and live or archived. A register's FilterSet extends it."""

import datetime
from typing import Any

import django_filters
from django import forms
from django.db.models import Q, QuerySet

from foundation.accounts.models import User


class RegisterFilter(django_filters.FilterSet):
    """`search_fields` are the ORM paths that `q` looks in; every word must occur in one of them.

    Filters run over live rows and over history rows alike, so they go by `id` (never `pk`), by the model's own fields
    and foreign keys, and reach links with `id__in=rows(Link, self.moment)…` (never through a reverse relation).
    """

    search_fields: tuple[str, ...] = ("ref", "name")

    filters: dict[str, django_filters.Filter]
    q = django_filters.CharFilter(
        method="search",
        label="Search",
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": "Ref or words"}),
    )
    show = django_filters.ChoiceFilter(
        method="filter_show",
        label="Show",
        empty_label="Live",
        choices=[("archived", "Archived"), ("all", "Live and archived")],
    )

    def __init__(
        self, data: Any, *, queryset: QuerySet[Any], user: User, moment: datetime.datetime | None = None
    ) -> None:
        self.user, self.moment = user, moment
        super().__init__(data, queryset=queryset)
        words, show = self.filters.pop("q"), self.filters.pop("show")  # words come first, live or archived last
        self.filters = {"q": words, **self.filters, "show": show}

    @property
    def qs(self) -> QuerySet[Any]:
        """The rows that pass; archived ones only when `show` asks for them."""
        found = super().qs
        return found if self.form.cleaned_data.get("show") else found.filter(archived_at=None)

    def filter_show(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        return queryset.filter(archived_at__isnull=False) if value == "archived" else queryset

    def search(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        return queryset.filter(matching(value, self.search_fields))

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
