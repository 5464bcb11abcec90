"""Making an API token, and finding one."""

from datetime import timedelta

import django_filters
from django import forms
from django.db.models import QuerySet
from django.utils import timezone

from foundation.accounts.actions import LONGEST_TOKEN
from foundation.accounts.models import Token
from foundation.accounts.scopes import TokenScope
from foundation.pages.filters import RegisterFilter
from foundation.pages.forms import RegisterForm


class TokenForm(RegisterForm):
    """What it is for, what it may do, and how long. Never more than its owner may."""

    scopes = forms.MultipleChoiceField(
        choices=TokenScope.choices, widget=forms.CheckboxSelectMultiple, initial=[TokenScope.READ],
        help_text="A token can never do more than you can.",
    )  # fmt: skip
    days = forms.IntegerField(
        label="Lasts, in days", min_value=1, max_value=LONGEST_TOKEN.days, initial=90,
        help_text="After that it opens nothing, and you make a new one.",
    )  # fmt: skip

    class Meta:
        model = Token
        fields = ("name", "scopes")
        field_order = ("name", "scopes", "days")

    def lasts(self) -> timedelta:
        """How long the token is to last."""
        return timedelta(days=self.cleaned_data["days"])


class TokenFilter(RegisterFilter):
    """Tokens in use unless others are asked for."""

    search_fields = ("name", "user__name")
    archives = False
    show = django_filters.ChoiceFilter(
        method="filter_show",
        label="Show",
        empty_label="In use",
        choices=[("ended", "Expired and revoked"), ("all", "All")],
    )

    def unasked(self, found: QuerySet[Token]) -> QuerySet[Token]:
        """Those that still open something."""
        return found.filter(revoked_at=None, expiry__gt=self.moment or timezone.now())

    def filter_show(self, queryset: QuerySet[Token], _name: str, value: str) -> QuerySet[Token]:
        return queryset.exclude(pk__in=self.unasked(queryset).values("pk")) if value == "ended" else queryset
