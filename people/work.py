"""What waits for a person among the checklists of people, and in training."""

import datetime

from django.db.models import Max, Q

from foundation.accounts.access import allowed, can
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.organisation.settings import setting
from foundation.pages.work import WorkItem
from people.models import ChecklistItem, ChecklistRun, Course, ItemState, Person, active_on, open_items


def people_work(user: User) -> list[WorkItem]:
    """One's items of checklists (or those of one's role), checklists to close, and one's training.

    Four queries at most, and a setting.
    """
    day = today()
    soon = day + datetime.timedelta(days=setting("review_due_soon_days"))
    return [*items_of(user, day, soon), *runs_of(user), *courses_of(user, day, soon)]


def items_of(user: User, day: datetime.date, soon: datetime.date) -> list[WorkItem]:
    """What this person is to do soon, or should have done."""
    mine = Q(assignee=user.pk) | (Q(role=user.role) & ~Q(role=""))
    found = ChecklistItem.objects.filter(open_items() & mine, due_on__lte=soon)
    found = found.filter(run__in=allowed(user, "complete_item", ChecklistRun))
    found = found.select_related("run__person", "run__checklist").order_by("due_on", "id")
    return [item_work(item, day) for item in found]


def item_work(item: ChecklistItem, day: datetime.date) -> WorkItem:
    """An item as something to do."""
    run, words = item.run, "Overdue" if item.due_on < day else "To do"
    page, title = "people:checklistrun-complete-item", f"{item.words}: {run.person}"
    kind = f"{words}: {run.checklist.get_occasion_display().lower()}"
    return WorkItem.on(run, "Checklists", title, kind, "Settle", page, item.due_on)


def runs_of(user: User) -> list[WorkItem]:
    """Checklists whose items are all settled, for whoever closes them."""
    if not can(user, "close", ChecklistRun):
        return []
    waiting = ChecklistItem.objects.filter(state=ItemState.TODO).values("run_id")
    found = ChecklistRun.objects.live().filter(closed_at=None).exclude(pk__in=waiting)
    found = found.select_related("person", "checklist").order_by("due_on", "id")
    page = "people:checklistrun-close"
    return [
        WorkItem.on(run, "Checklists", f"{run.checklist}: {run.person}", "Every item is settled", "Close", page)
        for run in found
    ]


def courses_of(user: User, day: datetime.date, soon: datetime.date) -> list[WorkItem]:
    """Courses that this person is to complete soon, or should have. Two queries for who is on the roster."""
    person = Person.objects.live().filter(active_on(day), user=user.pk).first()
    if person is None:
        return []
    last = Max("completions__completed_on", filter=Q(completions__person=person, completions__archived_at=None))
    found = []
    for course in Course.objects.live().annotate(last=last).order_by("title"):
        due = course.due_on(person, course.last) if course.is_for(person) else None
        if due is not None and due <= soon:
            words = "Training overdue" if due < day else "Training due"
            found.append(WorkItem.on(course, "Training", course.title, words, "See the course", due=due))
    return found
