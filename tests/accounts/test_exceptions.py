"""Duties are kept apart; an exception needs a reason, a second person and an end, and each use of it is on record."""

import datetime
import re
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from controls import actions as controls
from controls.models import Control, Status
from foundation.accounts import exceptions
from foundation.accounts.access import apart, are_apart
from foundation.accounts.duties import DUTIES, EXCEPTABLE, NOT_APPLICABLE, OWN_ROLE
from foundation.accounts.exception_work import exceptions_work
from foundation.accounts.models import DutyException, User
from foundation.trail.keep import save
from foundation.trail.models import Entry
from foundation.trail.record import SYSTEM
from tests.factories.controls import ControlFactory
from tests.factories.people import ExceptionFactory, UserFactory

DAY = datetime.timedelta(days=1)


@pytest.fixture
def asked(compliance: User, manager: User) -> DutyException:
    """The compliance manager asks for herself; a manager is to decide."""
    return ExceptionFactory(beneficiary=compliance, approver=manager, requested_by=compliance)


@pytest.fixture
def allowed(asked: DutyException, manager: User) -> DutyException:
    return exceptions.approve_exception(asked, actor=manager, reason="Agreed with the board.")


@pytest.fixture
def proposed(compliance: User) -> Control:
    """A control that the compliance manager proposed as not applicable."""
    return controls.propose_not_applicable(ControlFactory(), actor=compliance, reason="No office.")


def approve(control: Control, actor: User) -> Control:
    return controls.approve_not_applicable(control, actor=actor, note="Alone, under an exception.")


def new(compliance: User, manager: User, **values: Any) -> DutyException:
    """An exception to be asked for, with one thing different."""
    now = timezone.now()
    asked = DutyException(
        duty=NOT_APPLICABLE.id, beneficiary=compliance, approver=manager, reason="Alone.", opens_at=now,
        expires_at=now + 7 * DAY,
    )  # fmt: skip
    for name, value in values.items():
        setattr(asked, name, value)
    return asked


# ---- what it lifts --------------------------------------------------------------------------------------------------


def test_without_an_exception_nobody_approves_an_own_proposal(proposed: Control, compliance: User, admin: User):
    assert not are_apart(compliance, [compliance.pk], NOT_APPLICABLE, proposed)
    with pytest.raises(PermissionDenied, match=re.escape(NOT_APPLICABLE.rule)):
        approve(proposed, compliance)


def test_asking_for_one_lifts_nothing(proposed: Control, compliance: User, asked: DutyException):
    with pytest.raises(PermissionDenied):
        approve(proposed, compliance)


def test_an_approved_one_lifts_the_rule_and_each_use_names_it(
    proposed: Control, compliance: User, allowed: DutyException
):
    assert are_apart(compliance, [compliance.pk], NOT_APPLICABLE, proposed)
    control = approve(proposed, compliance)
    assert (control.status, control.approved_by, control.approved_under) == (
        Status.NOT_APPLICABLE, compliance, allowed,
    )  # fmt: skip
    entry = Entry.objects.get(verb="control.not_applicable_approved")
    assert entry.facts["refs"] == {"dutyexception": allowed.pk}
    assert entry.facts["changes"]["approved_under"] == [None, allowed.pk]


def test_what_two_people_did_names_no_exception(compliance: User, owner: User, allowed: DutyException):
    control = controls.propose_not_applicable(ControlFactory(), actor=owner, reason="No office.")
    assert approve(control, compliance).approved_under is None
    assert "refs" not in Entry.objects.get(verb="control.not_applicable_approved").facts


def test_it_lifts_nothing_for_others_other_rules_and_other_records(
    proposed: Control, compliance: User, manager: User, owner: User
):
    somebody = UserFactory(role="compliance_manager")
    for one in (
        ExceptionFactory(beneficiary=somebody, approver=manager, requested_by=compliance, state="approved"),
        ExceptionFactory(
            beneficiary=compliance, approver=manager, requested_by=compliance, state="approved", duty="another.duty"
        ),
        ExceptionFactory(
            beneficiary=compliance, approver=manager, requested_by=compliance, state="approved",
            object_type="controls.control", object_id=str(ControlFactory().pk),
        ),
    ):  # fmt: skip
        with pytest.raises(PermissionDenied):
            approve(proposed, compliance)
        assert one.standing() == "In force"


def test_confined_to_this_record_it_lifts_the_rule_there(proposed: Control, compliance: User, manager: User):
    ExceptionFactory(
        beneficiary=compliance, approver=manager, requested_by=compliance, state="approved",
        object_type="controls.control", object_id=str(proposed.pk),
    )  # fmt: skip
    assert not are_apart(compliance, [compliance.pk], NOT_APPLICABLE)
    assert approve(proposed, compliance).status == Status.NOT_APPLICABLE


@pytest.mark.parametrize("away", [-2 * datetime.timedelta(hours=1), 8 * DAY])
def test_outside_its_time_it_lifts_nothing(
    proposed: Control, compliance: User, allowed: DutyException, away: datetime.timedelta
):
    with time_machine.travel(timezone.now() + away), pytest.raises(PermissionDenied):
        approve(proposed, compliance)


def test_declined_or_ended_it_lifts_nothing(proposed: Control, compliance: User, manager: User, asked: DutyException):
    exceptions.decline_exception(asked, actor=manager, reason="Ask Cole.")
    with pytest.raises(PermissionDenied):
        approve(proposed, compliance)
    again = ExceptionFactory(beneficiary=compliance, approver=manager, requested_by=compliance)
    approved = exceptions.approve_exception(again, actor=manager, reason="Agreed.")
    exceptions.end_exception(approved, actor=compliance, reason="A second one was hired.")
    with pytest.raises(PermissionDenied):
        approve(proposed, compliance)


def test_it_costs_one_query_and_only_who_needs_it(
    proposed: Control, compliance: User, owner: User, django_assert_num_queries: Any
):
    with django_assert_num_queries(0):
        apart(owner, [compliance.pk], NOT_APPLICABLE, proposed)
    with django_assert_num_queries(1), pytest.raises(PermissionDenied):
        apart(compliance, [compliance.pk], NOT_APPLICABLE, proposed)


def test_the_database_wants_the_exception_named(proposed: Control, compliance: User):
    proposed.approved_by, proposed.status = compliance, Status.NOT_APPLICABLE
    with pytest.raises(IntegrityError), transaction.atomic():
        save(proposed, actor=SYSTEM, verb="control.updated")


# ---- which rules know one -------------------------------------------------------------------------------------------


def test_what_protects_accounts_and_exceptions_is_never_lifted(compliance: User, manager: User):
    assert set(EXCEPTABLE) == {
        "control.not_applicable",
        "correctiveaction.verify",
        "evidence.review",
        "exemption.approve",
        "exercise.approve",
        "finding.accept",
        "finding.verify",
        "planversion.approve",
        "policy.approve",
        "policyexception.approve",
        "postincidentreview.approve",
        "removal.except",
        "vendorreview.approve",
        "worksheet.approve",
    }
    ExceptionFactory(
        beneficiary=compliance, approver=manager, requested_by=compliance, state="approved", duty=OWN_ROLE.id
    )
    with pytest.raises(PermissionDenied):
        apart(compliance, [compliance.pk], OWN_ROLE)
    with pytest.raises(ValidationError, match="knows no exception"):
        exceptions.request_exception(new(compliance, manager, duty=OWN_ROLE.id), actor=compliance)


OUR_APPS = (
    "foundation",
    "systems",
    "controls",
    "evidence",
    "findings",
    "people",
    "policies",
    "vendors",
    "risks",
    "incidents",
    "accessreviews",
    "audits",
)


def test_every_rule_of_the_catalogue_is_kept_somewhere_and_no_other_sentence_is():
    """Actions name a duty of the catalogue; one that no action keeps would be a promise on the page alone."""
    folders = [settings.BASE_DIR / name for name in OUR_APPS]
    sources = [path.read_text() for folder in folders for path in folder.rglob("*.py") if path.name != "access.py"]
    said = re.findall(r"\bapart\([^()]*(?:\([^()]*\)[^()]*)*?\b([A-Z][A-Z_]+)\b", "\n".join(sources))
    from foundation.accounts import duties

    kept = {getattr(duties, name).id for name in said}
    assert kept == set(DUTIES)


# ---- who may ask and decide -----------------------------------------------------------------------------------------


def test_what_may_not_be_asked_for(compliance: User, manager: User, owner: User, auditor: User, admin: User):
    now = timezone.now()
    for words, values in {
        "knows no exception": {"duty": "unheard.of"},
        "not about such a record": {"object_type": "accounts.user", "object_id": "1"},
        "Say why": {"reason": "  "},
        "active member": {"beneficiary": auditor},
        "A compliance manager or a manager approves": {"approver": admin},
        "Somebody else approves": {"beneficiary": manager},
        "ends before": {"expires_at": now - DAY},
        "time is over": {"opens_at": now - 3 * DAY, "expires_at": now - DAY},
        "At most 90 days": {"expires_at": now + 91 * DAY},
    }.items():
        with pytest.raises(ValidationError, match=words):
            exceptions.request_exception(new(compliance, manager, **values), actor=compliance)
    with pytest.raises(ValidationError, match="Somebody else approves"):
        exceptions.request_exception(new(owner, compliance), actor=compliance)
    assert not DutyException.objects.exists()


def test_the_same_is_not_asked_twice_while_the_first_waits(compliance: User, manager: User, asked: DutyException):
    with pytest.raises(ValidationError, match="asks for this already"):
        exceptions.request_exception(new(compliance, manager), actor=compliance)
    assert DutyException.objects.get() == asked
    exceptions.decline_exception(asked, actor=manager, reason="Two people are in.")
    assert exceptions.request_exception(new(compliance, manager), actor=compliance).pk != asked.pk


def test_a_record_is_named_to_who_sees_it_alone(
    compliance: User, manager: User, auditor: User, proposed: Control, django_assert_num_queries: Any
):
    about = ExceptionFactory(
        beneficiary=compliance, approver=manager, requested_by=compliance,
        object_type=proposed._meta.label_lower, object_id=proposed.pk,
    )  # fmt: skip
    assert about.record() == f"control {proposed.pk}"
    exceptions.name_records([about], auditor)  # no window is open: nothing is seen
    assert about.record() == f"control {proposed.pk}"
    with django_assert_num_queries(1):  # a manager sees every control: no second query asks which
        exceptions.name_records([about], compliance)
    assert about.record() == str(proposed)


def test_only_the_person_named_decides(asked: DutyException, compliance: User, manager: User, owner: User, admin: User):
    for somebody in (compliance, owner, admin, UserFactory(role="compliance_manager")):
        with pytest.raises(PermissionDenied):
            exceptions.approve_exception(asked, actor=somebody, reason="Mine.")
    assert exceptions.approve_exception(asked, actor=manager, reason="Agreed.").standing() == "In force"
    with pytest.raises(ValidationError, match="no longer waits"):
        exceptions.decline_exception(DutyException.objects.get(), actor=manager, reason="No.")


def test_an_approver_who_is_no_longer_one_decides_nothing(asked: DutyException, manager: User):
    manager.role = "employee"
    save(manager, actor=SYSTEM, verb="user.role_changed")
    with pytest.raises(ValidationError, match="A compliance manager or a manager approves"):
        exceptions.approve_exception(asked, actor=manager, reason="Still.")


def test_the_database_wants_a_second_person(compliance: User, manager: User):
    for people in ({"approver": compliance}, {"approver": manager, "beneficiary": manager}):
        with pytest.raises(IntegrityError), transaction.atomic():
            ExceptionFactory(**{"beneficiary": compliance, "requested_by": compliance} | people)


# ---- the pages ------------------------------------------------------------------------------------------------------


def test_from_asking_to_using_it(client: Client, compliance: User, manager: User, proposed: Control):
    client.force_login(compliance)
    now = timezone.now()
    filled = {
        "duty": NOT_APPLICABLE.id, "beneficiary": compliance.pk, "approver": manager.pk, "reason": "Alone.",
        "record": f"/controls/{proposed.pk}/", "opens_at": f"{now:%Y-%m-%dT%H:%M}",
        "expires_at": f"{now + DAY:%Y-%m-%dT%H:%M}",
    }  # fmt: skip
    assert "Nobody" not in client.get("/accounts/exceptions/new/").content.decode()
    assert client.post("/accounts/exceptions/new/", filled).status_code == 302
    one = DutyException.objects.get()
    assert (one.object_type, one.object_id, one.requested_by) == ("controls.control", str(proposed.pk), compliance)
    assert (
        f"/controls/{proposed.pk}/not-applicable/approve/"
        not in client.get(proposed.get_absolute_url()).content.decode()
    )

    second = Client()
    second.force_login(manager)
    assert [item.url for item in exceptions_work(manager)] == [one.get_absolute_url()]
    assert exceptions_work(compliance) == []
    assert f"{one.get_absolute_url()}approve/" in second.get(one.get_absolute_url()).content.decode()
    said = {"reason": "Agreed.", "version": one.version}
    assert second.post(f"{one.get_absolute_url()}approve/", said).status_code == 302
    assert exceptions_work(manager) == []

    page = client.get(proposed.get_absolute_url()).content.decode()
    assert f"/controls/{proposed.pk}/not-applicable/approve/" in page
    proposed.refresh_from_db()
    client.post(f"/controls/{proposed.pk}/not-applicable/approve/", {"version": proposed.version, "note": "Alone."})
    proposed.refresh_from_db()
    assert proposed.approved_under == one


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("record", "/controls/999999/", "There is no record at this address"),
        ("record", "https://example.com/", "There is no record at this address"),
        ("record", "/accounts/", "There is no record at this address"),
        ("record", "/accounts/1/", "not about such a record"),
        ("expires_at", "2100-01-01T00:00", "At most 90 days"),
        ("duty", "user.own_role", "Select a valid choice"),
        ("reason", " ", "This field is required"),
    ],
)
def test_a_form_that_may_not_be_sent(
    client: Client, compliance: User, manager: User, field: str, value: str, words: str
):
    client.force_login(compliance)
    now = timezone.now()
    filled = {
        "duty": NOT_APPLICABLE.id, "beneficiary": compliance.pk, "approver": manager.pk, "reason": "Alone.",
        "opens_at": f"{now:%Y-%m-%dT%H:%M}", "expires_at": f"{now + DAY:%Y-%m-%dT%H:%M}",
    }  # fmt: skip
    value = f"/accounts/{compliance.pk}/" if value == "/accounts/1/" else value
    answer = client.post("/accounts/exceptions/new/", filled | {field: value})
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not DutyException.objects.exists()


def test_approving_asks_who_it_is(client: Client, manager: User, asked: DutyException):
    client.force_login(manager)
    path = f"{asked.get_absolute_url()}approve/"
    with time_machine.travel(timezone.now() + datetime.timedelta(minutes=6)):
        answer = client.post(path, {"reason": "Agreed.", "version": asked.version})
    assert answer.url.startswith("/account/confirm-password/")
    asked.refresh_from_db()
    assert asked.state == "requested"


def test_the_past_shows_the_state_of_then(client: Client, compliance: User, asked: DutyException, manager: User):
    begun = timezone.now()
    exceptions.approve_exception(asked, actor=manager, reason="Agreed.")
    client.force_login(compliance)
    then = client.get("/accounts/exceptions/", {"as_of": begun.isoformat()})
    assert [row.cells[-1][0] for row in then.context["table"]] == ["Requested"]
    with time_machine.travel(begun + 30 * DAY):
        client.force_login(compliance)
        during = client.get("/accounts/exceptions/", {"as_of": (begun + DAY).isoformat()})
        assert [row.cells[-1][0] for row in during.context["table"]] == ["In force"]
        now = client.get("/accounts/exceptions/")
        assert [row.cells[-1][0] for row in now.context["table"]] == ["Over"]


def test_the_record_is_a_link_for_who_may_see_it(
    client: Client, compliance: User, manager: User, employee: User, proposed: Control
):
    one = ExceptionFactory(
        beneficiary=employee, approver=manager, requested_by=compliance, object_type="controls.control",
        object_id=str(proposed.pk),
    )  # fmt: skip
    link = f'<a href="{proposed.get_absolute_url()}">{proposed}</a>'
    client.force_login(compliance)
    for path in ("/accounts/exceptions/", one.get_absolute_url(), f"{one.get_absolute_url()}end/"):
        assert link in client.get(path).content.decode(), path
    client.force_login(employee)
    page = client.get(one.get_absolute_url()).content.decode()
    assert proposed.get_absolute_url() not in page
    assert str(proposed) not in page


def test_moments_are_told_to_the_minute_and_the_history_in_words(
    client: Client, compliance: User, manager: User, proposed: Control
):
    one = ExceptionFactory(
        beneficiary=compliance, approver=manager, requested_by=compliance, object_type="controls.control",
        object_id=str(proposed.pk),
    )  # fmt: skip
    client.force_login(compliance)
    facts = dict(client.get(one.get_absolute_url()).context["facts"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC\S*", facts["From"].text)
    history = client.get(f"{one.get_absolute_url()}history/").content.decode()
    assert NOT_APPLICABLE.rule in history
    assert NOT_APPLICABLE.id not in history
    assert "controls.control" not in history


def test_it_stands_on_the_control_that_it_is_about_for_whom_it_concerns(
    client: Client, compliance: User, manager: User, owner: User, colleague: User, allowed: DutyException
):
    mine, other = ControlFactory(owner=owner), ControlFactory(owner=owner)
    one = ExceptionFactory(
        beneficiary=owner, approver=manager, requested_by=compliance, object_type="controls.control",
        object_id=str(mine.pk),
    )  # fmt: skip
    words = f"{one} is in force."

    def shown(user: User, control: Control) -> str:
        client.force_login(user)
        return client.get(control.get_absolute_url()).content.decode()

    assert words not in shown(owner, mine), "it is only asked for"
    exceptions.approve_exception(one, actor=manager, reason="Agreed.")
    assert words in shown(owner, mine)
    assert words in shown(manager, mine)
    assert words not in shown(colleague, mine), "not theirs to read"
    assert words not in shown(owner, other)
    assert f"{allowed} is in force." in shown(compliance, other), "it holds for every record"
    client.force_login(owner)
    assert 'href="/accounts/exceptions/"' in client.get("/accounts/me/").content.decode()
