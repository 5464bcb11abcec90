"""People of the roster made for tests, through the save path."""

import datetime
from typing import Any

from foundation.trail.record import SYSTEM
from people import actions
from people.models import Person

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
