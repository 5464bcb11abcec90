"""What the lists of evidence, requirements and exemptions can be narrowed to."""

import datetime
from typing import Any

import django_filters
from django import forms
from django.db.models import Q, QuerySet

from controls.filters import CategoryChoice, ControlBox
from evidence.models import Evidence, EvidenceLink, Exemption, ExemptionState, Kind, Requirement, State
from evidence.states import judged_by
from foundation.organisation.settings import setting
from foundation.pages.filters import RegisterFilter, Span, day_filter
from foundation.pages.moment import day_of
from foundation.trail.asof import rows


class EvidenceFilter(RegisterFilter):
    """Evidence by words, state, kind, control, source, and what is to be done. Only the newest version of each item."""

    search_fields = ("title", "name", "source_system", "environment")
    hint = "EV-12 or words"
    archives = False
    span = Span("first", "last", "evidence of which the days covered touch it; what covers no days, by its capture")
    state = django_filters.ChoiceFilter(choices=State.choices, empty_label="Any")
    kind = django_filters.ChoiceFilter(choices=Kind.choices, empty_label="Any")
    control = ControlBox(EvidenceLink, "evidence_id")
    category = CategoryChoice(EvidenceLink, "evidence_id")
    first = day_filter("Covers from", method="since")
    last = day_filter("Covers to", method="until")
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

    def unasked(self, found: QuerySet[Any]) -> QuerySet[Any]:
        """The newest version of each item."""
        return found.exclude(id__in=self.superseded())

    def superseded(self) -> QuerySet[Any]:
        """The ids of those that have a successor."""
        return rows(Evidence, self.moment).filter(supersedes__isnull=False).values("supersedes_id")

    def since(self, queryset: QuerySet[Any], _name: str, value: datetime.date) -> QuerySet[Any]:
        """That covers this day or a later one; what says no days, by the day of its capture."""
        return queryset.filter(Q(period_to__gte=value) | Q(period_to=None, captured_at__date__gte=value))

    def until(self, queryset: QuerySet[Any], _name: str, value: datetime.date) -> QuerySet[Any]:
        """That covers this day or an earlier one."""
        return queryset.filter(Q(period_from__lte=value) | Q(period_from=None, captured_at__date__lte=value))

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
        """Nothing more: it is what `unasked` leaves out."""
        return queryset


class RequirementFilter(RegisterFilter):
    """Requirements by words and control."""

    search_fields = ("title", "source", "example")
    hint = "Words"
    control = ControlBox()

    class Meta:
        model = Requirement
        fields = ()


class ExemptionFilter(RegisterFilter):
    """Exemptions by words, control and state."""

    search_fields = ("reason", "decision")
    hint, archives = "Words", False
    control = ControlBox()
    state = django_filters.ChoiceFilter(choices=ExemptionState.choices, empty_label="Any")
    show = django_filters.ChoiceFilter(
        method="filter_show", label="Show", empty_label="All", choices=[("waiting", "To be decided")]
    )

    class Meta:
        model = Exemption
        fields = ("state",)

    def filter_show(self, queryset: QuerySet[Any], _name: str, _value: str) -> QuerySet[Any]:
        return queryset.filter(state=ExemptionState.REQUESTED)
