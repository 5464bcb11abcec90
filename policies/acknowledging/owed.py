"""Who owes which acknowledgement by when. Computed from the roster, the versions in force and what was acknowledged;
nothing of it is stored.

Somebody who works here and is in the audience of a policy in force owes its acknowledgement:

- who joins, or moves into the audience: so many days from that day;
- everybody in the audience, when the policy is new to them or changes materially (a new major version): so many days
  from the day on which that is in force;
- anew, so many days after the last time.

A further change moves no deadline that stands; joining (again) never leaves less than its days. The first and the last
day of work belong to the time in which somebody owes it. The settings of the catalogue say how many days.
"""

import datetime
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Max, Q, QuerySet

from foundation.organisation.catalogue import CATALOGUE
from foundation.organisation.models import Setting
from foundation.organisation.settings import all_settings
from foundation.pages.moment import day_of
from foundation.trail.asof import rows
from people.models import Person, active_on
from policies.acknowledging.reach import EVER, EVERYBODY, NOBODY, Moment, Reaches, positions_of, reaches_of, since
from policies.models import BINDING, Acknowledgement, Policy, PolicyVersion, Status, VersionState

LATE, DUE, DONE = "Late", "To read", "Acknowledged"
TONES: Final = {LATE: "bad", DUE: "warn", DONE: "ok"}
ORDER: Final = (LATE, DUE, DONE)
FIELDS: Final = ("id", "name", "kind", "department", "starts_on", "ends_on", "user_id")


@dataclass(frozen=True, slots=True)
class Days:
    """The settings, in days: from joining, from a change, until anew, and how long before that it can be given anew."""

    joining: int
    change: int
    again: int
    soon: int


@dataclass(frozen=True, slots=True)
class Somebody:
    """A person of the roster, as far as it takes to say what they owe. `user_id`: None for who has no account."""

    pk: int
    name: str
    kind: str
    department: str
    starts_on: datetime.date
    ends_on: datetime.date | None
    user_id: int | None

    @property
    def ref(self) -> str:
        """What the roster calls them."""
        return Person.ref_of(self.pk)


@dataclass(frozen=True, slots=True)
class Asked:
    """A policy that its audience acknowledges, with its version in force.

    `majors`: from which day on each major version was in force, by its number. `numbers`: of its versions, by their
    keys: (major, minor).
    """

    pk: int
    version: int
    title: str
    major: int
    minor: int
    from_day: datetime.date
    majors: Mapping[int, datetime.date]
    numbers: Mapping[int, tuple[int, int]]
    reaches: Reaches

    @property
    def ref(self) -> str:
        """What people call the version: POL-3 2.1."""
        return f"{Policy.ref_of(self.pk)} {self.number}"

    @property
    def number(self) -> str:
        """The number of the version in force."""
        return f"{self.major}.{self.minor}"

    def number_of(self, version: int) -> str:
        """The number of one of its versions."""
        major, minor = self.numbers[version]
        return f"{major}.{minor}"

    def get_absolute_url(self) -> str:
        """The policy's page."""
        return Policy(pk=self.pk).get_absolute_url()


@dataclass(frozen=True, slots=True)
class Last:
    """The last acknowledgement that counts: of which version (its key), and on which day."""

    version: int
    major: int
    day: datetime.date


@dataclass(frozen=True, slots=True)
class Owed:
    """How a person stands with a policy on a day. `due_on`: by when it is to be acknowledged, or anew.

    `entered_on`: since when they are asked. `again`: it is acknowledged, and can be anew already.
    """

    person: Somebody
    asked: Asked
    entered_on: datetime.date
    due_on: datetime.date
    last: Last | None
    standing: str
    again: bool

    @property
    def acknowledged(self) -> str:
        """The number of the version that was acknowledged last; "" for none."""
        return self.asked.number_of(self.last.version) if self.last else ""

    @property
    def is_open(self) -> bool:
        """Whether there is something to do now."""
        return self.standing != DONE or self.again


def owed(
    people: QuerySet[Any], moment: Moment = None, *, policies: Collection[int] | None = None,
    day: datetime.date | None = None,
) -> list[Owed]:  # fmt: skip
    """What each of these people owes on a day, policies by title and people by name within each.

    people: rows of the roster, live or of the moment, as far as whoever asks may see them. policies: their numbers;
    None for all that are acknowledged. day: today or the moment's. Six queries at most, however many there are,
    and the settings and the time zone of the organisation, which a request reads once.
    """
    day = day or day_of(moment)
    asked = asked_of(policies, moment)
    if not asked:
        return []
    here = people.filter(active_on(day), archived_at=None)
    known = [Somebody(*values) for values in here.order_by("name", "id").values_list(*FIELDS)]
    moved = positions_of(here, moment) if any(by_groups(one.reaches) for one in asked) else {}
    given = last_of(asked, here, day, moment)
    days = days_of(moment)
    found = []
    for one in asked:
        for person in known:
            positions = moved.get(person.pk) or ((EVER, person.kind, person.department),)
            began = since(one.reaches, positions) if one.reaches else None
            if began is not None:
                found.append(stand(one, person, began, given.get((one.pk, person.pk)), day, days))
    return found


def stand(
    asked: Asked, person: Somebody, began: tuple[datetime.date, bool], last: Last | None, day: datetime.date, days: Days
) -> Owed:
    """How one person stands with one policy. began: since when they are in its audience, and whether they moved."""
    reached_on, moved = began
    joins = moved or person.starts_on >= reached_on
    entered = max(person.starts_on, reached_on)
    first = later(entered, days.joining if joins else days.change)
    due, anew = first, None
    if last is not None:
        due = anew = later(last.day, days.again)
        if last.major < asked.major:
            missed = min(begins for major, begins in asked.majors.items() if major > last.major)
            due = min(due, later(missed, days.change))
        if last.day < entered:
            due = max(due, first)
    done = last is not None and last.major == asked.major and anew is not None and anew >= day
    standing = LATE if due < day else DONE if done else DUE
    return Owed(person, asked, entered, due, last, standing, done and due <= later(day, days.soon))


def later(day: datetime.date, days: int) -> datetime.date:
    """So many days after a day."""
    return day + datetime.timedelta(days=days)


def of_person(person: Person, day: datetime.date | None = None, policies: Collection[int] | None = None) -> list[Owed]:
    """What one person owes; nothing for who does not work here on the day. Constant queries."""
    return owed(Person.objects.filter(pk=person.pk), policies=policies, day=day)


def counted(found: Iterable[Owed]) -> dict[str, int]:
    """How many stand how."""
    counts = dict.fromkeys(ORDER, 0)
    for one in found:
        counts[one.standing] += 1
    return counts


# ---- reading -------------------------------------------------------------------------------------------------------


def asked_of(policies: Collection[int] | None, moment: Moment) -> list[Asked]:
    """The policies that are acknowledged now, by title. Two queries."""
    bound = rows(Policy, moment).filter(status=Status.IN_FORCE, acknowledged=True, archived_at=None)
    if policies is not None:
        bound = bound.filter(id__in=policies)
    majors: dict[int, dict[int, datetime.date]] = defaultdict(dict)
    numbers: dict[int, dict[int, tuple[int, int]]] = defaultdict(dict)
    current: dict[int, tuple[int, int, str, int, int, datetime.date]] = {}
    versions = rows(PolicyVersion, moment).filter(policy_id__in=bound.values("id"), state__in=BINDING).order_by("id")
    fields = ("policy_id", "id", "title", "major", "minor", "in_force_from", "state")
    for policy, pk, title, major, minor, begins, state in versions.values_list(*fields):
        numbers[policy][pk] = (major, minor)
        majors[policy][major] = min(begins, majors[policy].get(major, begins))
        if state == VersionState.IN_FORCE:
            current[policy] = (policy, pk, title, major, minor, begins)
    reaches = reaches_of(list(current), moment) if current else {}
    found = [Asked(*told, majors[key], numbers[key], reaches.get(key, ())) for key, told in current.items()]
    return sorted(found, key=lambda one: (one.title, one.pk))


def by_groups(reaches: Reaches) -> bool:
    """Whether it ever mattered for a policy where somebody works."""
    return any(groups not in (NOBODY, {EVERYBODY}) for _, groups in reaches)


def last_of(
    asked: Collection[Asked], people: QuerySet[Any], day: datetime.date, moment: Moment
) -> dict[tuple[int, int], Last]:
    """The last acknowledgement until a day, by policy and person: that of the highest major version. One query."""
    policy_of = {version: one.pk for one in asked for version in one.numbers}
    major_of = {version: number[0] for one in asked for version, number in one.numbers.items()}
    told = rows(Acknowledgement, moment).filter(Q(acknowledged_on__lte=day), policy_version_id__in=list(policy_of))
    told = told.filter(person_id__in=people.order_by().values("id")).order_by()
    found: dict[tuple[int, int], Last] = {}
    grouped = told.values_list("person_id", "policy_version_id").annotate(last=Max("acknowledged_on"))
    for person, version, last in grouped:
        key, major = (policy_of[version], person), major_of[version]
        known = found.get(key)
        if known is None or (known.major, known.day, known.version) < (major, last, version):
            found[key] = Last(version, major, last)
    return found


def days_of(moment: Moment) -> Days:
    """The settings as they are, or were at a moment. One query."""
    told = all_settings() if moment is None else dict(rows(Setting, moment).values_list("key", "value"))

    def days(key: str) -> int:
        return int(told.get(key, CATALOGUE[key].default))

    return Days(
        days("acknowledgement_joining_days"), days("acknowledgement_change_days"), days("acknowledgement_again_days"),
        days("review_due_soon_days"),
    )  # fmt: skip
