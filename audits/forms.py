"""Forms about engagements: what is examined, and who may look from when to when."""

from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError

from audits.actions import scope_of
from audits.models import Engagement, Opinion, Status, Type
from controls.models import Category
from foundation.accounts.models import User
from foundation.accounts.roles import Role
from foundation.pages.fields import DAY, day_field, moment_field, text_area
from foundation.pages.filters import RegisterFilter
from foundation.pages.forms import RegisterForm, VerbForm


class EngagementForm(RegisterForm):
    """An engagement. Required categories cannot be unticked (R1.1). What fieldwork froze is refused."""

    categories = forms.MultipleChoiceField(widget=forms.CheckboxSelectMultiple, required=False)

    class Meta:
        model = Engagement
        fields = ("name", "type", "as_of", "period_from", "period_to", "categories", "firm", "notes")
        widgets = {"as_of": DAY, "period_from": DAY, "period_to": DAY, "notes": text_area(4)}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = Category.objects.order_by("framework_id", "position")
        self.fields["categories"].choices = [(category.slug, category.name) for category in known]  # type: ignore[attr-defined]
        self.fields["categories"].help_text = "Security is always in scope."
        if not self.instance.pk:
            self.fields["categories"].initial = [category.slug for category in known if category.in_scope]
        self.fields["type"].choices = [("", "Choose a type"), *Type.choices]  # type: ignore[attr-defined]
        if self.instance.pk and self.instance.status != Status.PLANNED:
            for name in Engagement.SCOPE:
                self.fields[name].help_text = "Frozen since fieldwork began."

    def clean_categories(self) -> list[str]:
        """The chosen categories and the required ones, in the framework's order."""
        try:
            return scope_of(self.cleaned_data["categories"])
        except ValidationError as unknown:
            raise ValidationError(unknown.messages) from unknown


class IssueForm(VerbForm):
    """What the issued report says, transcribed from it (R2.1)."""

    report_date = day_field(label="Date of the report")
    opinion = forms.ChoiceField(choices=[("", "Choose as the report says"), *Opinion.choices])
    report = forms.CharField(
        required=False,
        max_length=20,
        label="Kept as evidence",
        help_text="The reference of the report in the evidence register, such as EV-12, if it is there.",
    )


class AdmissionForm(forms.Form):
    """Whom to admit, from when to when (in the organisation's time zone), and why."""

    user = forms.ModelChoiceField(label="Auditor", queryset=User.objects.none(), empty_label="Choose an auditor")
    opens_at = moment_field(label="From")
    closes_at = moment_field(label="Until")
    reason = forms.CharField(max_length=1000, widget=text_area(2))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["user"].queryset = User.objects.in_role(Role.AUDITOR)  # type: ignore[attr-defined]


class EngagementFilter(RegisterFilter):
    """Engagements by words, type and status."""

    search_fields = ("name", "firm")
    hint = "Name or firm"
    type = django_filters.ChoiceFilter(choices=Type.choices, empty_label="Any type")
    status = django_filters.ChoiceFilter(choices=Status.choices, empty_label="Any status")
