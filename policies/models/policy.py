"""Policies: what each is about, who answers for it, whom it is for, and when it is looked at again (R8.1, R8.2)."""

import datetime
from typing import Any, ClassVar, Final

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse

from foundation.accounts.paths import Paths, Via
from foundation.organisation.settings import setting
from foundation.trail.models import Register, TrackedQuerySet
from foundation.trail.numbered import Numbered
from people.models import Kind, Person
from policies.models.sight import of_policies_meant, of_policies_within, policies_meant, policies_within
from policies.models.states import Audience, Status

LONGEST_REVIEW_DAYS: Final = 366  # a policy is looked at within a year
APPROVERS: Final = Via("policies.PolicyApprover", "policy_id", "user")


class PolicyQuerySet(TrackedQuerySet["Policy"]):
    """The words in which policies are asked for."""

    def in_force(self) -> "PolicyQuerySet":
        """Policies that bind people now."""
        return self.live().filter(status=Status.IN_FORCE)

    def for_person(self, person: Person) -> "PolicyQuerySet":
        """Policies whose audience this person of the roster is in, whatever their status. See `in_audience`."""
        groups = PolicyGroup.objects.live().filter(in_group(person.kind, person.department))
        reached = Q(audience=Audience.EVERYBODY) | Q(audience=Audience.GROUPS, pk__in=groups.values("policy"))
        return self.filter(reached)


class Policy(Numbered, Register):
    """One policy; its words stand in its versions (PolicyVersion).

    The title is that of the version in force; before there is one, that of the draft.
    """

    prefix = "POL"

    title = models.CharField(max_length=200)
    summary = models.TextField(blank=True, help_text="What it is about, in a sentence or two.")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="owned_policies",
        help_text="Answers for it, and sees that it is reviewed.",
    )  # fmt: skip
    starter_key = models.CharField(
        max_length=60, blank=True, editable=False, help_text="Which starter text it came from."
    )
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.DRAFT, editable=False)
    status_note = models.TextField(blank=True, editable=False, help_text="What was said when the status last changed.")
    audience = models.CharField(
        max_length=9, choices=Audience.choices, default=Audience.EVERYBODY, editable=False,
        help_text="Everybody of the roster, or the groups that are linked to it.",
    )  # fmt: skip
    acknowledged = models.BooleanField(
        "acknowledged", default=True, editable=False, help_text="Whether its audience acknowledges that they read it."
    )
    review_days = models.PositiveSmallIntegerField(
        "reviewed every", null=True, blank=True, help_text="In days, at most 366; empty: as the setting says."
    )
    last_reviewed_on = models.DateField("last reviewed", null=True, editable=False)
    next_review_on = models.DateField("next review", null=True, editable=False)

    objects: ClassVar[models.Manager["Policy"]] = PolicyQuerySet.as_manager()

    access = Paths(owner=("owner", APPROVERS), team=(), meant=policies_meant, within=policies_within)

    class Meta:
        ordering = ("title", "id")
        verbose_name_plural = "policies"
        indexes = (
            models.Index(fields=("title", "id"), name="policies_by_title"),
            models.Index(fields=("status", "next_review_on"), name="policies_by_status"),
        )
        constraints = (
            models.CheckConstraint(condition=~Q(title=""), name="policies_has_title"),
            models.CheckConstraint(condition=Q(status__in=Status.values), name="policies_status_known"),
            models.CheckConstraint(condition=Q(audience__in=Audience.values), name="policies_audience_known"),
            models.UniqueConstraint(
                fields=("starter_key",), condition=~Q(starter_key=""), name="policies_starter_once",
                violation_error_message="This starter text was taken over already.",
            ),
            models.CheckConstraint(
                condition=Q(review_days=None) | Q(review_days__gte=1, review_days__lte=LONGEST_REVIEW_DAYS),
                name="policies_reviewed_within_a_year",
                violation_error_message=f"Between 1 and {LONGEST_REVIEW_DAYS} days.",
            ),
            models.CheckConstraint(
                condition=~Q(status=Status.IN_FORCE)
                | Q(owner__isnull=False, last_reviewed_on__isnull=False, next_review_on__isnull=False),
                name="policies_in_force_whole",
                violation_error_message="A policy in force has an owner and a next review.",
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.ref} {self.title}"

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("policies:policy-detail", args=[self.pk])

    def next_review(self, day: datetime.date) -> datetime.date:
        """The day by which it is looked at again after it was on `day` (R8.2)."""
        return day + datetime.timedelta(days=self.review_days or setting("policy_review_days"))


class PolicyGroup(Register):
    """A group of the roster that a policy is for: all of a kind, or a department. Taking it off archives the row."""

    policy = models.ForeignKey(Policy, models.PROTECT, related_name="groups")
    kind = models.CharField(max_length=10, choices=Kind.choices, blank=True)
    department = models.CharField(max_length=120, blank=True, help_text="As the roster writes it.")

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths(
        owner=("policy__owner", Via("policies.PolicyApprover", "policy_id", "user", row="policy_id")), team=(),
        meant=of_policies_meant, within=of_policies_within,
    )  # fmt: skip

    class Meta:
        ordering = ("policy", "kind", "department", "id")
        constraints = (
            models.UniqueConstraint(fields=("policy", "kind", "department"), name="policies_group_once"),
            models.CheckConstraint(
                condition=(Q(kind="") & ~Q(department="")) | (Q(department="") & Q(kind__in=Kind.values)),
                name="policies_group_is_one",
            ),
        )

    def __str__(self) -> str:
        return self.department or f"{self.get_kind_display()}s"

    def get_absolute_url(self) -> str:
        """The policy's page."""
        return self.policy.get_absolute_url()


class PolicyApprover(Register):
    """Somebody who must approve every version of a policy. Taking them off archives the row."""

    policy = models.ForeignKey(Policy, models.PROTECT, related_name="approvers")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="policies_to_approve")

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    # Whoever approves reads who else must: of a draft, and while a version is in review.
    access = Paths(
        owner=("user", "policy__owner", Via("policies.PolicyApprover", "policy_id", "user", row="policy_id")), team=(),
        meant=of_policies_meant, within=of_policies_within,
    )  # fmt: skip
    ends = ("policy", "user")

    class Meta:
        ordering = ("policy", "id")
        constraints = (models.UniqueConstraint(fields=("policy", "user"), name="policies_approver_once"),)

    def __str__(self) -> str:
        return f"{self.user} approves {Policy.ref_of(self.policy_id)}"

    def get_absolute_url(self) -> str:
        """The policy's page."""
        return self.policy.get_absolute_url()


def in_group(kind: Any, department: Any) -> Q:
    """The groups (rows of PolicyGroup) to which somebody of this kind and department belongs; values or OuterRefs."""
    return Q(kind=kind) | (Q(department=department) & ~Q(department=""))


def in_audience(policy: Any) -> Q:
    """The people (rows of people.Person) whom a policy is for, whether or not they work here today.

    policy: its number; inside a query over policies, OuterRef(OuterRef("pk")). `active_on` says who works here.
    """
    everybody = Policy.objects.filter(pk=policy, audience=Audience.EVERYBODY)
    groups = PolicyGroup.objects.live().filter(policy=policy, policy__audience=Audience.GROUPS)
    mine = groups.filter(in_group(OuterRef("kind"), OuterRef("department")))
    return Q(Exists(everybody)) | Q(Exists(mine))
