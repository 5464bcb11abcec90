"""What the lists of documents and contracts can be narrowed to."""

import datetime
from typing import Any

import django_filters
from django.db.models import Q, QuerySet

from foundation.pages.filters import RegisterFilter
from foundation.pages.moment import day_of
from foundation.trail.asof import rows
from vendors.filters import current_documents, soon_after
from vendors.models import Contract, DocumentKind, Vendor, VendorDocument


class VendorBox(django_filters.CharFilter):
    """A box for a vendor: its reference (V-12), or words of its name."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(label="Vendor", **kwargs)

    def filter(self, qs: QuerySet[Any], value: str) -> QuerySet[Any]:
        """Rows of that vendor."""
        if not value:
            return qs
        number = Vendor.number_in(value)
        if number is not None:
            return qs.filter(vendor_id=number)
        moment: datetime.datetime | None = self.parent.moment
        return qs.filter(vendor_id__in=rows(Vendor, moment).filter(name__icontains=value.strip()).values("id"))


class DocumentFilter(RegisterFilter):
    """Documents of vendors."""

    search_fields = ("title", "name", "vendor__name")

    vendor = VendorBox()
    kind = django_filters.ChoiceFilter(choices=DocumentKind.choices, empty_label="Any")
    state = django_filters.ChoiceFilter(
        method="by_state", label="State", empty_label="Any",
        choices=[
            ("current", "Current"), ("expiring", "Expires soon"), ("expired", "Expired"), ("superseded", "Superseded"),
        ],
    )  # fmt: skip

    class Meta:
        model = VendorDocument
        fields = ("kind",)

    def by_state(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """Whether it stands, and until when."""
        day, standing = day_of(self.moment), current_documents(self.moment)
        if value == "superseded":
            newer = rows(VendorDocument, self.moment).exclude(supersedes=None)
            return queryset.filter(id__in=newer.values("supersedes_id"))
        if value == "expired":
            standing = standing.filter(expires_on__lt=day)
        elif value == "expiring":
            standing = standing.filter(expires_on__range=(day, soon_after(day)))
        return queryset.filter(id__in=standing.values("id"))


class ContractFilter(RegisterFilter):
    """Contracts."""

    search_fields = ("title", "reference", "vendor__name")

    vendor = VendorBox()
    state = django_filters.ChoiceFilter(
        method="by_state", label="State", empty_label="Any",
        choices=[("running", "Running"), ("ending", "Ends soon"), ("ended", "Ended")],
    )  # fmt: skip
    dpa = django_filters.ChoiceFilter(
        method="by_dpa", label="Data processing", empty_label="Any",
        choices=[("yes", "With an agreement"), ("no", "Without")],
    )  # fmt: skip
    term = django_filters.ChoiceFilter(
        method="by_term", label="Terms", empty_label="Any", choices=[("missing", "A term is missing")]
    )

    class Meta:
        model = Contract
        fields = ()

    def by_state(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """Whether it runs on the day."""
        day = day_of(self.moment)
        if value == "ended":
            return queryset.filter(ends_on__lt=day)
        if value == "ending":
            return queryset.filter(ends_on__range=(day, soon_after(day)))
        return queryset.filter(Q(ends_on=None) | Q(ends_on__gte=day), starts_on__lte=day)

    def by_dpa(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """With or without an agreement on data processing."""
        return queryset.filter(is_dpa=value == "yes")

    def by_term(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """That lack a term."""
        return queryset.filter(clauses__icontains='"no"')
