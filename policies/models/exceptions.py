"""Exceptions from policies: asked for by one person, approved by another, until a day."""

import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from foundation.accounts.paths import Paths
from foundation.trail.models import Register, TrackedQuerySet
from foundation.trail.numbered import Numbered
from policies.models.policy import Policy
from policies.models.sight import of_policies_within
from policies.models.states import ExceptionState


class PolicyException(Numbered, Register):
    """Something that a policy does not hold for, until a day. What was decided is never rewritten: it only ends."""

    prefix = "PX"

    policy = models.ForeignKey(Policy, models.PROTECT, related_name="exceptions")
    what = models.CharField("excepted", max_length=200, help_text="From which rule of the policy.")
    for_whom = models.CharField("for", max_length=200, help_text="Which people, systems or cases it is for.")
    reason = models.TextField(help_text="Why the rule cannot be kept.")
    compensating = models.TextField(
        "compensating measures", help_text="What stands in meanwhile; or why nothing needs to."
    )
    until = models.DateField("until", help_text="The last day.")
    state = models.CharField(
        max_length=9, choices=ExceptionState.choices, default=ExceptionState.REQUESTED, editable=False
    )
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, editable=False, related_name="+")
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    decided_at = models.DateTimeField("decided", null=True, editable=False)
    decision_note = models.TextField(blank=True, editable=False)
    approved_under = models.ForeignKey(
        "accounts.DutyException", models.PROTECT, null=True, editable=False, related_name="+"
    )
    ended_at = models.DateTimeField("ended", null=True, editable=False)
    ended_reason = models.TextField(blank=True, editable=False)

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths(owner=("requested_by", "policy__owner"), within=of_policies_within)

    class Meta:
        ordering = ("-id",)
        verbose_name = "exception from a policy"
        verbose_name_plural = "exceptions from policies"
        indexes = (models.Index(fields=("state", "until"), name="policies_exception_by_state"),)
        constraints = (
            models.CheckConstraint(condition=Q(state__in=ExceptionState.values), name="policies_exception_state_known"),
            models.CheckConstraint(
                condition=~Q(what="") & ~Q(for_whom="") & ~Q(reason="") & ~Q(compensating=""),
                name="policies_exception_says_what",
            ),
            models.CheckConstraint(
                condition=Q(state__in=(ExceptionState.REQUESTED, ExceptionState.WITHDRAWN), decided_by=None)
                | (
                    ~Q(state__in=(ExceptionState.REQUESTED, ExceptionState.WITHDRAWN))
                    & Q(decided_by__isnull=False, decided_at__isnull=False)
                ),
                name="policies_exception_decided_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None)
                | Q(state=ExceptionState.DECLINED)
                | Q(approved_under__isnull=False)
                | ~Q(decided_by=F("requested_by")),
                name="policies_exception_approved_by_another",
            ),
        )

    def __str__(self) -> str:
        return f"{self.ref} {self.what}"

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("policies:policyexception-detail", args=[self.pk])

    @property
    def title(self) -> str:
        """What a search shows."""
        return self.what

    @property
    def is_over(self) -> bool:
        """Whether it is no longer asked for nor in force."""
        return self.state not in (ExceptionState.REQUESTED, ExceptionState.APPROVED)

    def standing(self, day: datetime.date) -> str:
        """Its state on a day: one whose last day has passed is over, whether or not that was recorded yet."""
        lapsed = self.state == ExceptionState.APPROVED and self.until < day
        return ExceptionState.LAPSED if lapsed else self.state
