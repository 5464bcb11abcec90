"""Reading what coverage follows from, live or as it stood, in a constant number of queries for many controls."""

import datetime
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Exists, OuterRef

from controls.models import Control, Frequency, Wording
from evidence.coverage.judge import POPULATION, WAITING, Answer, Asked, Need, Proof, Shelf, judge
from evidence.coverage.tiles import Days, Rhythm, Stretch, due, end_of_year, merged, stretches_of, tiles
from evidence.models import (
    Evidence,
    EvidenceLink,
    Exemption,
    ExemptionState,
    Outcome,
    PopulationItem,
    PopulationLink,
    Requirement,
    State,
)
from foundation.organisation.calendar import DAY, business_calendar
from foundation.organisation.models import zone
from foundation.organisation.settings import all_settings
from foundation.trail.asof import rows

AHEAD = 92 * DAY  # the programme's year in which this day lies is laid out: next quarter's work can be planned


@dataclass(frozen=True)
class Terms:
    """What holds for every control: the calendar, the days of grace, today, and how far ahead is laid out."""

    rhythm: Rhythm
    grace: dict[str, int]
    zone: datetime.tzinfo
    day: datetime.date

    @property
    def horizon(self) -> datetime.date:
        """The last day on which an occurrence may begin."""
        return end_of_year(self.day + AHEAD, self.rhythm)


def terms(moment: datetime.datetime | None = None) -> Terms:
    """The terms in force now, for the day of `moment` (None: today)."""
    settings, here = all_settings(), zone()
    longer = settings["grace_longer_days"]
    grace = dict.fromkeys(Frequency.values, longer)
    grace |= {
        Frequency.DAILY: settings["grace_daily_days"],
        Frequency.WEEKLY: settings["grace_weekly_days"],
        Frequency.MONTHLY: settings["grace_monthly_days"],
        Frequency.CONTINUOUS: settings["grace_monthly_days"],
    }
    day = (moment or datetime.datetime.now(datetime.UTC)).astimezone(here).date()
    return Terms(Rhythm(business_calendar(), settings["programme_year_month"]), grace, here, day)


@dataclass(frozen=True, slots=True)
class Frozen:
    """A population of a control's events: the days that it lists whole, and whether its list was accepted."""

    days: Days
    evidence: int
    accepted: bool


@dataclass
class Facts:
    """All that is known of one control. `wordings`: (in force from, id, frequency), in the order of taking effect."""

    frequency: str  # while no wording says another
    written: bool
    operating: list[Days] = field(default_factory=list)
    wordings: list[tuple[datetime.date, int, str]] = field(default_factory=list)
    needs: list[Need] = field(default_factory=list)
    proofs: list[Proof] = field(default_factory=list)
    excepted: list[Days] = field(default_factory=list)
    populations: list[Frozen] = field(default_factory=list)
    events: list[tuple[datetime.date, str]] = field(default_factory=list)

    shelf: Shelf | None = None  # the proofs, once they are all there

    def proofs_of(self, days: Days) -> Iterable[Proof]:
        """The proofs that may speak of these days."""
        if self.shelf is None:
            return self.proofs
        return self.shelf.of(days)

    def wording(self, day: datetime.date) -> int | None:
        """The id of the wording in force on a day."""
        return next((pk for begins, pk, _ in reversed(self.wordings) if begins <= day), None)


@dataclass(frozen=True, slots=True)
class Judged:
    """One occurrence with its answer."""

    stretch: Stretch
    due: datetime.date
    event: str
    wording: int | None
    answer: Answer


def read(controls: Collection[int], when: Terms, moment: datetime.datetime | None = None) -> dict[int, Facts]:
    """What is known of these controls, by id."""
    found = {
        pk: Facts(before or frequency, bool(expected.strip()))
        for pk, before, frequency, expected in rows(Control, moment)
        .filter(id__in=controls)
        .values_list("id", "frequency_before", "frequency", "expected_evidence")
    }
    _operating(found, when, moment)
    for control, begins, pk, frequency in (
        rows(Wording, moment)
        .filter(control_id__in=controls)
        .order_by("effective_from", "id")
        .values_list("control_id", "effective_from", "id", "frequency")
    ):
        found[control].wordings.append((begins, pk, frequency))
    needs = rows(Requirement, moment).filter(control_id__in=controls).order_by("id")
    names = ("control_id", "id", "effective_from", "effective_to", "created_at", "archived_at")
    for control, pk, first, last, made, put_away in needs.values_list(*names):
        until = _asked_until(first, last, made.astimezone(when.zone), put_away and put_away.astimezone(when.zone))
        if until is None or until >= first:
            found[control].needs.append(Need(pk, first, until))
    excepted = rows(Exemption, moment).filter(control_id__in=controls, state=ExemptionState.APPROVED, archived_at=None)
    for control, first, last in excepted.values_list("control_id", "starts_on", "ends_on"):
        found[control].excepted.append(Days(first, last))
    for control, proof in _proofs(controls, when, moment):
        found[control].proofs.append(proof)
    _populations(found, moment)
    for facts in found.values():
        if facts.operating:
            first = min(days.first for days in facts.operating)
            facts.shelf = Shelf(facts.proofs, Days(first, max(when.horizon, first)))
    return found


def _populations(found: dict[int, Facts], moment: datetime.datetime | None) -> None:
    """The populations of each control, and their events; of a key in two of them the later says the day.

    A list that was withdrawn or returned says nothing. Rows and period of a population never change, so that the live
    ones are those of any moment.
    """
    links = rows(PopulationLink, moment).filter(control_id__in=found, archived_at=None).order_by("population_id")
    links = links.exclude(population__day_column="", population__row_count__gt=0)  # what has no days tells of none
    said = list(
        links.values_list(
            "control_id", "population_id", "population__evidence_id", "population__period_from",
            "population__period_to",
        )
    )  # fmt: skip
    if not said:
        return
    states = dict(
        rows(Evidence, moment).filter(id__in={evidence for _, _, evidence, _, _ in said}).values_list("id", "state")
    )
    standing = [one for one in said if states.get(one[2]) in (State.SUBMITTED, State.ACCEPTED)]
    events: dict[int, list[tuple[str, datetime.date]]] = defaultdict(list)
    items = PopulationItem.objects.filter(population_id__in={one[1] for one in standing}, day__isnull=False)
    for population, key, day in items.values_list("population_id", "key", "day"):
        events[population].append((key, day))  # type: ignore[arg-type]  # no row without a day
    known: dict[int, dict[str, datetime.date]] = defaultdict(dict)
    for control, population, evidence, first, last in standing:
        found[control].populations.append(Frozen(Days(first, last), evidence, states[evidence] == State.ACCEPTED))
        known[control].update(events[population])
    for control, days in known.items():
        found[control].events = sorted((day, key) for key, day in days.items())


def _asked_until(
    first: datetime.date, last: datetime.date | None, made: datetime.datetime, put_away: datetime.datetime | None
) -> datetime.date | None:
    """The last day on which a requirement is asked for; of one that was archived the day before.

    What it asked of the past stays asked, unless it was written and archived on one day: that was a mistake.
    """
    if put_away is None:
        return last
    if made.date() == put_away.date():
        return first - DAY
    return min(last or put_away.date(), put_away.date() - DAY)


def _operating(found: dict[int, Facts], when: Terms, moment: datetime.datetime | None) -> None:
    """When each operated: what stands now, and what was closed before and begun again, which its history tells."""
    names = ("id", "operates_from", "operates_until")
    now = rows(Control, moment).filter(id__in=found, operates_from__isnull=False, archived_at=None)
    closed = Control.history.filter(id__in=found, operates_until__isnull=False)
    if moment is not None:
        closed = closed.filter(history_date__lte=moment)
    for pk, first, last in {*now.values_list(*names), *closed.order_by().values_list(*names).distinct()}:
        days = Days(first, min(last or when.horizon, when.horizon))
        if days.first <= days.last:
            found[pk].operating.append(days)


def _proofs(controls: Collection[int], when: Terms, moment: datetime.datetime | None) -> Iterator[tuple[int, Proof]]:
    """Each control's links as proofs; a version counts until one after it does."""
    later = rows(Evidence, moment).filter(supersedes_id=OuterRef("id")).exclude(state=State.WITHDRAWN)
    items = rows(Evidence, moment).exclude(state=State.WITHDRAWN)
    items = items.annotate(followed=Exists(later), replaced=Exists(later.filter(state=State.ACCEPTED)))
    links = rows(EvidenceLink, moment).filter(control_id__in=controls, archived_at=None)
    kept: dict[int, dict[str, Any]] = {
        item["id"]: item
        for item in items.filter(id__in=links.values("evidence_id")).values(
            "id", "state", "captured_at", "created_at", "stamped", "stamp_confirmed", "period_from", "period_to",
            "reviewed_at", "followed", "replaced",
        )
    }  # fmt: skip
    for control, evidence, requirement, meant, event, nothing, linked, confirmed in links.order_by("id").values_list(
        "control_id", "evidence_id", "requirement_id", "occurrence", "event", "nothing_occurred", "linked_at",
        "confirmed_at",
    ):  # fmt: skip
        item = kept.get(evidence)
        if item is None or item["replaced"] or (item["followed"] and item["state"] != State.ACCEPTED):
            continue
        own = item["stamped"] or item["stamp_confirmed"]
        unseen = item["state"] == State.ACCEPTED and confirmed is None and linked > item["reviewed_at"]
        yield (
            control,
            Proof(
                evidence=evidence,
                state=State.SUBMITTED if unseen else item["state"],  # nobody has judged what it proves here
                day=(item["captured_at"] if own else item["created_at"]).astimezone(when.zone).date(),
                own=own,
                days=Days(item["period_from"], item["period_to"]) if item["period_from"] else None,
                meant=meant,
                event=event,
                requirement=requirement,
                nothing=nothing,
            ),
        )


def occurrences(facts: Facts, when: Terms) -> Iterator[Judged]:
    """Every occurrence of one control that is expected until the horizon, in order, with its answer."""
    calendar = when.rhythm.calendar
    wordings = [(begins, frequency) for begins, _, frequency in facts.wordings]
    for stretch in tiles(stretches_of(facts.operating, wordings, facts.frequency), when.rhythm):
        if stretch.frequency == Frequency.PER_EVENT:
            yield from _events(stretch, facts, when)
        else:
            last = due(stretch, when.grace[stretch.frequency], calendar)
            yield _judged(stretch, last, "", facts)


def _events(stretch: Stretch, facts: Facts, when: Terms) -> Iterator[Judged]:
    """The events of a stretch, each an occurrence; or the stretch itself while their population is not frozen whole."""
    grace, calendar = when.grace[stretch.frequency], when.rhythm.calendar
    inside = [(day, key) for day, key in facts.events if day in stretch.days]
    for day, key in inside:
        event = Stretch(Days(day, day), stretch.frequency)
        yield _judged(event, due(event, grace, calendar), key, facts)
    last = due(stretch, grace, calendar)
    accepted = [population for population in facts.populations if population.accepted]
    if _listed(stretch, accepted):
        if not inside:
            proof = next(one.evidence for one in accepted if one.days.meets(stretch.days))
            answer = Answer(Outcome.NONE, evidence=proof)
            yield Judged(stretch, last, "", facts.wording(stretch.days.last), answer)
        return
    plain = _judged(stretch, last, "", facts)
    answer = plain.answer
    if answer.outcome not in (Outcome.NONE, Outcome.EXCEPTED):
        waiting = _listed(stretch, facts.populations)
        answer = Answer(Outcome.OPEN, WAITING if waiting else POPULATION, waiting=waiting)
    yield Judged(stretch, last, "", plain.wording, answer)


def _listed(stretch: Stretch, populations: Iterable[Frozen]) -> bool:
    """Whether the populations together list every day of the stretch."""
    return any(days.covers(stretch.days) for days in merged(population.days for population in populations))


def _judged(stretch: Stretch, last: datetime.date, event: str, facts: Facts) -> Judged:
    answer = judge(asked_of(stretch.days, last, facts, event), facts.proofs_of(stretch.days))
    return Judged(stretch, last, event, facts.wording(stretch.days.last), answer)


def asked_of(days: Days, last: datetime.date, facts: Facts, event: str = "") -> Asked:
    """What is asked of the control for an occurrence of these days, or an event, with this last day of grace."""
    return Asked(
        days=days,
        due=last,
        needs=[need.id for need in facts.needs if need.holds(days.last)],
        written=facts.written,
        excepted=any(excepted.covers(days) for excepted in facts.excepted),
        event=event,
    )
