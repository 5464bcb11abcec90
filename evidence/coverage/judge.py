"""What the evidence says of one occurrence. Pure: the same proofs give the same answer in whatever order they come.

An occurrence is done when each requirement in force at its end is met by evidence that somebody other than its
submitter accepted, and that either was captured between its first day and the last day of grace, or carries the
source's own times for all of its days. A period that a person typed only says which occurrence is meant; it never
counts by itself.
"""

import datetime
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from evidence.coverage.tiles import Days, months
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

# What is said of one item beside an occurrence: whether it counts, or what keeps it from that.
COUNTS, EMPTY, UNSEEN, SENT_BACK, UNASKED, PART, TOO_LATE = (
    "counts", "empty", "unseen", "sent_back", "unasked", "part", "too_late",
)  # fmt: skip
VERDICTS: Final[dict[str, str]] = {
    COUNTS: "Counts: accepted by somebody else, and captured in time.",
    EMPTY: "Counts: it shows, by its query, that there was nothing to do on any of these days.",
    UNSEEN: "Does not count yet: nobody has judged it.",
    SENT_BACK: "Does not count: it was returned.",
    UNASKED: "Does not count: it is attached to none of the requirements that were in force then.",
    PART: "Does not count: it shows that nothing occurred, but not for all of these days.",
    TOO_LATE: "Counts as late: captured after the last day of grace, without the source's own times for all its days.",
}


@dataclass(frozen=True, slots=True)
class Proof:
    """A link from an item to the control, as far as judging needs it.

    `day`: when it was captured as far as that can be trusted (`Evidence.moment`, in the organisation's zone); `own`:
    whether times are the source's own; `days`: the period that it covers; `meant`: a day of the occurrence it was
    attached to, and `event` the one event of it, if only that; `nothing`: it shows that there was nothing to do.
    """

    evidence: int
    state: str
    day: datetime.date
    own: bool
    days: Days | None = None
    meant: datetime.date | None = None
    event: str = ""
    requirement: int | None = None
    nothing: bool = False

    @property
    def span(self) -> Days:
        """The days of which it can speak, by what `is_about` goes: attached to one, covering some, or its own."""
        if self.meant is not None:
            return Days(self.meant, self.meant)
        return self.days or Days(self.day, self.day)

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
    """One occurrence as it is judged: its days, the last day of grace, what must be proved, and whether it is excepted;
    `event`: what the population calls it, where one event is the occurrence.

    `needs`: requirements in force at its end; none of them and `written`: any accepted evidence meets what the control
    says in its own words; neither: nothing can.
    """

    days: Days
    due: datetime.date
    needs: Sequence[int]
    written: bool
    excepted: bool = False
    event: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """The outcome, what is lacking (a key of WHY), the item that decides it, and whether any waits to be judged."""

    outcome: str
    why: str = ""
    evidence: int | None = None
    waiting: bool = False


class Shelf:
    """The proofs of one control by the months of which they speak, so that one occurrence does not look at all."""

    def __init__(self, proofs: Iterable[Proof], whole: Days) -> None:
        """`whole`: the days that will be asked for; a longer period is not followed beyond them."""
        self._by_month: dict[int, list[Proof]] = defaultdict(list)
        for proof in proofs:
            if proof.span.meets(whole):
                span = Days(max(proof.span.first, whole.first), min(proof.span.last, whole.last))
                for month in months(span):
                    self._by_month[month].append(proof)

    def of(self, days: Days) -> Iterable[Proof]:
        """Every proof that may speak of these days, once."""
        found = {id(proof): proof for month in months(days) for proof in self._by_month.get(month, ())}
        return found.values()


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


def verdict(proof: Proof, asked: Asked) -> str:
    """Why one item that is about an occurrence counts for it or not, as a key of VERDICTS."""
    if proof.state == State.SUBMITTED:
        return UNSEEN
    if proof.state != State.ACCEPTED:
        return SENT_BACK
    if proof.nothing and not covers(proof, asked):
        return PART
    if not proof.nothing and asked.needs and proof.requirement not in asked.needs:
        return UNASKED
    if not in_time(proof, asked):
        return TOO_LATE
    return EMPTY if proof.nothing else COUNTS


def is_about(proof: Proof, asked: Asked) -> bool:
    """Whether the item speaks of this occurrence: attached to it, else by the period it covers, else by its day."""
    if proof.day < asked.days.first and not (proof.own and covers(proof, asked)):
        return False  # captured before the occurrence began: it can say nothing of it
    if proof.event and proof.event != asked.event:
        return False
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
