"""What the lists of findings and of corrective actions can be narrowed to."""

import datetime
from typing import Any

import django_filters
from django.db.models import Q, QuerySet

from controls.filters import CategoryChoice, ControlBox
from findings.ageing import BUCKETS, BY_KEY
from findings.models import (
    CorrectiveAction,
    Finding,
    FindingControl,
    Kind,
    Severity,
    SourceKind,
    Status,
    overdue,
    unresolved,
)
from foundation.pages.filters import RegisterFilter, Span, day_filter
from foundation.pages.moment import day_of
from foundation.pages.people import NOBODY, nobody_or, owner_choices


class FindingFilter(RegisterFilter):
    """Findings. Runs on live and on history rows: see RegisterFilter."""

    search_fields = ("title", "description", "source_name", "external_key")
    span = Span("first", "last", "findings detected by its end and not verified before it")

    due = django_filters.ChoiceFilter(
        method="by_due",
        label="Deadline",
        empty_label="Any",
        choices=[("unresolved", "Unresolved"), ("overdue", "Overdue")],
    )
    severity = django_filters.ChoiceFilter(choices=Severity.choices, empty_label="Any")
    status = django_filters.ChoiceFilter(method="by_status", choices=Status.choices, empty_label="Any")
    kind = django_filters.ChoiceFilter(choices=Kind.choices, empty_label="Any")
    source = django_filters.ChoiceFilter(choices=SourceKind.choices, empty_label="Any", label="Found by")
    owner = django_filters.ChoiceFilter(method="by_owner", empty_label="Anybody")
    control = ControlBox(FindingControl, "finding_id")  # affected or compensating
    category = CategoryChoice(FindingControl, "finding_id")
    first = day_filter("Open from", method="since")
    last = day_filter("Open to", field_name="first_detected_on", lookup_expr="lte")
    age = django_filters.ChoiceFilter(
        method="by_age", label="Unresolved since", empty_label="Any", choices=[(one.key, one.words) for one in BUCKETS]
    )

    class Meta:
        model = Finding
        fields = ("severity", "kind", "source")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.filters["owner"].extra["choices"] = nobody_or(owner_choices(Finding, "owner"))

    def since(self, queryset: QuerySet[Any], _name: str, value: datetime.date) -> QuerySet[Any]:
        """Not verified before this day, in the organisation's zone."""
        return queryset.filter(Q(verified_at=None) | Q(verified_at__date__gte=value))

    def by_due(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """Whose deadline runs, or has passed."""
        day = day_of(self.moment)
        return queryset.filter(overdue(day) if value == "overdue" else unresolved(day))

    def by_status(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """By what it is on the day: an acceptance that has expired is over."""
        lapsed = Q(status=Status.ACCEPTED, acceptance_until__lt=day_of(self.moment))
        if value == Status.ACCEPTED:
            return queryset.filter(Q(status=value) & ~lapsed)
        return queryset.filter(Q(status=value) | lapsed if value == Status.REOPENED else Q(status=value))

    def by_owner(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """One person's, or nobody's."""
        return queryset.filter(owner=None if value == NOBODY else value)

    def by_age(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """Unresolved, and found so long ago."""
        day = day_of(self.moment)
        return queryset.filter(unresolved(day) & BY_KEY[value].on(day))


class CorrectiveActionFilter(RegisterFilter):
    """Corrective actions."""

    search_fields = ("what", "done_note")

    state = django_filters.ChoiceFilter(
        method="by_state",
        label="State",
        empty_label="Any",
        choices=[("todo", "To do"), ("overdue", "Overdue"), ("done", "Done, to be verified"), ("verified", "Verified")],
    )
    owner = django_filters.ChoiceFilter(empty_label="Anybody")

    class Meta:
        model = CorrectiveAction
        fields = ("owner",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.filters["owner"].extra["choices"] = owner_choices(CorrectiveAction, "owner")

    def by_state(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """Where it stands on the day."""
        conditions = {
            "todo": Q(done_by=None),
            "overdue": Q(done_by=None, due_on__lt=day_of(self.moment)),
            "done": Q(done_by__isnull=False, verified_by=None),
            "verified": Q(verified_by__isnull=False),
        }
        return queryset.filter(conditions[value])
