"""Where policies, their versions and exceptions stand, and the literal tables of how they move."""

from collections.abc import Mapping as ReadOnly
from typing import Final

from django.db import models


class Status(models.TextChoices):
    """Where a policy stands. A template counts nowhere until the company has made it its own."""

    TEMPLATE = "template", "Template"
    DRAFT = "draft", "Draft"
    IN_FORCE = "in_force", "In force"
    RETIRED = "retired", "Retired"


MOVES: ReadOnly[str, tuple[str, ...]] = {
    Status.TEMPLATE: (Status.DRAFT,),
    Status.DRAFT: (Status.IN_FORCE,),
    Status.IN_FORCE: (Status.RETIRED,),
    Status.RETIRED: (Status.IN_FORCE,),
}
STATUS_TONES: ReadOnly[str, str] = {
    Status.TEMPLATE: "mute",
    Status.DRAFT: "info",
    Status.IN_FORCE: "ok",
    Status.RETIRED: "mute",
}


class VersionState(models.TextChoices):
    """Where one version of a policy's text stands."""

    DRAFT = "draft", "Draft"
    IN_REVIEW = "in_review", "In review"
    APPROVED = "approved", "Approved, waits for its day"
    IN_FORCE = "in_force", "In force"
    SUPERSEDED = "superseded", "Superseded"
    RETIRED = "retired", "Retired"
    WITHDRAWN = "withdrawn", "Withdrawn"


VERSION_MOVES: ReadOnly[str, tuple[str, ...]] = {
    VersionState.DRAFT: (VersionState.IN_REVIEW, VersionState.WITHDRAWN),
    VersionState.IN_REVIEW: (VersionState.DRAFT, VersionState.APPROVED, VersionState.WITHDRAWN),
    VersionState.APPROVED: (VersionState.IN_FORCE, VersionState.WITHDRAWN),
    VersionState.IN_FORCE: (VersionState.SUPERSEDED, VersionState.RETIRED),
    VersionState.SUPERSEDED: (),
    VersionState.RETIRED: (),
    VersionState.WITHDRAWN: (),
}
VERSION_TONES: ReadOnly[str, str] = {
    VersionState.DRAFT: "info",
    VersionState.IN_REVIEW: "warn",
    VersionState.APPROVED: "info",
    VersionState.IN_FORCE: "ok",
    VersionState.SUPERSEDED: "mute",
    VersionState.RETIRED: "mute",
    VersionState.WITHDRAWN: "mute",
}
# What was approved and not called off: its text never changes again.
FROZEN: Final = (VersionState.APPROVED, VersionState.IN_FORCE, VersionState.SUPERSEDED, VersionState.RETIRED)
# What is being worked on: a policy has one such version at most.
OPEN: Final = (VersionState.DRAFT, VersionState.IN_REVIEW, VersionState.APPROVED)
# What people were bound by at some time.
BINDING: Final = (VersionState.IN_FORCE, VersionState.SUPERSEDED, VersionState.RETIRED)


class Audience(models.TextChoices):
    """Whom a policy is for."""

    EVERYBODY = "everybody", "Everybody"
    GROUPS = "groups", "Groups of the roster"


class Part(models.TextChoices):
    """Which signed result of a policy is evidence for a control."""

    APPROVAL = "approval", "Approval"
    REVIEW = "review", "Review without a change"
    ACKNOWLEDGEMENT = "acknowledgement", "Acknowledgement"


class ExceptionState(models.TextChoices):
    """What became of a request to be excepted from a policy."""

    REQUESTED = "requested", "Waits for approval"
    APPROVED = "approved", "Approved"
    DECLINED = "declined", "Declined"
    WITHDRAWN = "withdrawn", "Withdrawn"
    ENDED = "ended", "Ended before its day"
    LAPSED = "lapsed", "Lapsed on its day"


EXCEPTION_MOVES: ReadOnly[str, tuple[str, ...]] = {
    ExceptionState.REQUESTED: (ExceptionState.APPROVED, ExceptionState.DECLINED, ExceptionState.WITHDRAWN),
    ExceptionState.APPROVED: (ExceptionState.ENDED, ExceptionState.LAPSED),
    ExceptionState.DECLINED: (),
    ExceptionState.WITHDRAWN: (),
    ExceptionState.ENDED: (),
    ExceptionState.LAPSED: (),
}
EXCEPTION_TONES: ReadOnly[str, str] = {
    ExceptionState.REQUESTED: "warn",
    ExceptionState.APPROVED: "info",
    ExceptionState.DECLINED: "mute",
    ExceptionState.WITHDRAWN: "mute",
    ExceptionState.ENDED: "mute",
    ExceptionState.LAPSED: "mute",
}


class Method(models.TextChoices):
    """How an acknowledgement was given."""

    SCREEN = "screen", "On screen"
    PAPER = "paper", "On paper"
