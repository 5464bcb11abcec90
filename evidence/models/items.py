"""An item of evidence: bytes with where they come from, when they were captured and which time they cover."""

import datetime
import uuid
from collections.abc import Mapping as ReadOnly
from typing import ClassVar, Final

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from foundation.accounts.paths import Paths, Via
from foundation.trail.models import Register, TrackedQuerySet
from foundation.trail.numbered import Numbered

EMPTY: Final = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"  # SHA-256 of no bytes at all


class Kind(models.TextChoices):
    """What sort of proof it is, the most reliable first (domain §3: made by a system before told by a person)."""

    EXPORT = "export", "Export from a system"
    CONFIGURATION = "configuration", "Configuration"
    LOG = "log", "Log"
    RECORD = "record", "Record kept in Countersign"
    TICKET = "ticket", "Ticket"
    SCREENSHOT = "screenshot", "Screenshot"
    DOCUMENT = "document", "Document"
    STATEMENT = "statement", "Statement by a person"


class State(models.TextChoices):
    """What became of an item. Superseded is no state: it follows from the version after it."""

    SUBMITTED = "submitted", "Submitted"
    ACCEPTED = "accepted", "Accepted"
    RETURNED = "returned", "Returned"
    WITHDRAWN = "withdrawn", "Withdrawn"


# The only legal moves. Whoever was given it back sends a new version: nothing is overwritten.
MOVES: ReadOnly[str, tuple[str, ...]] = {
    State.SUBMITTED: (State.ACCEPTED, State.RETURNED, State.WITHDRAWN),
    State.ACCEPTED: (State.WITHDRAWN,),
    State.RETURNED: (State.WITHDRAWN,),
    State.WITHDRAWN: (),
}
TONES: ReadOnly[str, str] = {
    State.SUBMITTED: "info",
    State.ACCEPTED: "ok",
    State.RETURNED: "warn",
    State.WITHDRAWN: "mute",
}


def evidence_path(item: "Evidence", filename: str) -> str:
    """Name the stored file by an id of ours: what a person's file was called never becomes a path."""
    return f"evidence/{uuid.uuid4()}"


class EvidenceQuerySet(TrackedQuerySet["Evidence"]):
    """The words in which evidence is asked for."""

    def standing(self) -> "EvidenceQuerySet":
        """What was not withdrawn."""
        return self.exclude(state=State.WITHDRAWN)


class Evidence(Numbered, Register):
    """One version of one item. What was collected is never edited, in the database neither (R3.4).

    Two times are kept apart: `captured_at`, when the source showed it, and the period that it covers. A capture time or
    period that a person typed proves nothing by itself; `stamped` says that the source system wrote it.
    """

    prefix = "EV"

    title = models.CharField(max_length=200, help_text="What it shows, such as “Okta users with their factors”.")
    description = models.TextField(blank=True)
    kind = models.CharField(max_length=14, choices=Kind.choices)
    source_system = models.CharField(max_length=120, help_text="The system that it comes from, such as “AWS”.")
    environment = models.CharField(
        max_length=120, blank=True, help_text="Tenant, account, repository: “production, account 4711”."
    )
    query = models.TextField(
        "query or path", blank=True, help_text="The query, command or menu path by which anybody gets the same again."
    )
    collected_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+",
        help_text="The person who pulled it; empty when a connector did.",
    )  # fmt: skip
    connector = models.CharField(max_length=80, blank=True, help_text="The connector or register that made it.")
    captured_at = models.DateTimeField(help_text="When the source showed it, in UTC.")
    stamped = models.BooleanField(
        default=False, editable=False, help_text="Whether capture time and period were written by the source system."
    )
    period_from = models.DateField(null=True, blank=True, help_text="The first day that it covers.")
    period_to = models.DateField(null=True, blank=True, help_text="The last day that it covers.")
    row_count = models.PositiveBigIntegerField(null=True, blank=True, help_text="Rows, where it is a list.")
    redaction = models.TextField("redaction note", blank=True, help_text="What was taken out or covered, and why.")
    expires_on = models.DateField(null=True, blank=True, help_text="The last day on which it is good, if it has one.")

    file = models.FileField(upload_to=evidence_path, editable=False)
    name = models.CharField(max_length=200, editable=False, help_text="What the file was called.")
    content_type = models.CharField(max_length=100, editable=False, help_text="By its bytes.")
    size = models.PositiveBigIntegerField(editable=False, help_text="Bytes.")
    sha256 = models.CharField(max_length=64, editable=False, help_text="Of the bytes as they came, hex.")

    supersedes = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, editable=False, related_name="superseded_by"
    )
    first = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, editable=False, related_name="later",
        help_text="The first version of this item; empty on the first itself.",
    )  # fmt: skip
    number = models.PositiveIntegerField(default=1, editable=False, help_text="Which version of the item this is.")

    state = models.CharField(max_length=10, choices=State.choices, default=State.SUBMITTED, editable=False)
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+",
        help_text="Empty: a connector or another register handed it in.",
    )  # fmt: skip
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+",
        help_text="Who is asked to judge it; empty: whoever may.",
    )  # fmt: skip
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    reviewed_at = models.DateTimeField(null=True, editable=False)
    review_note = models.TextField(blank=True, editable=False)
    stamp_confirmed = models.BooleanField(
        default=False, editable=False, help_text="Whether the reviewer saw the source's own times in the content."
    )
    accepted_under = models.ForeignKey(
        "accounts.DutyException", models.PROTECT, null=True, editable=False, related_name="+"
    )
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    withdrawn_at = models.DateTimeField(null=True, editable=False)
    withdrawal_reason = models.TextField(blank=True, editable=False)
    idempotency_key = models.CharField(max_length=100, blank=True, editable=False)

    objects: ClassVar[models.Manager["Evidence"]] = EvidenceQuerySet.as_manager()

    access = Paths(
        owner=(
            "submitted_by", "collected_by", "reviewer",
            Via("evidence.EvidenceLink", "evidence_id", "control__owner"),
            Via("evidence.EvidenceLink", "evidence_id", "control__operator"),
        ),
        team=(),
        category=Via(
            "evidence.EvidenceLink", "evidence_id",
            Via("controls.Mapping", "control_id", "criterion__category__slug", row="control_id"),
        ),
    )  # fmt: skip

    class Meta:
        ordering = ("-captured_at", "-id")
        verbose_name_plural = "evidence"
        indexes = (
            models.Index(fields=("-captured_at", "-id"), name="evidence_by_capture"),
            models.Index(fields=("state", "-captured_at"), name="evidence_by_state"),
            models.Index(fields=("sha256",), name="evidence_by_hash"),
            models.Index(fields=("expires_on",), name="evidence_by_expiry"),
        )
        constraints = (
            models.CheckConstraint(condition=Q(state__in=State.values), name="evidence_state_known"),
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="evidence_kind_known"),
            models.CheckConstraint(condition=Q(size__gt=0) & ~Q(sha256=EMPTY), name="evidence_has_bytes"),
            models.CheckConstraint(
                condition=Q(period_from=None, period_to=None)
                | Q(period_from__isnull=False, period_to__gte=F("period_from")),
                name="evidence_period_whole",
                violation_error_message="A period has a first and a last day, in this order.",
            ),
            models.CheckConstraint(
                condition=Q(number=1, supersedes=None, first=None)
                | Q(number__gt=1, supersedes__isnull=False, first__isnull=False),
                name="evidence_versions_in_a_row",
            ),
            models.CheckConstraint(
                condition=Q(state=State.SUBMITTED, reviewed_by=None, reviewed_at=None)
                | Q(state__in=(State.ACCEPTED, State.RETURNED), reviewed_by__isnull=False, reviewed_at__isnull=False)
                | Q(state=State.WITHDRAWN),
                name="evidence_judged_by_somebody",
            ),
            models.CheckConstraint(
                # one person alone only under an exception, which that row then names
                condition=Q(submitted_by=None)
                | Q(reviewed_by=None)
                | ~Q(reviewed_by=F("submitted_by"))
                | Q(accepted_under__isnull=False),
                name="evidence_judged_by_another",
            ),
            models.CheckConstraint(
                condition=~Q(state=State.WITHDRAWN)
                | (Q(withdrawn_by__isnull=False, withdrawn_at__isnull=False) & ~Q(withdrawal_reason="")),
                name="evidence_withdrawal_says_why",
            ),
            models.UniqueConstraint(
                fields=("submitted_by", "idempotency_key"),
                condition=~Q(idempotency_key=""),
                name="evidence_pushed_once",
            ),
        )

    def __str__(self) -> str:
        return f"{self.ref} {self.title}"

    def get_absolute_url(self) -> str:
        """The item's page."""
        return reverse("evidence:evidence-detail", args=[self.pk])

    @property
    def state_tone(self) -> str:
        """The tone of the state's badge."""
        return TONES[self.state]

    @property
    def bears_time(self) -> bool:
        """Whether its capture time and period are the source's own, as a system or a reviewer vouches."""
        return self.stamped or self.stamp_confirmed

    @property
    def moment(self) -> datetime.datetime:
        """The time that counts: the source's own, else when we received it. What a person typed never does."""
        return self.captured_at if self.bears_time else self.created_at

    def period(self) -> str:
        """The period covered, in words."""
        if self.period_from is None:
            return ""
        same = self.period_from == self.period_to
        return f"{self.period_from}" if same else f"{self.period_from} to {self.period_to}"
