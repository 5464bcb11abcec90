"""What people fill in to publish the list and to note who was told; and what the versions can be narrowed to."""

import datetime
from typing import Any

from django import forms

from foundation.organisation.models import today
from foundation.pages.fields import day_field, words_field
from foundation.pages.filters import RegisterFilter
from foundation.pages.forms import VerbForm
from vendors.models import SubprocessorList


class PublishForm(forms.Form):
    """Publish the list as it was read. seen: its hash, so that nobody publishes what they did not read."""

    reason = words_field(help_text="Why the list changes. Customers may ask.")
    effective_on = day_field(label="In force from")
    seen = forms.CharField(max_length=64, widget=forms.HiddenInput)

    def __init__(self, *args: Any, first: datetime.date, seen: str, **kwargs: Any) -> None:
        start = {"effective_on": first, "seen": seen}
        super().__init__(*args, **kwargs | {"initial": start | (kwargs.get("initial") or {})})
        self.fields["effective_on"].help_text = f"From {first} on, so that the notice is kept."


class NoticeForm(VerbForm):
    """Note who was told of a version, when and how."""

    sent_on = day_field(label="Sent")
    audience = forms.CharField(max_length=200, label="Sent to", help_text="Which customers or list of addresses.")
    channel = forms.CharField(max_length=120, label="Sent by", help_text="Such as e-mail or the customers' portal.")
    objections_until = day_field(help_text="The last day on which they may object.")
    text = words_field(6, help_text="What they were told, or where that text is kept.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        start = {"sent_on": today(), "objections_until": kwargs["target"].effective_on}
        super().__init__(*args, **kwargs | {"initial": start | (kwargs.get("initial") or {})})


class SubprocessorListFilter(RegisterFilter):
    """The versions of the list."""

    search_fields = ("reason",)
    archives = False

    class Meta:
        model = SubprocessorList
        fields = ()
