"""Response plans: who does what when something happens, in versions that another person approves for good."""

from collections.abc import Mapping as ReadOnly
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from evidence.models import Evidence
from foundation.accounts.paths import Paths, Via
from foundation.trail.models import Register, TrackedQuerySet
from foundation.trail.numbered import Numbered
from incidents.models.incident import Severity

HOLDS_ROLE = Via("incidents.PlanRole", "edition_id", "user")


class ResponsePlan(Numbered, Register):
    """One response plan, and when it is looked at again. In force is its one approved version."""

    prefix = "RP"

    title = models.CharField(max_length=160)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="owned_response_plans"
    )
    summary = models.TextField(blank=True, help_text="What it is for, in a sentence or two.")
    last_reviewed_on = models.DateField("last reviewed", null=True, editable=False)
    next_review_on = models.DateField("next review", null=True, editable=False)

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths(owner=("owner",))

    class Meta:
        ordering = ("id",)
        constraints = (models.CheckConstraint(condition=~Q(title=""), name="incidents_plan_has_title"),)

    def __str__(self) -> str:
        return f"{self.ref} {self.title}"

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("incidents:responseplan-detail", args=[self.pk])


class VersionState(models.TextChoices):
    """Where a version stands."""

    DRAFT = "draft", "Draft"
    SUBMITTED = "submitted", "Waits for approval"
    APPROVED = "approved", "In force"
    SUPERSEDED = "superseded", "Superseded"
    WITHDRAWN = "withdrawn", "Withdrawn"


VERSION_MOVES: ReadOnly[str, tuple[str, ...]] = {
    VersionState.DRAFT: (VersionState.SUBMITTED, VersionState.WITHDRAWN),
    VersionState.SUBMITTED: (VersionState.DRAFT, VersionState.APPROVED, VersionState.WITHDRAWN),
    VersionState.APPROVED: (VersionState.SUPERSEDED,),
    VersionState.SUPERSEDED: (),
    VersionState.WITHDRAWN: (),
}
VERSION_TONES: ReadOnly[str, str] = {
    VersionState.DRAFT: "info",
    VersionState.SUBMITTED: "warn",
    VersionState.APPROVED: "ok",
    VersionState.SUPERSEDED: "mute",
    VersionState.WITHDRAWN: "mute",
}


class PlanVersion(Numbered, Register):
    """One version of a plan. Whoever wrote any of it counts as author; it is frozen and hashed once approved."""

    prefix = "PV"

    plan = models.ForeignKey(ResponsePlan, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(editable=False)
    state = models.CharField(max_length=10, choices=VersionState.choices, default=VersionState.DRAFT, editable=False)
    change_note = models.TextField("what changes", blank=True)

    first_steps = models.TextField(blank=True, help_text="What to do in the first minutes; printed on the first page.")
    out_of_band = models.TextField(
        "out-of-band channel", blank=True, help_text="How to reach each other when our own systems cannot be trusted."
    )
    purpose = models.TextField(blank=True)
    scope = models.TextField(blank=True)
    definitions = models.TextField(blank=True, help_text="Event, incident, breach.")
    steps = models.TextField("lifecycle", blank=True, help_text="Detect, contain, eradicate, recover, learn.")
    evidence_handling = models.TextField("handling of evidence", blank=True)
    notification = models.TextField("notification", blank=True, help_text="Who decides whom to tell, and who tells.")
    testing = models.TextField(blank=True, help_text="How and how often the plan is exercised.")

    drafted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="drafted_plan_versions"
    )
    approver = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="asked_plan_versions",
        help_text="Who is asked to approve it.",
    )  # fmt: skip
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    submitted_at = models.DateTimeField("submitted", null=True, editable=False)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    approved_at = models.DateTimeField("approved", null=True, editable=False)
    approval_statement = models.TextField(blank=True, editable=False)
    approved_under = models.ForeignKey(
        "accounts.DutyException", models.PROTECT, null=True, editable=False, related_name="+"
    )
    superseded_at = models.DateTimeField("superseded", null=True, editable=False)
    returned_note = models.TextField(blank=True, editable=False, help_text="Why it came back, or was withdrawn.")
    sha256 = models.CharField("hash", max_length=64, blank=True, editable=False, help_text="Over the approved text.")
    evidence = models.ForeignKey(
        Evidence, models.PROTECT, null=True, editable=False, related_name="+", help_text="Its approval, as recorded."
    )

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths(owner=("plan__owner", "approver", "drafted_by", HOLDS_ROLE), team=())

    class Meta:
        ordering = ("plan", "-number")
        constraints = (
            models.UniqueConstraint(fields=("plan", "number"), name="incidents_plan_version_once"),
            models.UniqueConstraint(
                fields=("plan",), condition=Q(state__in=("draft", "submitted")), name="incidents_plan_one_draft",
                violation_error_message="There is a draft of this plan already.",
            ),
            models.UniqueConstraint(
                fields=("plan",), condition=Q(state="approved"), name="incidents_plan_one_in_force"
            ),
            models.CheckConstraint(condition=Q(state__in=VersionState.values), name="incidents_version_state_known"),
            models.CheckConstraint(
                condition=(
                    Q(state__in=(VersionState.APPROVED, VersionState.SUPERSEDED), approved_by__isnull=False,
                      approved_at__isnull=False)
                    & ~Q(sha256="")
                )
                | (~Q(state__in=(VersionState.APPROVED, VersionState.SUPERSEDED))
                   & Q(approved_by=None, approved_at=None, sha256="")),
                name="incidents_version_approved_whole",
            ),
            models.CheckConstraint(
                condition=Q(approved_by=None)
                | Q(approved_under__isnull=False)
                | (~Q(approved_by=F("submitted_by")) & ~Q(approved_by=F("drafted_by"))),
                name="incidents_version_approved_by_another",
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.plan.title}, version {self.number}"

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("incidents:planversion-detail", args=[self.pk])

    @property
    def is_over(self) -> bool:
        """Whether nothing of it is edited: only a draft is."""
        return self.state != VersionState.DRAFT

    @property
    def title(self) -> str:
        """What a search shows."""
        return str(self)


# A part of a version is whose the version is. The column is called `edition`: `version` counts the saves of a row.
OF_EDITION = Paths(owner=("edition__plan__owner", "edition__approver", "edition__drafted_by"), team=())


class PlanRole(Register):
    """A role of the response with whoever holds it, their deputy, and what they do."""

    edition = models.ForeignKey(PlanVersion, models.PROTECT, related_name="roles")
    position = models.PositiveSmallIntegerField(default=0)
    role = models.CharField(max_length=80, help_text="Commander, technical lead, communications, legal, scribe.")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="plan_roles")
    name = models.CharField("held by, without an account", max_length=120, blank=True)
    telephone = models.CharField(max_length=60, blank=True, help_text="Printed on the first page.")
    deputy = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    deputy_name = models.CharField("deputy, without an account", max_length=120, blank=True)
    deputy_telephone = models.CharField("deputy's telephone", max_length=60, blank=True)
    duties = models.TextField(blank=True)

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = OF_EDITION
    personal = ("name", "telephone", "deputy_name", "deputy_telephone")

    class Meta:
        ordering = ("edition", "position", "id")
        constraints = (models.CheckConstraint(condition=~Q(role=""), name="incidents_plan_role_named"),)

    def __str__(self) -> str:
        return self.role

    @property
    def holder(self) -> str:
        """Who holds it, in words; "" for nobody."""
        return str(self.user) if self.user is not None else self.name

    @property
    def stand_in(self) -> str:
        """Who stands in for them, in words; "" for nobody."""
        return str(self.deputy) if self.deputy is not None else self.deputy_name

    def get_absolute_url(self) -> str:
        """The version's page."""
        return self.edition.get_absolute_url()


class ContactKind(models.TextChoices):
    """Who somebody is to us, in the order in which they are printed."""

    HELP = "help", "Help: counsel, forensics, insurer"
    VENDOR = "vendor", "Vendor"
    CUSTOMER = "customer", "Customer"
    AUTHORITY = "authority", "Authority"
    INSIDE = "inside", "Colleague"


class PlanContact(Register):
    """Whom to call: inside or outside, by which telephone and which address."""

    edition = models.ForeignKey(PlanVersion, models.PROTECT, related_name="contacts")
    position = models.PositiveSmallIntegerField(default=0)
    kind = models.CharField(max_length=9, choices=ContactKind.choices, default=ContactKind.HELP)
    name = models.CharField(max_length=120)
    what = models.CharField("what for", max_length=200, help_text="Insurer, counsel, forensics, authority, vendor.")
    telephone = models.CharField(max_length=60, blank=True)
    email = models.CharField("address", max_length=254, blank=True)
    hours = models.CharField("reached", max_length=120, blank=True, help_text="When, and under which contract number.")

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = OF_EDITION
    personal = ("name", "telephone", "email")

    class Meta:
        ordering = ("edition", "position", "id")
        constraints = (
            models.CheckConstraint(condition=~Q(name="") & ~Q(what=""), name="incidents_plan_contact_told"),
            models.CheckConstraint(condition=Q(kind__in=ContactKind.values), name="incidents_plan_contact_kind_known"),
        )

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """The version's page."""
        return self.edition.get_absolute_url()


class PlanSeverity(Register):
    """A row of the severity matrix: what it means, by when it is acknowledged, and how often people are told.

    acknowledge_minutes, update_minutes: None where nothing is promised (“at close”).
    """

    edition = models.ForeignKey(PlanVersion, models.PROTECT, related_name="severities")
    severity = models.PositiveSmallIntegerField(choices=Severity.choices)
    meaning = models.TextField()
    acknowledge_minutes = models.PositiveIntegerField(null=True, blank=True, help_text="Minutes.")
    update_minutes = models.PositiveIntegerField(null=True, blank=True, help_text="Minutes; empty: at close.")
    escalate = models.TextField("who is told", blank=True)

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = OF_EDITION

    class Meta:
        ordering = ("edition", "severity")
        verbose_name_plural = "plan severities"
        constraints = (
            models.UniqueConstraint(fields=("edition", "severity"), name="incidents_plan_severity_once"),
            models.CheckConstraint(condition=Q(severity__in=Severity.values), name="incidents_plan_severity_known"),
            models.CheckConstraint(condition=~Q(meaning=""), name="incidents_plan_severity_told"),
            models.CheckConstraint(
                condition=(Q(acknowledge_minutes=None) | Q(acknowledge_minutes__gte=1, acknowledge_minutes__lte=44640))
                & (Q(update_minutes=None) | Q(update_minutes__gte=1, update_minutes__lte=44640)),
                name="incidents_plan_minutes_in_bounds",
            ),
        )

    def __str__(self) -> str:
        return str(self.get_severity_display())

    def get_absolute_url(self) -> str:
        """The version's page."""
        return self.edition.get_absolute_url()


class Playbook(Register):
    """What to do in one sort of incident, step by step."""

    edition = models.ForeignKey(PlanVersion, models.PROTECT, related_name="playbooks")
    position = models.PositiveSmallIntegerField(default=0)
    title = models.CharField(max_length=160)
    trigger = models.TextField("when", blank=True, help_text="How one knows that it is this.")
    steps = models.TextField(help_text="A step a line.")

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = OF_EDITION

    class Meta:
        ordering = ("edition", "position", "id")
        constraints = (models.CheckConstraint(condition=~Q(title="") & ~Q(steps=""), name="incidents_playbook_told"),)

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """The version's page."""
        return self.edition.get_absolute_url()


class PlanReview(Numbered, Register):
    """“Looked at, no change”: a signed event, written once (as R8.2 asks of policies)."""

    prefix = "PN"

    plan = models.ForeignKey(ResponsePlan, models.PROTECT, related_name="reviews")
    edition = models.ForeignKey(PlanVersion, models.PROTECT, related_name="reviews")
    reviewed_on = models.DateField("reviewed")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, editable=False, related_name="+")
    at = models.DateTimeField("signed", editable=False)
    statement = models.TextField()
    next_review_on = models.DateField("next review")
    evidence = models.ForeignKey(
        Evidence, models.PROTECT, null=True, editable=False, related_name="+", help_text="The review, as recorded."
    )

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths(owner=("plan__owner", "by"), team=())

    class Meta:
        ordering = ("plan", "-id")
        constraints = (
            models.CheckConstraint(condition=~Q(statement=""), name="incidents_plan_review_says_what"),
            models.CheckConstraint(
                condition=Q(next_review_on__gt=F("reviewed_on")), name="incidents_plan_review_ahead"
            ),
        )

    def __str__(self) -> str:
        return f"Review of {self.plan.title} on {self.reviewed_on}"

    def get_absolute_url(self) -> str:
        """The plan's page."""
        return self.plan.get_absolute_url()
