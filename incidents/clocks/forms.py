"""What people fill in about rules and clocks, and what their lists can be narrowed to."""

import zoneinfo
from types import SimpleNamespace
from typing import Any, Final

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import F, QuerySet
from django.utils import timezone

from foundation.accounts.models import User
from foundation.files.forms import StoredFileField
from foundation.pages.act import put_onto
from foundation.pages.fields import RecordsField, moment_field, offer, words_field
from foundation.pages.filters import RegisterFilter
from foundation.pages.forms import RegisterForm, VerbForm
from foundation.pages.people import possible_owners
from incidents.clocks.rules import SAID, check, in_force, newest
from incidents.clocks.suggest import undecided
from incidents.models import Clock, ClockState, Notification, NotificationRule, StartEvent, Unit, late, ticking
from incidents.models.clocks import MOST
from systems.models import DataClass

MOST_PEOPLE: Final = 2**31 - 1
LONGEST_WARNING: Final = 8784  # hours: a year


def zones() -> list[tuple[str, str]]:
    """Every time zone, the organisation's own before them."""
    return [("", "The organisation's"), *((name, name) for name in sorted(zoneinfo.available_timezones()))]


# ---- rules ---------------------------------------------------------------------------------------------------------


class RuleFields(forms.Form):
    """What a rule says."""

    regime = forms.CharField(max_length=120, label="Law, contract or promise")
    whom = forms.CharField(max_length=200, label="Whom to tell")
    applies = words_field(rows=2, label="Applies when", help_text="Which incidents it is about.")
    data_classes = forms.MultipleChoiceField(
        choices=DataClass.choices, required=False, widget=forms.CheckboxSelectMultiple, label="About which data",
        help_text="It is suggested for incidents with one of these. None chosen: whatever the data.",
    )  # fmt: skip
    starts = forms.ChoiceField(choices=StartEvent.choices, label="Counts from")
    amount = forms.IntegerField(
        required=False, min_value=1, max_value=MOST, label="How many",
        help_text="Empty: without undue delay, so that no deadline is computed.",
    )  # fmt: skip
    unit = forms.ChoiceField(choices=Unit.choices, label="Of what")
    zone = forms.ChoiceField(choices=zones, required=False, label="Time zone", help_text="Whose days count.")
    warn_hours = forms.IntegerField(
        min_value=0, max_value=LONGEST_WARNING, initial=24, label="Warn before, hours",
        help_text="How long before the deadline people are told that it is near.",
    )  # fmt: skip
    source = forms.CharField(max_length=300, help_text="Where it is written, with article or section.")
    source_url = forms.URLField(max_length=500, required=False, label="Link", assume_scheme="https")
    note = words_field(rows=2, required=False, help_text="What else has to be known; what is doubtful.")
    checked = forms.BooleanField(
        required=False, label="Checked", help_text="Counsel, or whoever answers for it, looked at the source."
    )

    def clean(self) -> dict[str, Any]:
        """Amount, unit and warning together."""
        said: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors:
            try:
                check(SimpleNamespace(**said))  # type: ignore[arg-type]  # what it reads of a rule
            except ValidationError as refused:
                put_onto(self, refused)
        return said


class RuleForm(RuleFields, RegisterForm):
    """A new rule."""

    class Meta:
        model = NotificationRule
        fields = SAID


class PublishForm(RuleFields, VerbForm):
    """The next version of a rule, beginning with what holds."""

    change_note = words_field(rows=2, label="Why", help_text="Why the rule changes.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        start = {name: getattr(kwargs["target"], name) for name in SAID}
        super().__init__(*args, **kwargs | {"initial": start | (kwargs.get("initial") or {})})


class RuleFilter(RegisterFilter):
    """The rules: the newest version of each that is in use, or retired ones, or every version."""

    search_fields = ("regime", "whom", "applies", "source", "note")
    archives = False

    show = django_filters.ChoiceFilter(
        method="filter_show", label="Show", empty_label="In force",
        choices=[("retired", "Retired"), ("versions", "Every version")],
    )  # fmt: skip
    starts = django_filters.ChoiceFilter(choices=StartEvent.choices, empty_label="Any", label="Counts from")
    checked = django_filters.ChoiceFilter(
        choices=[("True", "Checked"), ("False", "Unchecked")], empty_label="Any", label="Checked"
    )

    class Meta:
        model = NotificationRule
        fields = ("starts", "checked")

    def unasked(self, found: QuerySet[Any]) -> QuerySet[Any]:
        """What is in force."""
        return found.filter(id__in=in_force(self.moment).order_by().values("id"))

    def filter_show(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """Retired rules, or every version of all."""
        if value == "retired":
            return queryset.filter(id__in=newest(self.moment).filter(retired=True).values("id"))
        return queryset


# ---- clocks --------------------------------------------------------------------------------------------------------


class StartForm(VerbForm):
    """Start a clock of an incident."""

    rule = forms.ModelChoiceField(NotificationRule.objects.none(), empty_label="Choose a rule")
    started_at = moment_field(label="Counts from", help_text="When what the rule counts from happened.")
    reason = words_field(help_text="Why the rule applies, and how you know since when.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["rule"]
        field.queryset = in_force()


class DeclineForm(VerbForm):
    """Say of what is suggested for an incident that it is not required."""

    rules = RecordsField(
        NotificationRule.objects.none(), widget=forms.CheckboxSelectMultiple, label="Not required",
        help_text="Of what is suggested and waits for a decision.",
    )  # fmt: skip
    reason = words_field(help_text="Why nobody has to be told by this rule. It stands in the timeline.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["rules"]
        field.queryset = in_force().filter(pk__in=[one.rule.pk for one in undecided(self.target)])


class TellForm(VerbForm):
    """What was sent to whom about an incident."""

    told = forms.CharField(max_length=300, label="Sent to")
    channel = forms.CharField(max_length=120, label="By", help_text="Portal, mail, letter, telephone.")
    sent_at = moment_field(label="Sent", help_text="Now is filled in: say when it really was sent.")
    what = words_field(rows=4, label="What was said")
    sent_by = forms.ModelChoiceField(User.objects.none(), required=False, empty_label="I did", label="Sent by")
    reference = forms.CharField(
        max_length=120, required=False, help_text="What the receiver calls it, or where it is kept, such as EV-12."
    )
    people_told = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=MOST_PEOPLE,
        label="People told",
        help_text="How many, if many.",
    )
    file = StoredFileField(required=False, help_text="What was sent, or the receipt.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        start = {"sent_at": timezone.now().replace(second=0, microsecond=0)}
        super().__init__(*args, **kwargs | {"initial": start | (kwargs.get("initial") or {})})
        offer(self.fields["sent_by"], possible_owners())


class RecordForm(TellForm):
    """What was sent about an incident: which of its clocks it ends is said, where some still count."""

    NONE = "none"

    clock = forms.ChoiceField(
        required=False, label="Ends the clock",
        help_text="Of those that still count: its number, or “none”. Required while any counts.",
    )  # fmt: skip
    field_order = ("clock",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        running = Clock.objects.filter(ticking(), incident=self.target).order_by("due_at", "id")
        self.clocks = {str(clock.pk): clock for clock in running}
        field: Any = self.fields["clock"]
        field.required, field.help_text = (
            bool(self.clocks),
            "Of those that still count, the one whose rule asks for this.",
        )
        named = [(key, f"{clock.ref}: {clock.title}") for key, clock in self.clocks.items()]
        field.choices = [("", "Choose"), *named, (self.NONE, "None of these: they go on")]
        if not self.clocks:
            field.widget = forms.HiddenInput()

    def clean_clock(self) -> Clock | None:
        """The clock; None for none of them."""
        return self.clocks.get(self.cleaned_data["clock"])


class NotifyForm(TellForm):
    """What was sent because of a clock."""

    meets = forms.BooleanField(
        required=False, initial=True, label="It is what the rule asks for", help_text="The clock ends with it."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        clock = kwargs["target"]
        start = {"told": clock.whom, "meets": not clock.is_over}
        super().__init__(*args, **kwargs | {"initial": start | (kwargs.get("initial") or {})})


class ClockFilter(RegisterFilter):
    """Clocks of all incidents: what runs, unless something else is asked for."""

    search_fields = ("regime", "whom", "incident__title")
    archives = False

    show = django_filters.ChoiceFilter(
        method="filter_show", label="State", empty_label="Running and paused",
        choices=[
            ("overdue", "Overdue"), ("paused", "Paused"), ("met", "Notified"), ("late", "Notified late"),
            ("dismissed", "Dismissed"), ("all", "All"),
        ],
    )  # fmt: skip

    class Meta:
        model = Clock
        fields = ()

    def unasked(self, found: QuerySet[Any]) -> QuerySet[Any]:
        """What runs."""
        return found.filter(ticking())

    def filter_show(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """By how they stand."""
        if value == "overdue":
            return queryset.filter(late(self.moment or timezone.now()))
        if value == "late":
            return queryset.filter(state=ClockState.MET, ended_at__gt=F("due_at"))
        return queryset if value == "all" else queryset.filter(state=value)


class NotificationFilter(RegisterFilter):
    """What was sent."""

    search_fields = ("told", "what", "reference", "incident__title")
    archives = False

    clock = django_filters.ChoiceFilter(
        method="by_clock", label="Because of", empty_label="Any",
        choices=[("met", "A clock, which it met"), ("other", "A clock, besides"), ("none", "No clock")],
    )  # fmt: skip

    class Meta:
        model = Notification
        fields = ()

    def by_clock(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """Whether a clock asked for it."""
        if value == "none":
            return queryset.filter(clock_id=None)
        return queryset.filter(clock_id__isnull=False, meets=value == "met")
