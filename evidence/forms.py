"""What people say about evidence: handing it in, a new version, judging it, linking it."""

import datetime
from typing import Any

from django import forms
from django.db.models import Q, QuerySet

from controls.models import Control
from evidence.actions import For, Source
from evidence.models import Evidence, Exemption, Kind, Requirement, State
from foundation.accounts.access import allowed
from foundation.accounts.models import User
from foundation.accounts.roles import Role
from foundation.files.forms import StoredFileField, StoredFilesField, is_too_large
from foundation.organisation.models import today
from foundation.pages.fields import DAY, day_field, moment_field, offer, text_area, words_field
from foundation.pages.forms import RegisterForm, VerbForm
from foundation.pages.people import possible_owners

MOST_ROWS = 2**63 - 1
SOURCE = ("source_system", "environment", "query", "captured_at", "period_from", "period_to", "row_count")
REVIEWERS = (Role.COMPLIANCE_MANAGER, Role.MANAGER, Role.CONTROL_OWNER)


def possible_reviewers(*but: int | None) -> QuerySet[User]:
    """Who can be asked to judge evidence; not those with these numbers, who submitted or collected it."""
    return possible_owners().filter(role__in=REVIEWERS).exclude(pk__in=[one for one in but if one])


class ToldForm(forms.Form):
    """What an item says about itself, whoever hands it in."""

    title = forms.CharField(
        max_length=200, help_text="What it shows: “Okta users with their factors”. Of many files: in common."
    )
    kind = forms.ChoiceField(choices=[("", "Choose a kind"), *Kind.choices])
    source_system = forms.CharField(max_length=120, help_text="The system that it comes from, such as “AWS”.")
    environment = forms.CharField(
        max_length=120, required=False, help_text="Tenant, account, repository: “production, account 4711”."
    )
    query = words_field(
        label="Query or path", required=False, rows=2,
        help_text="The query, command or menu path by which anybody gets the same again.",
    )  # fmt: skip
    captured_at = moment_field(label="Captured", required=False, help_text="When the source showed it. Empty: now.")
    period_from = day_field(label="Covers from", required=False, help_text="The first day that it covers.")
    period_to = day_field(label="Covers to", required=False, help_text="The last day.")
    row_count = forms.IntegerField(
        label="Rows", required=False, min_value=0, max_value=MOST_ROWS, help_text="Where it is a list."
    )
    redaction = words_field(required=False, rows=2, help_text="What was taken out or covered, and why.")
    description = words_field(required=False, rows=2)
    expires_on = day_field(label="Good until", required=False, help_text="The last day, if it has one.")
    reviewer = forms.ModelChoiceField(
        label="To be judged by", queryset=User.objects.none(), required=False, empty_label="Whoever may",
        help_text="Somebody else than whoever submits or collected it.",
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """A period has both of its days, in order."""
        said = super().clean() or self.cleaned_data
        first, last = said.get("period_from"), said.get("period_to")
        if (first is None) != (last is None) and not {"period_from", "period_to"} & set(self.errors):
            self.add_error("period_from" if first is None else "period_to", "A period has a first and a last day.")
        if first and last and last < first:
            self.add_error("period_to", "It ends before it begins.")
        return said

    def source(self, collected_by: User | None) -> Source:
        """Where it comes from, as the actions take it."""
        said = self.cleaned_data
        return Source(
            system=said["source_system"], environment=said["environment"], query=said["query"],
            captured_at=said["captured_at"], rows=said["row_count"], collected_by=collected_by,
            period=(said["period_from"], said["period_to"]) if said["period_from"] else None,
        )  # fmt: skip

    def told(self) -> dict[str, Any]:
        """The rest of what `record_evidence` is told."""
        names = ("title", "kind", "description", "redaction", "expires_on", "reviewer")
        return {name: self.cleaned_data[name] for name in names}

    @property
    def too_large(self) -> bool:
        """Whether a file was refused for its size."""
        return is_too_large(self)


class SubmitForm(ToldForm):
    """Files for one control, each an item of its own, with all that is said once."""

    file = StoredFilesField(label="Files", help_text="One or many; each becomes an item of its own.")
    reason = words_field(label="What it proves", rows=2, help_text="What it shows about the control.")
    requirement = forms.ModelChoiceField(
        label="Requirement", queryset=Requirement.objects.none(), required=False, empty_label="No written requirement"
    )
    occurrence = day_field(required=False, help_text="A day of the occurrence that it is for. Empty: as its times say.")
    event = forms.CharField(max_length=200, required=False, help_text="The one event of that day. Empty: every one.")
    nothing_occurred = forms.BooleanField(
        label="It shows that nothing occurred", required=False,
        help_text="There was nothing to do: with the query, the period and a count of 0 rows.",
    )  # fmt: skip
    another = forms.BooleanField(label="It is another item, although the bytes are the same", required=False)

    field_order = (
        "file", "title", "requirement", "reason", "occurrence", "event", "kind", *SOURCE, "nothing_occurred",
        "redaction", "description", "expires_on", "reviewer", "another",
    )  # fmt: skip

    def __init__(self, *args: Any, user: User, control: Control, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.control = control
        self.same: Evidence | None = None
        offer(self.fields["reviewer"], possible_reviewers(user.pk))
        self.guides = list(requirements_of(control))
        self.fields["requirement"].queryset = requirements_of(control)  # type: ignore[attr-defined]
        if not self.data.get("another"):
            self.fields["another"].widget = forms.HiddenInput()

    def offer(self, same: Evidence) -> None:
        """These bytes are kept already: offer the link, and the tick."""
        self.same = same
        self.fields["another"].widget = forms.CheckboxInput()

    def link(self) -> For:
        """What it is for."""
        said = self.cleaned_data
        return For(
            control=self.control, reason=said["reason"], requirement=said["requirement"],
            occurrence=said["occurrence"], event=said["event"],
            nothing_occurred=said["nothing_occurred"],
        )  # fmt: skip


def requirements_of(control: Control) -> QuerySet[Requirement]:
    """What a control asks for today or will ask for."""
    found: QuerySet[Requirement] = Requirement.objects.filter(
        Q(effective_to=None) | Q(effective_to__gte=today()), control=control, archived_at=None
    )
    return found


class NewVersionForm(ToldForm, VerbForm):
    """The version after `target`: filled in with what that one said, for the same controls."""

    file = StoredFileField(help_text="The new content; the earlier version stays as it is.")
    field_order = ("file", "title", "kind", *SOURCE, "redaction", "description", "expires_on", "reviewer")

    def __init__(self, *args: Any, target: Evidence, **kwargs: Any) -> None:
        names = ("title", "kind", "source_system", "environment", "query", "redaction", "description", "expires_on")
        earlier = {name: getattr(target, name) for name in names} | {"reviewer": target.reviewer_id}
        kwargs["initial"] = earlier | (kwargs.get("initial") or {})
        super().__init__(*args, target=target, **kwargs)
        offer(self.fields["reviewer"], possible_reviewers())

    def said(self) -> dict[str, Any]:
        """The file and what is said of it."""
        return {"file": self.cleaned_data["file"], "source": self.source(None), **self.told()}


class AcceptForm(VerbForm):
    """Accept an item, after having looked into it."""

    times_seen = forms.BooleanField(
        label="I saw the source's own times in it",
        required=False,
        help_text="The content itself shows when the source made it and which time it covers: then these times count.",
    )
    note = words_field(required=False, rows=2, help_text="What was looked at.")


class ConfirmForm(VerbForm):
    """Confirm what an accepted item proves about a control that it was linked to later."""

    note = words_field(required=False, rows=2, help_text="What was looked at.")


class GiveBackForm(VerbForm):
    """Return an item."""

    reason = words_field(help_text="What is wrong with it, so that a new version can be right.")


class LinkForm(VerbForm):
    """Link an item to one more control, or say anew what it proves about one."""

    control = forms.ModelChoiceField(queryset=Control.objects.filter(archived_at=None), empty_label="Choose a control")
    requirement = forms.ModelChoiceField(
        queryset=Requirement.objects.filter(archived_at=None).select_related("control"), required=False,
        empty_label="No written requirement",
    )  # fmt: skip
    reason = words_field(label="What it proves", rows=2, help_text="What it shows about the control.")
    occurrence = day_field(required=False, help_text="A day of the occurrence that it is for. Empty: as its times say.")
    event = forms.CharField(max_length=200, required=False, help_text="The one event of that day. Empty: every one.")
    nothing_occurred = forms.BooleanField(label="It shows that nothing occurred", required=False)

    def limit(self, user: User, control: str) -> "LinkForm":
        """Offer the controls that this person submits to; `control`, a number from the address, is chosen already."""
        mine = allowed(user, "submit_evidence", Control).filter(archived_at=None).order_by("ref")
        self.fields["control"].queryset = mine  # type: ignore[attr-defined]
        needs = Requirement.objects.filter(archived_at=None, control__in=mine).select_related("control")
        self.fields["requirement"].queryset = needs.order_by("control__ref", "id")  # type: ignore[attr-defined]
        if control:
            self.fields["control"].initial = control
        return self


class EvidenceForm(RegisterForm):
    """What may be said anew of an item: the rest is what was collected."""

    class Meta:
        model = Evidence
        fields = ("title", "description", "reviewer", "expires_on")
        widgets = {
            "description": text_area(3),
            "expires_on": DAY,
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = possible_reviewers(self.instance.submitted_by_id, self.instance.collected_by_id)
        offer(self.fields["reviewer"], others, kept=self.instance.reviewer_id, empty="Whoever may")
        self.stood_until = self.instance.expires_on
        # whoever was asked, and a compliance manager, hand the judging on: nobody takes it to themselves
        if self.user.role != Role.COMPLIANCE_MANAGER and self.user.pk != self.instance.reviewer_id:
            self.fields["reviewer"].disabled = True

    def clean(self) -> dict[str, Any]:
        """What was withdrawn stays as it is; what was accepted is not made good for longer without a new look."""
        said = super().clean() or self.cleaned_data
        if self.instance.state == State.WITHDRAWN:
            raise forms.ValidationError(f"{self.instance.ref} was withdrawn.")
        day, stood = said.get("expires_on"), self.stood_until
        if self.instance.state == State.ACCEPTED and stood and (day is None or day > stood):
            self.add_error("expires_on", f"It was accepted until {stood}. For longer, send a new version.")
        return said


class RequirementForm(RegisterForm):
    """What a control needs to be proved with."""

    kinds = forms.MultipleChoiceField(
        label="Accepted kinds", choices=Kind.choices, required=False, widget=forms.CheckboxSelectMultiple,
        help_text="None ticked: any kind.",
    )  # fmt: skip

    class Meta:
        model = Requirement
        fields = ("control", "title", "source", "example", "kinds", "effective_from", "effective_to")
        widgets = {
            "example": text_area(3),
            "effective_from": DAY,
            "effective_to": DAY,
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["control"]
        field.queryset = Control.objects.filter(Q(archived_at=None) | Q(pk=self.instance.control_id)).order_by("ref")
        self.fields["effective_from"].initial = today
        if self.instance.pk:
            field.disabled = True
            self.begun = self.instance.effective_from
            self.fields["effective_from"].help_text = (
                f"It has been asked for since {self.begun}. A later day ends it the day before, and what is written "
                "here is asked for from then on; with the same day, a slip of the pen is mended."
            )

    def clean_effective_from(self) -> Any:
        """What is asked of the past stays what it was."""
        day = self.cleaned_data["effective_from"]
        if self.instance.pk and day < self.begun:
            raise forms.ValidationError(f"It begins on {self.begun}: name that day or a later one.")
        return day

    def clean_effective_to(self) -> Any:
        """Nobody ends it in the past: what was missing then stays missing, unless two people except it."""
        day = self.cleaned_data["effective_to"]
        yesterday = today() - datetime.timedelta(days=1)
        if day is not None and day != self.instance.effective_to and self.instance.pk and day < yesterday:
            raise forms.ValidationError(f"It cannot end before {yesterday}: what is missing before is excepted by two.")
        return day


class RefusalForm(VerbForm):
    """Turn an exemption down."""

    reason = words_field(help_text="Why it is not excepted.")


class ApprovalForm(VerbForm):
    """Approve an exemption."""

    reason = words_field(label="Note", required=False, help_text="If something is to be added.")


class ExemptionForm(RegisterForm):
    """Ask to except occurrences of a control that one submits evidence to."""

    class Meta:
        model = Exemption
        fields = ("control", "starts_on", "ends_on", "reason")
        widgets = {
            "reason": text_area(3),
            "starts_on": DAY,
            "ends_on": DAY,
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        mine = allowed(self.user, "submit_evidence", Control).filter(archived_at=None).order_by("ref")
        self.fields["control"].queryset = mine  # type: ignore[attr-defined]
