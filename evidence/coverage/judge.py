"""What the evidence says of one occurrence. Pure: the same proofs give the same answer in whatever order they come.

An occurrence is done when each requirement in force at its end is met by evidence that somebody other than its
submitter accepted, and that either was captured between its first day and the last day of grace, or carries the
source's own times for all of its days. A period that a person typed only says which occurrence is meant; it never
counts by itself.
"""

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from evidence.coverage.tiles import Days
from evidence.models.items import State
from evidence.models.occurrences import Outcome

NOTHING, WAITING, RETURNED, UNMET, UNWRITTEN, LATE, EXCEPTED, POPULATION = (
    "nothing", "waiting", "returned", "unmet", "unwritten", "late", "excepted", "population",
)  # fmt: skip
WHY: Final[dict[str, str]] = {
    NOTHING: "No evidence of it is there.",
    WAITING: "Evidence waits to be judged.",
    RETURNED: "Evidence was returned, and no new version has come.",
    UNMET: "Not every requirement is met.",
    UNWRITTEN: "Nobody has written what evidence this control needs.",
    LATE: "It was captured after the last day of grace.",
    EXCEPTED: "It was excepted by two people; it does not count as done.",
    POPULATION: "No population of the events has been frozen.",
}


@dataclass(frozen=True, slots=True)
class Proof:
    """A link from an item to the control, as far as judging needs it.

    `day`: when it was captured as far as that can be trusted (`Evidence.moment`, in the organisation's zone); `own`:
    whether times are the source's own; `days`: the period that it covers; `meant`: a day of the occurrence it was
    attached to; `nothing`: it shows that there was nothing to do.
    """

    evidence: int
    state: str
    day: datetime.date
    own: bool
    days: Days | None = None
    meant: datetime.date | None = None
    requirement: int | None = None
    nothing: bool = False

    @property
    def order(self) -> tuple[datetime.date, int]:
        """The earliest comes first."""
        return (self.day, self.evidence)


@dataclass(frozen=True, slots=True)
class Need:
    """A requirement, and the days on which it is asked for."""

    id: int
    first: datetime.date
    last: datetime.date | None

    def holds(self, day: datetime.date) -> bool:
        """Whether it is asked for on this day."""
        return self.first <= day and (self.last is None or day <= self.last)


@dataclass(frozen=True, slots=True)
class Asked:
    """One occurrence as it is judged: its days, the last day of grace, what must be proved, and whether it is excepted.

    `needs`: requirements in force at its end; none of them and `written`: any accepted evidence meets what the control
    says in its own words; neither: nothing can.
    """

    days: Days
    due: datetime.date
    needs: Sequence[int]
    written: bool
    excepted: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """The outcome, what is lacking (a key of WHY), the item that decides it, and whether any waits to be judged."""

    outcome: str
    why: str = ""
    evidence: int | None = None
    waiting: bool = False


def judge(asked: Asked, proofs: Iterable[Proof]) -> Answer:
    """The answer for one occurrence from all proofs of its control."""
    about = sorted((proof for proof in proofs if is_about(proof, asked)), key=lambda proof: proof.order)
    accepted = [proof for proof in about if proof.state == State.ACCEPTED]
    waiting = any(proof.state == State.SUBMITTED for proof in about)
    timely = [proof for proof in accepted if in_time(proof, asked)]
    if deciding := met(asked, [proof for proof in timely if not proof.nothing]):
        return Answer(Outcome.DONE, evidence=deciding.evidence, waiting=waiting)
    if empty := next((proof for proof in timely if proof.nothing and covers(proof, asked)), None):
        return Answer(Outcome.NONE, evidence=empty.evidence, waiting=waiting)
    if asked.excepted:
        return Answer(Outcome.EXCEPTED, EXCEPTED, waiting=waiting)
    if deciding := met(asked, [proof for proof in accepted if not proof.nothing]):
        return Answer(Outcome.LATE, LATE, deciding.evidence, waiting)
    return Answer(Outcome.OPEN, lacking(asked, about, accepted, waiting), waiting=waiting)


def is_about(proof: Proof, asked: Asked) -> bool:
    """Whether the item speaks of this occurrence: attached to it, else by the period it covers, else by its day."""
    if proof.day < asked.days.first and not (proof.own and covers(proof, asked)):
        return False  # captured before the occurrence began: it can say nothing of it
    if proof.meant is not None:
        return proof.meant in asked.days
    if proof.days is not None:
        return proof.days.meets(asked.days)
    return proof.day in asked.days


def in_time(proof: Proof, asked: Asked) -> bool:
    """Whether it was captured within the occurrence plus grace, or carries the source's own times for all of it."""
    return asked.days.first <= proof.day <= asked.due or (proof.own and covers(proof, asked))


def covers(proof: Proof, asked: Asked) -> bool:
    """Whether its period holds every day of the occurrence."""
    return proof.days is not None and proof.days.covers(asked.days)


def met(asked: Asked, proofs: Sequence[Proof]) -> Proof | None:
    """The item that completes the proof, the last that was needed; None while something is lacking."""
    if not asked.needs:
        return proofs[0] if proofs and asked.written else None
    firsts = [next((proof for proof in proofs if proof.requirement == need), None) for need in asked.needs]
    found = [proof for proof in firsts if proof is not None]
    return max(found, key=lambda proof: proof.order) if len(found) == len(asked.needs) else None


def lacking(asked: Asked, about: Sequence[Proof], accepted: Sequence[Proof], waiting: bool) -> str:
    """Why it is still open, as a key of WHY: what to do first."""
    if not asked.needs and not asked.written:
        return UNWRITTEN
    if waiting:
        return WAITING
    if accepted:
        return UNMET
    return RETURNED if about else NOTHING
