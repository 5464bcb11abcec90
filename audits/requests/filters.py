"""What the list of requests can be narrowed to."""

from typing import Any

import django_filters
from django.db.models import Q, QuerySet

from audits.filters import OfEngagement
from audits.models.requests import TO_ANSWER, Request, RequestControl, RequestKind, RequestState
from controls.filters import ControlBox
from foundation.pages.moment import day_of
from foundation.pages.people import NOBODY, nobody_or, owner_choices

TURNS = [("answer", "To be answered"), ("late", "Late"), ("judge", "Waiting for the auditor")]


class RequestFilter(OfEngagement):
    """Requests. Runs on live and on history rows: see RegisterFilter."""

    search_fields = ("title", "description", "external_ref")
    hint = "REQ-12 or words"
    archives = False

    due = django_filters.ChoiceFilter(method="by_turn", label="To do", empty_label="Any", choices=TURNS)
    state = django_filters.ChoiceFilter(choices=RequestState.choices, empty_label="Any")
    kind = django_filters.ChoiceFilter(choices=RequestKind.choices, empty_label="Any")
    owner = django_filters.ChoiceFilter(method="by_owner", empty_label="Anybody")
    control = ControlBox(RequestControl, "request_id")

    class Meta:
        model = Request
        fields = ("state", "kind")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.filters["owner"].extra["choices"] = nobody_or(owner_choices(Request, "owner"))

    def by_turn(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """Whose turn it is, or whose day has passed."""
        if value == "judge":
            return queryset.filter(state=RequestState.SUBMITTED)
        late = Q(due_on__lt=day_of(self.moment)) if value == "late" else Q()
        return queryset.filter(late, state__in=TO_ANSWER)

    def by_owner(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """One person's, or nobody's."""
        return queryset.filter(owner=None if value == NOBODY else value)
