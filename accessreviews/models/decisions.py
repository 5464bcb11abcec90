"""Decisions on accounts, what has to follow from them, and corrections after the signature."""

import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from accessreviews.models.campaigns import Assignment, Review, ReviewItem
from accessreviews.models.listings import ListedAccount, Listing
from evidence.models import Evidence
from findings.models import Finding
from foundation.accounts.paths import Paths
from foundation.trail.models import Register, Tracked, TrackedQuerySet
from foundation.trail.numbered import Numbered


class Choice(models.TextChoices):
    """What is decided on an account."""

    KEEP = "keep", "Keep"
    CHANGE = "change", "Change"
    REMOVE = "remove", "Remove"


class Decision(Tracked):
    """What was decided on one account, by whom and how fast. It can be undone until its part is signed, never after."""

    item = models.OneToOneField(ReviewItem, models.PROTECT, related_name="decision")
    assignment = models.ForeignKey(Assignment, models.PROTECT, related_name="decisions")
    choice = models.CharField("decision", max_length=6, choices=Choice.choices, blank=True, help_text="Empty: undone.")
    roles_after = models.JSONField(default=list, blank=True, help_text="Of a change: the roles that remain.")
    reason = models.TextField(blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    decided_at = models.DateTimeField()
    seconds = models.PositiveIntegerField(
        null=True, help_text="Since this person's decision before it in this part; empty for the first, and in bulk."
    )
    in_bulk = models.BooleanField(default=False, help_text="Kept together with others that had no flag.")

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths(
        owner=(
            "assignment__reviewer", "assignment__delegate", "assignment__review__campaign__approver",
            "assignment__review__system__owner",
        ),
        team=(),
    )  # fmt: skip

    class Meta:
        ordering = ("assignment", "id")
        indexes = (models.Index(fields=("assignment", "choice"), name="accessreviews_decision_choice"),)
        constraints = (
            models.CheckConstraint(condition=Q(choice__in=["", *Choice.values]), name="accessreviews_decision_known"),
            models.CheckConstraint(
                condition=~Q(choice__in=(Choice.CHANGE, Choice.REMOVE)) | ~Q(reason=""),
                name="accessreviews_decision_has_reason",
            ),
            models.CheckConstraint(
                condition=Q(in_bulk=False) | Q(choice__in=(Choice.KEEP, "")), name="accessreviews_decision_bulk_keeps"
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_choice_display() or 'Undecided'}: {self.item}"

    def get_absolute_url(self) -> str:
        """Its review's page."""
        return self.assignment.review.get_absolute_url()


class Removal(Numbered, Register):
    """An account to be removed or changed after a review, until a later listing proves it or it is excepted (R4.2)."""

    prefix = "RM"

    review = models.ForeignKey(Review, models.PROTECT, related_name="removals")
    decision = models.OneToOneField(Decision, models.PROTECT, related_name="removal")
    account = models.ForeignKey(ListedAccount, models.PROTECT, related_name="+")
    kind = models.CharField(max_length=6, choices=[(one.value, one.label) for one in (Choice.REMOVE, Choice.CHANGE)])
    roles_after = models.JSONField(default=list, blank=True, help_text="Of a change: the roles that remain.")
    privileged = models.BooleanField(default=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", help_text="Sees to it."
    )
    due_on = models.DateField("due")
    ticket = models.CharField(max_length=200, blank=True, help_text="Where the work is tracked, such as “OPS-123”.")
    done_at = models.DateTimeField("done", null=True, editable=False)
    done_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+")
    done_note = models.TextField(blank=True, editable=False)
    proof = models.ForeignKey(Evidence, models.PROTECT, null=True, editable=False, related_name="+")
    shown_by = models.ForeignKey(
        Listing, models.PROTECT, null=True, editable=False, related_name="+",
        help_text="The first listing without the account, or with the roles that were to remain.",
    )  # fmt: skip
    proved_by = models.ForeignKey(Listing, models.PROTECT, null=True, editable=False, related_name="proved_removals")
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+",
        help_text="Who looked as well, where the remover had pulled that listing.",
    )  # fmt: skip
    proved_at = models.DateTimeField("proved", null=True, editable=False)
    finding = models.ForeignKey(
        Finding, models.PROTECT, null=True, editable=False, related_name="+",
        help_text="Raised when a later listing still showed the account.",
    )  # fmt: skip
    exception_reason = models.TextField(blank=True, editable=False)
    exception_until = models.DateField("excepted until", null=True, editable=False)
    exception_requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    excepted_at = models.DateTimeField("excepted", null=True, editable=False)
    excepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    excepted_under = models.ForeignKey(
        "accounts.DutyException", models.PROTECT, null=True, editable=False, related_name="+"
    )

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths(
        owner=(
            "owner", "review__system__owner", "review__campaign__approver", "decision__assignment__reviewer",
            "decision__assignment__delegate",
        ),
        team=(),
    )  # fmt: skip

    class Meta:
        ordering = ("due_on", "id")
        indexes = (models.Index(fields=("due_on", "id"), name="accessreviews_removal_by_due"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(done_at=None, done_by=None) | Q(done_at__isnull=False, done_by__isnull=False),
                name="accessreviews_removal_done_whole",
            ),
            models.CheckConstraint(
                condition=Q(proved_at=None, proved_by=None) | Q(proved_at__isnull=False, proved_by__isnull=False),
                name="accessreviews_removal_proved_whole",
            ),
            models.CheckConstraint(
                condition=Q(excepted_by=None, excepted_at=None)
                | (Q(excepted_by__isnull=False, excepted_at__isnull=False, exception_requested_by__isnull=False)),
                name="accessreviews_removal_excepted_whole",
            ),
            models.CheckConstraint(
                condition=Q(excepted_by=None)
                | ~Q(excepted_by=F("exception_requested_by"))
                | Q(excepted_under__isnull=False),
                name="accessreviews_removal_excepted_by_another",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_by=None) | Q(done_by=None) | ~Q(confirmed_by=F("done_by")),
                name="accessreviews_removal_confirmed_by_another",
            ),
        )

    def __str__(self) -> str:
        return f"{self.ref} {self.account}"

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("accessreviews:removal-detail", args=[self.pk])

    @property
    def title(self) -> str:
        """What a search shows."""
        return str(self.account)

    def is_settled(self, day: datetime.date) -> bool:
        """Whether a later listing proved it, or an exception that another person accepted still runs on a day."""
        runs = self.excepted_at is not None and self.exception_until is not None and self.exception_until >= day
        return self.proved_at is not None or runs


class Comment(Register):
    """Something said about an account while it is decided. Never edited."""

    item = models.ForeignKey(ReviewItem, models.PROTECT, related_name="+")
    assignment = models.ForeignKey(Assignment, models.PROTECT, related_name="comments")
    words = models.TextField()
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths(
        owner=("assignment__reviewer", "assignment__delegate", "assignment__review__campaign__approver"), team=()
    )

    class Meta:
        ordering = ("item", "id")
        constraints = (models.CheckConstraint(condition=~Q(words=""), name="accessreviews_comment_says_something"),)

    def __str__(self) -> str:
        return self.words[:60]

    def get_absolute_url(self) -> str:
        """Where the account is decided."""
        return self.assignment.get_absolute_url()


class Addendum(Numbered, Register):
    """A correction to an approved review, beside it: the review itself is never changed."""

    prefix = "AD"

    review = models.ForeignKey(Review, models.PROTECT, related_name="addenda")
    words = models.TextField("correction", help_text="What is wrong or missing, and what is right.")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths(owner=("author", "review__reviewer", "review__campaign__approver", "review__system__owner"), team=())

    class Meta:
        ordering = ("review", "id")
        verbose_name_plural = "addenda"
        constraints = (models.CheckConstraint(condition=~Q(words=""), name="accessreviews_addendum_says_something"),)

    def __str__(self) -> str:
        return f"{self.ref} to {self.review}"

    def get_absolute_url(self) -> str:
        """The review's page."""
        return self.review.get_absolute_url()
