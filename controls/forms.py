"""What people fill in about controls."""

import datetime
from typing import Any

from django import forms

from controls.actions import lies_ahead
from controls.models import (
    MOVES,
    Applicability,
    Category,
    Control,
    Criterion,
    Frequency,
    Mapping,
    Status,
    Wording,
)
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.pages.fields import DAY, MOST_WORDS, day_field, offer, text_area, words_field
from foundation.pages.forms import RegisterForm, VerbForm, changed_meanwhile
from foundation.pages.people import possible_owners


class ControlForm(RegisterForm):
    """A control's own fields. Status, wording and criteria have their own verbs and forms."""

    class Meta:
        model = Control
        fields = (
            "ref", "name", "objective", "kind", "nature", "frequency", "owner", "operator", "owner_role",
            "expected_evidence", "automatable_source", "review_date",
        )  # fmt: skip
        widgets = {
            "objective": text_area(3),
            "expected_evidence": text_area(3),
            "automatable_source": text_area(2),
            "review_date": DAY,
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("owner", "operator"):
            kept = getattr(self.instance, f"{name}_id")
            offer(self.fields[name], possible_owners(), kept=kept, empty="Nobody")

    def clean_ref(self) -> str:
        """A reference without spaces around it."""
        return str(self.cleaned_data["ref"]).strip()

    def clean_frequency(self) -> str:
        """While a control operates, how often it does changes from a day on: that is a new wording's business."""
        frequency: str = self.cleaned_data["frequency"]
        if self.instance.operates_from and self.instance.frequency not in ("", frequency):
            raise forms.ValidationError("It operates already. Write a new wording with the day from which this holds.")
        return frequency

    def clean_review_date(self) -> datetime.date | None:
        """A day that is set now lies ahead; one that has passed since it was set may stay."""
        day: datetime.date | None = self.cleaned_data["review_date"]
        if day and "review_date" in self.changed_data:
            lies_ahead(day)
        return day


class StatusForm(VerbForm):
    """The next status, or the same one again, with a note."""

    status = forms.ChoiceField()
    since = day_field(
        required=False,
        label="Since",
        help_text="The first day on which it operates, or of a retired one the last. Empty: today, or as it stands.",
    )
    note = words_field(help_text="What was done, or what is in the way. It stands in the trail.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        now = self.target.status
        self.fields["status"].choices = status_choices(now)  # type: ignore[attr-defined]
        self.fields["status"].initial = now if now != Status.NOT_APPLICABLE else Status.PLANNED


def status_choices(now: str) -> list[tuple[str, str]]:
    """The statuses that one person can declare next, the present one first; not applicable takes two."""
    onward = [status for status in MOVES[now] if status != Status.NOT_APPLICABLE]
    stay = [] if now == Status.NOT_APPLICABLE else [(now, f"{Status(now).label} (as it is)")]
    return stay + [(status, str(Status(status).label)) for status in onward]


class NotApplicableForm(VerbForm):
    """Propose that a control does not apply here."""

    reason = words_field(help_text="Why the control does not apply. A second person reads it and decides.")


class ApproveForm(VerbForm):
    """Approve a colleague's proposal; what is to be said is said there already."""

    note = words_field(required=False, rows=2, help_text="If something is to be added to the reason.")


class DeclineForm(VerbForm):
    """Turn a colleague's proposal down."""

    reason = words_field(rows=2, help_text="Why the control does apply.")


class ReviewForm(VerbForm):
    """Record a review."""

    note = words_field(help_text="What was looked at, and what was found.")
    next_review = day_field(required=False, validators=[lies_ahead], help_text="Empty: one review cadence from today.")


class RewordForm(VerbForm):
    """A new wording; the one in force is filled in as a start."""

    who = forms.CharField(max_length=200, help_text="The person or system that acts: “The IT lead”.")
    what = words_field(rows=2, help_text="What is done, in the present tense: “re-confirms or removes each account”.")
    how_often = forms.CharField(max_length=200, help_text="How often or when: “in the first month of each quarter”.")
    on_what = words_field(rows=2, help_text="On what, with its preposition: “on every production system”.")
    frequency = forms.ChoiceField(
        choices=[("", "As now"), *Frequency.choices], required=False, help_text="What is expected follows from it."
    )
    effective_from = day_field(label="In force from", help_text="The first day; it may be past or to come.")
    reason = words_field(rows=2, help_text="Why the wording changes.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        now = Wording.objects.in_force(today()).filter(control=kwargs["target"]).first()
        start = {name: getattr(now, name) for name in ("who", "what", "how_often", "on_what")} if now else {}
        start["frequency"] = kwargs["target"].frequency
        start |= {"effective_from": today()} | (kwargs.get("initial") or {})
        super().__init__(*args, **kwargs | {"initial": start})


class CriteriaForm(VerbForm):
    """All criteria of one framework, each with a tick and a rationale, and one reason for what changes."""

    links = forms.IntegerField(widget=forms.HiddenInput)  # what the reader saw, so that nobody's link is lost
    reason = words_field(rows=2, help_text="Why the criteria change.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.criteria = list(Criterion.objects.select_related("series").order_by("framework_id", "position"))
        stored = list(Mapping.objects.filter(control=self.target))
        linked = {link.criterion_id: link.rationale for link in stored if link.archived_at is None}
        self.fields["links"].initial = self.stored_links = sum(link.version for link in stored)
        for criterion in self.criteria:
            self.fields[f"link_{criterion.pk}"] = forms.BooleanField(
                required=False, label=str(criterion), initial=criterion.pk in linked
            )
            self.fields[f"why_{criterion.pk}"] = forms.CharField(
                required=False, max_length=MOST_WORDS, initial=linked.get(criterion.pk, ""),
                label=f"How it helps to meet {criterion.code}",
            )  # fmt: skip

    def lines(self) -> list[tuple[Criterion, forms.BoundField, forms.BoundField]]:
        """Each criterion with its tick and its rationale, for the template."""
        return [(c, self[f"link_{c.pk}"], self[f"why_{c.pk}"]) for c in self.criteria]

    def clean_links(self) -> int:
        """Every change of a link raises this number."""
        seen: int = self.cleaned_data["links"]
        if seen != self.stored_links:
            raise forms.ValidationError(changed_meanwhile("the criteria"))
        return seen

    def clean(self) -> dict[str, Any]:
        """A new link without a rationale is refused: an auditor asks for exactly that."""
        for criterion in self.criteria:
            why = str(self.cleaned_data.get(f"why_{criterion.pk}") or "").strip()
            if (
                self.cleaned_data.get(f"link_{criterion.pk}")
                and not why
                and f"link_{criterion.pk}" in self.changed_data
            ):
                self.add_error(f"why_{criterion.pk}", f"Say how the control helps to meet {criterion.code}.")
        return self.cleaned_data

    def said(self) -> dict[str, Any]:
        """The wanted links and the reason."""
        data = self.cleaned_data
        wanted = {c: data[f"why_{c.pk}"].strip() for c in self.criteria if data[f"link_{c.pk}"]}
        return {"wanted": wanted, "reason": data["reason"], "seen": data["links"]}


class AssignOwnerForm(forms.Form):
    """One owner, or nobody, for the ticked controls."""

    owner = forms.ModelChoiceField(User.objects.none(), required=False, empty_label="Nobody")
    reason = words_field(rows=2, help_text="It stands in the trail of each of them.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self.fields["owner"], possible_owners())


class ReviewDateForm(forms.Form):
    """One next review day for the ticked controls."""

    review_date = day_field(label="Next review", validators=[lies_ahead])
    reason = words_field(rows=2, help_text="It stands in the trail of each of them.")


class ScopeForm(forms.Form):
    """Which categories are in scope. A required one is ticked and cannot be unticked (R1.1)."""

    reason = words_field(rows=2, help_text="Why the scope changes.")
    seen = forms.CharField(widget=forms.HiddenInput, max_length=2000)

    def __init__(self, *args: Any, categories: list[Category], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.categories = categories
        self.fields["seen"].initial = self.standing()
        for category in categories:
            self.fields[f"category_{category.id}"] = forms.BooleanField(
                required=False, label=category.name, initial=category.in_scope, disabled=category.required
            )

    def standing(self) -> str:
        """The categories' versions: what a person saw who decides on the scope."""
        return " ".join(f"{category.id}:{category.version}" for category in self.categories)

    def clean_seen(self) -> str:
        """Refuse a scope that somebody else changed after this form was opened."""
        if self.cleaned_data["seen"] != self.standing():
            raise forms.ValidationError(changed_meanwhile("the scope"))
        return str(self.cleaned_data["seen"])

    def lines(self) -> list[tuple[Category, forms.BoundField]]:
        """Each category with its tick."""
        return [(category, self[f"category_{category.id}"]) for category in self.categories]

    def wanted(self) -> dict[Category, bool]:
        """Each category, and whether it is to be in scope."""
        return {category: bool(self.cleaned_data[f"category_{category.id}"]) for category in self.categories}


class ApplicabilityForm(VerbForm):
    """How a criterion applies (R1.2)."""

    applicability = forms.ChoiceField(choices=Applicability.choices, widget=forms.RadioSelect)
    reason = words_field(help_text="Why it is so. It stands in the description of the system.")
    subservice_organisation = forms.CharField(
        required=False, max_length=200, help_text="Whose controls meet a part of it; only when a part is carved out."
    )

    def __init__(self, *args: Any, target: Criterion, **kwargs: Any) -> None:
        start = {
            "applicability": target.applicability,
            "reason": target.applicability_reason,
            "subservice_organisation": target.subservice_organisation,
        }
        super().__init__(*args, target=target, **kwargs | {"initial": start | (kwargs.get("initial") or {})})

    def clean(self) -> dict[str, Any]:
        """A carve-out names the organisation, nothing else does."""
        data = self.cleaned_data
        carved = data.get("applicability") == Applicability.CARVED_OUT
        if carved and not data.get("subservice_organisation"):
            self.add_error("subservice_organisation", "Name the organisation whose controls meet the rest.")
        if not carved:
            data["subservice_organisation"] = ""
        return data
