"""What ties controls to the day and to the criteria: wordings with effective dates, and links with their rationale."""

import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from controls.models.control import Control, Frequency
from controls.models.criteria import Criterion
from foundation.accounts.paths import Paths, Via
from foundation.trail.models import Register, Tracked, TrackedQuerySet


def sentence(who: str, what: str, how_often: str, on_what: str) -> str:
    """A wording as one sentence in the present tense: who does what, how often, on what."""
    parts = [f"{who.strip()} {what.strip()}".strip(), how_often.strip(), on_what.strip()]
    text = ", ".join(part.rstrip(".") for part in parts if part)
    return f"{text}." if text else ""


class WordingQuerySet(TrackedQuerySet["Wording"]):
    """The words in which wordings are asked for."""

    def in_force(self, on: datetime.date) -> "WordingQuerySet":
        """Wordings that had taken effect by this day, the one in force first, control by control."""
        return self.filter(effective_from__lte=on).order_by("control_id", "-effective_from", "-id")


class Wording(Tracked):
    """How a control is worded from a day on. Never edited: a change, or a correction, is a new wording.

    In force on a day is the wording with the latest `effective_from` that is not after it; of two for the same day the
    later written one, so that a mistake can be corrected and both stay on record.
    """

    control = models.ForeignKey(Control, models.PROTECT, related_name="wordings")
    who = models.CharField(max_length=200, help_text="The person or system that acts: “The IT lead”.")
    what = models.TextField(help_text="What is done, in the present tense: “re-confirms or removes each account”.")
    how_often = models.CharField(max_length=200, help_text="How often or when: “in the first month of each quarter”.")
    frequency = models.CharField(
        max_length=12,
        choices=Frequency.choices,
        blank=True,
        help_text="How often it operates while this wording is in force. Empty: as the control says.",
    )
    on_what = models.TextField(help_text="On what, with its preposition: “on every production system”.")
    effective_from = models.DateField(help_text="The first day on which this wording is in force.")
    reason = models.TextField(help_text="Why the wording changes.")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, editable=False, related_name="+")

    objects: ClassVar[models.Manager["Wording"]] = WordingQuerySet.as_manager()

    access = Paths(
        owner=("control__owner", "control__operator"),
        category=Via("controls.Mapping", "control_id", "criterion__category__slug", row="control_id"),
    )

    class Meta:
        ordering = ("control", "-effective_from", "-id")
        indexes = (models.Index(fields=("control", "-effective_from", "-id"), name="controls_wording_in_force"),)
        constraints = (
            models.CheckConstraint(
                condition=~Q(who="") & ~Q(what="") & ~Q(how_often="") & ~Q(on_what=""),
                name="controls_wording_is_whole",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="controls_wording_has_reason"),
            models.CheckConstraint(
                condition=Q(frequency__in=["", *Frequency.values]), name="controls_wording_frequency_known"
            ),
        )

    def __str__(self) -> str:
        return self.text

    @property
    def text(self) -> str:
        """The wording as one sentence."""
        return sentence(self.who, self.what, self.how_often, self.on_what)


class Mapping(Register):
    """A control meets a criterion, and why. Unlinking archives the row with a reason; linking again restores it."""

    control = models.ForeignKey(Control, models.PROTECT, related_name="mappings")
    criterion = models.ForeignKey(Criterion, models.PROTECT, related_name="mappings")
    rationale = models.TextField(blank=True, help_text="How the control helps to meet the criterion.")

    access = Paths(owner=("control__owner", "control__operator"), category="criterion__category__slug")
    ends = ("control", "criterion")

    class Meta:
        ordering = ("criterion", "control")
        constraints = (models.UniqueConstraint(fields=("control", "criterion"), name="controls_mapping_once"),)

    def __str__(self) -> str:
        return f"{self.control.ref} meets {self.criterion.code}"
