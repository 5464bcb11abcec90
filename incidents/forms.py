"""What people fill in about events and incidents."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from foundation.pages.fields import MOMENT, text_area
from foundation.pages.forms import RegisterForm
from incidents.models import Incident
from incidents.timeline import said_at


class IncidentForm(RegisterForm):
    """What is known of an event: the report, and its later changes. State, severity and people have their own verbs."""

    sensitive = forms.BooleanField(
        required=False, label="Sensitive: only compliance managers, whoever leads the response and I may see it"
    )

    class Meta:
        model = Incident
        fields = ("title", "summary", "source", "source_note", "occurred_at", "detected_at")
        widgets = {"summary": text_area(4), "occurred_at": MOMENT, "detected_at": MOMENT}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            del self.fields["sensitive"]

    def clean_occurred_at(self) -> Any:
        """A moment that has come."""
        return self.said("occurred_at")

    def clean_detected_at(self) -> Any:
        """A moment that has come."""
        return self.said("detected_at")

    def said(self, name: str) -> Any:
        """The moment, where one was said. Raises ValidationError for the future and for slips."""
        moment = self.cleaned_data[name]
        try:
            return said_at(moment, name) if moment else None
        except ValidationError as refused:
            raise ValidationError(refused.message_dict[name]) from refused
