"""What the list of post-incident reviews can be narrowed to."""

from typing import Any

import django_filters
from django.db.models import QuerySet

from foundation.pages.filters import RegisterFilter
from foundation.pages.people import owner_choices
from incidents.models import Incident, PostIncidentReview, ReviewState, Severity


class ReviewFilter(RegisterFilter):
    """Post-incident reviews."""

    search_fields = ("facts", "root_cause", "lessons", "incident__title")
    hint = "PR-3 or words"
    archives = False

    incident = django_filters.CharFilter(label="Incident", method="by_incident", max_length=30)
    severity = django_filters.ChoiceFilter(
        label="Severity", field_name="incident__severity", choices=Severity.choices, empty_label="Any"
    )
    state = django_filters.ChoiceFilter(choices=ReviewState.choices, empty_label="Any")
    author = django_filters.ChoiceFilter(
        field_name="author_id", label="Author", empty_label="Anybody",
        choices=lambda: owner_choices(PostIncidentReview, "author"),
    )  # fmt: skip
    approver = django_filters.ChoiceFilter(
        field_name="approver_id", label="Approver", empty_label="Anybody",
        choices=lambda: owner_choices(PostIncidentReview, "approver"),
    )  # fmt: skip

    class Meta:
        model = PostIncidentReview
        fields = ("state",)

    def by_incident(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """The reviews of one incident, by its reference."""
        number = Incident.number_in(value)
        return queryset.filter(incident_id=number) if number else queryset.none()
