"""The base of the exceptions: this person, this row, this verb, until then. The only place that touches guardian."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from guardian.models import UserObjectPermissionBase

from foundation.trail.models import Tracked, TrackedQuerySet


class ObjectGrant(Tracked, UserObjectPermissionBase):
    """One person's expiring permission on one row. A register names its table: `grants = "audits.EngagementGrant"`.

    A subclass adds `content_object`, a foreign key to the register, so that grants cannot be orphaned. Access.py asks
    whether a grant holds; guardian's own backend ignores `expires_at` and must never be asked.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    opens_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    reason = models.TextField()
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )  # null: SYSTEM

    objects: ClassVar[Any] = models.Manager.from_queryset(TrackedQuerySet)()  # type: ignore[assignment]

    class Meta:
        abstract = True
