"""People of the roster made for tests, through the save path."""

import datetime
from typing import Any

from foundation.trail.keep import save
from foundation.trail.record import SYSTEM
from people import actions
from people.models import Checklist, Completion, Course, Occasion, Person

COUNT = iter(range(10**9))


def a_person(**values: Any) -> Person:
    """An employee since 2020, of the department Engineering, with an address of their own. `reason`: of saving them."""
    number = next(COUNT)
    said = {
        "name": f"Member {number}",
        "email": f"member.{number}@example.com",
        "department": "Engineering",
        "starts_on": datetime.date(2020, 1, 1),
    }
    person = Person(**{**said, **values})
    person.full_clean()
    return actions.keep(person, "created", actor=SYSTEM)


def changed(person: Person, **values: Any) -> Person:
    """The same person, with other values."""
    person.refresh_from_db()
    for name, value in values.items():
        setattr(person, name, value)
    person.full_clean()
    return actions.keep(person, "updated", actor=SYSTEM)


ITEMS = """
Read the handbook | 3 days after | themselves
Show them round | same day | manager
Make the accounts | 1 business day before | Administrator
"""


def a_checklist(**values: Any) -> Checklist:
    """An onboarding checklist of three items, which applies from a far day on, so that it begins by hand."""
    said = {"title": "New here", "occasion": Occasion.ONBOARDING, "items": ITEMS.strip()}
    checklist = Checklist(**{**said, "applies_from": datetime.date(2070, 1, 1), **values})
    checklist.full_clean()
    return save(checklist, actor=SYSTEM, verb="checklist.created")


def a_course(**values: Any) -> Course:
    """A course for everybody, due 30 days after joining (or 2024-01-01) and again every year."""
    said = {"title": f"Course {next(COUNT)}", "every_months": 12, "applies_from": datetime.date(2024, 1, 1)}
    course = Course(**{**said, **values})
    course.full_clean()
    return save(course, actor=SYSTEM, verb="course.created")


def a_completion(course: Course, person: Person, on: str = "2026-06-15", **values: Any) -> Completion:
    """That somebody completed it on a day."""
    row = Completion(course=course, person=person, completed_on=datetime.date.fromisoformat(on), **values)
    row.full_clean()
    return save(row, actor=SYSTEM, verb="completion.created")
