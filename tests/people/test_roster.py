"""The roster: standing by day, one manager above another without circles, accounts found by address."""

import datetime
import threading
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from foundation.accounts.models import User
from foundation.organisation.actions import found
from foundation.trail.keep import Stale, save
from foundation.trail.models import Entry
from foundation.trail.record import SYSTEM
from people import actions
from people.jobs import tie_people_to_accounts
from people.models import Person, Standing, active_on, left_by, starts_after
from tests.factories.people import UserFactory
from tests.factories.roster import a_person, changed

DAY = datetime.date(2026, 7, 1)


@pytest.mark.parametrize(
    ("first", "last", "standing"),
    [
        (-1, None, Standing.ACTIVE),
        (0, None, Standing.ACTIVE),
        (1, None, Standing.FUTURE),
        (-9, 0, Standing.ACTIVE),
        (-9, -1, Standing.LEFT),
        (0, 0, Standing.ACTIVE),
    ],
)
@pytest.mark.django_db
def test_standing_follows_from_the_days(first: int, last: int | None, standing: Standing):
    days = [DAY + datetime.timedelta(offset) if offset is not None else None for offset in (first, last)]
    person = a_person(starts_on=days[0], ends_on=days[1])
    assert person.standing(DAY) is standing
    conditions = {Standing.ACTIVE: active_on(DAY), Standing.FUTURE: starts_after(DAY), Standing.LEFT: left_by(DAY)}
    assert [one for one, where in conditions.items() if Person.objects.filter(where).exists()] == [standing]


@pytest.mark.django_db
def test_a_person_is_tied_to_the_account_with_their_address(employee: User, auditor: User):
    assert a_person(email="employee@example.com").user == employee
    assert a_person(email="auditor@example.com").user is None  # who audits does not work here
    assert a_person(email="nobody@example.com").user is None


@pytest.mark.django_db
def test_the_job_ties_who_was_invited_later_and_unties_whose_address_changed(employee: User, admin: User):
    first, second = a_person(email="employee@example.com"), a_person(email="late@example.com")
    late = UserFactory(email="late@example.com")
    tie_people_to_accounts(None)
    second.refresh_from_db()
    assert second.user == late
    employee.email, late.email = "elsewhere@example.com", "employee@example.com"
    save(employee, actor=admin, verb="user.updated")
    save(late, actor=admin, verb="user.updated")
    assert actions.tie_accounts() == 2
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.user, second.user) == (late, None)
    assert actions.tie_accounts() == 0
    assert Entry.objects.filter(object_type="people.person", verb="person.updated", actor_kind="system").count() == 4


@pytest.mark.django_db
def test_two_who_swapped_their_addresses_swap_their_accounts(employee: User, owner: User):
    one, other = a_person(email="employee@example.com"), a_person(email="owner@example.com")
    changed(one, email="swap@example.com")
    changed(other, email="employee@example.com")
    changed(one, email="owner@example.com")
    one.refresh_from_db()
    other.refresh_from_db()
    assert (one.user, other.user) == (owner, employee)


@pytest.mark.django_db
def test_a_circle_of_managers_is_refused():
    top = a_person()
    middle = a_person(manager=top)
    low = a_person(manager=middle)
    for manager in (low, middle):
        with pytest.raises(Stale):
            changed(top, manager=manager)
    with pytest.raises(ValidationError, match="own manager"):
        changed(top, manager=top)
    assert changed(low, manager=top).manager == top


@pytest.mark.django_db
@pytest.mark.parametrize(
    "values",
    [
        {"email": "UPPER@example.com"},
        {"email": "taken@example.com"},
        {"external_id": "7"},
        {"kind": "robot"},
        {"name": ""},
        {"ends_on": datetime.date(2019, 1, 1)},
    ],
)
def test_the_database_refuses_what_cannot_be(values: dict[str, Any]):
    a_person(email="taken@example.com", external_id="7")
    said = {"name": "Nia", "email": "nia@example.com", "starts_on": datetime.date(2020, 1, 1), **values}
    with pytest.raises(IntegrityError), transaction.atomic():
        save(Person(**said), actor=SYSTEM, verb="person.created")


@pytest.mark.django_db
def test_addresses_are_kept_in_lower_case_once_each():
    person = a_person(email="Ada@Example.com", aliases="ADA.L@example.com\n\nada@example.com\nada.l@example.com")
    assert person.addresses() == ["ada@example.com", "ada.l@example.com"]
    with pytest.raises(ValidationError, match="no e-mail address"):
        a_person(aliases="call me")


@pytest.mark.django_db
def test_names_and_addresses_stay_out_of_the_leaf():
    person = a_person(name="Xenia Quetzal", email="xq@example.com", aliases="x@example.com", external_id="XQ7")
    changed(person, name="Xenia Quetzal-Ruiz", title="Lead")
    for entry in Entry.objects.filter(object_type="people.person"):
        assert not any(word in entry.detail for word in ("Quetzal", "xq@", "x@example", "XQ7"))
        assert "Quetzal" in entry.private
    assert '"Lead"' in Entry.objects.latest("id").detail


@pytest.mark.django_db
def test_who_leads_somebody_is_not_archived(compliance: User):
    lead = a_person()
    member = a_person(manager=lead)
    lead.archived_at = member.created_at
    with pytest.raises(ValidationError, match="1 person has them as manager"):
        actions.put_away(lead, "archived", actor=compliance, reason="Twice here.")
    changed(member, manager=None)
    actions.put_away(lead, "archived", actor=compliance, reason="Twice here.")
    assert list(Person.objects.live()) == [member]


@pytest.mark.django_db
def test_finding_accounts_costs_the_same_for_all():
    for number in range(12):
        UserFactory(email=f"m{number}@example.com")
    people = [Person(email=f"m{number}@example.com") for number in range(12)]
    with CaptureQueriesContext(connection) as asked:
        actions.find_accounts(people)
    assert len(asked) == 2
    assert all(person.user_id for person in people)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite lets one writer in at a time")
def test_two_who_are_made_each_others_manager_at_once_do_not_lead_each_other():
    found(name="Fernwood", actor=SYSTEM)
    one, other = a_person(), a_person()
    barrier, refused = threading.Barrier(2), []

    def lead(person: Person, manager: Person) -> None:
        person.manager = manager
        barrier.wait()
        try:
            actions.keep(person, "updated", actor=SYSTEM)
        except Stale as stale:
            refused.append(stale)
        finally:
            connection.close()

    threads = [threading.Thread(target=lead, args=pair) for pair in ((one, other), (other, one))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert len(refused) == 1
    assert Person.objects.exclude(manager=None).count() == 1
