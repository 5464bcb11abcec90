"""Who completed a course, who is due and who is late, on a day; and the dated list of that as evidence."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils import timezone

from evidence import actions as evidence
from evidence.models import Evidence, Kind
from evidence.own import OURS
from foundation.accounts.access import visible
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.pages.moment import day_of
from foundation.trail.asof import rows, thaw
from foundation.trail.record import record
from foundation.trail.steps import locked
from people.models import Completion, Course, Person, active_on

LATE, DUE, COMPLETED = "Late", "Due", "Completed"
TONES = {LATE: "bad", DUE: "warn", COMPLETED: "ok"}
ORDER = (LATE, DUE, COMPLETED)


@dataclass(frozen=True, slots=True)
class Attendance:
    """How a person stands with a course on a day. `due_on`: by when they complete it (again); None: never again."""

    person: Person
    completed_on: datetime.date | None
    due_on: datetime.date | None
    standing: str


def attendance(course: Course, user: User, moment: datetime.datetime | None = None) -> list[Attendance]:
    """Everybody in the audience who works here on the day, as far as this person sees them; the late ones first.

    Two queries.
    """
    day = day_of(moment)
    audience = visible(user, rows(Person, moment), moment).filter(active_on(day), course.reaches(), archived_at=None)
    last = last_completions(visible(user, rows(Completion, moment), moment).filter(course_id=course.pk), day)
    found = [stand(course, thaw(person), last.get(person.id), day) for person in audience.order_by("name", "id")]
    return sorted(found, key=lambda one: ORDER.index(one.standing))


def last_completions(completions: QuerySet[Any], day: datetime.date) -> dict[int, datetime.date]:
    """The last day until `day` on which each person completed it."""
    found = completions.filter(archived_at=None, completed_on__lte=day).order_by()
    return dict(found.values_list("person_id").annotate(last=Max("completed_on")))


def stand(course: Course, person: Person, last: datetime.date | None, day: datetime.date) -> Attendance:
    """How one person stands."""
    due = course.due_on(person, last)
    late = due is not None and due < day
    return Attendance(person, last, due, LATE if late else COMPLETED if last else DUE)


def counted(found: Iterable[Attendance]) -> dict[str, int]:
    """How many stand how."""
    standings = [one.standing for one in found]
    return {standing: standings.count(standing) for standing in ORDER}


def record_evidence(course: Course, *, actor: User, note: str = "") -> Evidence:
    """Keep the list of who completed the course, against the roster of today, as evidence for its control.

    Another person judges it. Raises ValidationError while the course has no control, or reaches nobody.
    """
    if course.control is None:
        raise ValidationError("Name the control that it is evidence for, on the course.")
    found = attendance(course, actor)
    if not found:
        raise ValidationError("Nobody on the roster is in its audience today.")
    day, now = today(), timezone.now()
    days = [one.completed_on for one in found if one.completed_on]
    last = min(day, now.date())
    ready = evidence.prepare(
        *evidence.as_file(content_of(course, found, day, note), evidence.JSON_NAME), actor=actor, kind=Kind.RECORD,
        title=f"Training: {course.title}, {day}"[:200], another=True,
        source=evidence.Source(
            system=OURS, captured_at=now, stamped=True, rows=len(found), period=(min([*days, last]), last),
            query=f"Roster in the audience of {course.ref} on {day}, each with the last completion",
        ),
        links=[
            evidence.For(control=course.control, reason=f"Who completed “{course.title}”, against the roster of {day}.")
        ],
    )  # fmt: skip
    ready.keep_bytes()
    with transaction.atomic():
        locked(course)
        item = evidence.store(ready, actor=actor, accepted_by=None)
        record("course.evidence_recorded", actor, course, reason=note, refs={"evidence": item.pk})
    return item


def content_of(course: Course, found: list[Attendance], day: datetime.date, note: str) -> dict[str, Any]:
    """What the evidence holds."""
    return {
        "course": course.title, "ref": course.ref, "day": day.isoformat(), "note": note, "counts": counted(found),
        "for": course.get_audience_display(), "departments": course.department_list(),
        "people": [
            {
                "ref": one.person.ref, "name": one.person.name, "standing": one.standing,
                "completed_on": one.completed_on.isoformat() if one.completed_on else "",
                "due_on": one.due_on.isoformat() if one.due_on else "",
            }
            for one in found
        ],
    }  # fmt: skip
