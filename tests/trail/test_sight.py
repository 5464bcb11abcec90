"""What a person sees of an entry: words and names, values of records that are seen, personal ones for few."""

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from audits.models import Engagement
from controls.actions import assign_owner, update_status
from foundation.accounts.actions import change_role
from foundation.accounts.models import User
from foundation.trail.changes import Change
from foundation.trail.keep import save
from foundation.trail.models import Entry
from foundation.trail.origin import origin
from foundation.trail.record import record
from foundation.trail.sight import lines, masked
from tests.factories.controls import ControlFactory, link, small_framework

pytestmark = pytest.mark.django_db


@pytest.fixture
def control(tmp_path, owner):
    """A control of `owner` that is linked to a criterion of Security."""
    small_framework(tmp_path)
    control = ControlFactory(ref="IAM-03", name="Access review", owner=owner)
    link(control, "CC1.1")
    control.refresh_from_db()
    return control


def last(user, verb=""):
    """The newest entry (of this verb), as `user` sees it."""
    found = Entry.objects.filter(verb=verb) if verb else Entry.objects.all()
    return lines(user, list(found.order_by("-id")[:1]))[0]


def test_changes_are_told_in_words(compliance, owner, colleague, control):
    assign_owner([control], actor=compliance, owner=colleague, reason="Oskar moves on")
    line = last(compliance)
    assert (line.who, line.words, line.target) == ("Cora Compliance", "assigned the owner of a control", str(control))
    assert line.changes == (Change("Owner", "Oskar Owner", "Cole Colleague"),)
    assert line.reason == "Oskar moves on"
    control.refresh_from_db()
    update_status(control, actor=compliance, status="in_progress", note="Begun")
    assert Change("Status", "Planned", "In progress") in last(compliance).changes


def test_values_of_an_unseen_record_are_not_shown(admin, compliance, engagement):
    engagement.firm = "Secret & Partners"
    save(engagement, actor=compliance, verb="engagement.updated", reason="A secret reason")
    entry = Entry.objects.latest("id")
    assert not lines(admin, [entry])[0].open
    closed = lines(admin, [entry])[0]
    assert (closed.who, closed.words, closed.target) == (
        "Cora Compliance",
        "changed an engagement",
        f"engagement {engagement.pk}",
    )
    assert (closed.changes, closed.reason, closed.url, closed.leaf_hash) == ((), "", "", "")
    opened = lines(compliance, [entry])[0]
    assert Change("Audit firm", "Harrow & Pike LLP", "Secret & Partners") in opened.changes
    assert (opened.reason, opened.leaf_hash) == ("A secret reason", entry.leaf_hash().hex())


def test_an_auditor_sees_values_of_his_categories_alone(auditor, compliance, control):
    private = ControlFactory(ref="PRV-01", name="Consent")
    link(private, "P1.1")
    for one in (control, private):
        one.refresh_from_db()
        update_status(one, actor=compliance, status="in_progress", note=f"Begun {one.ref}")
    mine, theirs = (
        lines(auditor, list(Entry.objects.filter(verb="control.status_updated", object_id=str(one.pk))))[0]
        for one in (control, private)
    )
    assert (mine.open, mine.reason) == (True, "Begun IAM-03")
    assert (theirs.open, theirs.reason, theirs.changes, theirs.target) == (False, "", (), f"control {private.pk}")


def test_addresses_are_whole_for_those_who_run_the_place_and_for_oneself(
    admin, compliance, owner, manager, auditor, control
):
    with origin(via="page", ip="203.0.113.77", user_agent="Browser"):
        update_status(control, actor=owner, status="in_progress", note="Begun")
    for user in (admin, compliance, owner):
        line = last(user)
        assert (line.address, line.private) == ("203.0.113.77", {"User agent": "Browser"})
    for user in (manager, auditor):
        line = last(user)
        assert (line.address, line.private) == ("203.0.113.x", {})


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        (None, ""),
        ("203.0.113.77", "203.0.113.x"),
        ("2001:db8:12:34::5", "2001:db8:12::x"),
        ("::1", "::x"),
    ],
)
def test_masked(address, shown):
    assert masked(address) == shown


def test_personal_values_are_for_those_who_run_the_place(admin, compliance, auditor, employee):
    employee.email, employee.title = "changed@example.com", "Buyer"
    save(employee, actor=admin, verb="user.updated")
    assert Change("E-mail", "employee@example.com", "changed@example.com") in last(compliance).changes
    seen = last(auditor)
    assert seen.open
    assert Change("E-mail", withheld="personal") in seen.changes
    assert Change("Job title", withheld="personal") in seen.changes  # no personal field, but one of the details
    assert "example.com" not in repr(seen.changes)
    assert "Buyer" not in repr(seen.changes)
    assert Change("Job title", "", "Buyer") in last(compliance).changes
    assert Change("Job title", "", "Buyer") in last(employee).changes


def test_what_was_erased_says_so(admin, employee):
    employee.email = "changed@example.com"
    save(employee, actor=admin, verb="user.updated")
    Entry.objects.filter(pk=Entry.objects.latest("id").pk).update(private=None, ip=None)
    assert last(admin).changes == (Change("E-mail", withheld="erased"),)


def test_nobody_and_the_system_have_words(admin):
    with transaction.atomic():
        record("auth.sign_in_failed", None, outcome="failed", private={"email": "typed@example.com"})
    line = last(admin)
    assert (line.who, line.open, line.target) == ("Nobody signed in", True, "")
    assert line.private == {"Email": "typed@example.com"}
    assert last(admin, "user.created").who == "The system"


def test_entries_outlive_registers_fields_and_people(admin):
    told = {"actor_kind": "user", "actor_id": 999_999, "via": "page", "outcome": "ok", "mac": "", "at": 1}
    gone = Entry.objects.create(verb="gone.created", object_type="gone.gone", object_id="x", detail="{}", **told)
    detail = '{"changes":{"shoe_size":["1","2"]}}'
    field = Entry.objects.create(
        verb="user.updated", object_type="accounts.user", object_id=str(admin.pk), detail=detail, **told
    )
    first, second = lines(admin, [gone, field])
    assert (first.who, first.words, first.target) == ("Account 999999", "gone.created", "gone.gone x")
    assert second.changes == (Change("shoe_size", "1", "2"),)


def test_as_many_queries_for_thirty_as_for_three(admin, compliance, manager, auditor, control, engagement):
    for number in range(15):
        one = ControlFactory(ref=f"X-{number}", owner=compliance)
        link(one, "CC1.1")
        change_role(User.objects.get(pk=manager.pk), "employee" if number % 2 else "manager", actor=admin, reason="x")
    for number in range(4):
        stored = Engagement.objects.get()
        stored.firm = f"Firm {number}"
        save(stored, actor=compliance, verb="engagement.updated")

    def cost(user, number):
        kinds = ("controls.control", "controls.mapping", "accounts.user")
        found = [
            entry for kind in kinds for entry in Entry.objects.filter(object_type=kind).order_by("-id")[: number // 3]
        ]
        assert len(found) == number
        with CaptureQueriesContext(connection) as queries:
            lines(user, found)
        return len(queries)

    for user in (admin, compliance, auditor):
        assert cost(user, 3) == cost(user, 30) <= 16
