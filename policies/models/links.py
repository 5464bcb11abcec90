"""For which controls a policy's signed results are evidence. Unlinking archives the row."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from controls.models import Control
from foundation.accounts.paths import Paths, Via
from foundation.trail.models import Register, TrackedQuerySet
from policies.models.policy import Policy
from policies.models.sight import of_policies_meant, of_policies_within
from policies.models.states import Part


class PolicyControl(Register):
    """A control rests on a policy: what `part` says is evidence for it from then on."""

    policy = models.ForeignKey(Policy, models.PROTECT, related_name="control_links")
    control = models.ForeignKey(Control, models.PROTECT, related_name="policy_links")
    part = models.CharField("evidence", max_length=15, choices=Part.choices)
    reason = models.TextField(help_text="What it proves about the control.")

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    ends = ("policy", "control", "part")
    access = Paths(
        owner=("policy__owner", Via("policies.PolicyApprover", "policy_id", "user", row="policy_id")), team=(),
        meant=of_policies_meant, within=of_policies_within,
    )  # fmt: skip

    class Meta:
        ordering = ("policy", "control", "id")
        constraints = (
            models.UniqueConstraint(fields=("policy", "control", "part"), name="policies_control_once"),
            models.CheckConstraint(condition=Q(part__in=Part.values), name="policies_control_part_known"),
            models.CheckConstraint(condition=~Q(reason=""), name="policies_control_has_reason"),
        )

    def __str__(self) -> str:
        return f"{Policy.ref_of(self.policy_id)} for {self.control.ref}"

    def get_absolute_url(self) -> str:
        """The policy's page."""
        return self.policy.get_absolute_url()
