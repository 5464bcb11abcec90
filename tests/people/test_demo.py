"""The demo's roster: some sixty people, the accounts tied, joiners and leavers in each of the past three quarters."""

import datetime

from foundation.accounts.models import User
from foundation.organisation.models import today
from people.demo import CONTRACTORS, MOVES, STAFF, roster
from people.models import Kind, Person, Standing


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
