"""The sub-processor list with its versions and notices, and the reconciliation to payments and sign-in (R6.3)."""

import uuid
from collections.abc import Mapping as ReadOnly
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.urls import reverse

from evidence.models import Evidence
from foundation.accounts.paths import Paths
from foundation.trail.models import Register, TrackedQuerySet
from foundation.trail.numbered import Numbered
from vendors.models.vendor import Vendor


class SubprocessorList(Numbered, Register):
    """One published version of the list: what customers were told, frozen (domain §6).

    `entries`: name, purpose, data, location, transfer basis and start date of each, in order; `changes`: what is new,
    changed or gone since the version before, in words.
    """

    prefix = "SP"

    number = models.PositiveIntegerField("version", unique=True, editable=False)
    entries = models.JSONField(editable=False)
    changes = models.JSONField(editable=False, default=list)
    sha256 = models.CharField("hash", max_length=64, editable=False, help_text="Over the entries as canonical JSON.")
    effective_on = models.DateField("in force from", help_text="After the notice that customers were promised.")
    reason = models.TextField(help_text="Why the list changes.")
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, editable=False, related_name="+")
    published_at = models.DateTimeField("published", editable=False)
    evidence = models.ForeignKey(
        Evidence, models.PROTECT, null=True, editable=False, related_name="+", help_text="This version, kept."
    )

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths()

    class Meta:
        ordering = ("-number",)
        constraints = (models.CheckConstraint(condition=~Q(reason=""), name="vendors_list_has_reason"),)

    def __str__(self) -> str:
        return f"Sub-processor list, version {self.number}"

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("vendors:subprocessorlist-detail", args=[self.pk])

    @property
    def title(self) -> str:
        """What a search shows."""
        return str(self)


class Notice(Register):
    """Who was told of a version of the list, when, how, and until when they may object."""

    list = models.ForeignKey(SubprocessorList, models.PROTECT, related_name="notices")
    sent_on = models.DateField("sent")
    audience = models.CharField("sent to", max_length=200, help_text="Which customers or list of addresses.")
    channel = models.CharField("sent by", max_length=120, help_text="Such as e-mail or the customers' portal.")
    objections_until = models.DateField(help_text="The last day on which they may object.")
    text = models.TextField(help_text="What they were told, or where that text is kept.")
    sent_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, editable=False, related_name="+")

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths()

    class Meta:
        ordering = ("list", "sent_on", "id")
        constraints = (
            models.CheckConstraint(
                condition=Q(objections_until__gte=F("sent_on")), name="vendors_notice_days_in_order",
                violation_error_message="They may object after it was sent.",
            ),
            models.CheckConstraint(condition=~Q(audience="") & ~Q(text=""), name="vendors_notice_whole"),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"Notice of {self.list} on {self.sent_on}"

    def get_absolute_url(self) -> str:
        """The list's page."""
        return self.list.get_absolute_url()


def reconciled_path(reconciliation: "Reconciliation", filename: str) -> str:
    """Name the stored file by an id of ours: what a person's file was called never becomes a path."""
    return f"vendors/reconciliations/{uuid.uuid4()}"


class ReconciliationKind(models.TextChoices):
    """What the register is held against."""

    PAYMENTS = "payments", "Payments"
    SSO = "sso", "Sign-in applications"


class ReconciliationState(models.TextChoices):
    """Where a reconciliation stands."""

    OPEN = "open", "Open"
    CLOSED = "closed", "Closed"
    CANCELLED = "cancelled", "Cancelled"


RECONCILIATION_MOVES: ReadOnly[str, tuple[str, ...]] = {
    ReconciliationState.OPEN: (ReconciliationState.CLOSED, ReconciliationState.CANCELLED),
    ReconciliationState.CLOSED: (),
    ReconciliationState.CANCELLED: (),
}


class Reconciliation(Numbered, Register):
    """One list of whom we pay or sign in to, held against the register: who on it is unknown (R6.3)."""

    prefix = "RC"

    kind = models.CharField(max_length=8, choices=ReconciliationKind.choices)
    source = models.CharField(max_length=160, help_text="Which system the list comes from, and by which query.")
    period_from = models.DateField("from")
    period_to = models.DateField("to")
    file = models.FileField(upload_to=reconciled_path, editable=False)
    name = models.CharField(max_length=200, editable=False)
    size = models.PositiveBigIntegerField(editable=False, help_text="Bytes.")
    sha256 = models.CharField("hash of the file", max_length=64, editable=False)
    row_count = models.PositiveIntegerField("rows", editable=False)
    brought_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, editable=False, related_name="+")
    state = models.CharField(
        max_length=9, choices=ReconciliationState.choices, default=ReconciliationState.OPEN, editable=False
    )
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+")
    closed_at = models.DateTimeField("closed", null=True, editable=False)
    conclusion = models.TextField(blank=True, editable=False)
    result_sha256 = models.CharField(
        "hash", max_length=64, blank=True, editable=False, help_text="Over what each name turned out to be."
    )
    evidence = models.ForeignKey(
        Evidence, models.PROTECT, null=True, editable=False, related_name="+", help_text="The closed result, kept."
    )

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths(owner=("brought_by",))

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(condition=Q(state__in=ReconciliationState.values), name="vendors_recon_state_known"),
            models.CheckConstraint(condition=Q(kind__in=ReconciliationKind.values), name="vendors_recon_kind_known"),
            models.CheckConstraint(
                condition=Q(period_to__gte=F("period_from")), name="vendors_recon_days_in_order",
                violation_error_message="The period ends after it starts.",
            ),
            models.CheckConstraint(
                condition=(
                    Q(state=ReconciliationState.CLOSED, closed_by__isnull=False, closed_at__isnull=False)
                    & ~Q(result_sha256="")
                )
                | (~Q(state=ReconciliationState.CLOSED) & Q(closed_by=None, closed_at=None, result_sha256="")),
                name="vendors_recon_closed_whole",
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.ref} {self.get_kind_display()} {self.period_from} to {self.period_to}"

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("vendors:reconciliation-detail", args=[self.pk])

    @property
    def title(self) -> str:
        """What a search shows."""
        return f"{self.get_kind_display()}, {self.source}"


class Match(models.TextChoices):
    """What a row of the list turned out to be."""

    UNKNOWN = "", "Unknown"
    VENDOR = "vendor", "In the register"
    NONE = "none", "No vendor"


class ReconciledRow(Register):
    """One name on the list with its rows summed up, and what it turned out to be."""

    reconciliation = models.ForeignKey(Reconciliation, models.PROTECT, related_name="rows")
    line = models.PositiveIntegerField(help_text="Its first line in the file.")
    name = models.CharField(max_length=200)
    amount = models.DecimalField(max_digits=14, decimal_places=2, null=True, help_text="Paid in the period, if told.")
    currency = models.CharField(max_length=3, blank=True)
    match = models.CharField(max_length=6, choices=Match.choices, blank=True)
    vendor = models.ForeignKey(Vendor, models.PROTECT, null=True, blank=True, related_name="reconciled_rows")
    by_hand = models.BooleanField(default=False, help_text="A person said so; otherwise the name did.")
    note = models.TextField(blank=True, help_text="Why it is no vendor, or why one that has ended is on the list.")

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths(owner=("reconciliation__brought_by",))

    class Meta:
        ordering = ("reconciliation", "line")
        indexes = (models.Index(fields=("reconciliation", "match", "line"), name="vendors_row_by_match"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(match="", vendor=None) | Q(match="vendor", vendor__isnull=False)
                | (Q(match="none", vendor=None) & ~Q(note="")),
                name="vendors_row_match_whole",
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.name} in {self.reconciliation.ref}"

    def get_absolute_url(self) -> str:
        """The reconciliation's page."""
        return self.reconciliation.get_absolute_url()


class VendorAlias(Register):
    """Another name under which a vendor is paid or signed in to: remembered from a match made by hand."""

    vendor = models.ForeignKey(Vendor, models.PROTECT, related_name="aliases")
    name = models.CharField(max_length=200)

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths(owner=("vendor__owner",))

    class Meta:
        ordering = ("vendor", "name")
        constraints = (
            models.UniqueConstraint(
                Lower("name"), condition=Q(archived_at=None), name="vendors_alias_once",
                violation_error_message="Another vendor has this name.",
            ),
            models.CheckConstraint(condition=~Q(name=""), name="vendors_alias_has_name"),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.name} is {self.vendor.name}"

    def get_absolute_url(self) -> str:
        """The vendor's page."""
        return self.vendor.get_absolute_url()
