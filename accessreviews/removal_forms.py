"""What people fill in about removals, and what their list can be narrowed to."""

from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet

from accessreviews.models import Campaign, Removal, Review
from accessreviews.standing import RemovalState, stands, waits
from foundation.accounts.access import visible
from foundation.accounts.models import User
from foundation.pages.fields import day_field, offer, words_field
from foundation.pages.filters import RegisterFilter
from foundation.pages.forms import RegisterForm, VerbForm
from foundation.pages.moment import day_of
from foundation.pages.people import NOBODY, nobody_or, owner_choices, possible_owners
from foundation.trail.asof import rows
from systems.models import System


class RemovalForm(RegisterForm):
    """Nothing of a removal is typed: it follows from a decision, and verbs do the rest."""

    class Meta:
        model = Removal
        fields: tuple[str, ...] = ()


class AssignForm(VerbForm):
    """Let somebody else see to it."""

    owner = forms.ModelChoiceField(User.objects.none(), empty_label="Choose who sees to it")
    reason = words_field(rows=2, help_text="Why this person.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self.fields["owner"], possible_owners())


class CompleteForm(VerbForm):
    """Say that it is removed or changed."""

    ticket = forms.CharField(max_length=200, help_text="Where the work is tracked, such as OPS-123.")
    note = words_field(label="What was done", help_text="The next listing has to show it: until then it is not proved.")
    proof = forms.CharField(
        max_length=30, required=False, label="Evidence", help_text="If there is any: its reference, as EV-12."
    )


class ConfirmForm(VerbForm):
    """Look as well, where its remover brought the listing."""

    note = words_field(help_text="What you looked at in the system, and how it shows that the access is gone.")


class ExceptionForm(VerbForm):
    """Ask to leave it as it is for a time."""

    reason = words_field(help_text="Why it has to stay, and what stands in meanwhile.")
    until = day_field(help_text="The last day, at most a year ahead. Then it is to be done, with a finding.")


class ExceptForm(VerbForm):
    """Accept a colleague's request."""

    note = words_field(required=False, rows=2, help_text="If something is to be added to the reason.")


class RemovalFilter(RegisterFilter):
    """Removals. Withdrawn ones are shown to whoever asks for them."""

    search_fields = ("ticket", "done_note", "account__key", "account__name", "account__email")
    archives = False

    state = django_filters.ChoiceFilter(
        method="by_state", label="State", empty_label="Any", choices=[("open", "Not settled"), *RemovalState.choices]
    )
    system = django_filters.ChoiceFilter(method="by_system", label="System", empty_label="Any")
    campaign = django_filters.ChoiceFilter(method="by_campaign", label="Campaign", empty_label="Any")
    owner = django_filters.ChoiceFilter(method="by_owner", empty_label="Anybody")
    kind = django_filters.ChoiceFilter(
        method="by_kind", label="Access", empty_label="Any", choices=[("privileged", "Privileged"), ("other", "Other")]
    )

    class Meta:
        model = Removal
        fields: tuple[str, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        asked = visible(self.user, rows(Removal, self.moment), self.moment).values("review_id")
        reviews = Review.objects.filter(id__in=asked)
        systems = System.objects.filter(id__in=reviews.values("system_id")).order_by("name", "id")
        campaigns = Campaign.objects.filter(id__in=reviews.values("campaign_id")).order_by("-period_to", "-id")
        self.filters["system"].extra["choices"] = list(systems.values_list("id", "name"))
        self.filters["campaign"].extra["choices"] = list(campaigns.values_list("id", "name"))
        self.filters["owner"].extra["choices"] = nobody_or(owner_choices(Removal, "owner"))

    def unasked(self, found: QuerySet[Any]) -> QuerySet[Any]:
        """Without the withdrawn ones, unless they are asked for."""
        asked = self.form.cleaned_data.get("state") == RemovalState.WITHDRAWN
        return found if asked else found.filter(archived_at=None)

    def by_state(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """Where it stands on the day that is looked at."""
        day = day_of(self.moment)
        return queryset.filter(waits(day) if value == "open" else stands(value, day))

    def by_system(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """Of one system."""
        return queryset.filter(review_id__in=Review.objects.filter(system_id=value).values("id"))

    def by_campaign(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """Of one campaign."""
        return queryset.filter(review_id__in=Review.objects.filter(campaign_id=value).values("id"))

    def by_kind(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """Privileged access, or other."""
        return queryset.filter(privileged=value == "privileged")

    def by_owner(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """One person's, or nobody's."""
        return queryset.filter(owner=None if value == NOBODY else value)
