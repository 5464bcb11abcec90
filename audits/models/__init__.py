"""What an examination consists of: engagements, what was frozen of them, what auditors ask for (`requests`), what they
draw and test (`testing`), and what management says (`texts`).
"""

from audits.models import packages, requests, testing, texts
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
    "testing",
    "texts",
]
