"""What an examination consists of: engagements, what was frozen of them, and what auditors ask for (`requests`)."""

from audits.models import packages, requests
from audits.models.engagements import Engagement, EngagementGrant, Opinion, Status, Type
from audits.models.snapshots import FrozenLine, Snapshot, SnapshotKind, Sort

__all__ = [
    "Engagement",
    "EngagementGrant",
    "FrozenLine",
    "Opinion",
    "Snapshot",
    "SnapshotKind",
    "Sort",
    "Status",
    "Type",
    "packages",
    "requests",
]
