"""What people say about requests: asking, assigning, answering in one move, judging, commenting."""

from typing import Any

from django import forms

from audits.models import Engagement
from audits.models.requests import Request
from evidence.actions import Source
from evidence.models import Kind
from foundation.accounts.access import visible
from foundation.accounts.models import User
from foundation.accounts.roles import Role
from foundation.files.forms import StoredFilesField, is_too_large
from foundation.pages.fields import DAY, LONGEST_NUMBER, day_field, offer, text_area, words_field
from foundation.pages.forms import RegisterForm, VerbForm
from foundation.pages.people import possible_owners

MOST_TEXT = 2000  # characters of a box of references


def references_field(label: str, help_text: str) -> forms.CharField:
    """A box for references, divided by commas."""
    return forms.CharField(label=label, max_length=MOST_TEXT, required=False, help_text=help_text)


class RequestForm(RegisterForm):
    """A request. Its engagement, controls and criteria are named when it is new; an auditor names no owner."""

    controls = references_field("Controls", "References divided by commas: IAM-01, CHG-02.")
    criteria = references_field("Criteria", "Codes divided by commas: CC6.1, CC6.2.")

    class Meta:
        model = Request
        fields = (
            "engagement", "external_ref", "title", "description", "kind", "period_from", "period_to", "owner", "due_on",
        )  # fmt: skip
        widgets = {"description": text_area(4), "period_from": DAY, "period_to": DAY, "due_on": DAY}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice: Any = self.fields["engagement"]
        going_on = visible(self.user, Engagement.objects.open())
        choice.queryset, choice.empty_label = going_on.order_by("-id"), "Choose an engagement"
        self.fields["due_on"].required = False
        self.fields["due_on"].help_text = "Empty: as the settings say."
        if self.user.role == Role.AUDITOR:
            del self.fields["owner"]
        else:
            offer(self.fields["owner"], possible_owners(), kept=self.instance.owner_id, empty="Not assigned")
        if self.instance.pk:
            for name in ("engagement", "controls", "criteria"):
                del self.fields[name]
            self.fields["due_on"].required = True

    def clean(self) -> dict[str, Any]:
        """A period has both of its days, in order."""
        said = super().clean() or self.cleaned_data
        check_period(self)
        return said


def check_period(form: Any) -> None:
    """Put beside the right day that a period has both of them, in order."""
    first, last = form.cleaned_data.get("period_from"), form.cleaned_data.get("period_to")
    if {"period_from", "period_to"} & set(form.errors):
        return
    if (first is None) != (last is None):
        form.add_error("period_from" if first is None else "period_to", "A period has a first and a last day.")
    elif first and last and last < first:
        form.add_error("period_to", "It ends before it begins.")


class AssignForm(VerbForm):
    """Say who answers it, and by when."""

    owner = forms.ModelChoiceField(queryset=User.objects.none(), required=False, empty_label="Nobody yet")
    due_on = day_field(label="Due", required=False, help_text="Empty: as it is.")
    note = words_field(required=False, rows=2)

    def __init__(self, *args: Any, target: Request, **kwargs: Any) -> None:
        kwargs["initial"] = {"owner": target.owner_id, "due_on": target.due_on} | (kwargs.get("initial") or {})
        super().__init__(*args, target=target, **kwargs)
        offer(self.fields["owner"], possible_owners(), kept=target.owner_id)


class NoteForm(VerbForm):
    """A verb with a note, if something is to be added."""

    note = words_field(required=False, rows=2, help_text="If something is to be added.")


class SubmitForm(VerbForm):
    """Say that it is answered, with evidence that is there already."""

    evidence = references_field("Existing evidence", "References divided by commas: EV-12, EV-14.")
    note = words_field(required=False, rows=3, help_text="What the auditor should know.")


class RespondForm(VerbForm):
    """Answer in one move: files, evidence that is there already, a note; and let the auditor look if ticked."""

    file = StoredFilesField(
        label="Files", required=False, help_text="One or many; each becomes an item of evidence of its own."
    )
    source_system = forms.CharField(
        max_length=120, required=False, help_text="The system that the files come from, such as “AWS”."
    )
    title = forms.CharField(max_length=200, required=False, help_text="What they show. Empty: the request's title.")
    kind = forms.ChoiceField(choices=Kind.choices, required=False, initial=Kind.DOCUMENT, label="Kind of evidence")
    query = words_field(
        label="Query or path", required=False, rows=2,
        help_text="The query, command or menu path by which anybody gets the same again.",
    )  # fmt: skip
    period_from = day_field(label="Covers from", required=False, help_text="The first day that they cover.")
    period_to = day_field(label="Covers to", required=False, help_text="The last day.")
    evidence = references_field("Existing evidence", "References divided by commas: EV-12, EV-14.")
    note = words_field(required=False, rows=3, help_text="What the auditor should know.")
    submit = forms.BooleanField(
        label="Submit: the auditor looks at it now", required=False, initial=True,
        help_text="Without it, what you hand in waits here until you submit it.",
    )  # fmt: skip

    def __init__(self, *args: Any, target: Request, **kwargs: Any) -> None:
        days = {"period_from": target.period_from, "period_to": target.period_to}
        kwargs["initial"] = days | (kwargs.get("initial") or {})
        super().__init__(*args, target=target, **kwargs)

    def clean(self) -> dict[str, Any]:
        """Files say where they come from; a period has both of its days."""
        said = super().clean() or self.cleaned_data
        if said.get("file") and not said.get("source_system", "").strip() and "source_system" not in self.errors:
            self.add_error("source_system", "Say which system the files come from.")
        check_period(self)
        return said

    def said(self) -> dict[str, Any]:
        """What `respond` is told."""
        said = self.cleaned_data
        names = ("evidence", "note", "submit", "title")
        first = said["period_from"]
        source = Source(
            system=said["source_system"], query=said["query"],
            period=(first, said["period_to"]) if first else None,
        )  # fmt: skip
        return {name: said[name] for name in names} | {
            "files": said["file"], "kind": said["kind"] or Kind.DOCUMENT, "source": source,
        }  # fmt: skip

    @property
    def too_large(self) -> bool:
        """Whether a file was refused for its size."""
        return is_too_large(self)


class ReturnForm(VerbForm):
    """Return it."""

    reason = words_field(help_text="What is missing, so that the next answer can be right.")


class WithdrawForm(VerbForm):
    """Withdraw it."""

    reason = words_field(rows=2, help_text="Why it is not needed any more.")


class CommentForm(VerbForm):
    """Say something about it, or answer what somebody said."""

    text = words_field(label="Comment", rows=3)
    answers = forms.IntegerField(
        required=False, min_value=1, max_value=10**LONGEST_NUMBER - 1, widget=forms.HiddenInput,
        help_text="The number of the comment that it answers.",
    )  # fmt: skip


class LinkControlForm(VerbForm):
    """Link a control."""

    control = forms.CharField(max_length=30, help_text="Its reference: IAM-01.")
    reason = words_field(rows=2, help_text="What it has to do with the request.")


class LinkCriterionForm(VerbForm):
    """Link a criterion."""

    criterion = forms.CharField(max_length=30, help_text="Its code: CC6.1.")
    reason = words_field(rows=2, help_text="What it has to do with the request.")
