"""Versions of a policy's text: drafted, reviewed, approved and frozen, in force until the next one (R8.1)."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

from evidence.models import Evidence
from foundation.accounts.paths import Paths, Via
from foundation.trail.models import Register, TrackedQuerySet
from policies.models.policy import Policy
from policies.models.sight import of_versions_meant, of_versions_within, versions_meant, versions_within
from policies.models.states import BINDING, FROZEN, OPEN, VersionState

# From a version, and from a row that belongs to one, to those who must approve it.
POLICY_APPROVERS = Via("policies.PolicyApprover", "policy_id", "user", row="policy_id")
VERSION_APPROVERS = Via("policies.PolicyVersion", "id", POLICY_APPROVERS, row="policy_version_id")


class VersionQuerySet(TrackedQuerySet["PolicyVersion"]):
    """The words in which versions are asked for."""

    def in_force(self) -> "VersionQuerySet":
        """The versions that bind people now: one at most of each policy."""
        return self.filter(state=VersionState.IN_FORCE)

    def open(self) -> "VersionQuerySet":
        """The versions that are being worked on, or wait for their day: one at most of each policy."""
        return self.filter(state__in=OPEN)


class PolicyVersion(Register):
    """One version of a policy: its text, its number and what was promised in it. Frozen once it is approved.

    `promises`: what the text's placeholders stood for when it was submitted: key of the catalogue of settings →
    {"value": whole number, "unit": words}. `sha256`: over `policies.content.content_of`, as submitted and approved.
    `submission` counts how often it was submitted: an approval counts for the submission that it was given to.
    """

    policy = models.ForeignKey(Policy, models.PROTECT, related_name="versions")
    major = models.PositiveSmallIntegerField(editable=False)
    minor = models.PositiveSmallIntegerField(editable=False)
    title = models.CharField(max_length=200)
    text = models.TextField(blank=True, help_text="In Markdown.")
    change_note = models.TextField("what changes", blank=True, help_text="What is new in it, and why.")
    material = models.BooleanField(
        "material change", default=True, help_text="Whether people have to acknowledge it anew: a new first number."
    )
    effective_on = models.DateField(
        "comes into force", null=True, blank=True, help_text="Empty: on the day on which it is approved."
    )
    state = models.CharField(max_length=10, choices=VersionState.choices, default=VersionState.DRAFT, editable=False)
    state_note = models.TextField(blank=True, editable=False, help_text="What was said when it was last moved.")
    drafted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    submission = models.PositiveSmallIntegerField(default=0, editable=False)
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    submitted_at = models.DateTimeField("submitted", null=True, editable=False)
    promises = models.JSONField("promised numbers", default=dict, blank=True, editable=False)
    sha256 = models.CharField("hash", max_length=64, blank=True, editable=False)
    approved_at = models.DateTimeField("approved", null=True, editable=False)
    in_force_from = models.DateField("in force from", null=True, editable=False)
    in_force_until = models.DateField(
        "in force until", null=True, editable=False, help_text="The day on which another took its place."
    )
    evidence = models.ForeignKey(
        Evidence, models.PROTECT, null=True, editable=False, related_name="+", help_text="Its approval, kept."
    )

    objects: ClassVar[models.Manager[Any]] = VersionQuerySet.as_manager()

    access = Paths(owner=("policy__owner", POLICY_APPROVERS), team=(), meant=versions_meant, within=versions_within)

    class Meta:
        ordering = ("policy", "-major", "-minor", "-id")
        verbose_name = "policy version"
        indexes = (
            models.Index(fields=("state", "effective_on"), name="policies_version_by_state"),
            models.Index(fields=("in_force_from", "in_force_until"), name="policies_version_by_day"),
        )
        constraints = (
            models.CheckConstraint(condition=~Q(title=""), name="policies_version_has_title"),
            models.CheckConstraint(condition=Q(state__in=VersionState.values), name="policies_version_state_known"),
            models.CheckConstraint(condition=Q(major__gte=1), name="policies_version_from_one"),
            models.UniqueConstraint(
                fields=("policy", "major", "minor"), condition=~Q(state=VersionState.WITHDRAWN),
                name="policies_version_once",
            ),
            models.UniqueConstraint(
                fields=("policy",), condition=Q(state__in=OPEN), name="policies_version_one_open",
                violation_error_message="A version of this policy is being worked on.",
            ),
            models.UniqueConstraint(
                fields=("policy",), condition=Q(state=VersionState.IN_FORCE), name="policies_version_one_in_force"
            ),
            models.CheckConstraint(
                condition=Q(state__in=(VersionState.DRAFT, VersionState.WITHDRAWN))
                | (
                    Q(submitted_by__isnull=False, submitted_at__isnull=False, submission__gte=1)
                    & ~Q(sha256="") & ~Q(text="")
                ),
                name="policies_version_submitted_whole",
            ),
            models.CheckConstraint(
                condition=~Q(state=VersionState.DRAFT) | Q(sha256="", approved_at=None),
                name="policies_version_draft_unsigned",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=FROZEN) | Q(approved_at__isnull=False), name="policies_version_approved_whole"
            ),
            models.CheckConstraint(
                condition=Q(state=VersionState.IN_FORCE, in_force_from__isnull=False, in_force_until=None)
                | Q(
                    state__in=(VersionState.SUPERSEDED, VersionState.RETIRED), in_force_from__isnull=False,
                    in_force_until__isnull=False,
                )
                | (~Q(state__in=BINDING) & Q(in_force_from=None, in_force_until=None)),
                name="policies_version_in_force_whole",
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.ref} {self.title}"

    @property
    def number(self) -> str:
        """Its number, as 2.1: a material change raises the first part, another one the second."""
        return f"{self.major}.{self.minor}"

    @property
    def ref(self) -> str:
        """What people call it: POL-3 2.1."""
        return f"{Policy.ref_of(self.policy_id)} {self.number}"

    @property
    def is_frozen(self) -> bool:
        """Whether it was approved, so that its text never changes again."""
        return self.state in FROZEN

    @property
    def is_over(self) -> bool:
        """Whether nothing of it is edited any more."""
        return self.state not in (VersionState.DRAFT, VersionState.IN_REVIEW)

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("policies:policyversion-detail", args=[self.pk])


class PolicyAuthor(Register):
    """Somebody who wrote at a version: whoever stored words of it, once. Authors never approve it alone (R8.1)."""

    policy_version = models.ForeignKey(PolicyVersion, models.PROTECT, related_name="authors")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths(
        owner=("policy_version__policy__owner", VERSION_APPROVERS), team=(),
        meant=of_versions_meant, within=of_versions_within,
    )  # fmt: skip

    class Meta:
        ordering = ("policy_version", "id")
        constraints = (models.UniqueConstraint(fields=("policy_version", "user"), name="policies_author_once"),)

    def __str__(self) -> str:
        return f"{self.user} wrote at {self.policy_version.ref}"

    def get_absolute_url(self) -> str:
        """The version's page."""
        return self.policy_version.get_absolute_url()
