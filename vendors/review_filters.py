"""What the lists of reviews and of their controls can be narrowed to."""

from typing import Any

import django_filters
from django.db.models import Q, QuerySet

from foundation.pages.filters import RegisterFilter
from foundation.pages.moment import day_of
from foundation.pages.people import owner_choices
from vendors.models import Conclusion, ReviewKind, ReviewState, Tier, VendorControl, VendorReview
from vendors.paper_filters import VendorBox
from vendors.reviews import UNDER_WAY


class ReviewFilter(RegisterFilter):
    """Reviews of vendors: none is archived, those called off are shown with the rest."""

    search_fields = ("vendor__name", "summary", "why")
    archives = False

    vendor = VendorBox()
    state = django_filters.ChoiceFilter(
        method="by_state", label="State", empty_label="Any",
        choices=[("under_way", "Under way"), ("overdue", "Overdue"), *ReviewState.choices],
    )  # fmt: skip
    kind = django_filters.ChoiceFilter(choices=ReviewKind.choices, empty_label="Any", label="Review")
    tier = django_filters.ChoiceFilter(choices=Tier.choices, empty_label="Any")
    conclusion = django_filters.ChoiceFilter(choices=Conclusion.choices, empty_label="Any")
    person = django_filters.ChoiceFilter(method="by_person", label="Reviewer or approver", empty_label="Anybody")

    class Meta:
        model = VendorReview
        fields = ("kind", "tier", "conclusion")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.filters["person"].extra["choices"] = owner_choices(VendorReview, "reviewer", "approver")

    def by_state(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """Where it stands on the day."""
        if value == "under_way":
            return queryset.filter(state__in=UNDER_WAY)
        if value == "overdue":
            return queryset.filter(state__in=UNDER_WAY, due_on__lt=day_of(self.moment))
        return queryset.filter(state=value)

    def by_person(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """That one person does or approves."""
        return queryset.filter(Q(reviewer_id=value) | Q(approver_id=value))


class VendorControlFilter(RegisterFilter):
    """For which controls the work with vendors is evidence."""

    search_fields = ("reason", "control__ref", "control__name")
    archives = False

    part = django_filters.ChoiceFilter(choices=VendorControl.Part.choices, empty_label="Any", label="Work")

    class Meta:
        model = VendorControl
        fields = ("part",)

    def unasked(self, found: QuerySet[Any]) -> QuerySet[Any]:
        """The links that stand."""
        return found.filter(archived_at=None)
