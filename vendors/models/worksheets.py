"""The SOC report worksheet: what a vendor's report says, and what that means for us (R6.2)."""

from collections.abc import Mapping as ReadOnly
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from controls.models import Control
from evidence.models import Evidence
from findings.models import Finding
from foundation.accounts.paths import Paths
from foundation.trail.models import Register, TrackedQuerySet
from foundation.trail.numbered import Numbered
from vendors.models.papers import VendorDocument
from vendors.models.vendor import Vendor

PEOPLE = ("reviewer", "approver", "vendor__owner")


class Opinion(models.TextChoices):
    """What the auditor's report concludes. Only what the paper says; no opinion of ours."""

    UNREAD = "", "Not read yet"
    UNQUALIFIED = "unqualified", "Unqualified"
    QUALIFIED = "qualified", "Qualified"
    ADVERSE = "adverse", "Adverse"
    DISCLAIMER = "disclaimer", "Disclaimer"


class WorksheetState(models.TextChoices):
    """Where a worksheet stands."""

    OPEN = "open", "Open"
    SUBMITTED = "submitted", "Waits for approval"
    APPROVED = "approved", "Approved"
    CANCELLED = "cancelled", "Cancelled"


WORKSHEET_MOVES: ReadOnly[str, tuple[str, ...]] = {
    WorksheetState.OPEN: (WorksheetState.SUBMITTED, WorksheetState.CANCELLED),
    WorksheetState.SUBMITTED: (WorksheetState.OPEN, WorksheetState.APPROVED, WorksheetState.CANCELLED),
    WorksheetState.APPROVED: (),
    WorksheetState.CANCELLED: (),
}


class Yes(models.TextChoices):
    """An answer of three states: nobody looked is not “no”."""

    UNKNOWN = "", "Not known"
    YES = "yes", "Yes"
    NO = "no", "No"


class ReportKind(models.TextChoices):
    """Kind and type of the report."""

    SOC2_TYPE2 = "soc2_type2", "SOC 2 Type II"
    SOC2_TYPE1 = "soc2_type1", "SOC 2 Type I"
    SOC1_TYPE2 = "soc1_type2", "SOC 1 Type II"
    SOC1_TYPE1 = "soc1_type1", "SOC 1 Type I"


class Worksheet(Numbered, Register):
    """One reading of one report (domain §6). Approved by another person, it is locked by model and database."""

    prefix = "WS"

    vendor = models.ForeignKey(Vendor, models.PROTECT, related_name="worksheets")
    document = models.ForeignKey(
        VendorDocument, models.PROTECT, related_name="worksheets", help_text="The report that is read."
    )
    service = models.CharField("service used", max_length=200, blank=True, help_text="Which of its services we use.")
    report_kind = models.CharField("report", max_length=10, choices=ReportKind.choices, default=ReportKind.SOC2_TYPE2)
    categories = models.CharField(max_length=200, blank=True, help_text="Which trust services categories it covers.")
    auditor = models.CharField(max_length=160, blank=True, help_text="The firm that signed it.")
    auditor_known = models.CharField(
        "auditor licensed and known",
        max_length=3,
        choices=Yes.choices,
        blank=True,
        help_text="Whether that was looked up.",
    )
    opinion = models.CharField(max_length=11, choices=Opinion.choices, blank=True)
    opinion_basis = models.TextField(blank=True, help_text="What the qualification rests on, where there is one.")
    period_from = models.DateField("covers from", null=True, blank=True, help_text="Empty for a report on one day.")
    period_to = models.DateField("covers to", null=True, blank=True, help_text="Its last day, or the one day.")
    issued_on = models.DateField("issued", null=True, blank=True)
    bridge_until = models.DateField("bridge letter until", null=True, blank=True)
    bridge = models.ForeignKey(
        VendorDocument,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="bridged_worksheets",
        help_text="The bridge letter.",
    )
    in_scope = models.CharField("our service inside its scope", max_length=3, choices=Yes.choices, blank=True)
    none_excepted = models.BooleanField(
        "it reports no exceptions", default=False, help_text="Said expressly: an empty list says nothing."
    )
    none_expected = models.BooleanField(
        "it names no user controls", default=False, help_text="Said expressly: an empty list says nothing."
    )
    none_carved_out = models.BooleanField(
        "it names no subservice organisations", default=False, help_text="Said expressly: an empty list says nothing."
    )
    response_quality = models.TextField(
        "management's responses", blank=True, help_text="How well its management answers the exceptions."
    )
    conclusion = models.TextField(blank=True, help_text="What the report means for us, and what follows.")
    next_due_on = models.DateField("next report due", null=True, blank=True)
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="worksheets")
    approver = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="worksheets_to_approve",
        help_text="Approves it: another person than the reviewer.",
    )  # fmt: skip
    state = models.CharField(max_length=9, choices=WorksheetState.choices, default=WorksheetState.OPEN, editable=False)
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    submitted_at = models.DateTimeField("submitted", null=True, editable=False)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    approved_at = models.DateTimeField("approved", null=True, editable=False)
    approved_under = models.ForeignKey(
        "accounts.DutyException", models.PROTECT, null=True, editable=False, related_name="+"
    )
    sha256 = models.CharField("hash", max_length=64, blank=True, editable=False, help_text="Over the approved result.")
    evidence = models.ForeignKey(
        Evidence, models.PROTECT, null=True, editable=False, related_name="+", help_text="The approved result, kept."
    )

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths(owner=PEOPLE, team=())

    class Meta:
        ordering = ("-id",)
        indexes = (models.Index(fields=("state", "id"), name="vendors_worksheet_by_state"),)
        constraints = (
            models.CheckConstraint(condition=Q(state__in=WorksheetState.values), name="vendors_worksheet_state_known"),
            models.CheckConstraint(condition=Q(opinion__in=Opinion.values), name="vendors_worksheet_opinion_known"),
            models.CheckConstraint(
                condition=~Q(reviewer=F("approver")), name="vendors_worksheet_approver_is_another",
                violation_error_message="The approver is another person than the reviewer.",
            ),
            models.CheckConstraint(
                condition=Q(period_from=None) | Q(period_to=None) | Q(period_to__gte=F("period_from")),
                name="vendors_worksheet_period_in_order", violation_error_message="It covers days in order.",
            ),
            models.CheckConstraint(
                condition=(
                    Q(state=WorksheetState.APPROVED, approved_by__isnull=False, approved_at__isnull=False)
                    & ~Q(sha256="")
                )
                | (~Q(state=WorksheetState.APPROVED) & Q(approved_by=None, approved_at=None, sha256="")),
                name="vendors_worksheet_approved_whole",
            ),
            models.CheckConstraint(
                # one person alone only under an exception, which that row then names
                condition=Q(approved_by=None) | ~Q(approved_by=F("submitted_by")) | Q(approved_under__isnull=False),
                name="vendors_worksheet_approved_by_another",
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.ref} of {self.vendor.name}"

    @property
    def is_over(self) -> bool:
        """Whether nothing of it is edited any more."""
        return self.state in (WorksheetState.APPROVED, WorksheetState.CANCELLED)

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("vendors:worksheet-detail", args=[self.pk])

    @property
    def title(self) -> str:
        """What a search shows."""
        return f"{self.get_report_kind_display()}: {self.vendor.name}"


class Line(Register):
    """What every line of a worksheet has: its worksheet, and its place in the report."""

    worksheet = models.ForeignKey(Worksheet, models.PROTECT, related_name="%(class)ss")
    reference = models.CharField(max_length=60, blank=True, help_text="How the report numbers it, or on which page.")

    access = Paths(owner=tuple(f"worksheet__{path}" for path in PEOPLE), team=())

    class Meta(Register.Meta):
        abstract = True
        ordering = ("worksheet", "id")

    def get_absolute_url(self) -> str:
        """The worksheet's page."""
        return self.worksheet.get_absolute_url()


class ReportException(Line):
    """An exception that the report names: what it means for us and what we do. A gap becomes a finding."""

    what = models.TextField("exception", help_text="What the report says, in our words.")
    effect = models.TextField("effect on us", blank=True)
    action = models.TextField("our action", blank=True, help_text="What we do about it; or why nothing needs doing.")
    finding = models.ForeignKey(
        Finding, models.PROTECT, null=True, blank=True, editable=False, related_name="report_exceptions"
    )

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    class Meta(Line.Meta):
        abstract = False
        constraints = (models.CheckConstraint(condition=~Q(what=""), name="vendors_exception_says_what"),)

    def __str__(self) -> str:
        return f"Exception {self.reference} in {self.worksheet.ref}".replace("  ", " ")


class Cuec(Line):
    """A complementary user entity control: a control of ours meets it, or it is a gap (R6.2)."""

    what = models.TextField("expected of us", help_text="What the report expects, in our words.")
    applies = models.CharField(max_length=3, choices=Yes.choices, blank=True, help_text="Whether it concerns our use.")
    note = models.TextField(blank=True, help_text="Why it does not apply, or how the control meets it.")
    control = models.ForeignKey(
        Control, models.PROTECT, null=True, blank=True, related_name="cuecs", help_text="Our control that meets it."
    )
    finding = models.ForeignKey(
        Finding, models.PROTECT, null=True, blank=True, editable=False, related_name="cuecs",
        help_text="The gap, where no control of ours meets it.",
    )  # fmt: skip
    to_confirm = models.BooleanField(
        "carried over", default=False, editable=False,
        help_text="Answered as in the worksheet before; somebody still has to confirm that this holds.",
    )  # fmt: skip

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    class Meta(Line.Meta):
        abstract = False
        constraints = (
            models.CheckConstraint(condition=~Q(what=""), name="vendors_cuec_says_what"),
            models.CheckConstraint(condition=Q(applies__in=Yes.values), name="vendors_cuec_applies_known"),
            models.CheckConstraint(
                condition=~Q(applies=Yes.NO) | (~Q(note="") & Q(control=None, finding=None)),
                name="vendors_cuec_not_ours_has_reason", violation_error_message="Say why it does not apply.",
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"CUEC {self.reference} in {self.worksheet.ref}".replace("  ", " ")


class SubserviceMethod(models.TextChoices):
    """How the report treats a subservice organisation."""

    CARVED_OUT = "carved_out", "Carved out"
    INCLUSIVE = "inclusive", "Inclusive"


class Subservice(Line):
    """A subservice organisation that the report names. Carved out, it is a vendor that we watch, or a gap (R6.2)."""

    name = models.CharField(max_length=160)
    does = models.TextField("what it does", blank=True)
    method = models.CharField(max_length=10, choices=SubserviceMethod.choices, default=SubserviceMethod.CARVED_OUT)
    csoc = models.TextField("controls expected of it", blank=True, help_text="What the report expects of it (CSOC).")
    provider = models.ForeignKey(
        Vendor, models.PROTECT, null=True, blank=True, related_name="subservice_mentions",
        help_text="The vendor in our register that we watch for it.",
    )  # fmt: skip
    note = models.TextField(blank=True, help_text="How it is watched, or why that is not needed.")
    finding = models.ForeignKey(
        Finding, models.PROTECT, null=True, blank=True, editable=False, related_name="subservices"
    )

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    class Meta(Line.Meta):
        abstract = False
        constraints = (
            models.CheckConstraint(condition=~Q(name=""), name="vendors_subservice_has_name"),
            models.CheckConstraint(
                condition=Q(method__in=SubserviceMethod.values), name="vendors_subservice_method_known"
            ),
        )

    def __str__(self) -> str:
        return f"{self.name} in {self.worksheet.ref}"
