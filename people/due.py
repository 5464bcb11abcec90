"""What falls due about people: items of checklists, and training."""

import datetime
from typing import Final

from foundation.accounts.access import visible
from foundation.accounts.models import User
from foundation.accounts.roles import Role
from foundation.organisation.models import today
from foundation.pages.due import Due, source_of
from people.models import ChecklistItem, Completion, Course, Person, active_on, open_items

REGISTER: Final = "Checklists"


def checklists_due(user: User, first: datetime.date, last: datetime.date) -> list[Due]:
    """Items of open checklists. One query."""
    found = visible(user, ChecklistItem).filter(open_items(), due_on__range=(first, last))
    related = ("run__person", "run__checklist", "assignee")
    return [item_due(one) for one in found.select_related(*related).order_by("due_on", "id")]


def item_due(one: ChecklistItem) -> Due:
    """An item as something that falls due; its page is the checklist's."""
    run = one.run
    return Due(
        register=REGISTER, kind=f"Checklist: {run.checklist.get_occasion_display().lower()}", ref=run.ref,
        title=f"{one.words}: {run.person}", whose=str(one.assignee or (Role(one.role).label if one.role else "")),
        person=one.assignee_id, on=one.due_on, url=run.get_absolute_url(), key=f"people.checklistitem-{one.pk}",
        version=one.version, source=source_of(one),
    )  # fmt: skip


def training_due(user: User, first: datetime.date, last: datetime.date) -> list[Due]:
    """Courses that the people whom one sees are to complete (again). Three queries."""
    courses = list(Course.objects.live().order_by("title", "id"))
    if not courses:
        return []
    people = list(visible(user, Person).filter(active_on(today()), archived_at=None).order_by("name", "id"))
    newest: dict[tuple[int, int], datetime.date] = {}
    given = visible(user, Completion).filter(archived_at=None)
    for key in given.order_by("completed_on").values_list("course_id", "person_id", "completed_on"):
        newest[key[0], key[1]] = key[2]
    found = []
    for course in courses:
        for person in filter(course.is_for, people):
            day = course.due_on(person, newest.get((course.pk, person.pk)))
            if day is not None and first <= day <= last:
                found.append(training_of(course, person, day))
    return found


def training_of(course: Course, person: Person, day: datetime.date) -> Due:
    """A course that one person is to complete."""
    return Due(
        register="Training", kind="Training", ref=course.ref, title=course.title, whose=person.name,
        person=person.user_id, on=day, url=course.get_absolute_url(), key=f"people.course-{course.pk}-{person.pk}",
        source=source_of(course),
    )  # fmt: skip
