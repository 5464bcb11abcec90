"""The columns of the roster, and the facts on a person's page."""

import datetime
from operator import attrgetter
from typing import Any

from evidence.models import Evidence
from foundation.accounts.access import visible
from foundation.accounts.models import User
from foundation.pages.columns import Column
from foundation.pages.moment import day_of
from foundation.trail.asof import rows, thaw
from people.models import TONES, ChecklistItem, ItemState, Person, Standing
from people.steps import read_steps

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


def account_words(person: Any) -> str:
    """Their account here. That somebody has none is no gap."""
    return str(person.user or "None here")


def other_addresses(person: Any) -> str:
    """The other addresses, in one line."""
    return ", ".join(person.addresses()[1:])


COLUMNS = (
    Column("ref", "Ref", sort="id", kind="ref"),
    Column("name", "Name", sort="name", kind="title"),
    Column("standing", "Standing", kind="badge", tones=WORDED_TONES, get=attrgetter("standing_words")),
    Column("kind", "Kind", sort="kind"),
    Column("title", "Job title", sort="title", more=True),
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
    Column("manager", "Manager", kind="person", url=attrgetter("manager_url")),
    Column("starts_on", "First day", kind="date"),
    Column("ends_on", "Last day", kind="date"),
    Column("external_id", "Personnel number"),
    Column("user", "Account", kind="person", get=account_words),
)


# ---- checklists ----------------------------------------------------------------------------------------------------

RUN_TONES = {"Open": "info", "Late": "bad", "To be closed": "warn", "Closed": "ok", "Not needed any more": "mute"}


def attach_items(found: list[Any], user: User, moment: datetime.datetime | None) -> None:
    """The items of each run, as far as this person sees them, and what they say of the run. One query."""
    day = day_of(moment)
    seen = visible(user, rows(ChecklistItem, moment), moment).filter(run_id__in=[run.pk for run in found])
    items: dict[int, list[Any]] = {}
    for row in seen.select_related("assignee", "done_by").order_by("run_id", "position"):
        item = thaw(row)
        item.late = item.is_late(day)
        items.setdefault(item.run_id, []).append(item)
    for run in found:
        run.shown = items.get(run.pk, [])
        run.waiting = [item for item in run.shown if item.state == ItemState.TODO]
        run.late = sum(item.late for item in run.shown)
        run.standing = standing_of(run)


def standing_of(run: Any) -> str:
    """Where a run stands, by the items that are shown."""
    if run.archived_at:
        return "Not needed any more"
    if run.closed_at:
        return "Closed"
    if any(item.late for item in run.waiting):
        return "Late"
    return "Open" if run.waiting else "To be closed"


def settled(run: Any) -> str:
    """How many of its items are done or do not apply."""
    return f"{len(run.shown) - len(run.waiting)} of {len(run.shown)}"


def starter_words(run: Any) -> str:
    """Who started it."""
    return str(run.started_by or "By itself")


def items_told(run: Any) -> list[dict[str, Any]]:
    """The items as data."""
    return [
        {
            "id": item.pk, "what": item.words, "who": item.by, "due": item.due_on.isoformat(), "state": item.state,
            "late": item.late, "note": item.note,
        }
        for item in run.shown
    ]  # fmt: skip


def items_count(checklist: Any) -> int:
    """How many items it has."""
    return len(read_steps(checklist.items))


CHECKLIST_COLUMNS = (
    Column("ref", "Ref", sort="id", kind="ref"),
    Column("title", "Checklist", sort="title", kind="title"),
    Column("occasion", "For", sort="occasion"),
    Column("audience", "Only for", sort="audience"),
    Column("count", "Items", kind="number", get=items_count),
    Column("applies_from", "Applies from", sort="applies_from", kind="date"),
    Column("control", "Control", sort="control__ref", get=attrgetter("control")),
)
CHECKLIST_FACTS = (*CHECKLIST_COLUMNS[2:4], *CHECKLIST_COLUMNS[5:])
RUN_COLUMNS = (
    Column("ref", "Ref", sort="id", kind="ref"),
    Column("checklist", "Checklist", sort="checklist__title", kind="title", get=attrgetter("checklist")),
    Column("person", "Person", sort="person__name", kind="person", get=attrgetter("person")),
    Column("standing", "Standing", kind="badge", tones=RUN_TONES, get=attrgetter("standing")),
    Column("settled", "Settled", get=settled),
    Column("late", "Late items", kind="number", get=attrgetter("late")),
    Column("day", "Counts from", sort="day", kind="date"),
    Column("due_on", "Due", sort="due_on", kind="date"),
    Column("closed_at", "Closed", sort="closed_at", kind="moment", more=True),
)
RUN_FACTS = (
    *RUN_COLUMNS[2:],
    Column("started_by", "Started by", kind="person", get=starter_words),
    Column("closed_by", "Closed by", kind="person"),
)


# ---- training ------------------------------------------------------------------------------------------------------


def again(course: Any) -> str:
    """How often it is completed again."""
    return f"{course.every_months} months" if course.every_months else ""


def attach_certificate(found: list[Any], user: User, moment: datetime.datetime | None) -> None:
    """The certificate of each to whoever sees that. One query."""
    wanted = {one.certificate_id for one in found if one.certificate_id}
    seen = {item.pk: item for item in visible(user, Evidence).filter(pk__in=wanted)} if wanted else {}
    for one in found:
        kept = seen.get(one.certificate_id)
        one.certificate_words = Evidence.ref_of(one.certificate_id) if one.certificate_id else ""
        one.certificate_url = kept.get_absolute_url() if kept else ""


COURSE_COLUMNS = (
    Column("ref", "Ref", sort="id", kind="ref"),
    Column("title", "Course", sort="title", kind="title"),
    Column("audience", "For", sort="audience"),
    Column("due_days", "Due within, days", sort="due_days", kind="number"),
    Column("every_months", "Again every", sort="every_months", get=again),
    Column("applies_from", "Applies from", sort="applies_from", kind="date", more=True),
    Column("control", "Control", sort="control__ref", get=attrgetter("control")),
)
COURSE_FACTS = (
    Column("text", "About"),
    Column("audience", "For"),
    Column("departments", "Departments"),
    *COURSE_COLUMNS[3:],
)
COMPLETION_COLUMNS = (
    Column("ref", "Ref", sort="id", kind="ref"),
    Column("course", "Course", sort="course__title", kind="title", get=attrgetter("course")),
    Column("person", "Person", sort="person__name", kind="person", get=attrgetter("person")),
    Column("completed_on", "Completed", sort="completed_on", kind="date"),
    Column("source", "Source", sort="source"),
    Column("certificate", "Certificate", get=attrgetter("certificate_words"), url=attrgetter("certificate_url")),
)
COMPLETION_FACTS = COMPLETION_COLUMNS[1:]
