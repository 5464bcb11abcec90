"""What an auditor does himself: samples that he draws, with a line for each item, and tests of controls with results.

A sample stands as it was drawn: replacing an item adds a line that names the one it replaces (R3.2). A test is written
while it runs and frozen once it is concluded; opened again, it is another row that supersedes it. What management says
of an exception stands in a row of its own, with its own write rights (R2.2).
"""

import string
from collections.abc import Mapping as ReadOnly
from typing import Any, ClassVar, Final

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from audits.models.requests import Request, RequestEvidence, within
from controls.models import Control
from evidence.models import PopulationItem, Sample
from foundation.accounts.paths import Paths
from foundation.trail.models import Register, Tracked, TrackedQuerySet
from foundation.trail.numbered import Numbered

LETTERS: Final = string.ascii_uppercase


class Procedure(models.TextChoices):
    """How a control is tested. Inquiry alone never suffices."""

    INQUIRY = "inquiry", "Inquiry"
    OBSERVATION = "observation", "Observation"
    INSPECTION = "inspection", "Inspection"
    REPERFORMANCE = "reperformance", "Reperformance"


class TestState(models.TextChoices):
    """Whether the test is still written."""

    RUNNING = "running", "Running"
    CONCLUDED = "concluded", "Concluded"


class Conclusion(models.TextChoices):
    """What the auditor found. It is his; nothing here computes it (R2.1)."""

    NO_EXCEPTIONS = "no_exceptions", "No exceptions noted"
    EXCEPTIONS = "exceptions", "Exceptions noted"
    NO_OCCURRENCE = "no_occurrence", "No occurrence in the period"
    NOT_TESTED = "not_tested", "Not tested"


class Met(models.TextChoices):
    """What one item showed about one attribute."""

    MET = "met", "Met"
    NOT_MET = "not_met", "Not met"
    NOT_APPLICABLE = "not_applicable", "Not applicable"


CONCLUSION_TONES: Final[ReadOnly[str, str]] = {
    "": "info",
    Conclusion.NO_EXCEPTIONS: "ok",
    Conclusion.EXCEPTIONS: "bad",
    Conclusion.NO_OCCURRENCE: "mute",
    Conclusion.NOT_TESTED: "warn",
}
MET_TONES: Final[ReadOnly[str, str]] = {Met.MET: "ok", Met.NOT_MET: "bad", Met.NOT_APPLICABLE: "mute"}


class AuditSample(Register):
    """A sample that an auditor drew for his engagement, and the request by which the company answers for its items."""

    engagement = models.ForeignKey("audits.Engagement", models.PROTECT, related_name="samples")
    sample = models.OneToOneField(Sample, models.PROTECT, related_name="audit")
    request = models.OneToOneField(Request, models.PROTECT, related_name="sample")

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths(owner=("request__owner",), team=(), timeless=True, within=within("engagement_id"))

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.ref

    @property
    def ref(self) -> str:
        """What the sample is called."""
        return Sample.ref_of(self.sample_id)

    def get_absolute_url(self) -> str:
        """The page of the sample and its lines."""
        return reverse("audits:auditsample-detail", args=[self.pk])


class SampleItem(Tracked):
    """One line of an auditor's sample, written once. One that replaces another names it, and why."""

    audit_sample = models.ForeignKey(AuditSample, models.PROTECT, related_name="items")
    number = models.PositiveIntegerField(help_text="From 1, in the order of choosing.")
    item = models.ForeignKey(PopulationItem, models.PROTECT, related_name="+")
    replaces = models.OneToOneField("self", models.PROTECT, null=True, editable=False, related_name="replaced_by")
    reason = models.TextField(blank=True, help_text="Why the other one was replaced.")
    drawn_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, editable=False, related_name="+")

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths(
        owner=("audit_sample__request__owner",), team=(), timeless=True, within=within("audit_sample__engagement_id")
    )

    class Meta:
        ordering = ("audit_sample", "number")
        constraints = (
            models.UniqueConstraint(fields=("audit_sample", "number"), name="audits_item_number_once"),
            models.UniqueConstraint(fields=("audit_sample", "item"), name="audits_item_drawn_once"),
            models.CheckConstraint(condition=Q(replaces=None) | ~Q(reason=""), name="audits_item_replaced_with_reason"),
        )

    def __str__(self) -> str:
        return f"Item {self.number}"

    def get_absolute_url(self) -> str:
        """Its line on the sample's page."""
        return f"{AuditSample(pk=self.audit_sample_id).get_absolute_url()}#item-{self.pk}"


class ItemEvidence(Register):
    """Something that was handed in for the request shows this item. Taking it back archives the row."""

    item = models.ForeignKey(SampleItem, models.PROTECT, related_name="evidence_links")
    handed_in = models.ForeignKey(RequestEvidence, models.PROTECT, related_name="item_links")

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths(
        owner=("item__audit_sample__request__owner",), team=(), timeless=True,
        within=within("item__audit_sample__engagement_id"),
    )  # fmt: skip
    ends = ("item", "handed_in")

    class Meta:
        ordering = ("item", "id")
        verbose_name_plural = "item evidence"
        constraints = (models.UniqueConstraint(fields=("item", "handed_in"), name="audits_item_evidence_once"),)

    def __str__(self) -> str:
        return f"Evidence for item {self.item.number}"

    def get_absolute_url(self) -> str:
        """The item's line."""
        return self.item.get_absolute_url()


class ControlTest(Numbered, Register):
    """A test of one control of the frozen scope: what is done, on which items, and what the auditor concludes of it."""

    prefix = "TOC"

    engagement = models.ForeignKey("audits.Engagement", models.PROTECT, related_name="tests")
    control = models.ForeignKey(Control, models.PROTECT, related_name="audit_tests")
    procedures = models.JSONField(default=list, help_text="Inquiry, observation, inspection, reperformance.")
    procedure = models.TextField("what is done", help_text="What the auditor does, on what, and looking for what.")
    attributes = models.JSONField(default=list, blank=True, help_text="What is looked for in each item: A, B, C …")
    sample = models.ForeignKey(AuditSample, models.PROTECT, null=True, blank=True, related_name="tests")
    state = models.CharField(max_length=9, choices=TestState.choices, default=TestState.RUNNING, editable=False)
    conclusion = models.CharField(max_length=13, choices=Conclusion.choices, blank=True, editable=False)
    note = models.TextField("note of the conclusion", blank=True, editable=False)
    tested = models.PositiveIntegerField("items tested", null=True, editable=False, help_text="N, when concluded.")
    exceptions = models.PositiveIntegerField(null=True, editable=False, help_text="n of them, when concluded.")
    tested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, editable=False, related_name="+")
    recorded_at = models.DateTimeField("results written", null=True, editable=False)
    concluded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    concluded_at = models.DateTimeField("concluded", null=True, editable=False)
    supersedes = models.OneToOneField("self", models.PROTECT, null=True, editable=False, related_name="superseded_by")
    reason = models.TextField("why it was opened again", blank=True, editable=False)

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths(owner=("control__owner",), team=(), timeless=True, within=within("engagement_id"))

    class Meta:
        ordering = ("control__ref", "id")
        verbose_name = "test of a control"
        verbose_name_plural = "tests of controls"
        constraints = (
            models.CheckConstraint(condition=Q(state__in=TestState.values), name="audits_test_state_known"),
            models.CheckConstraint(
                condition=Q(conclusion__in=["", *Conclusion.values]), name="audits_test_conclusion_known"
            ),
            models.CheckConstraint(condition=~Q(procedure=""), name="audits_test_says_what"),
            models.CheckConstraint(
                condition=Q(state="running", conclusion="", concluded_by=None, concluded_at=None, tested=None)
                | Q(state="concluded", concluded_by__isnull=False, concluded_at__isnull=False, tested__isnull=False)
                & ~Q(conclusion=""),
                name="audits_test_concluded_whole",
            ),
            models.CheckConstraint(
                condition=Q(exceptions=None)
                | Q(conclusion="exceptions", exceptions__gte=1, exceptions__lte=F("tested"))
                | ~Q(conclusion="exceptions") & Q(exceptions=0),
                name="audits_test_counts_fit",
            ),
            models.CheckConstraint(condition=Q(supersedes=None) | ~Q(reason=""), name="audits_test_reopened_why"),
        )

    def __str__(self) -> str:
        return f"{self.ref} {self.control.ref}"

    def get_absolute_url(self) -> str:
        """The test's page."""
        return reverse("audits:controltest-detail", args=[self.pk])

    def lettered(self) -> list[tuple[str, str]]:
        """Each attribute with its letter."""
        return list(zip(LETTERS, self.attributes, strict=False))

    def procedure_words(self) -> str:
        """The kinds of procedure, in words."""
        return ", ".join(Procedure(one).label for one in self.procedures)

    @property
    def result(self) -> str:
        """The conclusion in words; what a running one is."""
        return self.get_conclusion_display() or "Running"

    @property
    def tone(self) -> str:
        """The tone of its badge."""
        return CONCLUSION_TONES[self.conclusion]


OF_TEST: Final = Paths(owner=("test__control__owner",), team=(), timeless=True, within=within("test__engagement_id"))


class ItemResult(Tracked):
    """What one item (or, without a sample, the control itself) showed about one attribute, as the auditor wrote it."""

    test = models.ForeignKey(ControlTest, models.PROTECT, related_name="results")
    item = models.ForeignKey(SampleItem, models.PROTECT, null=True, related_name="results")
    attribute = models.CharField(max_length=1, help_text="A, B, C …")
    outcome = models.CharField(max_length=14, choices=Met.choices)
    note = models.TextField(blank=True)

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = OF_TEST

    class Meta:
        ordering = ("test", "item__number", "attribute")
        constraints = (
            models.UniqueConstraint(fields=("test", "item", "attribute"), name="audits_result_once"),
            models.UniqueConstraint(
                fields=("test", "attribute"), condition=Q(item=None), name="audits_result_of_the_control_once"
            ),
            models.CheckConstraint(condition=Q(outcome__in=Met.values), name="audits_result_known"),
            models.CheckConstraint(
                condition=~Q(outcome="not_met") | ~Q(note=""), name="audits_result_says_what_was_not_met"
            ),
        )

    def __str__(self) -> str:
        return f"{self.attribute}: {self.get_outcome_display()}"

    def get_absolute_url(self) -> str:
        """The test's page."""
        return ControlTest(pk=self.test_id).get_absolute_url()

    @property
    def tone(self) -> str:
        """The tone of its badge."""
        return MET_TONES[self.outcome]


class ManagementResponse(Register):
    """What management says of the exceptions of a test: why, what it meant, what is done, by when (R2.2)."""

    test = models.OneToOneField(ControlTest, models.PROTECT, related_name="response")
    cause = models.TextField(help_text="Isolated, systematic or deliberate, and why.")
    impact = models.TextField(help_text="What it meant, and what made up for it.")
    fix = models.TextField("what is done")
    fix_by = models.DateField("done by", null=True, blank=True)
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, editable=False, related_name="+")
    written_at = models.DateTimeField("written", editable=False)

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = OF_TEST

    class Meta:
        ordering = ("test",)
        constraints = (
            models.CheckConstraint(
                condition=~Q(cause="") & ~Q(impact="") & ~Q(fix=""), name="audits_response_says_all_three"
            ),
        )

    def __str__(self) -> str:
        return f"Response to {ControlTest.ref_of(self.test_id)}"

    def get_absolute_url(self) -> str:
        """The test's page."""
        return ControlTest(pk=self.test_id).get_absolute_url()
