"""What the lists of vendors and of what belongs to them can be narrowed to."""

import datetime
from typing import Any

import django_filters
from django.db.models import Q, QuerySet

from foundation.organisation.settings import setting
from foundation.pages.filters import RegisterFilter
from foundation.pages.moment import day_of
from foundation.pages.people import NOBODY, nobody_or, owner_choices
from foundation.trail.asof import rows
from systems.models import DataClass
from vendors.models import Criticality, Reach, Region, Status, Tier, Vendor, VendorDocument
from vendors.models.vendor import IN_USE

PARTS = [("subprocessor", "Sub-processor"), ("subservice", "Subservice organisation")]


def current_documents(moment: datetime.datetime | None) -> QuerySet[Any]:
    """The documents that stand: neither archived nor superseded."""
    found = rows(VendorDocument, moment).filter(archived_at=None)
    return found.exclude(id__in=rows(VendorDocument, moment).exclude(supersedes=None).values("supersedes_id"))


def soon_after(day: datetime.date) -> datetime.date:
    """Until when something counts as coming soon."""
    return day + datetime.timedelta(days=setting("review_due_soon_days"))


class VendorFilter(RegisterFilter):
    """Vendors. Runs on live and on history rows: see RegisterFilter."""

    search_fields = ("name", "legal_name", "service")

    tier = django_filters.ChoiceFilter(choices=Tier.choices, empty_label="Any")
    status = django_filters.ChoiceFilter(
        method="by_status", choices=[("in_use", "In use"), *Status.choices], empty_label="Any"
    )
    owner = django_filters.ChoiceFilter(method="by_owner", empty_label="Anybody")
    due = django_filters.ChoiceFilter(
        method="by_due", label="To be looked at", empty_label="Any",
        choices=[
            ("overdue", "Review overdue"), ("soon", "Review due soon"), ("never", "In use, never reviewed"),
            ("expiring", "Document expires soon"), ("expired", "Document expired"),
        ],
    )  # fmt: skip
    data = django_filters.ChoiceFilter(method="by_data", label="Data", choices=DataClass.choices, empty_label="Any")
    part = django_filters.ChoiceFilter(method="by_part", label="Part", choices=PARTS, empty_label="Any")
    reach = django_filters.ChoiceFilter(choices=Reach.choices, empty_label="Any", label="Access")
    criticality = django_filters.ChoiceFilter(choices=Criticality.choices, empty_label="Any")
    region = django_filters.ChoiceFilter(choices=Region.choices, empty_label="Any")
    location = django_filters.CharFilter(field_name="locations", lookup_expr="icontains", label="Location")

    class Meta:
        model = Vendor
        fields = ("tier", "reach", "criticality", "region")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.filters["owner"].extra["choices"] = nobody_or(owner_choices(Vendor, "owner"))

    def by_status(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """By its status, or whether the company works with it."""
        return queryset.filter(status__in=IN_USE) if value == "in_use" else queryset.filter(status=value)

    def by_owner(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """One person's, or nobody's."""
        return queryset.filter(owner=None) if value == NOBODY else queryset.filter(owner_id=value)

    def by_data(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """That handle data of a class: the JSON text holds it in quotes, on both databases."""
        return queryset.filter(data_classes__icontains=f'"{value}"')

    def by_part(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """Sub-processors, or subservice organisations."""
        return queryset.filter(**{value: True})

    def by_due(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """What a person has to look at on the day."""
        day = day_of(self.moment)
        used = Q(status__in=IN_USE)
        if value == "never":
            return queryset.filter(used, last_reviewed_on=None)
        if value == "overdue":
            return queryset.filter(used, next_review_on__lt=day)
        if value == "soon":
            return queryset.filter(used, next_review_on__range=(day, soon_after(day)))
        found = current_documents(self.moment)
        if value == "expired":
            found = found.filter(expires_on__lt=day)
        else:
            found = found.filter(expires_on__range=(day, soon_after(day)))
        return queryset.exclude(status=Status.ENDED).filter(id__in=found.values("vendor_id"))
