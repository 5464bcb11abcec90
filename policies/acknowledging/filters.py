"""What the register of acknowledgements can be narrowed to."""

from typing import Any

import django_filters
from django.db.models import Q, QuerySet

from foundation.accounts.access import visible
from foundation.pages.filters import RegisterFilter, day_filter, matching
from foundation.trail.asof import rows
from people.models import Person
from policies.models import BINDING, Acknowledgement, Method, Policy, PolicyVersion

NONE = "none"


class AcknowledgementFilter(RegisterFilter):
    """Acknowledgements. Runs on live and on history rows: see RegisterFilter."""

    search_fields = ("person__name", "policy_version__title")
    hint = "Person or policy"
    archives = False

    policy = django_filters.ChoiceFilter(method="by_policy", empty_label="Any", label="Policy")
    version = django_filters.ChoiceFilter(method="by_version", empty_label="Any", label="Version")
    person = django_filters.CharFilter(method="by_person", max_length=200, label="Person")
    department = django_filters.ChoiceFilter(method="by_department", empty_label="Any", label="Department")
    method = django_filters.ChoiceFilter(choices=Method.choices, empty_label="Any")
    since = day_filter("From", field_name="acknowledged_on", lookup_expr="gte")
    until = day_filter("Until", field_name="acknowledged_on", lookup_expr="lte")

    class Meta:
        model = Acknowledgement
        fields = ("method",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        versions = visible(self.user, rows(PolicyVersion, self.moment), self.moment).filter(state__in=BINDING)
        told = list(versions.order_by("policy_id", "-id").values_list("id", "policy_id", "major", "minor", "title"))
        latest = {policy: title for _, policy, _, _, title in reversed(told)}
        people = visible(self.user, rows(Person, self.moment), self.moment)
        departments = people.exclude(department="").order_by("department").values_list("department", flat=True)
        self.filters["policy"].extra["choices"] = [
            (str(pk), f"{Policy.ref_of(pk)} {title}") for pk, title in sorted(latest.items())
        ]
        self.filters["version"].extra["choices"] = [
            (str(pk), f"{Policy.ref_of(policy)} {major}.{minor}") for pk, policy, major, minor, _ in told
        ]
        self.filters["department"].extra["choices"] = [(NONE, "None"), *((one, one) for one in departments.distinct())]

    def by_policy(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """Of any version of one policy."""
        return queryset.filter(policy_version_id__in=PolicyVersion.objects.filter(policy_id=int(value)).values("id"))

    def by_version(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """Of one version."""
        return queryset.filter(policy_version_id=value)

    def by_person(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """Of one person by the reference, or of people by words of their names and addresses."""
        number = Person.number_in(value)
        condition = matching(value, ("name", "email")) if number is None else Q(id=number)
        return queryset.filter(person_id__in=Person.objects.filter(condition).values("id"))

    def by_department(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """Of one department's people, or of those of none."""
        return queryset.filter(person__department="" if value == NONE else value)
