"""What pages of incidents say and offer: the right word for an event, no choice made beforehand, the way on."""

import pytest
from django.test import Client
from django.urls import reverse

from controls.models import Control
from foundation.accounts.models import User
from foundation.organisation.actions import found
from foundation.trail.record import SYSTEM
from incidents.models import ExerciseAttendee, Incident, IncidentPerson, PostIncidentReview
from tests.factories.controls import ControlFactory, trust_services
from tests.factories.incidents import an_exercise, an_incident, named

pytestmark = pytest.mark.django_db


@pytest.fixture
def incident(owner: User) -> Incident:
    return an_incident(commander=owner)


@pytest.fixture
def control(db: None, manager: User) -> Control:
    trust_services()
    return ControlFactory(ref="IR-04", name="Incidents are reviewed", owner=manager)


def seen(client: Client, name: str, *args: int) -> str:
    return client.get(reverse(f"incidents:{name}", args=args)).content.decode()


def test_what_is_reported_is_called_an_event(client: Client, employee: User):
    client.force_login(employee)
    form = seen(client, "incident-create")
    assert "<h1>Report event</h1>" in form
    assert "New incident" not in form
    told = client.post(reverse("incidents:incident-create"), {"title": "Odd mail", "source": "person"}, follow=True)
    shown = told.content.decode()
    assert f"Event {Incident.objects.get().ref} is reported." in shown
    assert "Odd mail created" not in shown


def test_an_empty_list_says_whose_it_is(client: Client, employee: User, compliance: User, admin: User):
    for user, words in (
        (employee, "None is yours"), (admin, "None that you may see"), (compliance, "No incidents yet"),
    ):  # fmt: skip
        client.force_login(user)
        shown = seen(client, "incident-list")
        assert words in shown, user
        assert ("No incidents yet" in shown) == (user == compliance), user
    an_incident()  # of others
    client.force_login(employee)
    assert "None is yours" in seen(client, "incident-list")


def test_nobody_is_named_with_a_part_that_was_not_chosen(
    client: Client, incident: Incident, owner: User, manager: User
):
    client.force_login(owner)
    page = reverse("incidents:incident-name-person", args=[incident.pk])
    assert '<option value="" selected>Choose</option>' in client.get(page).content.decode()
    said = {"version": incident.version, "user": manager.pk}
    assert client.post(page, said).status_code == 422
    assert not IncidentPerson.objects.exists()
    assert client.post(page, said | {"part": "legal"}).status_code == 302
    assert IncidentPerson.objects.get().part == "legal"


def test_beginning_a_review_leads_to_it(client: Client, incident: Incident, owner: User, manager: User):
    client.force_login(owner)
    page = reverse("incidents:incident-begin-review", args=[incident.pk])
    begun = client.post(f"{page}?next=/", {"version": incident.version, "approver": manager.pk})
    assert begun["Location"] == PostIncidentReview.objects.get().get_absolute_url()
    refused = client.post(page, {"version": incident.version, "approver": manager.pk})
    assert refused.status_code == 422  # one is being written already


def test_a_control_is_chosen_from_those_that_the_person_sees(
    client: Client, incident: Incident, owner: User, employee: User, control: Control
):
    named(incident, employee)
    page = reverse("incidents:incident-link-control", args=[incident.pk])
    client.force_login(owner)
    assert f'<option value="IR-04">IR-04 {control.name}</option>' in client.get(page).content.decode()
    said = {"version": incident.version, "role": "failed", "reason": "It did not run."}
    assert client.post(page, said | {"control": ""}).status_code == 422
    assert client.post(page, said | {"control": "IR-04"}).status_code == 302
    client.force_login(employee)
    theirs = client.get(page).content.decode()
    assert control.name not in theirs
    assert '<input type="text" name="control"' in theirs


def test_a_moment_says_its_zone_once(client: Client, incident: Incident, owner: User):
    found(name="One Ltd", actor=SYSTEM, time_zone="Europe/Stockholm")
    client.force_login(owner)
    form = seen(client, "incident-record-notification", incident.pk)
    assert form.count("Europe/Stockholm") == 1
    assert "time zone" not in form


def test_who_has_no_account_is_not_said_to_confirm_anything(
    client: Client, owner: User, compliance: User, manager: User
):
    exercise = an_exercise(facilitator=compliance, approver=manager)
    client.force_login(compliance)
    page = reverse("incidents:exercise-name-attendee", args=[exercise.pk])

    def told(**said: object) -> str:
        exercise.refresh_from_db()
        answer = client.post(page, {"version": exercise.version, "role": "Counsel", **said}, follow=True)
        return answer.content.decode()

    assert "Ada Outsider is named by you. Without an account they cannot confirm it themselves." in told(
        name="Ada Outsider"
    )
    assert f"{owner} is named: they confirm themselves that they took part." in told(user=owner.pk)
    assert ExerciseAttendee.objects.count() == 2


def test_whoever_may_declare_finds_it_before_all_that_can_wait(client: Client, employee: User, auditor: User):
    link = f'href="{reverse("incidents:declare")}"'
    client.force_login(employee)
    rail = client.get("/").content.decode().partition('<p class="rail-group"')[0]
    assert link in rail
    client.force_login(auditor)
    assert link not in client.get("/").content.decode()
