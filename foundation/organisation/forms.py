"""Forms of the organisation: what it is called, when it works, and one number of the catalogue."""

import zoneinfo
from typing import Any

from django import forms

from foundation.files.forms import StoredFileField
from foundation.organisation.actions import LOGO_BYTES
from foundation.organisation.catalogue import Item
from foundation.organisation.models import DAYS, Organisation

DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class OrganisationForm(forms.ModelForm):
    """Name, time zone and work week. `version` is the one that the reader saw."""

    version = forms.IntegerField(min_value=1, max_value=2**31 - 1, widget=forms.HiddenInput)
    time_zone = forms.ChoiceField(
        choices=lambda: [(name, name.replace("_", " ")) for name in sorted(zoneinfo.available_timezones())],
        help_text="Days begin and end here: due dates, “today”, and the times on every page.",
    )
    work_week = forms.MultipleChoiceField(
        label="Working days",
        choices=list(zip(DAYS, DAY_NAMES, strict=True)),
        widget=forms.CheckboxSelectMultiple,
        help_text="Deadlines in business days count these, without the holidays.",
    )

    class Meta:
        model = Organisation
        fields = ("name", "time_zone", "work_week")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.update(work_week=self.instance.work_week.split(","), version=self.instance.version)

    def clean_work_week(self) -> str:
        return ",".join(day for day in DAYS if day in self.cleaned_data["work_week"])

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        self.instance.version = self.cleaned_data.get("version", self.instance.version)


class LogoForm(forms.Form):
    """The picture itself is judged by the action, which reads it."""

    version = forms.IntegerField(min_value=1, max_value=2**31 - 1, widget=forms.HiddenInput)
    logo = StoredFileField(
        max_bytes=LOGO_BYTES,
        kinds=None,
        help_text="PNG, JPEG or WebP, at most 512 KB. Shown at the top of every page and on reports.",
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp"}),
    )


class SettingForm(forms.Form):
    """A number within its bounds, and why it changes. `version` is empty while the default holds."""

    value = forms.IntegerField()
    reason = forms.CharField(
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="For example the policy and version that promises it. Stands in the history and in the trail.",
    )
    version = forms.IntegerField(required=False, min_value=1, max_value=2**31 - 1, widget=forms.HiddenInput)

    def __init__(self, *args: Any, item: Item, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["value"] = forms.IntegerField(
            label=f"{item.words} ({item.unit})",
            min_value=item.least,
            max_value=item.most,
            help_text=f"Between {item.least} and {item.most}; usual: {item.default}.",
        )
