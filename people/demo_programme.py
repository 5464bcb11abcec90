"""The demo company's checklists and training, made by the verbs people use; days count from today.

What is settled in the demo is settled when it is loaded: a leaver of twelve days ago is seen off late, and that stays.
"""

import datetime
from collections.abc import Mapping
from typing import Final

from django.db import transaction

from controls.models import Control
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.pages.imports.table import Row, Table
from foundation.trail.keep import save
from people import runs, training
from people.completion_imports import CompletionImporter
from people.models import Audience, Checklist, ChecklistItem, ChecklistRun, Course, Occasion, Person, active_on

BEGAN: Final = 12  # days ago: for whoever joins or leaves since then
JOINING: Final = """
Sign the contract and the confidentiality agreement | 5 business days before | themselves
Screening is on file | 3 business days before | yuki.tanaka@example.com
Make the accounts that the role needs, and no other | 1 business day before | administrator
Hand over an encrypted laptop | same day | owner@example.com
Show them round, and name whom they ask | 2 business days after | manager
Read and acknowledge the policies | 10 business days after | themselves
"""
LEAVING: Final = """
Hand over the work in progress | 3 business days before | manager
Bring back laptop, badge and keys | same day | owner@example.com
Close every account | 1 business day after | administrator
Change the shared secrets that they knew | 3 business days after | maya.lindqvist@example.com
"""
NEVER: Final = {"alba.ruiz", "simon.wolff", "zoe.laurent"}  # the last of them has just begun
LONG_AGO: Final = {"henrik.aas", "tom.becker"}  # whose last time lies more than a year back


@transaction.atomic
def checklists(*, admin: User, compliance: User) -> None:
    """Write both checklists, let them begin, see one leaver off, and begin with whoever starts next month."""
    for title, occasion, items, control in (
        ("Everybody who joins", Occasion.ONBOARDING, JOINING, "HR-02"),
        ("Everybody who leaves", Occasion.OFFBOARDING, LEAVING, "IAM-05"),
    ):
        row = Checklist(
            title=title, occasion=occasion, items=items.strip(), applies_from=ago(BEGAN), control=control_of(control)
        )
        save(row, actor=compliance, verb="checklist.created")
    runs.keep_runs()
    gone = ChecklistRun.objects.get(person__email="felix.brandt@example.com")
    for item in ChecklistItem.objects.filter(run=gone):
        runs.complete_item(gone, actor=admin, item=item, note="Seen off.")
    runs.close_run(gone, actor=admin, note="The laptop came by post.")
    begun = ChecklistRun.objects.get(person__email="grace.mbeki@example.com")
    first = ChecklistItem.objects.get(run=begun, position=1)
    runs.complete_item(begun, actor=admin, item=first, note="Signed on paper; the scan is in the personnel file.")


@transaction.atomic
def courses(*, compliance: User) -> None:
    """Two courses, the completions of the learning platform as a sheet, and the yearly one's list as evidence."""
    everybody = Course(
        title="Security awareness", text="Phishing, passwords, devices, how to report.", applies_from=ago(900),
        every_months=12, control=control_of("HR-03"),
    )  # fmt: skip
    coders = Course(
        title="Secure development", text="Injection, secrets, reviews, dependencies.", applies_from=ago(500),
        audience=Audience.DEPARTMENTS, departments="Engineering\nPlatform", every_months=24, due_days=60,
    )  # fmt: skip
    for course in (everybody, coders):
        save(course, actor=compliance, verb="course.created")
    bring_in({course.title: course for course in (everybody, coders)}, compliance)
    if everybody.control:
        training.record_evidence(everybody, actor=compliance, note="As of the last day of the campaign.")


def bring_in(known: Mapping[str, Course], compliance: User) -> None:
    """The sheet of the learning platform."""
    people = Person.objects.live().filter(active_on(today())).order_by("id")
    lines = [
        (person.email, title, day.isoformat(), "Learning platform")
        for title, course in known.items()
        for number, person in enumerate(people)
        if course.is_for(person) and (day := completed(person, number)) is not None
    ]
    importer, header = CompletionImporter(), ("e-mail", "course", "completed", "source")
    table = Table(header, [Row(number, line) for number, line in enumerate(lines, 2)])
    plan = importer.plan(table, importer.guess(header, {}), compliance)
    importer.apply(plan, actor=compliance, reason="Report of the learning platform")


def completed(person: Person, number: int) -> datetime.date | None:
    """On which day somebody completed a course; None for who has not."""
    handle = person.email.partition("@")[0]
    if handle in NEVER:
        return None
    day = ago(400 if handle in LONG_AGO else 20 + number * 7 % 300)
    joined = person.starts_on + datetime.timedelta(days=9)
    return max(day, joined) if joined <= today() else None


def control_of(ref: str) -> Control | None:
    """The control of this reference, where the company has it."""
    return Control.objects.live().filter(ref=ref).first()


def ago(days: int) -> datetime.date:
    """A day, counted back from today."""
    return today() - datetime.timedelta(days=days)
