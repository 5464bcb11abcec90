"""Policies: their versions, who approves and reviews them, exceptions, and who acknowledged what."""

from policies.models.acknowledgements import Acknowledgement
from policies.models.approvals import PolicyApproval, PolicyReview
from policies.models.exceptions import PolicyException
from policies.models.links import PolicyControl
from policies.models.policy import (
    LONGEST_REVIEW_DAYS,
    Policy,
    PolicyApprover,
    PolicyGroup,
    in_audience,
    in_group,
)
from policies.models.states import (
    BINDING,
    EXCEPTION_MOVES,
    EXCEPTION_TONES,
    FROZEN,
    MOVES,
    OPEN,
    STATUS_TONES,
    VERSION_MOVES,
    VERSION_TONES,
    Audience,
    ExceptionState,
    Method,
    Part,
    Status,
    VersionState,
)
from policies.models.versions import PolicyAuthor, PolicyVersion

__all__ = [
    "BINDING",
    "EXCEPTION_MOVES",
    "EXCEPTION_TONES",
    "FROZEN",
    "LONGEST_REVIEW_DAYS",
    "MOVES",
    "OPEN",
    "STATUS_TONES",
    "VERSION_MOVES",
    "VERSION_TONES",
    "Acknowledgement",
    "Audience",
    "ExceptionState",
    "Method",
    "Part",
    "Policy",
    "PolicyApproval",
    "PolicyApprover",
    "PolicyAuthor",
    "PolicyControl",
    "PolicyException",
    "PolicyGroup",
    "PolicyReview",
    "PolicyVersion",
    "Status",
    "VersionState",
    "in_audience",
    "in_group",
]
