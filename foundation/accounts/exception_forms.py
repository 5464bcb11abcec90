"""Forms about exceptions from the separation of duties."""

from typing import Any, ClassVar

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import Http404
from django.utils import timezone

from foundation.accounts import exceptions
from foundation.accounts.access import can
from foundation.accounts.duties import EXCEPTABLE
from foundation.accounts.models import DutyException, in_force
from foundation.pages.fields import MOMENT, offer, text_area
from foundation.pages.filters import RegisterFilter
from foundation.pages.forms import RegisterForm
from foundation.pages.paper import match_for
from foundation.pages.people import possible_owners

RULES: Any = [(duty.id, duty.rule) for duty in EXCEPTABLE.values()]


class ExceptionForm(RegisterForm):
    """Ask for an exception: which rule, for whom, from when to when, why, and who decides."""

    duty = forms.ChoiceField(label="Rule", choices=[("", "Choose a rule"), *RULES])
    record = forms.CharField(
        label="Only for this record",
        required=False,
        max_length=200,
        help_text="Its address, like /controls/12/. Empty: for every record that the rule is about.",
    )

    class Meta:
        model = DutyException
        fields = ("duty", "beneficiary", "record", "opens_at", "expires_at", "reason", "approver")
        widgets: ClassVar[dict[str, Any]] = {
            "opens_at": MOMENT,
            "expires_at": MOMENT,
            "reason": text_area(3),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self.fields["beneficiary"], possible_owners())
        offer(self.fields["approver"], possible_owners().filter(role__in=exceptions.APPROVERS).exclude(pk=self.user.pk))
        self.fields["opens_at"].initial = timezone.now

    def clean_record(self) -> Model | None:
        """The record behind the address that was typed; one that the person does not see is no record."""
        address = self.cleaned_data["record"].strip()
        if not address:
            return None
        unknown = ValidationError("There is no record at this address.")
        try:
            match = match_for(address)
        except Http404 as error:
            raise unknown from error
        model = getattr(getattr(match.func, "pages", None), "model", None)
        record = model.objects.filter(pk=match.kwargs["pk"]).first() if model and "pk" in match.kwargs else None
        if record is None or not can(self.user, "view", record):
            raise unknown
        found: Model = record
        return found

    def clean(self) -> dict[str, Any]:
        """Say beside the field what exceptions.check would refuse."""
        said = super().clean() or self.cleaned_data
        if not self.errors:
            exceptions.about(self.instance, said["record"])
            asked = DutyException(
                requested_by=self.user,
                object_type=self.instance.object_type,
                **{name: said[name] for name in self.Meta.fields if name != "record"},
            )
            try:
                exceptions.check(asked)
            except ValidationError as refused:
                self.add_error(None, refused)
        return said


class ExceptionFilter(RegisterFilter):
    """Exceptions by words, rule and state; all of them unless one state is asked for."""

    search_fields = ("reason", "beneficiary__name", "approver__name")
    archives = False
    hint = "Reason or name"
    duty = django_filters.ChoiceFilter(label="Rule", choices=RULES, empty_label="Any rule")
    state = django_filters.ChoiceFilter(choices=DutyException.State.choices, empty_label="Any state")
    show = django_filters.ChoiceFilter(
        method="filter_show", label="Show", empty_label="All", choices=[("force", "In force now")]
    )

    def filter_show(self, queryset: QuerySet[DutyException], _name: str, _value: str) -> QuerySet[DutyException]:
        return queryset.filter(in_force(self.moment or timezone.now()))
