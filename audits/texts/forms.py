"""What people write for management: sections, CUECs, subservice organisations, CSOCs, the assertion, its signature."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from audits.models import Engagement
from audits.models.texts import (
    Assertion,
    DescriptionSection,
    Method,
    SubserviceControl,
    SubserviceOrganisation,
    UserEntityControl,
    codes_of,
)
from audits.requests.actions import named_controls, named_criteria
from audits.requests.forms import references_field
from audits.texts.actions import signatories
from audits.texts.reading import bound_hash, texts_of
from audits.texts.template import refusal, template_for
from controls.models import Category
from foundation.accounts.access import visible
from foundation.accounts.models import User
from foundation.organisation.models import organisation
from foundation.pages.fields import LONGEST_NUMBER, text_area, words_field
from foundation.pages.forms import RegisterForm, VerbForm
from vendors.models import Vendor

CRITERIA = ("Criteria", "Codes divided by commas: CC6.1, CC6.2.")
CONTROLS = ("Our controls", "References divided by commas: IAM-01, CHG-02.")
SOURCE = forms.Textarea(attrs={"rows": 16, "spellcheck": "true", "class": "source", "dir": "auto"})
LONGEST = 50_000  # characters of one text: more than any section has
MARKDOWN = "In Markdown, at most 50,000 characters."


def running(user: User) -> QuerySet[Engagement]:
    """The engagements whose texts still change, as this person sees them."""
    return visible(user, Engagement.objects.open()).order_by("-id")


def marked_up(**options: Any) -> forms.CharField:
    """A text in Markdown."""
    return forms.CharField(
        max_length=LONGEST, strip=False, widget=SOURCE, help_text=options.pop("help_text", MARKDOWN), **options
    )


class EngagementTextForm(RegisterForm):
    """A text of one engagement, which is chosen when it is new and stays."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields.pop("engagement", None)
        elif "engagement" in self.fields:
            choice: Any = self.fields["engagement"]
            choice.queryset, choice.empty_label = running(self.user), "Choose an engagement"
        for name in ("criteria", "controls"):  # a list, as people write it
            if name in self.fields and isinstance(self.initial.get(name), list):
                self.initial[name] = ", ".join(self.initial[name])

    def asked_engagement(self) -> Engagement | None:
        """The engagement that a new text is begun for, by the address."""
        asked = str(self.initial.get("engagement", ""))
        if not (asked.isascii() and asked.isdigit() and len(asked) <= LONGEST_NUMBER):
            return None
        return running(self.user).filter(pk=int(asked)).first()

    def clean_criteria(self) -> list[str]:
        """The codes, each of a criterion that there is."""
        return [one.code for one in named_criteria(self.cleaned_data["criteria"], self.user)]

    def clean_controls(self) -> list[str]:
        """The references, each of a control that there is."""
        return [one.ref for one in named_controls(self.cleaned_data["controls"], self.user)]

    def clean_text(self) -> str:
        """A text of which all can be drawn."""
        said: str = self.cleaned_data["text"]
        if words := refusal(said):
            raise ValidationError(words)
        return said


class SectionForm(EngagementTextForm):
    """A section of the description; which one it is, is said when it is new."""

    text = marked_up(required=False)

    class Meta:
        model = DescriptionSection
        fields = ("engagement", "code", "text")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            del self.fields["code"]
            return
        code: Any = self.fields["code"]
        code.choices = [
            ("", "Choose a section"),
            *((value, f"{value} {label}") for value, label in code.choices if value),
        ]

    def clean(self) -> dict[str, Any]:
        """Something is written, in a section that this engagement's description has."""
        said = super().clean() or self.cleaned_data
        engagement = said.get("engagement")
        if engagement is not None and said.get("code") and said["code"] not in codes_of(engagement):
            self.add_error("code", "A description as of one day (Type I) has no section about changes.")
        if not self.instance.pk and "text" not in self.errors and not said.get("text", "").strip():
            self.add_error("text", "Write something: what nobody wrote is shown as empty.")
        return said


class UserEntityControlForm(EngagementTextForm):
    """A CUEC."""

    criteria = references_field(*CRITERIA)
    controls = references_field(*CONTROLS)

    class Meta:
        model = UserEntityControl
        fields = ("engagement", "what", "why", "criteria", "controls")
        widgets = {"what": text_area(3), "why": text_area(3)}


class SubserviceOrganisationForm(EngagementTextForm):
    """A subservice organisation."""

    criteria = references_field(*CRITERIA)

    class Meta:
        model = SubserviceOrganisation
        fields = ("engagement", "name", "vendor", "services", "method", "criteria", "monitoring")
        widgets = {"services": text_area(3), "monitoring": text_area(3)}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice: Any = self.fields["vendor"]
        choice.queryset = visible(self.user, Vendor).filter(archived_at=None).order_by("name", "id")
        choice.empty_label = "Not in the register"


class OrganisationChoice(forms.ModelChoiceField):
    """A subservice organisation, called by its engagement too."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.ref} {obj.name} ({obj.engagement.name})"


class SubserviceControlForm(EngagementTextForm):
    """A CSOC, at an organisation that is carved out."""

    organisation = OrganisationChoice(
        SubserviceOrganisation.objects.none(), label="Subservice organisation", empty_label="Choose an organisation",
        help_text="One that is carved out: another's controls are described and tested here.",
    )  # fmt: skip
    criteria = references_field(*CRITERIA)

    class Meta:
        model = SubserviceControl
        fields = ("organisation", "what", "criteria")
        widgets = {"what": text_area(3)}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = visible(self.user, SubserviceOrganisation).filter(archived_at=None, method=Method.CARVE_OUT)
        known = known.filter(engagement__in=running(self.user))
        if self.instance.pk:
            known = known.filter(engagement=self.instance.engagement_id)
        choice: Any = self.fields["organisation"]
        choice.queryset = known.select_related("engagement").order_by("-engagement_id", "id")


class AssertionForm(EngagementTextForm):
    """Management's assertion: a new one begins with the template, with what is known already in it."""

    text = marked_up(help_text="In Markdown. A template until nothing of it is left to fill in.")

    class Meta:
        model = Assertion
        fields = ("engagement", "text", "signatory", "reason")
        widgets = {"reason": text_area(2)}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        signatory: Any = self.fields["signatory"]
        signatory.queryset = signatories().order_by("name", "pk")
        signatory.empty_label = "Choose an executive"
        self.fields["reason"].help_text = "Only where one was signed already: why this one takes its place."
        engagement = self.asked_engagement()
        if engagement is not None and not self.instance.pk and not self.initial.get("text"):
            texts = texts_of([engagement.pk])[engagement.pk]
            names = dict(Category.objects.values_list("slug", "name"))
            categories = ", ".join(names.get(slug, slug) for slug in engagement.categories)
            self.initial["text"] = template_for(engagement, texts, categories, organisation().name)

    def clean(self) -> dict[str, Any]:
        """One at a time, and with a reason where it takes the place of a signed one."""
        said = super().clean() or self.cleaned_data
        engagement = self.instance.engagement if self.instance.pk else said.get("engagement")
        if engagement is None:
            return said
        others = Assertion.objects.filter(engagement=engagement).exclude(pk=self.instance.pk)
        if others.exclude(state="signed").exists():
            self.add_error("engagement" if "engagement" in self.fields else None, "It has one that is not signed yet.")
        elif others.exists() and not said.get("reason", "").strip():
            self.add_error("reason", "Say why it takes the place of the signed one.")
        return said


class SubmitForm(VerbForm):
    """Ask for the signature."""

    note = words_field(required=False, rows=2, help_text="If something is to be added.")


class SignForm(VerbForm):
    """Sign for management. `seen` is the hash over what was shown: what changed meanwhile is not signed unread."""

    statement = words_field(help_text="What you state by signing, in your words.")
    seen = forms.CharField(max_length=64, widget=forms.HiddenInput)

    def __init__(self, *args: Any, target: Any, **kwargs: Any) -> None:
        engagement = target.engagement
        texts = texts_of([engagement.pk])[engagement.pk]
        kwargs["initial"] = (kwargs.get("initial") or {}) | {"seen": bound_hash(engagement, texts, target)}
        super().__init__(*args, target=target, **kwargs)


class TakeOverForm(VerbForm):
    """From which engagement, and why its texts hold here too."""

    source = forms.ModelChoiceField(
        Engagement.objects.none(), label="From", empty_label="Choose an engagement",
        help_text="Only what is empty here is filled; its assertion is never copied.",
    )  # fmt: skip
    reason = words_field(rows=2, help_text="Why they hold here too. Each is a draft: read it and adapt it.")

    def __init__(self, *args: Any, target: Any, **kwargs: Any) -> None:
        super().__init__(*args, target=target, **kwargs)
        choice: Any = self.fields["source"]
        choice.queryset = Engagement.objects.exclude(pk=target.pk).order_by("-id")
