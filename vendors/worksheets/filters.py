"""What the lists of worksheets and of user controls can be narrowed to."""

import datetime
from typing import Any

import django_filters
from django.db.models import Exists, OuterRef, Q, QuerySet

from controls.models import Control
from controls.models.control import operating as operates_on
from foundation.organisation.settings import setting
from foundation.pages.filters import RegisterFilter
from foundation.pages.moment import day_of
from foundation.trail.asof import rows
from vendors.models import Cuec, Opinion, Worksheet, WorksheetState, Yes
from vendors.worksheets.columns import vendor_choices


class WorksheetFilter(RegisterFilter):
    """Worksheets. Runs on live and on history rows: see RegisterFilter."""

    search_fields = ("vendor__name", "service", "auditor", "conclusion")
    archives = False

    state = django_filters.ChoiceFilter(choices=WorksheetState.choices, empty_label="Any")
    opinion = django_filters.ChoiceFilter(choices=Opinion.choices[1:], empty_label="Any")
    vendor = django_filters.ChoiceFilter(empty_label="Any")
    age = django_filters.ChoiceFilter(
        method="by_age", label="Report", empty_label="Any", choices=[("fresh", "Not stale"), ("stale", "Stale")]
    )

    class Meta:
        model = Worksheet
        fields = ("state", "opinion", "vendor")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.filters["vendor"].extra["choices"] = vendor_choices(self.user, Worksheet, "vendor_id")

    def by_age(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """By the days since the period ended."""
        first = day_of(self.moment) - datetime.timedelta(days=setting("report_stale_days"))
        stale = Q(period_to__lt=first)
        return queryset.filter(stale) if value == "stale" else queryset.filter(period_to__isnull=False).exclude(stale)


class CuecFilter(RegisterFilter):
    """User controls: of the newest approved worksheet of each service unless `show` asks for others."""

    search_fields = ("reference", "what", "note", "worksheet__vendor__name")
    archives = False

    vendor = django_filters.ChoiceFilter(method="by_vendor", empty_label="Any")
    control = django_filters.CharFilter(method="by_control", label="Our control", max_length=30)
    gap = django_filters.ChoiceFilter(
        method="by_gap", label="State", empty_label="Any",
        choices=[
            ("met", "Met by a control"), ("gap", "A gap"), ("weak", "Its control does not operate"),
            ("no", "Does not apply"), ("open", "Not answered"),
        ],
    )  # fmt: skip
    show = django_filters.ChoiceFilter(
        method="filter_show", label="Worksheets", empty_label="In force",
        choices=[("approved", "All approved"), ("all", "All, open ones too")],
    )  # fmt: skip

    class Meta:
        model = Cuec
        fields = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.filters["vendor"].extra["choices"] = vendor_choices(self.user, Worksheet, "vendor_id")

    def unasked(self, found: QuerySet[Any]) -> QuerySet[Any]:
        return in_force(found, self.moment)

    def filter_show(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        sheets = rows(Worksheet, self.moment)
        wanted = sheets.filter(state=WorksheetState.APPROVED) if value == "approved" else sheets.exclude(
            state=WorksheetState.CANCELLED
        )  # fmt: skip
        return queryset.filter(archived_at=None, worksheet_id__in=wanted.values("id"))

    def by_vendor(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """Of one vendor's worksheets."""
        return queryset.filter(worksheet__vendor_id=value)

    def by_control(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """Met by the control of this reference."""
        return queryset.filter(control__ref__iexact=value.strip())

    def by_gap(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """By what meets it."""
        return queryset.filter(STATES(self.moment)[value])


def operating(moment: datetime.datetime | None) -> Q:
    """The condition that the control of a line is implemented and operates."""
    found = rows(Control, moment).filter(operates_on(day_of(moment)))
    return Q(control_id__in=found.values("id"))


def STATES(moment: datetime.datetime | None) -> dict[str, Q]:  # noqa: N802 - read as a table
    """What a user control can be, as conditions."""
    unanswered = Q(applies=Yes.UNKNOWN) | Q(applies=Yes.YES, control=None, finding=None)
    return {
        "met": Q(applies=Yes.YES, finding=None) & operating(moment),
        "gap": Q(finding__isnull=False),
        "weak": Q(applies=Yes.YES, finding=None, control__isnull=False) & ~operating(moment),
        "no": Q(applies=Yes.NO),
        "open": unanswered,
    }


def in_force(found: QuerySet[Any], moment: datetime.datetime | None) -> QuerySet[Any]:
    """Lines of the newest approved worksheet of each vendor and service; live or history rows."""
    approved = rows(Worksheet, moment).filter(state=WorksheetState.APPROVED)
    later = approved.filter(
        vendor_id=OuterRef("vendor_id"), service__iexact=OuterRef("service"), approved_at__gt=OuterRef("approved_at")
    ).order_by()
    newest = approved.filter(~Exists(later)).order_by()
    return found.filter(archived_at=None, worksheet_id__in=newest.values("id"))
