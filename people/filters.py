"""What the roster can be narrowed to."""

from typing import Any

import django_filters
from django.db.models import F, Q, QuerySet

from foundation.accounts.access import visible
from foundation.pages.filters import RegisterFilter
from foundation.pages.moment import day_of
from foundation.trail.asof import rows
from people.models import (
    Audience,
    Checklist,
    ChecklistItem,
    ChecklistRun,
    Completion,
    Course,
    ItemState,
    Kind,
    Occasion,
    Person,
    Standing,
    active_on,
    left_by,
    starts_after,
)

NONE = "none"


class PersonFilter(RegisterFilter):
    """People. Runs on live and on history rows: see RegisterFilter."""

    search_fields = ("name", "email", "aliases", "external_id", "title", "department")
    hint = "Name, address or words"

    standing = django_filters.ChoiceFilter(
        method="by_standing", choices=Standing.choices, empty_label="Any", label="Standing"
    )
    kind = django_filters.ChoiceFilter(choices=Kind.choices, empty_label="Any")
    department = django_filters.ChoiceFilter(method="by_department", empty_label="Any")
    manager = django_filters.ChoiceFilter(method="by_manager", empty_label="Anybody")

    class Meta:
        model = Person
        fields = ("kind",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        seen = visible(self.user, rows(Person, self.moment), self.moment)
        pairs = list(seen.values_list("department", "manager_id", "manager__name").order_by().distinct())
        departments = sorted({department for department, _, _ in pairs if department})
        managers = sorted({(name, pk) for _, pk, name in pairs if pk})
        self.filters["department"].extra["choices"] = [(NONE, "None"), *((one, one) for one in departments)]
        self.filters["manager"].extra["choices"] = [(NONE, "Nobody"), *((str(pk), name) for name, pk in managers)]

    def by_standing(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """Where they stand on the day that is looked at."""
        day = day_of(self.moment)
        conditions = {
            Standing.FUTURE: starts_after(day),
            Standing.ACTIVE: active_on(day),
            Standing.LEFT: left_by(day),
        }
        return queryset.filter(conditions[Standing(value)])

    def by_department(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """One department's people, or those of none."""
        return queryset.filter(department="" if value == NONE else value)

    def by_manager(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """Whom one person leads, or whom nobody leads."""
        return queryset.filter(manager=None if value == NONE else value)


class ChecklistFilter(RegisterFilter):
    """Checklists."""

    search_fields = ("title", "items")

    occasion = django_filters.ChoiceFilter(choices=Occasion.choices, empty_label="Any", label="For")

    class Meta:
        model = Checklist
        fields = ("occasion",)


class ChecklistRunFilter(RegisterFilter):
    """Checklists of people; those that ended because the person stays are archived."""

    search_fields = ("person__name", "checklist__title")
    archives = False

    state = django_filters.ChoiceFilter(
        method="by_state", label="State", empty_label="Any",
        choices=[("open", "Open"), ("late", "Late items"), ("closed", "Closed"), ("ended", "Not needed any more")],
    )  # fmt: skip
    occasion = django_filters.ChoiceFilter(
        field_name="checklist__occasion", choices=Occasion.choices, empty_label="Any", label="For"
    )

    class Meta:
        model = ChecklistRun
        fields = ("occasion",)

    def by_state(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """Where they stand on the day that is looked at; late are also those whose items were done late."""
        if value == "ended":
            return queryset.filter(archived_at__isnull=False)
        live = queryset.filter(archived_at=None)
        if value == "late":
            day = day_of(self.moment)
            items = rows(ChecklistItem, self.moment)
            late = Q(state=ItemState.TODO, due_on__lt=day) | Q(done_on__gt=F("due_on"))
            return live.filter(id__in=items.filter(late).values("run_id"))
        return live.filter(closed_at=None) if value == "open" else live.filter(closed_at__isnull=False)


class CourseFilter(RegisterFilter):
    """Courses."""

    search_fields = ("title", "text")

    audience = django_filters.ChoiceFilter(choices=Audience.choices, empty_label="Any", label="For")

    class Meta:
        model = Course
        fields = ("audience",)


class CompletionFilter(RegisterFilter):
    """Completions."""

    search_fields = ("person__name", "course__title", "source")

    course = django_filters.ChoiceFilter(method="by_course", empty_label="Any")

    class Meta:
        model = Completion
        fields = ("course",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        seen = visible(self.user, rows(Course, self.moment), self.moment).order_by("title")
        self.filters["course"].extra["choices"] = [(str(pk), title) for pk, title in seen.values_list("id", "title")]

    def by_course(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """Those of one course."""
        return queryset.filter(course=value)
