"""What the list of events and incidents can be narrowed to."""

import datetime
from typing import Any, Final

import django_filters
from django import forms
from django.db.models import Q, QuerySet
from django.utils import timezone

from foundation.accounts.access import visible
from foundation.pages.filters import RegisterFilter, Span, day_filter
from foundation.pages.moment import day_of
from foundation.pages.people import NOBODY, nobody_or, owner_choices
from foundation.trail.asof import rows
from incidents.models import EVENTS, OPEN, Clock, Incident, Severity, State, late

KINDS: Final = [("event", "Events"), ("incident", "Incidents"), ("open", "Open incidents")]
YES_NO: Final = [("yes", "Restricted"), ("no", "Unrestricted")]
FLAGS: Final = [("review", "Review due"), ("clock", "Clock overdue")]


class IncidentFilter(RegisterFilter):
    """Events and incidents. Runs on live and on history rows: see RegisterFilter."""

    search_fields = ("title", "summary", "source_note", "impact")
    archives = False
    span = Span("first", "last", "what was reported in it")

    kind = django_filters.ChoiceFilter(
        method="by_kind", choices=KINDS, empty_label="Events and incidents", label="Kind"
    )
    state = django_filters.ChoiceFilter(choices=State.choices, empty_label="Any")
    severity = django_filters.ChoiceFilter(choices=Severity.choices, empty_label="Any")
    commander = django_filters.ChoiceFilter(method="by_commander", empty_label="Anybody")
    first = day_filter("Reported from", method="since")
    last = day_filter("Reported to", method="until")
    flag = django_filters.ChoiceFilter(method="by_flag", choices=FLAGS, empty_label="Any", label="Flag")
    restricted = django_filters.ChoiceFilter(
        method="by_restricted", choices=YES_NO, empty_label="Any", label="Restricted", widget=forms.Select
    )

    class Meta:
        model = Incident
        fields = ("state", "severity")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        seen = visible(self.user, Incident).order_by().values("commander")
        known = owner_choices(Incident, "commander")
        named = {str(pk) for pk in seen.values_list("commander", flat=True).distinct()}
        self.filters["commander"].extra["choices"] = nobody_or([one for one in known if one[0] in named])

    def by_kind(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """Events, incidents, or those that are not closed yet."""
        conditions = {"event": Q(state__in=EVENTS), "incident": ~Q(state__in=EVENTS), "open": Q(state__in=OPEN)}
        return queryset.filter(conditions[value])

    def by_commander(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """One person's, or nobody's."""
        return queryset.filter(commander=None if value == NOBODY else value)

    def since(self, queryset: QuerySet[Any], _name: str, value: datetime.date) -> QuerySet[Any]:
        """Reported on this day or later, in the organisation's zone."""
        return queryset.filter(reported_at__date__gte=value)

    def until(self, queryset: QuerySet[Any], _name: str, value: datetime.date) -> QuerySet[Any]:
        """Reported on this day or earlier."""
        return queryset.filter(reported_at__date__lte=value)

    def by_flag(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """Whose review should have been, or of which a clock is late."""
        if value == "review":
            return queryset.filter(review_due_on__lt=day_of(self.moment))
        clocks = rows(Clock, self.moment).filter(late(self.moment or timezone.now()))
        return queryset.filter(id__in=clocks.values("incident_id"))

    def by_restricted(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """Closed to all but a few, or not."""
        return queryset.filter(restricted=value == "yes")
