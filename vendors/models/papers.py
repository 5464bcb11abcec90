"""What is on file of a vendor: contracts with their terms, documents with their days, conditions, and its findings."""

import datetime
import uuid
from typing import Any, ClassVar, Final

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from evidence.models import Evidence
from findings.models import Finding
from foundation.accounts.paths import Paths
from foundation.trail.models import Register, TrackedQuerySet
from foundation.trail.numbered import Numbered
from vendors.models.vendor import Vendor


def document_path(document: "VendorDocument", filename: str) -> str:
    """Name the stored file by an id of ours: what a person's file was called never becomes a path."""
    return f"vendors/{uuid.uuid4()}"


class DocumentKind(models.TextChoices):
    """What a document is."""

    SOC2_TYPE2 = "soc2_type2", "SOC 2 Type II report"
    SOC2_TYPE1 = "soc2_type1", "SOC 2 Type I report"
    SOC1 = "soc1", "SOC 1 report"
    SOC3 = "soc3", "SOC 3 report"
    BRIDGE = "bridge", "Bridge letter"
    ISO27001 = "iso27001", "ISO/IEC 27001 certificate"
    PENTEST = "pentest", "Penetration test report"
    QUESTIONNAIRE = "questionnaire", "Questionnaire"
    CONTRACT = "contract", "Contract"
    DPA = "dpa", "Data-processing agreement"
    INSURANCE = "insurance", "Insurance certificate"
    EXIT = "exit", "Proof of exit"
    OTHER = "other", "Other"


MOST_DAYS: Final = 3650  # of notice before a contract's end
SOC_REPORTS: Final = (DocumentKind.SOC2_TYPE2, DocumentKind.SOC2_TYPE1, DocumentKind.SOC1, DocumentKind.SOC3)


class VendorDocument(Numbered, Register):
    """A file of a vendor's, with the days for which it speaks. Never edited: a newer one supersedes it."""

    prefix = "VD"

    vendor = models.ForeignKey(Vendor, models.PROTECT, related_name="documents")
    title = models.CharField(max_length=200)
    kind = models.CharField(max_length=13, choices=DocumentKind.choices)
    period_from = models.DateField("covers from", null=True, blank=True)
    period_to = models.DateField("covers to", null=True, blank=True)
    issued_on = models.DateField("issued", null=True, blank=True)
    expires_on = models.DateField(
        "expires", null=True, blank=True, help_text="The last day on which it can be relied on."
    )
    file = models.FileField(upload_to=document_path, editable=False)
    name = models.CharField(max_length=200, editable=False, help_text="What the file was called.")
    content_type = models.CharField(max_length=120, editable=False)
    size = models.PositiveBigIntegerField(editable=False, help_text="Bytes.")
    sha256 = models.CharField(max_length=64, editable=False)
    brought_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, editable=False, related_name="brought_vendor_documents"
    )
    supersedes = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, editable=False, related_name="superseded_by"
    )

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths(owner=("vendor__owner",))

    class Meta:
        ordering = ("vendor", "-id")
        indexes = (models.Index(fields=("expires_on",), name="vendors_document_by_expiry"),)
        constraints = (
            models.CheckConstraint(condition=~Q(title=""), name="vendors_document_has_title"),
            models.CheckConstraint(condition=Q(kind__in=DocumentKind.values), name="vendors_document_kind_known"),
            models.CheckConstraint(
                condition=Q(period_from=None) | Q(period_to=None) | Q(period_to__gte=F("period_from")),
                name="vendors_document_period_in_order", violation_error_message="It covers days in order.",
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.ref} {self.title}"

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("vendors:vendordocument-detail", args=[self.pk])


class Contract(Numbered, Register):
    """What was agreed with a vendor, until when, and which of the terms that matter it holds (domain §6).

    `clauses`: {a key of `vendors.clauses.CLAUSES`: "yes", "no" or "" where nobody looked}.
    """

    prefix = "VC"

    vendor = models.ForeignKey(Vendor, models.PROTECT, related_name="contracts")
    title = models.CharField(max_length=200)
    reference = models.CharField(max_length=120, blank=True, help_text="What the signed paper is called or numbered.")
    starts_on = models.DateField("starts")
    ends_on = models.DateField("ends", null=True, blank=True, help_text="Empty: until somebody ends it.")
    renews_itself = models.BooleanField("renews by itself", default=False)
    notice_days = models.PositiveSmallIntegerField("notice", null=True, blank=True, help_text="Days before its end.")
    breach_notice_hours = models.PositiveSmallIntegerField(
        "notice of breaches", null=True, blank=True, help_text="Hours in which the vendor must tell us."
    )
    is_dpa = models.BooleanField("data-processing agreement", default=False)
    clauses = models.JSONField(default=dict, blank=True)
    document = models.ForeignKey(
        VendorDocument, models.PROTECT, null=True, blank=True, related_name="contracts", help_text="The signed paper."
    )
    note = models.TextField(blank=True)
    evidence = models.ForeignKey(
        Evidence, models.PROTECT, null=True, editable=False, related_name="+", help_text="Its checklist, as recorded."
    )

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths(owner=("vendor__owner",))

    class Meta:
        ordering = ("vendor", "-starts_on", "-id")
        indexes = (models.Index(fields=("ends_on",), name="vendors_contract_by_end"),)
        constraints = (
            models.CheckConstraint(condition=~Q(title=""), name="vendors_contract_has_title"),
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(ends_on__gte=F("starts_on")), name="vendors_contract_days_in_order",
                violation_error_message="It ends after it starts.",
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.ref} {self.title}"

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("vendors:contract-detail", args=[self.pk])

    @property
    def notice_on(self) -> datetime.date | None:
        """The last day on which notice can be given before its end; None where nothing ends it."""
        if self.ends_on is None:
            return None
        return datetime.date.fromordinal(max(1, self.ends_on.toordinal() - (self.notice_days or 0)))


class Condition(Numbered, Register):
    """What a vendor has to do, or we with it, because its use was approved with conditions."""

    prefix = "VN"

    vendor = models.ForeignKey(Vendor, models.PROTECT, related_name="conditions")
    what = models.CharField(max_length=300)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="vendor_conditions")
    due_on = models.DateField("due")
    met_on = models.DateField("met", null=True, editable=False)
    met_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+")
    met_note = models.TextField(blank=True, editable=False, help_text="What shows that it is met.")

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths(owner=("owner", "vendor__owner"))

    class Meta:
        ordering = ("due_on", "id")
        constraints = (
            models.CheckConstraint(condition=~Q(what=""), name="vendors_condition_says_what"),
            models.CheckConstraint(
                condition=Q(met_on=None, met_by=None, met_note="")
                | (Q(met_on__isnull=False, met_by__isnull=False) & ~Q(met_note="")),
                name="vendors_condition_met_whole",
            ),
        )

    def __str__(self) -> str:
        return f"{self.ref} {self.what}"

    @property
    def is_over(self) -> bool:
        """Whether it is met: what was asked stands from then on."""
        return self.met_on is not None

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("vendors:condition-detail", args=[self.pk])

    @property
    def title(self) -> str:
        """What a search shows."""
        return self.what


class VendorFinding(Register):
    """A finding about a vendor. Unlinking archives the row."""

    vendor = models.ForeignKey(Vendor, models.PROTECT, related_name="finding_links")
    finding = models.ForeignKey(Finding, models.PROTECT, related_name="vendor_links")
    reason = models.TextField(help_text="What the finding says of the vendor.")

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths(owner=("vendor__owner",))
    ends = ("vendor", "finding")

    class Meta:
        ordering = ("vendor", "id")
        constraints = (
            models.UniqueConstraint(fields=("vendor", "finding"), name="vendors_finding_once"),
            models.CheckConstraint(condition=~Q(reason=""), name="vendors_finding_has_reason"),
        )

    def __str__(self) -> str:
        return f"{self.finding.ref} for {self.vendor.ref}"

    def get_absolute_url(self) -> str:
        """The vendor's page."""
        return self.vendor.get_absolute_url()


class ExitStepKind(models.TextChoices):
    """What has to be done when a vendor leaves (VEN exit, domain §6)."""

    ACCESS = "access", "Access and keys revoked"
    RETURNED = "returned", "Data returned"
    ERASED = "erased", "Data erased, with certificate"
    INTEGRATIONS = "integrations", "Integrations removed"
    PAYMENTS = "payments", "Payments stopped"
    LISTED = "listed", "Sub-processor list updated"


class ExitStep(Numbered, Register):
    """One step of ending a vendor: done with proof, or not applicable with a reason."""

    prefix = "VX"

    vendor = models.ForeignKey(Vendor, models.PROTECT, related_name="exit_steps")
    kind = models.CharField(max_length=12, choices=ExitStepKind.choices)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="vendor_exit_steps")
    due_on = models.DateField("due")
    done_on = models.DateField("done", null=True, editable=False)
    done_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+")
    applicable = models.BooleanField(default=True, editable=False)
    note = models.TextField(blank=True, editable=False, help_text="What was done; or why it does not apply.")
    document = models.ForeignKey(
        VendorDocument, models.PROTECT, null=True, blank=True, editable=False, related_name="+", help_text="The proof."
    )

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths(owner=("owner", "vendor__owner"))

    class Meta:
        ordering = ("vendor", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("vendor", "kind"), condition=Q(archived_at=None), name="vendors_exit_step_once"
            ),
            models.CheckConstraint(condition=Q(kind__in=ExitStepKind.values), name="vendors_exit_kind_known"),
            models.CheckConstraint(
                condition=Q(done_on=None, done_by=None)
                | (Q(done_on__isnull=False, done_by__isnull=False) & ~Q(note="")),
                name="vendors_exit_done_whole",
            ),
        )

    def __str__(self) -> str:
        return f"{self.ref} {self.get_kind_display()}"

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("vendors:exitstep-detail", args=[self.pk])

    @property
    def title(self) -> str:
        """What a search shows."""
        return str(self.get_kind_display())
