"""Reading what coverage follows from, live or as it stood, in a constant number of queries for many controls."""

import datetime
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Exists, OuterRef

from controls.models import Control, Frequency, Wording
from evidence.coverage.judge import POPULATION, Answer, Asked, Need, Proof, judge
from evidence.coverage.tiles import Days, Rhythm, Stretch, due, end_of_year, stretches_of, tiles
from evidence.models import Evidence, EvidenceLink, Exemption, ExemptionState, Outcome, Requirement, State
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
    populations: list[Days] = field(default_factory=list)  # times for which a population of its events is frozen
    events: list[tuple[datetime.date, str]] = field(default_factory=list)

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
    needs = rows(Requirement, moment).filter(control_id__in=controls, archived_at=None).order_by("id")
    for control, pk, first, last in needs.values_list("control_id", "id", "effective_from", "effective_to"):
        found[control].needs.append(Need(pk, first, last))
    excepted = rows(Exemption, moment).filter(control_id__in=controls, state=ExemptionState.APPROVED, archived_at=None)
    for control, first, last in excepted.values_list("control_id", "starts_on", "ends_on"):
        found[control].excepted.append(Days(first, last))
    for control, proof in _proofs(controls, when, moment):
        found[control].proofs.append(proof)
    return found


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
            "followed", "replaced",
        )
    }  # fmt: skip
    for control, evidence, requirement, meant, nothing in links.order_by("id").values_list(
        "control_id", "evidence_id", "requirement_id", "occurrence", "nothing_occurred"
    ):
        item = kept.get(evidence)
        if item is None or item["replaced"] or (item["followed"] and item["state"] != State.ACCEPTED):
            continue
        own = item["stamped"] or item["stamp_confirmed"]
        yield (
            control,
            Proof(
                evidence=evidence,
                state=item["state"],
                day=(item["captured_at"] if own else item["created_at"]).astimezone(when.zone).date(),
                own=own,
                days=Days(item["period_from"], item["period_to"]) if item["period_from"] else None,
                meant=meant,
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
    if any(population.covers(stretch.days) for population in facts.populations):
        if not inside:
            yield Judged(
                stretch, due(stretch, grace, calendar), "", facts.wording(stretch.days.last), Answer(Outcome.NONE)
            )
        return
    plain = _judged(stretch, due(stretch, grace, calendar), "", facts)
    answer = (
        plain.answer if plain.answer.outcome in (Outcome.NONE, Outcome.EXCEPTED) else Answer(Outcome.OPEN, POPULATION)
    )
    yield Judged(stretch, plain.due, "", plain.wording, answer)


def _judged(stretch: Stretch, last: datetime.date, event: str, facts: Facts) -> Judged:
    asked = Asked(
        days=stretch.days,
        due=last,
        needs=[need.id for need in facts.needs if need.holds(stretch.days.last)],
        written=facts.written,
        excepted=any(days.covers(stretch.days) for days in facts.excepted),
    )
    return Judged(stretch, last, event, facts.wording(stretch.days.last), judge(asked, facts.proofs))
