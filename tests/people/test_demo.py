"""The demo's roster: some sixty people, the accounts tied, joiners and leavers in each of the past three quarters."""

import datetime

from evidence.models import Evidence, State
from foundation.accounts.models import User
from foundation.organisation.models import today
from people.columns import attach_items
from people.demo import CONTRACTORS, MOVES, STAFF, roster
from people.demo_programme import checklists, courses
from people.models import ChecklistRun, Course, Kind, Person, Standing
from people.training import attendance, counted
from tests.factories.controls import ControlFactory


def test_everybody_is_there_with_managers_accounts_and_days(admin: User, manager: User, compliance: User, owner: User):
    people = roster(admin=admin)
    assert 60 <= len(people) == len(STAFF) + len(CONTRACTORS) == Person.objects.count() <= 70
    assert [people[name].user for name in ("admin", "manager", "compliance", "owner")] == [
        admin, manager, compliance, owner,
    ]  # fmt: skip
    assert Person.objects.filter(manager=None).count() == 1
    assert {person.standing(today()) for person in people.values()} == set(Standing)
    assert {person.kind for person in people.values()} == set(Kind)
    for back in (90, 180, 270):
        days = (today() - datetime.timedelta(back), today() - datetime.timedelta(back - 90))
        assert Person.objects.filter(starts_on__range=days).exists(), back
        assert Person.objects.filter(ends_on__range=days).exists(), back
    assert Person.history.filter(history_type="~").count() == len(MOVES)


def test_its_checklists_and_courses_stand_in_every_state(admin: User, compliance: User, manager: User):
    for ref in ("HR-02", "HR-03", "IAM-05"):
        ControlFactory(ref=ref)
    roster(admin=admin)
    checklists(admin=admin, compliance=compliance)
    courses(compliance=compliance)
    runs = list(ChecklistRun.objects.select_related("person"))
    attach_items(runs, compliance, None)
    standings = {run.person.name: run.standing for run in runs}
    assert (standings["Felix Brandt"], standings["Grace Mbeki"]) == ("Closed", "Open")
    yearly = Course.objects.get(title="Security awareness")
    assert all(counted(attendance(yearly, compliance)).values())
    kept = Evidence.objects.order_by("id")
    assert [item.state for item in kept] == [State.SUBMITTED, State.SUBMITTED]
