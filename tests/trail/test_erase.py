"""Erasing personal values: gone from entries and history, while every hash that was ever taken still holds."""

import hashlib

import pytest
from django.db import connection, transaction

from foundation.accounts.models import User
from foundation.trail import guards, leaf
from foundation.trail.erase import erase
from foundation.trail.keep import history_sha256, save
from foundation.trail.models import Entry
from foundation.trail.origin import origin
from foundation.trail.record import SYSTEM, record
from tests.factories.people import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def person():
    with origin(via="page", ip="203.0.113.9", user_agent="Firefox of Petra"):
        person = UserFactory(name="Petra Person", email="petra@example.com")
        person.name = "Petra Newname"
        save(person, actor=person, verb="user.updated")
        person.title = "Engineer"
        save(person, actor=person, verb="user.updated")
        with transaction.atomic():
            record("auth.signed_in", person, person)
    return person


def about(person):
    return Entry.objects.filter(object_type="accounts.user", object_id=str(person.pk))


def everything():
    """All text that trail and history hold."""
    rows = [*Entry.objects.values_list(), *User.history.values_list()]
    return "\n".join(str(value) for row in rows for value in row)


def proofs(entries):
    """What was ever published about entries: leaf hash, MAC."""
    return [(entry.pk, entry.leaf_hash(), entry.mac) for entry in entries.order_by("pk")]


def test_nothing_personal_is_left_and_every_hash_holds(person, admin):
    before, told = proofs(about(person)), [entry.facts.get("history") for entry in about(person).order_by("pk")]
    assert "petra" in everything().lower()
    with origin(via="command", ip=""):
        assert erase(about(person), actor=admin, reason="Request 12 under Article 17") == 4
    # the live row changes by an action of its own; here it stays, and its history after this is a new entry's
    left = everything().lower()
    for word in ("petra", "203.0.113.9", "firefox"):
        assert word not in left
    assert proofs(about(person)) == before
    for entry, history in zip(about(person).order_by("pk"), told, strict=True):
        assert leaf.mac_of(entry) == entry.mac
        assert (entry.private, entry.ip) == (None, None)
        if history:
            assert history_sha256(User.history.get(pk=history["id"]), salt="") == history["sha256"]


def test_the_erasure_is_an_entry_that_names_what_it_erased(person, admin):
    ids = sorted(about(person).values_list("pk", flat=True))
    erase(about(person), actor=admin, reason="Request 12")
    entry = Entry.objects.first()
    assert (entry.verb, entry.actor_id, entry.facts["reason"]) == ("private.erased", admin.pk, "Request 12")
    assert entry.facts["refs"] == {"entries": ids}
    # so whoever verifies can tell an erasure from a theft: no other entry with a commitment lacks its private part
    gone = [one.pk for one in Entry.objects.filter(private=None) if "private" in one.facts]
    assert sorted(gone) == ids


def test_what_is_left_of_the_salted_values_cannot_be_guessed(person, admin):
    """Without the salt, hashing the address that one suspects proves nothing."""
    erase(about(person), actor=admin, reason="Request 12")
    left = everything()
    for guess in ("petra@example.com", "Petra Person", "Petra Newname"):
        assert hashlib.sha256(guess.encode()).hexdigest() not in left


def test_others_are_untouched(person, admin, employee):
    before = list(about(employee).values())
    erase(about(person), actor=admin, reason="Request 12")
    assert list(about(employee).values()) == before
    assert User.history.filter(id=employee.pk).first().email == "employee@example.com"


def test_erasing_twice_changes_nothing_more(person, admin):
    erase(about(person), actor=admin, reason="Request 12")
    history = list(User.history.filter(id=person.pk).values())
    assert erase(about(person), actor=admin, reason="Request 12 again") == 0
    assert list(User.history.filter(id=person.pk).values()) == history


def test_it_needs_a_reason_and_is_whole_or_nothing(person, admin):
    before = everything()
    with pytest.raises(ValueError, match="reason"):
        erase(about(person), actor=admin, reason=" ")
    with pytest.raises(ZeroDivisionError), transaction.atomic():  # noqa: PT012
        erase(about(person), actor=admin, reason="Request 12")
        raise ZeroDivisionError
    assert everything() == before


def test_it_needs_no_guard_to_be_lifted(person, admin):
    assert guards.missing(connection) == []
    erase(Entry.objects.all(), actor=SYSTEM, reason="All of it")
    assert not Entry.objects.filter(private__isnull=False).exists()
    assert guards.missing(connection) == []


def test_the_pages_still_work_for_what_was_erased(person, admin, client):
    erase(about(person), actor=admin, reason="Request 12")
    client.force_login(admin)
    page = client.get("/trail/", {"register": "accounts.user"})
    assert page.status_code == 200
    assert "erased" in page.content.decode()
    for entry in about(person):
        assert client.get(f"/trail/{entry.pk}/").status_code == 200
