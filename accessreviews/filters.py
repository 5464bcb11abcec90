"""What the lists of campaigns and of reviews can be narrowed to."""

from typing import Any

import django_filters
from django.db.models import Q, QuerySet

from accessreviews.models import Assignment, Campaign, CampaignState, Review, ReviewState
from foundation.pages.filters import RegisterFilter
from foundation.pages.moment import day_of
from foundation.pages.people import owner_choices
from systems.models import System


class CampaignFilter(RegisterFilter):
    """Campaigns."""

    search_fields = ("name",)
    archives = False

    state = django_filters.ChoiceFilter(choices=CampaignState.choices, empty_label="Any")
    late = django_filters.ChoiceFilter(
        method="by_late", label="Deadline", empty_label="Any", choices=[("late", "Overdue")]
    )

    class Meta:
        model = Campaign
        fields = ("state",)

    def by_late(self, queryset: QuerySet[Any], _name: str, _value: str) -> QuerySet[Any]:
        """Those that should have been signed off."""
        return queryset.filter(state=CampaignState.OPEN, due_on__lt=day_of(self.moment))


class ReviewFilter(RegisterFilter):
    """Reviews: a system in a campaign."""

    search_fields = ("system__name", "campaign__name")
    hint = "System or campaign"
    archives = False

    state = django_filters.ChoiceFilter(choices=ReviewState.choices, empty_label="Any")
    system = django_filters.ChoiceFilter(empty_label="Any")
    campaign = django_filters.ChoiceFilter(empty_label="Any")

    class Meta:
        model = Review
        fields = ("state", "system", "campaign")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        systems = System.objects.filter(Q(pk__in=Review.objects.values("system"))).order_by("name")
        self.filters["system"].extra["choices"] = [(str(one.pk), one.name) for one in systems]
        campaigns = Campaign.objects.order_by("-period_to", "-id")[:100]
        self.filters["campaign"].extra["choices"] = [(str(one.pk), str(one)) for one in campaigns]


class PartFilter(RegisterFilter):
    """Parts of reviews: the accounts that one person decides on."""

    search_fields = ("review__system__name", "review__campaign__name", "reviewer__name")
    hint = "System, campaign or reviewer"
    archives = False

    signed = django_filters.ChoiceFilter(
        method="by_signed", label="Signed", empty_label="Any", choices=[("yes", "Signed"), ("no", "Not signed")]
    )
    reviewer = django_filters.ChoiceFilter(empty_label="Anybody")

    class Meta:
        model = Assignment
        fields = ("reviewer",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.filters["reviewer"].extra["choices"] = owner_choices(Assignment, "reviewer")

    def by_signed(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """Whether its reviewer has signed it."""
        return queryset.filter(signed_at__isnull=value == "no")
