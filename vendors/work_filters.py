"""What the lists of conditions and of the steps of exits can be narrowed to."""

from typing import Any

import django_filters
from django.db.models import Q, QuerySet

from foundation.pages.filters import RegisterFilter
from foundation.pages.moment import day_of
from foundation.pages.people import owner_choices
from vendors.models import Condition, ExitStep, ExitStepKind
from vendors.paper_filters import VendorBox

STATES = [("open", "Open"), ("overdue", "Overdue"), ("settled", "Settled")]


class ConditionFilter(RegisterFilter):
    """Conditions."""

    search_fields = ("what", "met_note", "vendor__name")

    vendor = VendorBox()
    state = django_filters.ChoiceFilter(method="by_state", label="State", empty_label="Any", choices=STATES)
    owner = django_filters.ChoiceFilter(empty_label="Anybody")

    class Meta:
        model = Condition
        fields = ("owner",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.filters["owner"].extra["choices"] = owner_choices(Condition, "owner")

    def by_state(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """Where it stands on the day."""
        return queryset.filter(standing("met_on", value, day_of(self.moment)))


class ExitStepFilter(RegisterFilter):
    """Steps of exits: those that were withdrawn are shown to whoever asks for them."""

    search_fields = ("note", "vendor__name")
    archives = False

    vendor = VendorBox()
    kind = django_filters.ChoiceFilter(choices=ExitStepKind.choices, empty_label="Any", label="Step")
    state = django_filters.ChoiceFilter(method="by_state", label="State", empty_label="Any", choices=STATES)
    owner = django_filters.ChoiceFilter(empty_label="Anybody")
    show = django_filters.ChoiceFilter(
        method="by_show", label="Show", empty_label="Live", choices=[("withdrawn", "Withdrawn")]
    )

    class Meta:
        model = ExitStep
        fields = ("kind", "owner")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.filters["owner"].extra["choices"] = owner_choices(ExitStep, "owner")

    def unasked(self, found: QuerySet[Any]) -> QuerySet[Any]:
        """Those that were not withdrawn."""
        return found.filter(archived_at=None)

    def by_show(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """Those that were."""
        return queryset.filter(archived_at__isnull=False)

    def by_state(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """Where it stands on the day."""
        return queryset.filter(standing("done_on", value, day_of(self.moment)))


def standing(settled: str, value: str, day: Any) -> Q:
    """Open, overdue or settled, by the field that says when it was settled."""
    if value == "settled":
        return Q(**{f"{settled}__isnull": False})
    waits = Q(**{settled: None})
    return waits & Q(due_on__lt=day) if value == "overdue" else waits
