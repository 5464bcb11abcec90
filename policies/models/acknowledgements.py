"""That people read what binds them: each acknowledgement names the exact version. What is owed is computed."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

from evidence.models import Evidence
from foundation.accounts.paths import Paths
from foundation.trail.models import Register, TrackedQuerySet
from people.models import Person
from policies.models.sight import of_versions_within
from policies.models.states import Method
from policies.models.versions import PolicyVersion


class Acknowledgement(Register):
    """A person of the roster acknowledged one version of a policy. Never rewritten.

    `round` counts the times that this person acknowledged this version: 1, and one more for every year in which the
    same version is acknowledged anew. `user`: whose account recorded it; on screen that is the person's own.
    """

    person = models.ForeignKey(Person, models.PROTECT, related_name="acknowledgements")
    policy_version = models.ForeignKey(PolicyVersion, models.PROTECT, related_name="acknowledgements")
    round = models.PositiveSmallIntegerField(default=1)
    acknowledged_at = models.DateTimeField("acknowledged")
    acknowledged_on = models.DateField("day", help_text="Of that, in the organisation's time zone; or as on the paper.")
    method = models.CharField(max_length=6, choices=Method.choices, default=Method.SCREEN)
    statement = models.TextField(help_text="What was shown to them, and what they said by it.")
    sha256 = models.CharField("hash", max_length=64, help_text="Of the version that they acknowledged.")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    proof = models.ForeignKey(
        Evidence, models.PROTECT, null=True, related_name="+", help_text="The signed sheet, where it was on paper."
    )
    note = models.TextField(blank=True, help_text="Where the paper is, and who collected it.")

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths(owner=("person__user",), team=("person__manager__user",), within=of_versions_within)

    class Meta:
        ordering = ("-acknowledged_on", "-id")
        indexes = (
            models.Index(fields=("person", "policy_version", "acknowledged_on"), name="policies_acknowledged_last"),
            models.Index(fields=("policy_version", "acknowledged_on"), name="policies_acknowledged_by_day"),
            models.Index(fields=("-acknowledged_on", "-id"), name="policies_acknowledged_newest"),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("policy_version", "person", "round"), name="policies_acknowledged_once",
                violation_error_message="That is acknowledged already.",
            ),
            models.CheckConstraint(condition=Q(round__gte=1), name="policies_acknowledged_from_one"),
            models.CheckConstraint(condition=Q(method__in=Method.values), name="policies_acknowledged_method_known"),
            models.CheckConstraint(
                condition=~Q(statement="") & ~Q(sha256=""), name="policies_acknowledged_says_what"
            ),
            models.CheckConstraint(
                condition=Q(method=Method.SCREEN) | ~Q(note=""), name="policies_acknowledged_paper_is_somewhere",
                violation_error_message="Say where the paper is.",
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.policy_version.ref} acknowledged by {self.person}"

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("policies:acknowledgement-detail", args=[self.pk])
