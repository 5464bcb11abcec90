"""What the lists of policies, versions and exceptions can be narrowed to."""

import datetime
from typing import Any

import django_filters
from django.db.models import Q, QuerySet

from controls.filters import ControlBox
from foundation.organisation.settings import setting
from foundation.pages.filters import RegisterFilter
from foundation.pages.moment import day_of
from foundation.pages.people import NOBODY, nobody_or, owner_choices
from foundation.trail.asof import rows
from policies.models import (
    OPEN,
    ExceptionState,
    Policy,
    PolicyControl,
    PolicyException,
    PolicyVersion,
    Status,
    VersionState,
)
from policies.promises import differing

WORKED_ON = [(state.value, state.label) for state in VersionState if state in OPEN]


class PolicyFilter(RegisterFilter):
    """Policies. Runs on live and on history rows: see RegisterFilter."""

    search_fields = ("title", "summary")

    status = django_filters.ChoiceFilter(choices=Status.choices, empty_label="Any")
    owner = django_filters.ChoiceFilter(method="by_owner", empty_label="Anybody")
    review = django_filters.ChoiceFilter(
        method="by_review", choices=[("overdue", "Overdue"), ("soon", "Due soon")], empty_label="Any", label="Review"
    )
    worked_on = django_filters.ChoiceFilter(
        method="by_open", choices=WORKED_ON, empty_label="Any", label="Being worked on"
    )
    promises = django_filters.ChoiceFilter(
        method="by_promises", choices=[("differs", "Differ from the settings")], empty_label="Any", label="Promises"
    )
    control = ControlBox(PolicyControl, "policy_id")

    class Meta:
        model = Policy
        fields = ("status",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.filters["owner"].extra["choices"] = nobody_or(owner_choices(Policy, "owner"))

    def by_owner(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """One person's, or nobody's."""
        return queryset.filter(owner=None if value == NOBODY else value)

    def by_review(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """Whose review should have been, or is near."""
        day, asked = day_of(self.moment), queryset.filter(status=Status.IN_FORCE)
        if value == "overdue":
            return asked.filter(next_review_on__lt=day)
        last = day + datetime.timedelta(days=setting("review_due_soon_days"))
        return asked.filter(next_review_on__range=(day, last))

    def by_open(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """Of which a version is being worked on, as it stands."""
        return queryset.filter(id__in=rows(PolicyVersion, self.moment).filter(state=value).values("policy_id"))

    def by_promises(self, queryset: QuerySet[Any], _name: str, _value: str) -> QuerySet[Any]:
        """Those that promise another number than the settings say (R8.3)."""
        return queryset.filter(id__in=list(differing(self.moment)))


class VersionFilter(RegisterFilter):
    """Versions of policies."""

    search_fields = ("title", "change_note")
    archives = False
    hint = "Words"

    state = django_filters.ChoiceFilter(choices=VersionState.choices, empty_label="Any")
    policy = django_filters.ChoiceFilter(empty_label="Any")

    class Meta:
        model = PolicyVersion
        fields = ("state", "policy")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.filters["policy"].extra["choices"] = policy_choices(self)


class PolicyExceptionFilter(RegisterFilter):
    """Exceptions: who asked, from what, what became of it."""

    search_fields = ("what", "for_whom", "reason")
    archives = False

    state = django_filters.ChoiceFilter(method="by_state", choices=ExceptionState.choices, empty_label="Any")
    policy = django_filters.ChoiceFilter(empty_label="Any")
    requested_by = django_filters.ChoiceFilter(empty_label="Anybody", label="Asked by")

    class Meta:
        model = PolicyException
        fields = ("policy", "requested_by")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.filters["policy"].extra["choices"] = policy_choices(self)
        self.filters["requested_by"].extra["choices"] = owner_choices(PolicyException, "requested_by")

    def by_state(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """By what it is on the day: one whose last day has passed is over, whether or not that was recorded yet."""
        lapsed = Q(state=ExceptionState.APPROVED, until__lt=day_of(self.moment))
        if value == ExceptionState.APPROVED:
            return queryset.filter(Q(state=value) & ~lapsed)
        return queryset.filter(Q(state=value) | lapsed if value == ExceptionState.LAPSED else Q(state=value))


def policy_choices(narrowed: RegisterFilter) -> list[tuple[str, str]]:
    """The policies of the rows that this person sees, by reference. One query."""
    seen: QuerySet[Any] | None = narrowed.queryset
    found = set() if seen is None else set(seen.order_by().values_list("policy_id", flat=True))
    return [(str(pk), Policy.ref_of(pk)) for pk in sorted(found)]
