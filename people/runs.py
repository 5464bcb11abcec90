"""What is done with checklists: starting a run, doing its items, opening one again, closing the run as evidence."""

import datetime
from collections.abc import Iterable
from typing import Any, Final

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from evidence import actions as evidence
from evidence.models import Evidence, Kind
from evidence.own import OURS
from foundation.accounts.access import visible
from foundation.accounts.models import User
from foundation.accounts.roles import Role
from foundation.organisation.calendar import DAY, Calendar, business_calendar
from foundation.organisation.models import today
from foundation.trail.keep import save, save_many
from foundation.trail.record import SYSTEM
from foundation.trail.steps import locked, say
from people.models import Checklist, ChecklistItem, ChecklistRun, ItemState, Person
from people.steps import MANAGER, ROLES, THEMSELVES, Step, read_steps

KEEPERS: Final = tuple(ROLES.values())  # who may do any item, and close
MOVED: Final = "The day of the person is another one."
STAYS: Final = "The person has no last day any more."

# ---- starting ------------------------------------------------------------------------------------------------------


@transaction.atomic
def start_checklist(person: Person, *, actor: Any, checklist: Checklist) -> ChecklistRun:
    """Start a checklist for a person. Raises ValidationError where it began already, or they have no such day."""
    Checklist.objects.select_for_update().get(pk=checklist.pk)  # of two at once the second sees the first's run
    day = checklist.day_of(person)
    if person.archived_at or checklist.archived_at:
        raise ValidationError("What is archived begins nothing.")
    if day is None:
        raise ValidationError(f"{person} has no last day.")
    if ChecklistRun.objects.live().filter(person=person, checklist=checklist, day=day).exists():
        raise ValidationError(f"“{checklist}” was started for {person} already.")
    calendar, steps = business_calendar(), read_steps(checklist.items)
    days = [due_on(day, step.offset, calendar, in_business_days=step.in_business_days) for step in steps]
    run = ChecklistRun(
        person=person, checklist=checklist, day=day, due_on=max(days), started_by=actor if actor is not SYSTEM else None
    )
    save(run, actor=actor, verb="checklistrun.started", refs={"person": person.pk, "checklist": checklist.pk})
    accounts = accounts_of(steps)
    items = [item_of(run, at, step, due, accounts) for at, (step, due) in enumerate(zip(steps, days, strict=True), 1)]
    keep_items(items, actor, "")
    return run


def due_on(day: datetime.date, offset: int, calendar: Calendar, *, in_business_days: bool = False) -> datetime.date:
    """The day so many days from `day`; business days are counted backwards as they are forwards."""
    if not in_business_days:
        return day + offset * DAY
    if offset >= 0:
        return calendar.add_business_days(day, offset)
    for _ in range(-offset):
        day -= DAY
        while not calendar.is_business_day(day):
            day -= DAY
    return day


def accounts_of(steps: Iterable[Step]) -> dict[str, User]:
    """The active accounts that the items name by address. One query."""
    named = {step.by for step in steps if "@" in step.by}
    return {user.email: user for user in User.objects.active().exclude(role=Role.AUDITOR).filter(email__in=named)}


def item_of(run: ChecklistRun, at: int, step: Step, due: datetime.date, accounts: dict[str, User]) -> ChecklistItem:
    """One item, for whoever is to do it in this run."""
    person = run.person
    if step.by == THEMSELVES:
        assignee = person.user
    elif step.by == MANAGER:
        assignee = person.manager.user if person.manager else None
    else:
        assignee = accounts.get(step.by)
    return ChecklistItem(
        run=run, position=at, words=step.words, offset=step.offset, in_business_days=step.in_business_days, due_on=due,
        by=step.by, role=ROLES.get(step.by, ""), assignee=assignee,
    )  # fmt: skip


def keep_items(items: list[ChecklistItem], actor: Any, reason: str) -> None:
    """Save the items of a run."""
    created, updated = "checklistitem.created", "checklistitem.updated"
    save_many(items, actor=actor, verb_created=created, verb_updated=updated, reason=reason)


def keep_runs() -> int:
    """Start what begins by itself, and move or end open runs whose day changed. Returns how many runs that touched."""
    touched = 0
    for checklist in Checklist.objects.live().order_by("id"):
        field = "starts_on" if checklist.occasion == "onboarding" else "ends_on"
        people = Person.objects.live().filter(**{f"{field}__gte": checklist.applies_from})
        if checklist.audience:
            people = people.filter(kind=checklist.audience)
        known = ChecklistRun.objects.live().filter(checklist=checklist)
        for person in people.exclude(pk__in=known.values("person_id")).select_related("user", "manager__user"):
            start_checklist(person, actor=SYSTEM, checklist=checklist)
            touched += 1
        for run in known.filter(closed_at=None).select_related("person", "checklist").order_by("id"):
            touched += follow_day(run)
    return touched


@transaction.atomic
def follow_day(run: ChecklistRun) -> bool:
    """Move an open run to the person's day as it is now; end it where there is none any more. Whether it changed."""
    day = run.checklist.day_of(run.person)
    if day == run.day:
        return False
    run = locked(run)
    if run.closed_at:
        return False
    if day is None:
        run.archived_at = timezone.now()
        save(run, actor=SYSTEM, verb="checklistrun.archived", reason=STAYS)
        return True
    items, calendar = list(ChecklistItem.objects.filter(run=run).order_by("position")), business_calendar()
    for item in items:
        if item.state == ItemState.TODO:
            item.due_on = due_on(day, item.offset, calendar, in_business_days=item.in_business_days)
    run.day, run.due_on = day, max(item.due_on for item in items)
    save(run, actor=SYSTEM, verb="checklistrun.updated", reason=MOVED)
    keep_items(items, SYSTEM, MOVED)
    return True


# ---- doing ---------------------------------------------------------------------------------------------------------


def may_do(user: User, item: ChecklistItem) -> bool:
    """Whether the item is this person's to do: theirs, or anybody's for whoever keeps the roster."""
    return user.role in KEEPERS or item.assignee_id == user.pk


@transaction.atomic
def complete_item(
    run: ChecklistRun, *, actor: User, item: ChecklistItem, outcome: str = ItemState.DONE, note: str = "",
    proof: str = "",
) -> ChecklistItem:  # fmt: skip
    """Say that an item is done, or does not apply. proof: the reference of evidence, as EV-12; "" for none.

    Raises PermissionDenied for what is somebody else's to do; ValidationError for what is done already, and for
    “not applicable” without a reason.
    """
    run = opened(run)
    item = ChecklistItem.objects.select_for_update().get(pk=item.pk, run=run)
    if not may_do(actor, item):
        raise PermissionDenied(f"“{item}” is somebody else's to do.")
    if item.state != ItemState.TODO:
        raise ValidationError(f"“{item}” is {item.get_state_display().lower()} already.")
    if outcome == ItemState.NOT_APPLICABLE:
        say(note, "Say why it does not apply.")
    item.state, item.note, item.done_by, item.done_at = outcome, note, actor, timezone.now()
    item.done_on = today()
    item.proof = proof_of(actor, proof)
    return save(item, actor=actor, verb="checklistitem.completed", reason=note, refs={"checklistrun": run.pk})


@transaction.atomic
def reopen_item(run: ChecklistRun, *, actor: User, item: ChecklistItem, reason: str) -> ChecklistItem:
    """Say that an item is not done after all. Its day stays: it may be late now. Raises as `complete_item`."""
    run = opened(run)
    say(reason, "Say why it is open again.")
    item = ChecklistItem.objects.select_for_update().get(pk=item.pk, run=run)
    if not may_do(actor, item):
        raise PermissionDenied(f"“{item}” is somebody else's to do.")
    if item.state == ItemState.TODO:
        raise ValidationError(f"“{item}” is open as it is.")
    item.state, item.note = ItemState.TODO, ""
    item.done_by = item.done_at = item.done_on = item.proof = None
    return save(item, actor=actor, verb="checklistitem.reopened", reason=reason, refs={"checklistrun": run.pk})


def opened(run: ChecklistRun) -> ChecklistRun:
    """The run, locked. Raises ValidationError for one that is closed."""
    run = locked(run)
    if run.closed_at:
        raise ValidationError(f"{run.ref} is closed.")
    return run


def proof_of(actor: User, ref: str) -> Evidence | None:
    """The item of evidence that a reference names, if the person sees it. Raises ValidationError."""
    if not ref.strip():
        return None
    number = Evidence.number_in(ref)
    found = visible(actor, Evidence).filter(pk=number).first() if number else None
    if found is None:
        raise ValidationError({"proof": f"“{ref[:30]}” is no evidence that you see."})
    return found


# ---- closing -------------------------------------------------------------------------------------------------------


def close_run(run: ChecklistRun, *, actor: User, note: str = "") -> ChecklistRun:
    """Close a run whose items are all settled: what was done, by whom and when becomes evidence, for another to judge.

    Raises ValidationError while an item is open.
    """
    items = list(ChecklistItem.objects.filter(run=run).select_related("done_by").order_by("position"))
    waiting = [item.words for item in items if item.state == ItemState.TODO]
    if waiting:
        raise ValidationError([f"Open: {words}." for words in waiting])
    said = content_of(run, items, actor, note)
    ready = evidence.prepare(
        *evidence.as_file(said, evidence.JSON_NAME), actor=actor, kind=Kind.RECORD, another=True,
        title=f"{run.checklist.get_occasion_display()}: {run.checklist.title}, {run.person.ref}"[:200],
        source=source_of(run, items), links=links_of(run),
    )  # fmt: skip
    ready.keep_bytes()
    return keep_closed(run, items, ready, actor, note)


@transaction.atomic
def keep_closed(
    run: ChecklistRun, items: list[ChecklistItem], ready: evidence.Ready, actor: User, note: str
) -> ChecklistRun:
    """The run and its evidence, together. Raises Stale where an item changed since it was read."""
    run = opened(run)
    now = {item.pk: item.version for item in ChecklistItem.objects.filter(run=run)}
    if now != {item.pk: item.version for item in items}:
        raise ValidationError("An item changed meanwhile. Look at the checklist again.")
    run.evidence = evidence.store(ready, actor=actor, accepted_by=None)
    run.closed_at, run.closed_by = timezone.now(), actor
    return save(run, actor=actor, verb="checklistrun.closed", reason=note, refs={"evidence": run.evidence.pk})


def content_of(run: ChecklistRun, items: list[ChecklistItem], actor: User, note: str) -> dict[str, Any]:
    """What the evidence holds."""
    return {
        "checklist": run.checklist.title, "for": run.checklist.occasion, "run": run.ref,
        "person": {"ref": run.person.ref, "name": run.person.name}, "counts_from": run.day.isoformat(),
        "due": run.due_on.isoformat(), "closed_by": str(actor), "note": note,
        "items": [
            {
                "what": item.words, "who": item.by, "due": item.due_on.isoformat(), "state": item.state,
                "done_by": str(item.done_by), "done_at": item.done_at.isoformat() if item.done_at else "",
                "late": item.is_late(today()), "note": item.note,
                "proof": Evidence.ref_of(item.proof_id) if item.proof_id else "",
            }
            for item in items
        ],
    }  # fmt: skip


def source_of(run: ChecklistRun, items: list[ChecklistItem]) -> evidence.Source:
    """Where it comes from: our own record, which stamped each item when it was done."""
    now = timezone.now()
    days = [item.done_on for item in items if item.done_on]
    last = min(max(days), now.date())
    return evidence.Source(
        system=OURS, query=f"Checklist run {run.ref}", captured_at=now, stamped=True,
        period=(min([*days, last]), last),
    )  # fmt: skip


def links_of(run: ChecklistRun) -> list[evidence.For]:
    """What it proves: the control's event of this person."""
    control = run.checklist.control
    if control is None or control.archived_at:
        return []
    reason = f"{run.checklist.title} for {run.person.ref}, closed with every item settled."
    return [evidence.For(control=control, reason=reason, occurrence=run.day, event=run.person.ref)]
