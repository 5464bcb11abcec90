"""What people fill in about reviews of vendors, and about the controls for which they are evidence."""

import datetime
from collections.abc import Iterator
from typing import Any, Final

from django import forms

from controls.models import Control
from findings.models import Severity
from foundation.accounts.access import visible
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.pages.fields import DAY, MOST_WORDS, day_field, offer, text_area, words_field
from foundation.pages.forms import RegisterForm, VerbForm
from vendors.approval import assessors
from vendors.models import (
    IN_USE,
    Answer,
    Conclusion,
    ReviewKind,
    ReviewState,
    Tier,
    VendorControl,
    VendorReview,
    VendorReviewItem,
)
from vendors.people import possible_approvers, possible_reviewers
from vendors.reviews import UNDER_WAY

TIME: Final = datetime.timedelta(days=14)  # what a review is given, unless a day is set already


class BeginForm(VerbForm):
    """Begin a review of a vendor."""

    kind = forms.ChoiceField(choices=ReviewKind.choices)
    reviewer = forms.ModelChoiceField(User.objects.none(), empty_label="Choose who does it")
    approver = forms.ModelChoiceField(
        User.objects.none(), empty_label="Choose who approves it", help_text="Another person than the reviewer."
    )
    due_on = day_field(label="Due")
    why = words_field(required=False, rows=2, label="Event", help_text="Which, where one prompts it.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        vendor = kwargs["target"]
        start = {
            "kind": ReviewKind.RECURRING if vendor.status in IN_USE else ReviewKind.DUE_DILIGENCE,
            "reviewer": vendor.owner_id, "due_on": vendor.next_review_on or today() + TIME,
            "approver": vendor.approver_id if vendor.approver_id != vendor.owner_id else None,
        }  # fmt: skip
        super().__init__(*args, **kwargs | {"initial": start | (kwargs.get("initial") or {})})
        offer(self.fields["reviewer"], possible_reviewers(vendor))
        offer(self.fields["approver"], possible_approvers())


class ReviewForm(RegisterForm):
    """Who does a review that is under way, who approves it, and by when."""

    class Meta:
        model = VendorReview
        fields = ("due_on", "reviewer", "approver", "why")
        widgets = {"due_on": DAY, "why": text_area(2)}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        review = self.instance
        if review.pk:
            offer(self.fields["reviewer"], possible_reviewers(review.vendor), kept=review.reviewer_id)
            offer(self.fields["approver"], possible_approvers(), kept=review.approver_id)

    def clean(self) -> dict[str, Any]:
        """Nothing of a review is changed that is over; and its approver has no hand in it."""
        said = super().clean() or self.cleaned_data
        if self.instance.state not in UNDER_WAY:
            self.add_error(None, f"It is {self.instance.get_state_display().lower()}: it stays as it is.")
        approver = said.get("approver")
        if approver is not None and "approver" in self.changed_data and approver.pk in assessors(self.instance):
            self.add_error("approver", "Who had a hand in it does not approve it.")
        return said


class AnswerForm(VerbForm):
    """What was found about one question."""

    key = forms.CharField(max_length=30, label="Question", help_text="Its key, as in the review.")
    answer = forms.ChoiceField(choices=Answer.choices, required=False)
    note = words_field(required=False, rows=2, help_text="What was seen; why it is not in order, or does not apply.")
    document = forms.CharField(
        max_length=30, required=False, help_text="Where it is seen: a document of this vendor, as VD-12."
    )


class AnswersForm(VerbForm):
    """What was found about all the questions of a review, on one page."""

    seen = forms.IntegerField(min_value=0, max_value=2**31 - 1, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        found = VendorReviewItem.objects.filter(review=self.target).select_related("document").order_by("position")
        self.items = list(found)
        self.fields["seen"].initial = sum(item.version for item in self.items)
        for item in self.items:
            known = {"answer": item.answer, "note": item.note, "document": item.document.ref if item.document else ""}
            parts: dict[str, forms.Field] = {
                "answer": forms.ChoiceField(choices=Answer.choices, required=False, label="Answer"),
                "note": forms.CharField(max_length=MOST_WORDS, widget=text_area(2), required=False, label="Note"),
                "document": forms.CharField(max_length=30, required=False, label="Document"),
            }
            for name, field in parts.items():
                field.widget.attrs["aria-label"] = f"{field.label}: {item.question}"
                field.initial = known[name]
                self.fields[f"{name}_{item.key}"] = field

    def lines(self) -> Iterator[tuple[Any, ...]]:
        """Each question with its three fields, for the page."""
        for item in self.items:
            yield (item, *(self[f"{name}_{item.key}"] for name in ("answer", "note", "document")))

    def said(self) -> dict[str, Any]:
        """The answers by question."""
        said = self.cleaned_data
        answers = {
            item.key: {name: said[f"{name}_{item.key}"] for name in ("answer", "note", "document")}
            for item in self.items
        }
        return {"seen": said["seen"], "answers": answers}


class SubmitForm(VerbForm):
    """What a review concludes."""

    conclusion = forms.ChoiceField(choices=[("", "Choose"), *Conclusion.choices])
    residual = forms.ChoiceField(
        choices=[("", "Choose"), *Tier.choices], label="Residual risk", help_text="What remains after its controls."
    )
    residual_reason = words_field(rows=2, label="Why this much remains")
    summary = words_field(help_text="What was found, and what follows.")


class ApproveForm(VerbForm):
    """Approve a review."""

    note = words_field(required=False, rows=2, help_text="If something is to be added. Nothing changes afterwards.")


class RaiseFindingForm(VerbForm):
    """Raise a finding from a question that is not in order."""

    key = forms.CharField(max_length=30, label="Question", help_text="The key of a question that is not in order.")
    title = forms.CharField(max_length=200, help_text="What is wrong, in a line.")
    severity = forms.ChoiceField(choices=Severity.choices, initial=Severity.MEDIUM)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.target.state not in (ReviewState.OPEN, ReviewState.SUBMITTED):
            return
        found = VendorReviewItem.objects.filter(review=self.target, answer=Answer.NO).order_by("position")
        wrong = [(item.key, item.question) for item in found]
        self.fields["key"] = forms.ChoiceField(choices=wrong, label="Question", help_text="Which is not in order.")


class VendorControlForm(RegisterForm):
    """For which control a part of the work with vendors is evidence."""

    class Meta:
        model = VendorControl
        fields = ("part", "control", "reason")
        widgets = {"reason": text_area(2)}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen: Any = self.fields["control"]
        chosen.queryset = visible(self.user, Control).filter(archived_at=None).order_by("ref")

    def clean(self) -> dict[str, Any]:
        """Linked once; a link that was taken away comes back."""
        said = super().clean() or self.cleaned_data
        same = VendorControl.objects.live().filter(part=said.get("part"), control=said.get("control"))
        if not self.errors and same.exists():
            self.add_error("control", "It is linked already. Unlink it first to say something else of it.")
        return said

    def validate_unique(self) -> None:
        """A link that was taken away is no obstacle: saving brings it back."""

    def validate_constraints(self) -> None:
        """As `validate_unique`; the database holds them all the same."""
