"""What the lists of evidence, requirements and exemptions can be narrowed to."""

import datetime
import re
from typing import Any

import django_filters
from django import forms
from django.db.models import Q, QuerySet

from controls.filters import ControlBox
from evidence.models import Evidence, EvidenceLink, Exemption, ExemptionState, Kind, Requirement, State
from evidence.states import judged_by
from foundation.organisation.settings import setting
from foundation.pages.filters import RegisterFilter, matching
from foundation.pages.moment import day_of
from foundation.trail.asof import rows

REF = re.compile(r"EV-([1-9][0-9]{0,17})\Z", re.IGNORECASE | re.ASCII)


def search_box(words: str) -> django_filters.CharFilter:
    """The box for words; `words` stand in it while it is empty."""
    box = forms.TextInput(attrs={"type": "search", "placeholder": words})
    return django_filters.CharFilter(method="search", label="Search", max_length=200, widget=box)


class EvidenceFilter(RegisterFilter):
    """Evidence by words, state, kind, control, source, and what is to be done. Only the newest version of each item."""

    search_fields = ("title", "name", "source_system", "environment")
    q = search_box("EV-12 or words")
    state = django_filters.ChoiceFilter(choices=State.choices, empty_label="Any")
    kind = django_filters.ChoiceFilter(choices=Kind.choices, empty_label="Any")
    control = ControlBox(EvidenceLink, "evidence_id")
    source = django_filters.CharFilter(
        field_name="source_system", lookup_expr="icontains", label="Source", max_length=120,
        widget=forms.TextInput(attrs={"type": "text", "placeholder": "AWS"}),
    )  # fmt: skip
    due = django_filters.ChoiceFilter(
        method="by_due",
        label="To do",
        empty_label="Anything",
        choices=[
            ("judge", "Waiting for me to judge"),
            ("returned", "Given back to me"),
            ("expiring", "Expiring soon"),
            ("expired", "Expired"),
        ],
    )
    show = django_filters.ChoiceFilter(
        method="every_version", label="Show", empty_label="Newest versions", choices=[("versions", "Every version")]
    )

    class Meta:
        model = Evidence
        fields = ("state", "kind")

    @property
    def qs(self) -> QuerySet[Any]:
        """The rows that pass: the newest version of each item, unless every version is asked for."""
        found: QuerySet[Any] = django_filters.FilterSet.qs.fget(self)
        return found if self.form.cleaned_data.get("show") else found.exclude(id__in=self.superseded())

    def superseded(self) -> QuerySet[Any]:
        """The ids of those that have a successor."""
        return rows(Evidence, self.moment).filter(supersedes__isnull=False).values("supersedes_id")

    def search(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """By reference, or by words."""
        exact = REF.match(value.strip())
        return queryset.filter(id=exact[1]) if exact else queryset.filter(matching(value, self.search_fields))

    def by_due(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """What waits for this person, or stops being good."""
        day = day_of(self.moment)
        soon = day + datetime.timedelta(days=setting("review_due_soon_days"))
        return queryset.filter(
            {
                "judge": judged_by(self.user),
                "returned": Q(state=State.RETURNED, submitted_by=self.user.pk),
                "expiring": Q(state=State.ACCEPTED, expires_on__gte=day, expires_on__lte=soon),
                "expired": Q(state=State.ACCEPTED, expires_on__lt=day),
            }[value]
        )

    def every_version(self, queryset: QuerySet[Any], _name: str, _value: str) -> QuerySet[Any]:
        """Nothing more: `qs` looks at it."""
        return queryset


class RequirementFilter(RegisterFilter):
    """Requirements by words and control."""

    search_fields = ("title", "source", "example")
    q = search_box("Words")
    control = ControlBox()

    class Meta:
        model = Requirement
        fields = ()


class ExemptionFilter(RegisterFilter):
    """Exemptions by words, control and state."""

    search_fields = ("reason", "decision")
    q = search_box("Words")
    control = ControlBox()
    state = django_filters.ChoiceFilter(choices=ExemptionState.choices, empty_label="Any")
    show = django_filters.ChoiceFilter(
        method="filter_show", label="Show", empty_label="All", choices=[("waiting", "To be decided")]
    )

    class Meta:
        model = Exemption
        fields = ("state",)

    @property
    def qs(self) -> QuerySet[Any]:
        """Those that pass: they are never archived."""
        found: QuerySet[Any] = django_filters.FilterSet.qs.fget(self)
        return found

    def filter_show(self, queryset: QuerySet[Any], _name: str, _value: str) -> QuerySet[Any]:
        return queryset.filter(state=ExemptionState.REQUESTED)
