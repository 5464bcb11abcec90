"""Management's own texts of an engagement (R2.2): the system description, what it assumes of others, the assertion.

Not to be confused with `vendors.Cuec` and `vendors.Subservice`: those are what a vendor's report expects of us, these
are what we expect of our customers, and of the providers that we rely on.
"""

from collections.abc import Mapping as ReadOnly
from typing import Any, ClassVar, Final

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

from audits.models.engagements import Engagement, Status, Type
from audits.models.requests import within
from evidence.models import Evidence
from foundation.accounts.paths import Paths
from foundation.trail.models import Register, TrackedQuerySet
from foundation.trail.numbered import Numbered
from vendors.models import Vendor


class SectionCode(models.TextChoices):
    """The sections of a system description, by the criterion that each answers; titles of our own."""

    DC1 = "DC1", "Services"
    DC2 = "DC2", "Principal service commitments and system requirements"
    DC3 = "DC3", "Components: infrastructure, software, people, procedures, data"
    DC4 = "DC4", "Significant incidents: nature, timing, effect, outcome"
    DC5 = "DC5", "Applicable criteria and the controls for them"
    DC6 = "DC6", "Controls that customers must run"
    DC7 = "DC7", "Subservice organisations: carve-out or inclusive"
    DC8 = "DC8", "Criteria not relevant, and why"
    DC9 = "DC9", "Significant changes in the period"


def codes_of(engagement: Any) -> list[SectionCode]:
    """The sections that an engagement's description has: the ninth is about a period (Type II) alone."""
    return [one for one in SectionCode if one != SectionCode.DC9 or engagement.type == Type.II]


class EngagementText(Register):
    """What management says about one engagement. Auditors read it in theirs, and write none of it."""

    engagement: models.ForeignKey[Any, Engagement]
    engagement_id: int

    access = Paths(timeless=True, within=within("engagement_id"))

    class Meta(Register.Meta):
        abstract = True

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse(f"audits:{self._meta.model_name}-detail", args=[self.pk])


class DescriptionSection(EngagementText):
    """One section of the system description. Nothing is prewritten: a section that nobody wrote is empty."""

    engagement = models.ForeignKey(Engagement, models.PROTECT, related_name="description_sections")
    code = models.CharField("section", max_length=3, choices=SectionCode.choices)
    text = models.TextField(blank=True, help_text="In Markdown. What is left empty is shown as empty.")

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    class Meta(EngagementText.Meta):
        ordering = ("engagement", "code")
        constraints = (
            models.UniqueConstraint(
                fields=("engagement", "code"), name="audits_section_once",
                violation_error_message="This engagement has this section already.",
            ),
            models.CheckConstraint(condition=Q(code__in=SectionCode.values), name="audits_section_code_known"),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.code} {self.get_code_display()}"

    @property
    def ref(self) -> str:
        """What people call it."""
        return self.code


class UserEntityControl(Numbered, EngagementText):
    """A complementary user entity control (CUEC): what our customers must do for our controls to be enough."""

    prefix = "CUEC"

    engagement = models.ForeignKey(Engagement, models.PROTECT, related_name="user_entity_controls")
    what = models.TextField("what customers do", help_text="What each customer is assumed to do.")
    why = models.TextField("why it is assumed", help_text="What of ours would not be enough without it.")
    criteria = models.JSONField(default=list, blank=True, help_text="Codes of the criteria that it helps to meet.")
    controls = models.JSONField(default=list, blank=True, help_text="References of our controls that build on it.")

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    class Meta(EngagementText.Meta):
        ordering = ("engagement", "id")
        constraints = (
            models.CheckConstraint(condition=~Q(what="") & ~Q(why=""), name="audits_cuec_says_what_and_why"),
        )

    def __str__(self) -> str:
        return self.ref


class Method(models.TextChoices):
    """How the description treats a subservice organisation."""

    CARVE_OUT = "carve_out", "Carve-out"
    INCLUSIVE = "inclusive", "Inclusive"


class SubserviceOrganisation(Numbered, EngagementText):
    """A provider whose own controls are needed to meet criteria of ours."""

    prefix = "SUB"

    engagement = models.ForeignKey(Engagement, models.PROTECT, related_name="subservice_organisations")
    name = models.CharField(max_length=160, help_text="As the description calls it.")
    vendor = models.ForeignKey(
        Vendor, models.PROTECT, null=True, blank=True, related_name="subservice_organisations",
        help_text="The vendor of the register, where it is monitored.",
    )  # fmt: skip
    services = models.TextField(help_text="What it does for the system.")
    method = models.CharField(max_length=9, choices=Method.choices, default=Method.CARVE_OUT)
    criteria = models.JSONField(default=list, blank=True, help_text="Codes of the criteria that it helps to meet.")
    monitoring = models.TextField(
        "how we monitor it", blank=True, help_text="Reports that are read, reviews, meetings: what we do and how often."
    )

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    class Meta(EngagementText.Meta):
        ordering = ("engagement", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("engagement", "name"), condition=Q(archived_at=None), name="audits_subservice_name_once",
                violation_error_message="This engagement has a subservice organisation of this name already.",
            ),
            models.CheckConstraint(condition=~Q(name="") & ~Q(services=""), name="audits_subservice_says_what"),
            models.CheckConstraint(condition=Q(method__in=Method.values), name="audits_subservice_method_known"),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.ref} {self.name}"


class SubserviceControl(Numbered, EngagementText):
    """A complementary subservice organisation control (CSOC): what is assumed at a provider that is carved out."""

    prefix = "CSOC"

    engagement = models.ForeignKey(
        Engagement, models.PROTECT, related_name="subservice_controls", editable=False,
        help_text="Its organisation's.",
    )  # fmt: skip
    organisation = models.ForeignKey(SubserviceOrganisation, models.PROTECT, related_name="controls")
    what = models.TextField("what is assumed", help_text="What the provider is assumed to do.")
    criteria = models.JSONField(default=list, blank=True, help_text="Codes of the criteria that it helps to meet.")

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    class Meta(EngagementText.Meta):
        ordering = ("engagement", "organisation", "id")
        constraints = (models.CheckConstraint(condition=~Q(what=""), name="audits_csoc_says_what"),)

    def __str__(self) -> str:
        return self.ref


class AssertionState(models.TextChoices):
    """Where an assertion stands. What was signed stays signed; a later one takes its place by naming it."""

    DRAFT = "draft", "Draft"
    SUBMITTED = "submitted", "Waits for signature"
    SIGNED = "signed", "Signed"


# The only legal moves.
# While the engagement is in one of these, an assertion can be signed.
SIGNING_TIME: Final = (Status.FIELDWORK, Status.REPORTING)
ASSERTION_MOVES: Final[ReadOnly[str, tuple[str, ...]]] = {
    AssertionState.DRAFT: (AssertionState.SUBMITTED,),
    AssertionState.SUBMITTED: (AssertionState.DRAFT, AssertionState.SIGNED),
    AssertionState.SIGNED: (),
}


class Assertion(Numbered, EngagementText):
    """Management's assertion of one engagement. Signed, it is frozen by model and database, and bound to the text.

    `sha256` is over the canonical lines of engagement, description, CUECs, subservice organisations, CSOCs and this
    text (audits.texts.lines): it tells whether any of them changed since.
    """

    prefix = "MA"

    engagement = models.ForeignKey(Engagement, models.PROTECT, related_name="assertions")
    text = models.TextField(help_text="In Markdown. Management's own words: the template names what must be said.")
    adapted = models.BooleanField(
        default=False, editable=False, help_text="Nothing of the template is left to fill in."
    )
    signatory = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="assertions_to_sign",
        help_text="Signs it for management: a manager named as executive.",
    )  # fmt: skip
    supersedes = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, editable=False, related_name="superseded_by",
        help_text="The signed one whose place it takes.",
    )  # fmt: skip
    reason = models.TextField("why anew", blank=True, help_text="Why it takes the place of the signed one.")
    state = models.CharField(max_length=9, choices=AssertionState.choices, default=AssertionState.DRAFT, editable=False)
    answer = models.TextField("why it was returned", blank=True, editable=False)
    signed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+")
    signed_at = models.DateTimeField("signed", null=True, editable=False)
    sha256 = models.CharField("hash", max_length=64, blank=True, editable=False, help_text="Over all that it binds.")
    evidence = models.ForeignKey(
        Evidence, models.PROTECT, null=True, editable=False, related_name="+", help_text="What was signed, kept."
    )

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths(owner=("signatory",), team=(), timeless=True, within=within("engagement_id"))

    class Meta(EngagementText.Meta):
        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(condition=Q(state__in=AssertionState.values), name="audits_assertion_state_known"),
            models.CheckConstraint(condition=~Q(text=""), name="audits_assertion_says_something"),
            models.CheckConstraint(
                condition=Q(
                    state="signed", adapted=True, signed_by__isnull=False, signed_by=models.F("signatory"),
                    signed_at__isnull=False, evidence__isnull=False,
                ) & ~Q(sha256="")
                | ~Q(state="signed") & Q(signed_by=None, signed_at=None, evidence=None, sha256=""),
                name="audits_assertion_signed_whole",
            ),
            models.CheckConstraint(
                condition=Q(supersedes=None) | ~Q(reason=""), name="audits_assertion_superseding_says_why",
                violation_error_message="Say why it takes the place of the signed one.",
            ),
            models.UniqueConstraint(
                fields=("engagement",), condition=~Q(state="signed"), name="audits_assertion_one_unsigned",
                violation_error_message="This engagement has an assertion that is not signed yet: change that one.",
            ),
            models.UniqueConstraint(
                fields=("engagement",), condition=Q(supersedes=None), name="audits_assertion_one_first",
                violation_error_message="This engagement has an assertion already.",
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.ref} Management's assertion"

    @property
    def is_over(self) -> bool:
        """Whether it was signed: then nobody changes it."""
        return self.state == AssertionState.SIGNED
