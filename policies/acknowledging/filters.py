"""What the register of acknowledgements can be narrowed to."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

import django_filters
from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet

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

    def search(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """Every word in the person's name or in the version's title. Those are asked: they are few, the rows many."""
        words = value.split()
        found = Q(person_id__in=named(words))
        for left, versions in titled(words).items():
            people = Q(person_id__in=named(left)) if left else Q()
            found |= Q(policy_version_id__in=versions) & people
        return queryset.filter(found)

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


def named(words: Collection[str]) -> QuerySet[Any]:
    """The numbers of the people in whose names all of these words are."""
    return Person.objects.filter(matching(" ".join(words), ("name",))).order_by().values("id")


def titled(words: Sequence[str]) -> dict[tuple[str, ...], list[int]]:
    """The versions in whose titles some of these words are, by the words that are left then. One query."""
    has = {f"has_{place}": in_title(word) for place, word in enumerate(words)}
    found: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for pk, *told in PolicyVersion.objects.annotate(**has).order_by().values_list("id", *has):
        if any(told):
            found[tuple(word for word, is_there in zip(words, told, strict=True) if not is_there)].append(pk)
    return found


def in_title(word: str) -> ExpressionWrapper:
    """Whether a word is in the title."""
    return ExpressionWrapper(matching(word, ("title",)), BooleanField())
