"""One occurrence with all that was considered for it: what its page shows, live or as of a moment."""

import datetime
from dataclasses import dataclass
from typing import Any

from controls.models import Control, Frequency, Wording
from evidence.coverage.book import Square, square
from evidence.coverage.facts import Facts, Judged, Terms, asked_of, occurrences, read, terms
from evidence.coverage.judge import VERDICTS, WHY, Proof, is_about, verdict
from evidence.coverage.words import MEANINGS, STANDINGS, TONES
from evidence.models import Evidence, Exemption, Requirement
from foundation.accounts.access import visible
from foundation.accounts.models import User
from foundation.trail.asof import rows, thaw


@dataclass
class Considered:
    """One item beside the occurrence. `item` is None for one that the person may not see."""

    item: Evidence | None
    proof: Proof
    verdict: str
    requirement: str

    @property
    def words(self) -> str:
        """Why it counts or not."""
        return VERDICTS[self.verdict]

    @property
    def counts(self) -> bool:
        """Whether it counts as in time."""
        return self.verdict in ("counts", "empty")


@dataclass
class Asking:
    """A requirement in force at the end of the occurrence, and the items that meet it."""

    requirement: Requirement
    met: list[Considered]


class Occasion:
    """An occurrence of one control, judged here and now from the registers: what its page and the table say agree."""

    def __init__(
        self, user: User, control: Control, day: datetime.date, event: str, moment: datetime.datetime | None
    ) -> None:
        """Raises LookupError where no occurrence of the control begins on this day."""
        self.user, self.control, self.moment = user, control, moment
        self.when: Terms = terms(moment)
        facts = read([control.pk], self.when, moment).get(control.pk)
        self.facts: Facts = facts if facts is not None else Facts("", written=False)
        found = [one for one in occurrences(self.facts, self.when) if one.stretch.days.first == day]
        self.events = [one.event for one in found if one.event]
        picked = next((one for one in found if one.event == event), found[0] if found and not event else None)
        if picked is None:
            raise LookupError
        self.judged: Judged = picked
        self.days = self.judged.stretch.days
        self.asked = asked_of(self.days, self.judged.due, self.facts, self.judged.event)
        self.square: Square = square(control.pk, self.judged, self.when.day)

    @property
    def words(self) -> str:
        """Its days."""
        first, last = self.days.first, self.days.last
        return f"{first}" if first == last else f"{first} to {last}"

    @property
    def frequency(self) -> str:
        """How often the control operated then."""
        return str(Frequency(self.judged.stretch.frequency).label)

    @property
    def standing(self) -> str:
        """Its state in a word."""
        return STANDINGS[self.square.standing]

    @property
    def tone(self) -> str:
        """The tone of that word."""
        return TONES[self.square.standing]

    @property
    def meaning(self) -> str:
        """What the state means."""
        return MEANINGS[self.square.standing]

    @property
    def why(self) -> str:
        """What is lacking, in words."""
        return WHY.get(self.square.why, "")

    @property
    def is_open(self) -> bool:
        """Whether evidence could still be attached to it with effect."""
        return self.square.standing in ("due", "missing", "late")

    @property
    def grace(self) -> int:
        """Days from its end to the last day of grace."""
        return (self.judged.due - self.days.last).days

    def wording(self) -> Any:
        """The wording in force at its end."""
        if self.judged.wording is None:
            return None
        found = rows(Wording, self.moment).filter(id=self.judged.wording).select_related("author").first()
        return thaw(found) if found else None

    def considered(self) -> list[Considered]:
        """Every item that is about it, in the order of their days."""
        about = sorted((one for one in self.facts.proofs if is_about(one, self.asked)), key=lambda one: one.order)
        ids = [proof.evidence for proof in about]
        seen = visible(self.user, rows(Evidence, self.moment), self.moment).filter(id__in=ids)
        items = {row.id: thaw(row) for row in seen.select_related("submitted_by", "reviewed_by")}
        named = {row.id: row.title for row in rows(Requirement, self.moment).filter(control_id=self.control.pk)}
        return [
            Considered(items.get(proof.evidence), proof, verdict(proof, self.asked), named.get(proof.requirement, ""))
            for proof in about
        ]

    def requirements(self, considered: list[Considered]) -> list[Asking]:
        """What was asked for at its end, each with the items that meet it in time."""
        found = rows(Requirement, self.moment).filter(id__in=self.asked.needs).order_by("id")
        return [
            Asking(thaw(row), [one for one in considered if one.counts and one.proof.requirement == row.id])
            for row in found
        ]

    def exemptions(self) -> list[Any]:
        """The exemptions, asked for or decided, that touch its days."""
        found = visible(self.user, rows(Exemption, self.moment), self.moment).filter(
            control_id=self.control.pk, archived_at=None, starts_on__lte=self.days.last, ends_on__gte=self.days.first
        )
        return [thaw(row) for row in found.select_related("requested_by", "decided_by").order_by("id")]
