"""Asking for a package, and narrowing the list of packages."""

from typing import Any

import django_filters
from django import forms

from audits.filters import OfEngagement
from audits.models import Engagement
from audits.models.packages import Package, PackageState
from foundation.accounts.access import visible
from foundation.pages.forms import RegisterForm


class PackageForm(RegisterForm):
    """Which engagement, and as of which checkpoint."""

    earlier = forms.ModelChoiceField(
        Package.objects.none(), required=False, label="As of", empty_label="The newest checkpoint",
        help_text="That of an earlier package: the same records give the same bytes, so that both can be compared.",
    )  # fmt: skip

    class Meta:
        model = Package
        fields = ("engagement",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice: Any = self.fields["engagement"]
        earlier: Any = self.fields["earlier"]
        choice.queryset = visible(self.user, Engagement).filter(archived_at=None).order_by("-id")
        choice.empty_label = "Choose an engagement"
        earlier.queryset = visible(self.user, Package).select_related("engagement").order_by("-id")

    def clean(self) -> dict[str, Any]:
        """An earlier package is of the same engagement."""
        said = super().clean() or self.cleaned_data
        earlier, engagement = said.get("earlier"), said.get("engagement")
        if earlier and engagement and earlier.engagement_id != engagement.pk:
            self.add_error("earlier", "That package is of another engagement.")
        return said


class PackageFilter(OfEngagement):
    """Packages. Runs on live and on history rows: see RegisterFilter."""

    search_fields = ("sha256",)
    hint = "PKG-2 or a hash"
    archives = False

    state = django_filters.ChoiceFilter(choices=PackageState.choices, empty_label="Any")

    class Meta:
        model = Package
        fields = ("state",)
