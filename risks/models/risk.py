"""A risk: what could happen, why, with what effect; how it is rated before and after controls; and where it stands."""

import datetime
from collections.abc import Mapping as ReadOnly
from typing import ClassVar, Final

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from foundation.accounts.paths import Paths
from foundation.trail.models import Register, TrackedQuerySet
from foundation.trail.numbered import Numbered
from risks.models.method import LEVELS


class Category(models.TextChoices):
    """What sort of harm it is."""

    SECURITY = "security", "Security"
    AVAILABILITY = "availability", "Availability"
    CONFIDENTIALITY = "confidentiality", "Confidentiality"
    PRIVACY = "privacy", "Privacy"
    INTEGRITY = "integrity", "Processing integrity"
    VENDOR = "vendor", "Vendor"
    PEOPLE = "people", "People"
    LEGAL = "legal", "Legal and compliance"
    FINANCIAL = "financial", "Financial"
    STRATEGIC = "strategic", "Strategic"


class SourceKind(models.TextChoices):
    """By what it was identified."""

    ASSESSMENT = "assessment", "Risk assessment"
    CHANGE = "change", "Change"
    FINDING = "finding", "Finding"
    INCIDENT = "incident", "Incident"
    VENDOR = "vendor", "Vendor review"
    PERSON = "person", "Person"


class Trigger(models.TextChoices):
    """Which kind of change brought it up or changed it (CC3.4)."""

    NONE = "", "No change"
    BUSINESS = "business", "Business model or leadership"
    TECHNOLOGY = "technology", "Technology"
    VENDOR = "vendor", "Vendor"
    LEGAL = "legal", "Law or contract"
    PEOPLE = "people", "People and organisation"


class Treatment(models.TextChoices):
    """What is done about it (domain §5)."""

    UNDECIDED = "", "Undecided"
    MITIGATE = "mitigate", "Mitigate"
    ACCEPT = "accept", "Accept"
    TRANSFER = "transfer", "Transfer or share"
    AVOID = "avoid", "Avoid"


class Status(models.TextChoices):
    """Where a risk stands."""

    TEMPLATE = "template", "Template, to be adapted"
    IDENTIFIED = "identified", "Identified"
    ASSESSED = "assessed", "Assessed"
    TREATING = "treating", "In treatment"
    ACCEPTED = "accepted", "Accepted"
    REOPENED = "reopened", "Reopened"
    CLOSED = "closed", "Closed"


# The only legal moves. A template counts nowhere until somebody made it the company's own.
MOVES: ReadOnly[str, tuple[str, ...]] = {
    Status.TEMPLATE: (Status.IDENTIFIED,),
    Status.IDENTIFIED: (Status.ASSESSED, Status.CLOSED),
    Status.ASSESSED: (Status.TREATING, Status.ACCEPTED, Status.CLOSED),
    Status.TREATING: (Status.ACCEPTED, Status.CLOSED),
    Status.ACCEPTED: (Status.REOPENED, Status.CLOSED),
    Status.REOPENED: (Status.TREATING, Status.ACCEPTED, Status.CLOSED),
    Status.CLOSED: (Status.REOPENED, Status.IDENTIFIED),  # the latter where it was closed before it was ever rated
}
TONES: ReadOnly[str, str] = {
    Status.TEMPLATE: "mute",
    Status.IDENTIFIED: "warn",
    Status.ASSESSED: "info",
    Status.TREATING: "info",
    Status.ACCEPTED: "mute",
    Status.REOPENED: "bad",
    Status.CLOSED: "ok",
}
COUNTED: Final = (Status.IDENTIFIED, Status.ASSESSED, Status.TREATING, Status.ACCEPTED, Status.REOPENED)


def counted() -> Q:
    """Risks that the heatmap, the trend and assessments count: the company's own, and not closed. Live or history."""
    return Q(archived_at=None, status__in=COUNTED)


def _level(kind: str, part: str) -> models.PositiveSmallIntegerField:
    """One rating of 1 to 5; None until it was rated."""
    return models.PositiveSmallIntegerField(f"{kind} {part}", null=True, blank=True, editable=False)


def _whole(kind: str) -> Q:
    """A rating is there whole, with its product and its reason, or not at all."""
    names = (f"{kind}_likelihood", f"{kind}_impact", f"{kind}_score")
    empty = Q(**dict.fromkeys(names))
    rated = Q(
        **{f"{kind}_likelihood__in": LEVELS, f"{kind}_impact__in": LEVELS},
        **{f"{kind}_score": F(f"{kind}_likelihood") * F(f"{kind}_impact")},
    )
    return (empty & Q(**{f"{kind}_rationale": ""})) | (rated & ~Q(**{f"{kind}_rationale": ""}))


class RiskQuerySet(TrackedQuerySet["Risk"]):
    """The words in which risks are asked for."""

    def counted(self) -> "RiskQuerySet":
        """See `counted`."""
        return self.filter(counted())


class Risk(Numbered, Register):
    """One risk (domain §5). Ratings are set by the verb `rate` alone, never by the form."""

    prefix = "R"

    title = models.CharField(max_length=200)
    cause = models.TextField(blank=True, help_text="Why it could happen: the threat and the weakness.")
    event = models.TextField(blank=True, help_text="What would happen.")
    effect = models.TextField(blank=True, help_text="What that would do to customers and the company.")
    category = models.CharField(max_length=15, choices=Category.choices)
    objective = models.TextField(
        "objective or commitment", blank=True, help_text="Which objective or promise to customers it endangers."
    )
    assets = models.TextField(blank=True, help_text="What it would hit: systems, data, people, places.")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="owned_risks",
        help_text="Answers for it, and never accepts it alone.",
    )  # fmt: skip
    source = models.CharField("identified by", max_length=10, choices=SourceKind.choices, default=SourceKind.PERSON)
    source_note = models.CharField("source", max_length=200, blank=True, help_text="Which workshop, change or report.")
    fraud = models.BooleanField(
        default=False, help_text="Fraud: deceit, override of controls, misuse of access (CC3.3)."
    )
    change_trigger = models.CharField(max_length=10, choices=Trigger.choices, blank=True, default=Trigger.NONE)
    identified_on = models.DateField("identified", help_text="The day on which it was first named.")
    library_key = models.CharField(
        max_length=20, blank=True, editable=False, help_text="Which starter scenario it came from."
    )

    inherent_likelihood = _level("inherent", "likelihood")
    inherent_impact = _level("inherent", "impact")
    inherent_score = _level("inherent", "score")
    inherent_rationale = models.TextField(blank=True, editable=False)
    residual_likelihood = _level("residual", "likelihood")
    residual_impact = _level("residual", "impact")
    residual_score = _level("residual", "score")
    residual_rationale = models.TextField(blank=True, editable=False)
    target_likelihood = _level("target", "likelihood")
    target_impact = _level("target", "impact")
    target_score = _level("target", "score")
    target_rationale = models.TextField(blank=True, editable=False)
    rated_at = models.DateTimeField("rated", null=True, editable=False)
    rated_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+")
    method = models.ForeignKey(
        "risks.Method", models.PROTECT, null=True, editable=False, related_name="+",
        help_text="The version of the method by which it was rated last.",
    )  # fmt: skip

    treatment = models.CharField(max_length=8, choices=Treatment.choices, blank=True, editable=False)
    treatment_reason = models.TextField(blank=True, editable=False)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.IDENTIFIED, editable=False)
    status_note = models.TextField(blank=True, editable=False, help_text="What was said when the status last changed.")
    accepted_until = models.DateField(null=True, editable=False, help_text="The last day of the acceptance in force.")
    review_on = models.DateField(
        "next review", null=True, blank=True, help_text="The day by which it is looked at again."
    )
    last_reviewed_on = models.DateField("last reviewed", null=True, editable=False)
    review_note = models.TextField(blank=True, editable=False, help_text="What the last review without a change said.")

    objects: ClassVar[models.Manager["Risk"]] = RiskQuerySet.as_manager()

    access = Paths(owner=("owner",))

    class Meta:
        ordering = ("id",)
        indexes = (
            models.Index(fields=("status", "residual_score"), name="risks_by_status"),
            models.Index(fields=("residual_score", "id"), name="risks_by_residual"),
            models.Index(fields=("inherent_score", "id"), name="risks_by_inherent"),
            models.Index(fields=("review_on",), name="risks_by_review"),
            models.Index(fields=("title", "id"), name="risks_by_title"),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("library_key",), condition=~Q(library_key=""), name="risks_scenario_once",
                violation_error_message="This scenario of the library was added already.",
            ),
            models.CheckConstraint(condition=~Q(title=""), name="risks_says_what"),
            models.CheckConstraint(condition=Q(status__in=Status.values), name="risks_status_known"),
            models.CheckConstraint(condition=Q(category__in=Category.values), name="risks_category_known"),
            models.CheckConstraint(condition=Q(source__in=SourceKind.values), name="risks_source_known"),
            models.CheckConstraint(condition=Q(change_trigger__in=Trigger.values), name="risks_trigger_known"),
            models.CheckConstraint(condition=Q(treatment__in=Treatment.values), name="risks_treatment_known"),
            models.CheckConstraint(condition=_whole("inherent"), name="risks_inherent_whole"),
            models.CheckConstraint(condition=_whole("residual"), name="risks_residual_whole"),
            models.CheckConstraint(condition=_whole("target"), name="risks_target_whole"),
            models.CheckConstraint(
                condition=Q(residual_score=None)
                | Q(
                    residual_likelihood__lte=F("inherent_likelihood"), residual_impact__lte=F("inherent_impact")
                ),
                name="risks_residual_not_above_inherent",
                violation_error_message="What remains is never above what was there before controls (R5.1).",
            ),
            models.CheckConstraint(
                condition=Q(status=Status.ACCEPTED, accepted_until__isnull=False)
                | (~Q(status=Status.ACCEPTED) & Q(accepted_until=None)),
                name="risks_accepted_until_a_day",
            ),
            models.CheckConstraint(
                condition=Q(status__in=(Status.TEMPLATE, Status.IDENTIFIED, Status.CLOSED))
                | Q(inherent_score__isnull=False, residual_score__isnull=False),
                name="risks_assessed_is_rated",
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.ref} {self.title}"

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("risks:risk-detail", args=[self.pk])

    def standing(self, day: datetime.date) -> str:
        """Its status on a day: an acceptance that has expired is over, whether or not that was recorded yet (R5.2)."""
        lapsed = self.status == Status.ACCEPTED and self.accepted_until and self.accepted_until < day
        return Status.REOPENED if lapsed else self.status
