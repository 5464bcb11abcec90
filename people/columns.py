"""The columns of the roster, and the facts on a person's page."""

import datetime
from operator import attrgetter
from typing import Any

from foundation.accounts.access import visible
from foundation.accounts.models import User
from foundation.pages.columns import Column
from foundation.pages.moment import day_of
from foundation.trail.asof import rows
from people.models import TONES, Person, Standing

WORDED_TONES = {str(Standing(value).label): tone for value, tone in TONES.items()}


def attach_person(found: list[Any], user: User, moment: datetime.datetime | None) -> None:
    """The standing on the day that is looked at; the manager's page to whoever sees that person. One query."""
    day = day_of(moment)
    leaders = {one.manager_id for one in found if one.manager_id}
    seen = set(visible(user, rows(Person, moment), moment).filter(id__in=leaders).values_list("id", flat=True))
    for one in found:
        one.standing_words = str(one.standing(day).label)
        one.manager_url = one.manager.get_absolute_url() if one.manager_id in seen else ""


def manager_email(person: Any) -> str:
    """Where the manager is reached: by this a file names them."""
    return person.manager.email if person.manager_id else ""


def other_addresses(person: Any) -> str:
    """The other addresses, in one line."""
    return ", ".join(person.addresses()[1:])


COLUMNS = (
    Column("ref", "Ref", sort="id", kind="ref"),
    Column("name", "Name", sort="name", kind="title"),
    Column("standing", "Standing", kind="badge", tones=WORDED_TONES, get=attrgetter("standing_words")),
    Column("kind", "Kind", sort="kind"),
    Column("title", "Job title", sort="title"),
    Column("department", "Department", sort="department"),
    Column(
        "manager", "Manager", sort="manager__name", kind="person", get=attrgetter("manager"),
        url=attrgetter("manager_url"),
    ),
    Column("starts_on", "First day", sort="starts_on", kind="date"),
    Column("ends_on", "Last day", sort="ends_on", kind="date"),
    Column("email", "E-mail", sort="email", more=True),
    Column("aliases", "Other addresses", get=other_addresses, more=True),
    Column("external_id", "Personnel number", sort="external_id", more=True),
    Column("manager_email", "Manager's e-mail", get=manager_email, more=True),
)  # fmt: skip
FACTS = (
    Column("email", "E-mail"),
    Column("aliases", "Other addresses", get=other_addresses),
    Column("kind", "Kind"),
    Column("title", "Job title"),
    Column("department", "Department"),
    Column("manager", "Manager", kind="person", empty="Nobody", url=attrgetter("manager_url")),
    Column("starts_on", "First day", kind="date"),
    Column("ends_on", "Last day", kind="date"),
    Column("external_id", "Personnel number"),
    Column("user", "Account", kind="person", empty="No account here"),
)
