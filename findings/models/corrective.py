"""A corrective action: what somebody does so that it does not happen again. It outlives its finding."""

import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from findings.models.finding import Finding
from findings.models.links import IN_SCOPE
from foundation.accounts.paths import Paths
from foundation.trail.models import Register, TrackedQuerySet
from foundation.trail.numbered import Numbered


class CorrectiveAction(Numbered, Register):
    """One thing to do, by whom and by when; done by somebody, and seen to be done by somebody else."""

    prefix = "CA"

    finding = models.ForeignKey(Finding, models.PROTECT, related_name="actions", editable=False)
    what = models.TextField(help_text="What is to be done.")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="corrective_actions", help_text="Who does it."
    )
    due_on = models.DateField("due")
    done_on = models.DateField("done", null=True, editable=False)
    done_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+")
    done_note = models.TextField(blank=True, editable=False)
    verified_at = models.DateTimeField("verified", null=True, editable=False)
    verified_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    verification_note = models.TextField(blank=True, editable=False)
    verified_under = models.ForeignKey(
        "accounts.DutyException", models.PROTECT, null=True, editable=False, related_name="+"
    )

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths(owner=("owner", "finding__owner"), category=IN_SCOPE)

    class Meta:
        ordering = ("due_on", "id")
        constraints = (
            models.CheckConstraint(condition=~Q(what=""), name="findings_action_says_what"),
            models.CheckConstraint(
                condition=Q(done_on=None, done_by=None) | Q(done_on__isnull=False, done_by__isnull=False),
                name="findings_action_done_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(verified_by=None, verified_at=None)
                | Q(verified_by__isnull=False, verified_at__isnull=False, done_by__isnull=False),
                name="findings_action_verified_when_done",
            ),
            models.CheckConstraint(
                condition=Q(verified_by=None) | ~Q(verified_by=F("done_by")) | Q(verified_under__isnull=False),
                name="findings_action_verified_by_another",
            ),
        )

    def __str__(self) -> str:
        words = self.what if len(self.what) <= 60 else f"{self.what[:59]}…"
        return f"{self.ref} {words}"

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("findings:correctiveaction-detail", args=[self.pk])

    def standing(self, day: datetime.date) -> str:
        """Where it stands on a day, in words."""
        if self.verified_by_id:
            return "Verified"
        if self.done_by_id:
            return "Done, to be verified"
        return "Overdue" if self.due_on < day else "To do"
