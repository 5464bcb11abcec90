"""What evidence is for: the requirements of a control, and the links from items to controls, each with its reason."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from controls.models import Control
from evidence.models.items import Evidence, Kind, State
from foundation.accounts.paths import Paths, Via
from foundation.trail.models import Register, TrackedQuerySet

BY_CONTROL = Via("controls.Mapping", "control_id", "criterion__category__slug", row="control_id")


class Requirement(Register):
    """One thing that each occurrence of a control has to be proved with, from a day on.

    A requirement that changes ends on a day, and another begins: what is asked of the past stays what it was.
    """

    control = models.ForeignKey(Control, models.PROTECT, related_name="requirements")
    title = models.CharField(max_length=200, help_text="What is needed: “Signed-off review of all accounts”.")
    source = models.CharField(max_length=200, blank=True, help_text="From which system, and how it is had there.")
    example = models.TextField(blank=True, help_text="What a good one looks like; what is often missing.")
    kinds = models.JSONField("accepted kinds", default=list, help_text="Empty: any kind.")
    effective_from = models.DateField(help_text="The first day on which it is asked for.")
    effective_to = models.DateField(null=True, blank=True, help_text="The last day; empty: until further notice.")

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths(owner=("control__owner", "control__operator"), category=BY_CONTROL)

    class Meta:
        ordering = ("control", "effective_from", "id")
        constraints = (
            models.CheckConstraint(
                condition=Q(effective_to=None) | Q(effective_to__gte=F("effective_from")),
                name="evidence_requirement_in_order",
                violation_error_message="It ends before it begins.",
            ),
            models.CheckConstraint(condition=~Q(title=""), name="evidence_requirement_says_what"),
        )

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """Its control's page: there it is read and changed."""
        return self.control.get_absolute_url()

    def accepts(self, kind: str) -> bool:
        """Whether an item of this kind can meet it."""
        return not self.kinds or kind in self.kinds

    def kind_words(self) -> str:
        """The accepted kinds as people say them."""
        return ", ".join(str(Kind(kind).label) for kind in self.kinds) or "Any kind"


class EvidenceLink(Register):
    """An item proves something about a control, and why. Unlinking archives the row; linking again restores it."""

    evidence = models.ForeignKey(Evidence, models.PROTECT, related_name="links")
    control = models.ForeignKey(Control, models.PROTECT, related_name="evidence_links")
    requirement = models.ForeignKey(
        Requirement, models.PROTECT, null=True, blank=True, related_name="links", help_text="Which one it meets."
    )
    occurrence = models.DateField(
        null=True, blank=True, help_text="A day of the occurrence that it is meant for; empty: as its times say."
    )
    event = models.CharField(
        max_length=200, blank=True, help_text="The one event of that day that it is about; empty: every one."
    )
    nothing_occurred = models.BooleanField(
        default=False, help_text="It shows, by its query, that there was nothing to do in the period covered."
    )
    reason = models.TextField(help_text="What it proves about the control.")
    linked_at = models.DateTimeField(
        default=timezone.now, editable=False, help_text="When this was said; what is reviewed later covers it."
    )
    linked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+",
        help_text="Empty: a connector or another register.",
    )  # fmt: skip
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+",
        help_text="Who saw that an item accepted before proves this, too.",
    )  # fmt: skip
    confirmed_at = models.DateTimeField(null=True, editable=False)
    confirmed_under = models.ForeignKey(
        "accounts.DutyException", models.PROTECT, null=True, editable=False, related_name="+"
    )

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths(
        owner=(
            "control__owner", "control__operator", "evidence__submitted_by", "evidence__collected_by",
            "evidence__reviewer",
        ),
        category=BY_CONTROL,
    )  # fmt: skip
    ends = ("evidence", "control")

    class Meta:
        ordering = ("control", "-id")
        constraints = (
            models.UniqueConstraint(
                fields=("evidence", "control"),
                name="evidence_link_once",
                violation_error_message="This item is linked to this control already.",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="evidence_link_has_reason"),
            models.CheckConstraint(
                condition=Q(event="") | Q(occurrence__isnull=False),
                name="evidence_link_event_on_a_day",
                violation_error_message="Say on which day the event was.",
            ),
        )

    def __str__(self) -> str:
        return f"{self.evidence.ref} for {self.control.ref}"

    def waits(self, item: Evidence) -> bool:
        """Whether nobody has judged yet what its item, accepted before it was linked, proves here."""
        if item.state != State.ACCEPTED or item.reviewed_at is None:
            return False
        return self.confirmed_at is None and self.linked_at > item.reviewed_at

    def get_absolute_url(self) -> str:
        """The item's page."""
        return self.evidence.get_absolute_url()
