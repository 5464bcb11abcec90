"""What the lists of controls, criteria and links, and the matrix, can be narrowed to."""

import datetime
from typing import Any

import django_filters
from django import forms
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import QueryDict

from controls.matrix import Matrix
from controls.models import (
    IN_SCOPE,
    UNOWNED,
    Applicability,
    Control,
    Criterion,
    Frequency,
    Mapping,
    Status,
    Wording,
)
from controls.states import ATTENTION, LACKS, OUT_OF_SCOPE, STATES
from foundation.accounts.access import visible
from foundation.accounts.models import User
from foundation.pages.filters import RegisterFilter
from foundation.pages.moment import day_of
from foundation.pages.people import NOBODY, nobody_or, owner_choices
from foundation.trail.asof import rows
from foundation.trail.models import Register


class ControlFilter(RegisterFilter):
    """What the list of controls can be narrowed to. Runs on live and on history rows: see RegisterFilter."""

    search_fields = ("ref", "name", "objective")

    status = django_filters.ChoiceFilter(choices=Status.choices, empty_label="Any")
    owner = django_filters.ChoiceFilter(method="by_owner", empty_label="Anybody")
    category = django_filters.ChoiceFilter(method="by_category", label="Category", empty_label="Any")
    criterion = django_filters.ChoiceFilter(method="by_criterion", empty_label="Any", label="Series or criterion")
    frequency = django_filters.ChoiceFilter(choices=Frequency.choices, empty_label="Any")
    gap = django_filters.ChoiceFilter(
        method="by_gap",
        label="Gap",
        empty_label="Any",
        choices=[
            ("any", "Any gap"),
            ("owner", "No owner"),
            ("review", "Review overdue"),
            ("wording", "No wording in force"),
            ("criteria", "No criterion"),
        ],
    )

    class Meta:
        model = Control
        fields = ("status", "frequency")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        categories, criteria = taxonomy_choices(self.user, self.moment)
        self.filters["owner"].extra["choices"] = nobody_or(owner_choices(Control, "owner", "operator"))
        self.filters["category"].extra["choices"] = categories
        self.filters["criterion"].extra["choices"] = criteria

    def by_owner(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """Controls that this person owns or operates; “nobody”: without an owner."""
        if value == NOBODY:
            return queryset.filter(owner=None)
        return queryset.filter(Q(owner=value) | Q(operator=value))

    def by_category(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """Controls linked to a criterion of this category."""
        return queryset.filter(id__in=self.links().filter(criterion__category__slug=value).values("control_id"))

    def by_criterion(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """Controls linked to this criterion, or to one of this series."""
        kind, _, key = value.partition("-")
        path = "criterion__series" if kind == "series" else "criterion"
        return queryset.filter(id__in=self.links().filter(**{path: key}).values("control_id"))

    def by_gap(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """Controls in scope that lack something."""
        day = day_of(self.moment)
        worded = rows(Wording, self.moment).filter(control_id=OuterRef("id"), effective_from__lte=day)
        conditions: dict[str, Q] = {
            "owner": UNOWNED,
            "review": Q(review_date__lt=day),
            "wording": ~Q(Exists(worded)),
            "criteria": ~Q(Exists(self.links().filter(control_id=OuterRef("id")))),
        }
        anything = Q()
        for condition in conditions.values():
            anything |= condition
        return queryset.filter(IN_SCOPE).filter(conditions.get(value, anything))

    def links(self) -> QuerySet[Any]:
        """The links that stood at the moment."""
        return rows(Mapping, self.moment).filter(archived_at=None)


class CriterionFilter(RegisterFilter):
    """What criteria can be narrowed to."""

    search_fields = ("code", "title")
    archives = False
    category = django_filters.CharFilter(field_name="category__slug", label="Category")
    series = django_filters.CharFilter(field_name="series__code", label="Series")
    applicability = django_filters.ChoiceFilter(choices=Applicability.choices)


class WholeNumber(django_filters.NumberFilter):
    """A record's number; by itself a NumberFilter takes fractions, and more digits than any database."""

    field_class = forms.IntegerField


class ControlBox(django_filters.CharFilter):
    """The box for a control's reference in registers above: a list of a thousand controls helps nobody.

    link, record: the model that ties records to controls, and its column with the record's number; without them the
    records name their one control themselves. Asked for by number: a join would be read from the links' end.
    """

    def __init__(self, link: type[Register] | None = None, record: str = "") -> None:
        box = forms.TextInput(attrs={"type": "text", "placeholder": "IAM-01"})
        super().__init__(label="Control", max_length=30, widget=box)
        self.link, self.record = link, record

    def filter(self, qs: QuerySet[Any], value: str) -> QuerySet[Any]:
        """Those of the control with this reference."""
        if not value:
            return qs
        named = Control.objects.filter(ref__iexact=value.strip()).values("id")
        if self.link is None:
            return qs.filter(control_id__in=named)
        links = rows(self.link, self.parent.moment).filter(archived_at=None, control_id__in=named)
        return qs.filter(id__in=links.values(self.record))


class CategoryChoice(django_filters.ChoiceFilter):
    """By a category of criteria, in registers above: the records that are tied to a control under it.

    link, record: as for ControlBox. A report sets it and nobody types it, so the categories that the reader sees are
    read only where one is asked for.
    """

    def __init__(self, link: type[Register], record: str) -> None:
        super().__init__(label="Category", empty_label="Any", choices=[], widget=forms.HiddenInput)
        self.link, self.record = link, record

    @property
    def field(self) -> forms.Field:
        """The field with the reader's choices."""
        self.extra["choices"] = lambda: taxonomy_choices(self.parent.user, self.parent.moment)[0]
        made: forms.Field = super().field
        return made

    def filter(self, qs: QuerySet[Any], value: str) -> QuerySet[Any]:
        """Those with a live link to a control that has one to a criterion of the category."""
        if not value:
            return qs
        moment = self.parent.moment
        under = rows(Mapping, moment).filter(archived_at=None, criterion__category__slug=value).values("control_id")
        links = rows(self.link, moment).filter(archived_at=None, control_id__in=under)
        return qs.filter(id__in=links.values(self.record))


class MappingFilter(RegisterFilter):
    """What links can be narrowed to."""

    search_fields = ("control__ref", "criterion__code", "rationale")
    control = WholeNumber(field_name="control_id", label="Control (its number)", min_value=1, max_value=2**63 - 1)
    criterion = django_filters.CharFilter(field_name="criterion__code", label="Criterion (as CC6.1)")


def taxonomy_choices(
    user: User, moment: datetime.datetime | None
) -> tuple[list[tuple[str, str]], list[tuple[str, list[tuple[str, str]]]]]:
    """What `user` may see: the categories; and the criteria by series, each series a choice of its own. One query."""
    categories: dict[str, str] = {}
    series: dict[str, list[tuple[str, str]]] = {}
    seen = visible(user, rows(Criterion, moment), moment).order_by("framework_id", "position")
    of_series, of_category = ("series_id", "series__code", "series__title"), ("category__slug", "category__name")
    for pk, code, title, key, letters, name, slug, category in seen.values_list(
        "id", "code", "title", *of_series, *of_category
    ):
        categories[slug] = category
        whole = (f"series-{key}", f"All of {letters}")
        series.setdefault(f"{letters} {name}", [whole]).append((f"criterion-{pk}", f"{code} {title}"))
    return list(categories.items()), list(series.items())


class MatrixFilter:
    """The matrix's filters, with the choices that it offers; shown by the same template as a list's."""

    def __init__(self, params: QueryDict, matrix: Matrix) -> None:
        self.form = forms.Form(params)
        states = [(ATTENTION, "Anything lacking"), *STATES.items(), *LACKS.items()]
        for name, label, empty, choices in (
            ("category", "Category", "All in scope", [(slug, words) for slug, words, _ in matrix.categories]),
            ("series", "Series", "All", [(code, f"{code} {title}") for code, title in matrix.series]),
            ("owner", "Owner", "Anybody", nobody_or(matrix.owners)),
            ("state", "State", "Any", [choice for choice in states if choice[0] != OUT_OF_SCOPE]),
            ("show", "Controls", "In scope", [("all", "Retired and not applicable too")]),
        ):
            self.form.fields[name] = forms.ChoiceField(label=label, required=False, choices=[("", empty), *choices])

    @property
    def active(self) -> list[tuple[str, str]]:
        """The filters that are set, as (label, words)."""
        self.form.is_valid()
        return [
            (str(self.form.fields[name].label), str(dict(self.form.fields[name].choices)[value]))  # type: ignore[attr-defined]
            for name, value in self.form.cleaned_data.items()
            if value
        ]
