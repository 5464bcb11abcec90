"""What people fill in about campaigns, reviews and the accounts that they decide on."""

from typing import Any

from django import forms

from accessreviews.assigning import DECIDES
from accessreviews.models import By, Campaign, CampaignState, Choice, Review
from accessreviews.quarters import Quarter
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.pages.fields import DAY, offer, words_field
from foundation.pages.forms import RegisterForm, VerbForm
from systems.models import System

SIGNED = "I looked at each of these accounts, and decided on it by what its owner needs for their work."
APPROVED = "I looked at how these accounts were decided on, at the exceptions and at the removals, and approve it."


def deciders() -> Any:
    """Everybody whose role decides on accounts, and who may sign in."""
    return User.objects.active().filter(role__in=DECIDES).order_by("name", "id")


class CampaignForm(RegisterForm):
    """A campaign's own fields. Its period stands once it is launched, its approver until somebody else is named."""

    class Meta:
        model = Campaign
        fields = ("name", "period_from", "period_to", "due_on", "approver")
        widgets = {"period_from": DAY, "period_to": DAY, "due_on": DAY}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self.fields["approver"], deciders(), kept=self.instance.approver_id, empty="Nobody yet")
        if self.instance.pk is None:
            one = Quarter.of(today())
            start = {"name": f"Access review, {one}", "period_from": one.first, "period_to": one.last}
            self.initial = {**start, "due_on": one.last, **self.initial}
        elif self.instance.state != CampaignState.DRAFT:
            self.fields["period_from"].disabled = self.fields["period_to"].disabled = True

    def clean(self) -> dict[str, Any]:
        """The approver reviews nothing of it, and is needed once it is launched."""
        said = super().clean() or self.cleaned_data
        approver = said.get("approver")
        if self.instance.state not in (CampaignState.DRAFT, CampaignState.OPEN) and "approver" in self.changed_data:
            self.add_error("approver", "It is signed off: who approved it stands.")
        elif approver is None and self.instance.state != CampaignState.DRAFT:
            self.add_error("approver", "A campaign that runs has an approver.")
        elif approver is not None and self.instance.pk and self.reviews(approver):
            self.add_error("approver", f"{approver} reviews accounts in it. The approver is somebody else.")
        return said

    def reviews(self, person: User) -> bool:
        """Whether somebody is a reviewer or a delegate in it."""
        of_it = Review.objects.filter(campaign=self.instance)
        parts = of_it.filter(assignments__reviewer=person) | of_it.filter(assignments__delegate=person)
        return parts.exists() or of_it.filter(reviewer=person).exists()


class IncludeForm(VerbForm):
    """Put one more system into a draft."""

    system = forms.ModelChoiceField(System.objects.none(), empty_label="Choose a system")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["system"]
        known = Review.objects.filter(campaign=self.target).values("system")
        field.queryset = System.objects.live().exclude(pk__in=known).order_by("name")


class LinkControlForm(VerbForm):
    """Link the control that the campaign is the operation of."""

    control = forms.CharField(max_length=30, help_text="Its reference, as IAM-05.")
    reason = words_field(rows=2, help_text="What the review proves about the control.")


class LaunchForm(VerbForm):
    """Launch a campaign."""

    reason = words_field(rows=2, required=False, label="Note", help_text="If something is to be said of it.")


class ReviewerForm(VerbForm):
    """Who reviews a system's accounts."""

    reviewer = forms.ModelChoiceField(
        User.objects.none(), empty_label="Choose a reviewer",
        help_text="Decides on every account; by managers: on those whose people have no manager who can.",
    )  # fmt: skip
    by = forms.ChoiceField(choices=By.choices, widget=forms.RadioSelect, label="Reviewed by")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        review = kwargs["target"]
        start = {"reviewer": review.reviewer_id, "by": review.by}
        super().__init__(*args, **kwargs | {"initial": start | (kwargs.get("initial") or {})})
        offer(self.fields["reviewer"], deciders().exclude(pk=review.campaign.approver_id), kept=review.reviewer_id)


class StatementForm(VerbForm):
    """What somebody states with a signature."""

    usual = ""
    statement = words_field(help_text="It stands on the certificate, with your name and the time.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs | {"initial": {"statement": self.usual} | (kwargs.get("initial") or {})})


class SignForm(StatementForm):
    """Sign a part off as its reviewer."""

    usual = SIGNED


class ApproveForm(StatementForm):
    """Approve a review as the second person."""

    usual = APPROVED


class AddendumForm(VerbForm):
    """Correct an approved review."""

    words = words_field(
        label="Correction", help_text="What is wrong or missing, and what is right. It stands beside it."
    )


class DelegateForm(VerbForm):
    """Let a colleague decide as well."""

    delegate = forms.ModelChoiceField(
        User.objects.none(), required=False, empty_label="Nobody",
        help_text="Decides beside the reviewer, who still signs.",
    )  # fmt: skip
    reason = words_field(rows=2)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        part = kwargs["target"]
        super().__init__(*args, **kwargs | {"initial": {"delegate": part.delegate_id} | (kwargs.get("initial") or {})})
        others = deciders().exclude(pk__in=[part.reviewer_id, part.review.campaign.approver_id])
        offer(self.fields["delegate"], others, kept=part.delegate_id, empty="Nobody")


class ReassignForm(VerbForm):
    """Give a part to another reviewer."""

    reviewer = forms.ModelChoiceField(User.objects.none(), empty_label="Choose who reviews it")
    reason = words_field(rows=2)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        part = kwargs["target"]
        super().__init__(*args, **kwargs)
        offer(self.fields["reviewer"], deciders().exclude(pk__in=[part.reviewer_id, part.review.campaign.approver_id]))


class DecisionForm(forms.Form):
    """What is decided on one account: one of the row's buttons says which, its fields say why and what remains."""

    item = forms.IntegerField(min_value=1, max_value=2**63 - 1)
    seen = forms.IntegerField(min_value=0, max_value=2**31 - 1)
    choice = forms.ChoiceField(choices=[*Choice.choices, ("undo", "Undo")])
    reason = forms.CharField(max_length=1000, required=False)
    roles_after = forms.CharField(max_length=4000, required=False)

    def roles(self) -> list[str]:
        """The roles that remain, as they were typed: separated by commas or lines."""
        return self.cleaned_data["roles_after"].replace("\n", ",").split(",")
