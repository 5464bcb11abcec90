"""What was signed of a policy: who approved a version, and who reviewed one without a change (R8.1, R8.2)."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from evidence.models import Evidence
from foundation.accounts.paths import Paths, Via
from foundation.trail.models import Register, TrackedQuerySet
from policies.models.policy import Policy
from policies.models.sight import (
    of_policies_meant,
    of_policies_within,
    of_versions_meant,
    of_versions_within,
)
from policies.models.versions import VERSION_APPROVERS, PolicyVersion


class PolicyApproval(Register):
    """One approver approved one version as it was submitted: what `sha256` is the hash of. Never rewritten.

    It counts while the version's `submission` is still its own: an edit meanwhile returns the version to draft, and
    what was approved before stays on record as void.
    """

    policy_version = models.ForeignKey(PolicyVersion, models.PROTECT, related_name="approvals")
    submission = models.PositiveSmallIntegerField()
    sha256 = models.CharField("hash", max_length=64)
    approver = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    approved_at = models.DateTimeField("approved")
    statement = models.TextField(help_text="What the approver signed, in words.")
    note = models.TextField(blank=True, help_text="What the approver added.")
    by_author = models.BooleanField("by an author", default=False, help_text="It never suffices alone.")
    approved_under = models.ForeignKey(
        "accounts.DutyException", models.PROTECT, null=True, related_name="+",
        help_text="The exception under which an author's approval sufficed.",
    )  # fmt: skip

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths(
        owner=("approver", "policy_version__policy__owner", VERSION_APPROVERS), team=(),
        meant=of_versions_meant, within=of_versions_within,
    )  # fmt: skip

    class Meta:
        ordering = ("policy_version", "id")
        verbose_name = "approval of a policy"
        verbose_name_plural = "approvals of policies"
        constraints = (
            models.UniqueConstraint(
                fields=("policy_version", "submission", "approver"), name="policies_approval_once",
                violation_error_message="You approved it already.",
            ),
            models.CheckConstraint(condition=~Q(sha256="") & ~Q(statement=""), name="policies_approval_whole"),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.policy_version.ref} approved by {self.approver}"

    def get_absolute_url(self) -> str:
        """The version's page."""
        return self.policy_version.get_absolute_url()


class PolicyReview(Register):
    """“Reviewed, no change”: somebody who answers for it read the version in force, and signed that it stays (R8.2)."""

    policy = models.ForeignKey(Policy, models.PROTECT, related_name="reviews")
    policy_version = models.ForeignKey(PolicyVersion, models.PROTECT, related_name="reviews")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    reviewed_at = models.DateTimeField("reviewed")
    reviewed_on = models.DateField("day", help_text="Of that, in the organisation's time zone.")
    statement = models.TextField(help_text="What the reviewer signed, in words.")
    note = models.TextField(help_text="What was looked at.")
    due_on = models.DateField("was due", help_text="By when it was to be reviewed.")
    next_review_on = models.DateField("next review")
    sha256 = models.CharField("hash", max_length=64, help_text="Of the version that was reviewed.")
    evidence = models.ForeignKey(Evidence, models.PROTECT, null=True, related_name="+", help_text="The review, kept.")

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths(
        owner=("reviewer", "policy__owner", Via("policies.PolicyApprover", "policy_id", "user", row="policy_id")),
        team=(), meant=of_policies_meant, within=of_policies_within,
    )  # fmt: skip

    class Meta:
        ordering = ("-reviewed_on", "-id")
        verbose_name = "review of a policy"
        verbose_name_plural = "reviews of policies"
        constraints = (
            models.CheckConstraint(
                condition=~Q(sha256="") & ~Q(statement="") & ~Q(note=""), name="policies_review_whole"
            ),
            models.CheckConstraint(
                condition=Q(next_review_on__gt=F("reviewed_on")), name="policies_review_next_lies_ahead"
            ),
        )

    def __str__(self) -> str:
        return f"Review of {Policy.ref_of(self.policy_id)} on {self.reviewed_on}"

    def get_absolute_url(self) -> str:
        """The policy's page."""
        return self.policy.get_absolute_url()
