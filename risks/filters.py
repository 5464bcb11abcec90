"""What the lists of risks, treatment actions and acceptances can be narrowed to."""

from typing import Any

import django_filters
from django import forms
from django.db.models import Q, QuerySet

from controls.filters import ControlBox
from foundation.pages.filters import RegisterFilter
from foundation.pages.moment import day_of
from foundation.pages.people import NOBODY, nobody_or, owner_choices
from foundation.trail.asof import rows
from risks.models import (
    LEVELS,
    Acceptance,
    AcceptanceState,
    Band,
    Category,
    Risk,
    RiskControl,
    RiskVendor,
    Status,
    Treatment,
    TreatmentAction,
    Trigger,
    counted,
    in_force,
)
from risks.standing import flagged
from vendors.models import Vendor

YES = [("yes", "Yes")]


class Cell(django_filters.ChoiceFilter):
    """One coordinate of the heatmap: a link sets it, nobody types it."""

    def __init__(self, kind: str, part: str) -> None:
        super().__init__(
            choices=[(str(level), str(level)) for level in LEVELS], label=f"{kind.capitalize()} {part}",
            widget=forms.HiddenInput,
        )  # fmt: skip


class BandFilter(django_filters.ChoiceFilter):
    """By the band of a score, as the method in force at the moment draws it."""

    def __init__(self, kind: str) -> None:
        super().__init__(choices=Band.choices, label=kind.capitalize(), empty_label="Any")
        self.kind = kind

    def filter(self, qs: QuerySet[Any], value: str) -> QuerySet[Any]:
        """Between the band's lowest and highest score."""
        if not value:
            return qs
        least, most = in_force(self.parent.moment).scores(value)
        return qs.filter(**{f"{self.kind}_score__gte": least, f"{self.kind}_score__lte": most})


class VendorBox(django_filters.CharFilter):
    """The box for a vendor's reference (V-3): the risks that come with it. Other words find none."""

    def __init__(self) -> None:
        box = forms.TextInput(attrs={"type": "text", "placeholder": "V-3"})
        super().__init__(label="Vendor", max_length=30, widget=box)

    def filter(self, qs: QuerySet[Any], value: str) -> QuerySet[Any]:
        """Those that are linked to the vendor with this reference."""
        if not value:
            return qs
        links = rows(RiskVendor, self.parent.moment).filter(archived_at=None, vendor_id=Vendor.number_in(value))
        return qs.filter(id__in=links.values("risk_id"))


class RiskFilter(RegisterFilter):
    """Risks. Runs on live and on history rows: see RegisterFilter."""

    search_fields = ("title", "cause", "event", "effect", "assets", "objective")

    status = django_filters.ChoiceFilter(method="by_status", choices=Status.choices, empty_label="Any")
    residual = BandFilter("residual")
    inherent = BandFilter("inherent")
    category = django_filters.ChoiceFilter(choices=Category.choices, empty_label="Any")
    treatment = django_filters.ChoiceFilter(
        choices=[choice for choice in Treatment.choices if choice[0]], empty_label="Any"
    )
    owner = django_filters.ChoiceFilter(method="by_owner", empty_label="Anybody")
    flagged = django_filters.ChoiceFilter(method="by_flag", choices=YES, empty_label="Any", label="Flagged")
    review = django_filters.ChoiceFilter(
        method="by_review", choices=[("overdue", "Overdue")], empty_label="Any", label="Review"
    )
    fraud = django_filters.ChoiceFilter(method="by_fraud", choices=YES, empty_label="Any", label="Fraud")
    change_trigger = django_filters.ChoiceFilter(
        choices=[choice for choice in Trigger.choices if choice[0]], empty_label="Any", label="Change"
    )
    counted = django_filters.ChoiceFilter(
        method="by_counted",
        choices=YES,
        label="Counted",
        widget=forms.HiddenInput,
    )  # the company's own, not closed: what the heatmap links to
    control = ControlBox(RiskControl, "risk_id")
    vendor = VendorBox()
    inherent_likelihood, inherent_impact = Cell("inherent", "likelihood"), Cell("inherent", "impact")
    residual_likelihood, residual_impact = Cell("residual", "likelihood"), Cell("residual", "impact")

    class Meta:
        model = Risk
        fields = ("category",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.filters["owner"].extra["choices"] = nobody_or(owner_choices(Risk, "owner"))

    def by_status(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """By what it is on the day: an acceptance that has expired is over."""
        lapsed = Q(status=Status.ACCEPTED, accepted_until__lt=day_of(self.moment))
        if value == Status.ACCEPTED:
            return queryset.filter(Q(status=value) & ~lapsed)
        return queryset.filter(Q(status=value) | lapsed if value == Status.REOPENED else Q(status=value))

    def by_owner(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """One person's, or nobody's."""
        return queryset.filter(owner=None if value == NOBODY else value)

    def by_flag(self, queryset: QuerySet[Any], _name: str, _value: str) -> QuerySet[Any]:
        """Those that a control lets down."""
        return queryset.filter(flagged(self.moment))

    def by_review(self, queryset: QuerySet[Any], _name: str, _value: str) -> QuerySet[Any]:
        """Whose review should have been."""
        late = Q(review_on__lt=day_of(self.moment)) & ~Q(status__in=(Status.TEMPLATE, Status.CLOSED))
        return queryset.filter(late)

    def by_counted(self, queryset: QuerySet[Any], _name: str, _value: str) -> QuerySet[Any]:
        """Those that the heatmap counts."""
        return queryset.filter(counted())

    def by_fraud(self, queryset: QuerySet[Any], _name: str, _value: str) -> QuerySet[Any]:
        """Those of fraud (CC3.3)."""
        return queryset.filter(fraud=True)


class TreatmentActionFilter(RegisterFilter):
    """Steps of treatment plans."""

    search_fields = ("what", "done_note")

    state = django_filters.ChoiceFilter(
        method="by_state", label="State", empty_label="Any",
        choices=[("todo", "To do"), ("overdue", "Overdue"), ("done", "Done")],
    )  # fmt: skip
    owner = django_filters.ChoiceFilter(empty_label="Anybody")

    class Meta:
        model = TreatmentAction
        fields = ("owner",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.filters["owner"].extra["choices"] = owner_choices(TreatmentAction, "owner")

    def by_state(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """Where it stands on the day."""
        conditions = {
            "todo": Q(done_by=None),
            "overdue": Q(done_by=None, due_on__lt=day_of(self.moment)),
            "done": Q(done_by__isnull=False),
        }
        return queryset.filter(conditions[value])


class AcceptanceFilter(RegisterFilter):
    """Acceptances: who asked, what became of it."""

    search_fields = ("reason", "compensating", "risk__title")
    archives = False

    state = django_filters.ChoiceFilter(method="by_state", choices=AcceptanceState.choices, empty_label="Any")
    band = django_filters.ChoiceFilter(choices=Band.choices, empty_label="Any")
    requested_by = django_filters.ChoiceFilter(empty_label="Anybody", label="Asked by")

    class Meta:
        model = Acceptance
        fields = ("band", "requested_by")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.filters["requested_by"].extra["choices"] = owner_choices(Acceptance, "requested_by")

    def by_state(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """By what it is on the day: one that has expired is over, whether or not that was recorded yet."""
        lapsed = Q(state=AcceptanceState.APPROVED, until__lt=day_of(self.moment))
        if value == AcceptanceState.APPROVED:
            return queryset.filter(Q(state=value) & ~lapsed)
        return queryset.filter(Q(state=value) | lapsed if value == AcceptanceState.LAPSED else Q(state=value))
