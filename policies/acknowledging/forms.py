"""What people send: the version that they read, by its hash; what was signed on paper; a note."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from evidence.models import Evidence
from foundation.pages.fields import DAY, words_field
from foundation.pages.forms import RegisterForm, VerbForm
from people.forms import ManagerField
from people.models import Person
from people.runs import proof_of
from policies.acknowledging.giving import check_paper
from policies.models import BINDING, Acknowledgement, PolicyVersion


class AcknowledgeForm(VerbForm):
    """The version that was shown: its row's version and its hash go out with the page, and come back."""

    sha256 = forms.CharField(min_length=64, max_length=64, widget=forms.HiddenInput)

    def __init__(self, *args: Any, target: PolicyVersion, **kwargs: Any) -> None:
        kwargs["initial"] = (kwargs.get("initial") or {}) | {"sha256": target.sha256}
        super().__init__(*args, target=target, **kwargs)


class VersionField(forms.ModelChoiceField):
    """A choice among versions, by number and title."""

    def label_from_instance(self, obj: Any) -> str:
        """As POL-3 2.1 Access control."""
        return str(obj)


class PaperForm(RegisterForm):
    """That somebody signed on paper. It is never changed afterwards."""

    policy_version = VersionField(PolicyVersion.objects.none(), label="Version", empty_label="Choose a version")
    person = ManagerField(Person.objects.none(), empty_label="Choose who signed")
    proof = forms.CharField(
        required=False, max_length=30, label="Scanned sheet", help_text="Evidence by its reference, as EV-12."
    )
    note = words_field(rows=2, label="Where the paper is", help_text="And who collected it.")

    class Meta:
        model = Acknowledgement
        fields = ("policy_version", "person", "acknowledged_on")
        widgets = {"acknowledged_on": DAY}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        versions, person, day = (self.fields[name] for name in ("policy_version", "person", "acknowledged_on"))
        found = PolicyVersion.objects.filter(state__in=BINDING).defer("text", "promises")
        versions.queryset = found.order_by("policy_id", "-id")  # type: ignore[attr-defined]
        person.queryset = Person.objects.live().order_by("name", "id")  # type: ignore[attr-defined]
        day.label, day.help_text = "Signed on", "As on the paper."

    def clean_proof(self) -> Evidence | None:
        """Find the item of evidence that is named."""
        try:
            return proof_of(self.user, self.cleaned_data["proof"])
        except ValidationError as refused:
            raise ValidationError(refused.messages) from refused

    def clean(self) -> dict[str, Any]:
        """Say what the action would refuse."""
        said = super().clean() or self.cleaned_data
        if not self.errors:
            check_paper(said["policy_version"], said["person"], said["acknowledged_on"], self.user)
        return said


class NoteForm(VerbForm):
    """A note that stands in what is kept."""

    note = words_field(required=False, rows=2, help_text="What is to be known about those who are late.")
