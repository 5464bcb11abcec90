"""Exercises on their pages, in the API and on paper: who may do what, bad input, a restricted incident stays closed."""

import hashlib
from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client
from django.urls import reverse

from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.pages.paper import cover_for, html_for
from incidents.exercises import signing
from incidents.exercises.forms import ExerciseForm
from incidents.exercises.views import exercise_paper
from incidents.models import Exercise, ExerciseAttendee, ExerciseDecision, Inject, PlanVersion
from tests.factories.incidents import an_incident
from tests.factories.plans import WHY, an_exercise, approved, fresh, in_force, signed, written_up
from tests.factories.tokens import caller

pytestmark = pytest.mark.django_db
SECRET = "The mailbox of Xanthippe"


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page(user: User, name: str, *args: Any, **query: Any) -> Any:
    return signed_in(user).get(reverse(f"incidents:{name}", args=args), query)


def post(user: User, name: str, target: Any, /, **said: Any) -> Any:
    target = fresh(target)
    url = reverse(f"incidents:{name}", args=[target.pk])
    return signed_in(user).post(url, {"version": target.version, **said})


@pytest.fixture
def edition(compliance: User, manager: User) -> PlanVersion:
    """The plan's version in force."""
    return in_force(author=compliance, approver=manager)


@pytest.fixture
def exercise(compliance: User, manager: User, edition: PlanVersion) -> Exercise:
    """A tabletop that compliance facilitates and the manager approves."""
    return an_exercise(facilitator=compliance, approver=manager, edition=edition)


def test_an_exercise_from_planning_to_approval_on_its_pages(
    compliance: User, manager: User, owner: User, edition: PlanVersion
):
    form = {
        "title": "Ransom", "kind": "tabletop", "edition": edition.pk, "scenario": "Friday evening.",
        "held_on": str(today()), "facilitator": compliance.pk, "approver": manager.pk,
    }  # fmt: skip
    made = signed_in(compliance).post(reverse("incidents:exercise-create"), form)
    assert made.status_code == 302, made.content.decode()[:3000]
    exercise = Exercise.objects.get()
    assert post(compliance, "exercise-name-attendee", exercise, user=owner.pk, role="Lead").status_code == 302
    assert post(compliance, "exercise-name-attendee", exercise, name="Vera", role="Vendor").status_code == 302
    assert post(compliance, "exercise-add-inject", exercise, text="It rings.", response="They ran.").status_code == 302
    assert post(compliance, "exercise-add-decision", exercise, what="Stay.").status_code == 302
    assert post(compliance, "exercise-hold", exercise).status_code == 302
    assert post(owner, "exercise-take-part", exercise).status_code == 302
    gap = {"title": "No number", "severity": "medium", "description": "Nobody had it."}
    assert post(compliance, "exercise-raise-gap", exercise, **gap).status_code == 302
    assert not page(compliance, "exercise-sign", exercise.pk).context["form"]["statement"].value()  # their own words
    refused = post(compliance, "exercise-sign", exercise, statement=WHY)
    assert refused.status_code == 422
    assert "what worked and what did not" in refused.content.decode()
    assert post(compliance, "exercise-edit", exercise, **form, worked="The scribe.").status_code == 302
    assert post(compliance, "exercise-sign", exercise, statement=WHY).status_code == 302
    assert post(compliance, "exercise-edit", exercise, **form, worked="Other.").status_code == 422
    assert not page(manager, "exercise-approve", exercise.pk).context["form"]["statement"].value()
    assert post(manager, "exercise-approve", exercise).status_code == 422
    assert post(manager, "exercise-approve", exercise, statement=WHY).status_code == 302
    assert fresh(exercise).state == "approved"
    body = page(manager, "exercise-detail", exercise.pk).content.decode()
    for words in ("Named by facilitator, not confirmed", "They ran.", "Stay.", "Nobody had it.", "and locked"):
        assert words in body
    assert page(owner, "exercise-list", state="approved").content.decode().count(exercise.ref) >= 1
    assert exercise.ref in signed_in(compliance).get(reverse("incidents:exercise-csv")).getvalue().decode()
    answer = page(owner, "exercise-json", exercise.pk)
    assert hashlib.sha256(answer.content).hexdigest() == fresh(exercise).sha256


def test_rows_are_changed_and_taken_away(exercise: Exercise, compliance: User, owner: User):
    exercise = written_up(exercise, attendee=owner)
    inject, decision = Inject.objects.get(), ExerciseDecision.objects.get()
    assert post(compliance, "inject-edit", inject, text="Two ring.", position=3).status_code == 302
    assert (fresh(inject).text, fresh(inject).position) == ("Two ring.", 3)
    assert post(compliance, "exercisedecision-edit", decision, what="Go.", position=1).status_code == 302
    assert post(compliance, "exercisedecision-archive", decision, reason="Twice.").status_code == 302
    assert post(compliance, "inject-archive", inject, reason="").status_code == 422
    guest = ExerciseAttendee.objects.get(user=None)
    assert post(owner, "exerciseattendee-end", guest, reason="x").status_code == 403
    assert post(compliance, "exerciseattendee-end", guest, reason="Left early.").status_code == 302


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": ""},
        {"title": "x" * 161},
        {"scenario": "a\x00b"},
        {"held_on": "9999-12-31"},
        {"held_on": "soon"},
        {"kind": "party"},
        {"edition": 10**30},
        {"facilitator": "employee"},
        {"approver": "owner"},
        {"approver": "compliance"},
        {"incident": 10**30},
        {"kind": "real"},
        {"scenario": "y" * 8001},
    ],
)
def test_bad_input_makes_no_exercise(compliance: User, manager: User, edition: PlanVersion, request, wrong):
    form = {
        "title": "Ransom", "kind": "tabletop", "edition": edition.pk, "scenario": "Friday.", "held_on": str(today()),
        "facilitator": compliance.pk, "approver": manager.pk,
    }  # fmt: skip
    people = ("employee", "owner", "compliance")
    said = {key: request.getfixturevalue(value).pk if value in people else value for key, value in wrong.items()}
    answer = signed_in(compliance).post(reverse("incidents:exercise-create"), form | said)
    assert answer.status_code == 422
    assert not Exercise.objects.exists()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("exercise-name-attendee", {"role": "x"}),
        ("exercise-name-attendee", {"role": "x", "user": 10**30}),
        ("exercise-add-inject", {"text": ""}),
        ("exercise-add-inject", {"text": "x", "minute": "-1"}),
        ("exercise-add-inject", {"text": "x", "minute": "9" * 40}),
        ("exercise-add-decision", {"what": "a\x00b"}),
        ("exercise-raise-gap", {"title": "x", "severity": "awful", "description": "y"}),
        ("exercise-cancel", {"reason": " "}),
    ],
)
def test_bad_input_changes_nothing(exercise: Exercise, compliance: User, name: str, said: dict[str, Any]):
    assert post(compliance, name, exercise, **said).status_code == 422
    assert not Inject.objects.exists()
    assert not ExerciseAttendee.objects.exists()
    assert fresh(exercise).state == "planned"


def test_who_may_not_is_refused(exercise: Exercise, manager: User, owner: User, employee: User, compliance: User):
    for user, status in ((employee, 404), (owner, 404)):
        assert page(user, "exercise-detail", exercise.pk).status_code == status
        assert post(user, "exercise-sign", exercise, statement="x").status_code == status
    exercise = signed(exercise, attendee=owner)
    assert page(owner, "exercise-detail", exercise.pk).status_code == 200
    for user in (owner, compliance):
        assert post(user, "exercise-approve", exercise, statement=WHY).status_code == 403
    assert post(manager, "exercise-add-inject", exercise, text="x").status_code == 403
    assert post(owner, "exercise-take-part", exercise).status_code == 422
    assert fresh(exercise).state == "signed"


def test_a_restricted_incident_stays_closed_on_an_exercise(
    compliance: User, manager: User, owner: User, edition: PlanVersion
):
    incident = an_incident(1, title=SECRET, restricted=True)
    one = an_exercise(facilitator=compliance, approver=manager, edition=edition, kind="real", incident=incident)
    written_up(one, attendee=owner)
    for user in (owner, manager):
        for name in ("exercise-detail", "exercise-history", "exercise-trail"):
            answer = page(user, name, one.pk)
            assert answer.status_code == 200
            assert SECRET not in answer.content.decode(), (user, name)
        html = html_for(exercise_paper(user, QueryDict(), None, pk=one.pk), cover_for(user))
        assert SECRET not in html
        assert "closed to you" in html
    assert SECRET in page(compliance, "exercise-detail", one.pk).content.decode()
    form = ExerciseForm(user=owner)
    assert incident not in form.fields["incident"].queryset


def test_the_api_writes_and_does_not_sign(exercise: Exercise, compliance: User, manager: User, owner: User):
    call, base = caller(compliance), f"/api/v1/exercises/{exercise.pk}"
    made = call.post(f"{base}/injects/", {"text": "It rings."}, exercise.version)
    assert made.status_code == 200, made.content
    named = call.post(f"{base}/attendees/", {"user": owner.pk, "role": "Lead"}, fresh(exercise).version)
    assert named.status_code == 200, named.content
    assert call.get(f"{base}/").json()["attendee_count"] == 1
    assert caller(owner).post(f"{base}/take-part/", {}, fresh(exercise).version).status_code == 404
    refused = call.post(f"{base}/sign/", {"statement": WHY}, fresh(exercise).version)
    assert refused.status_code == 403
    assert fresh(exercise).state == "planned"
    created = call.post("/api/v1/exercises/", {
        "title": "By API", "kind": "tabletop", "edition": exercise.edition_id, "scenario": "x",
        "held_on": str(today()), "facilitator": compliance.pk, "approver": manager.pk,
    })  # fmt: skip
    assert created.status_code == 201, created.content


def test_paper_tells_everything(exercise: Exercise, manager: User, owner: User):
    exercise = approved(exercise, attendee=owner)
    html = html_for(exercise_paper(manager, QueryDict(), None, pk=exercise.pk), cover_for(manager))
    for words in ("Friday evening", str(owner), "not confirmed", "Cut the network", "They declared", exercise.sha256):
        assert words in html
    assert signing.blocks(fresh(exercise)) == []


def test_the_number_of_queries_does_not_grow(
    exercise: Exercise, compliance: User, owner: User, django_assert_max_num_queries
):
    written_up(exercise, attendee=owner)
    client = signed_in(compliance)
    client.get(exercise.get_absolute_url())
    with django_assert_max_num_queries(30):
        client.get(exercise.get_absolute_url())
    with django_assert_max_num_queries(20):
        client.get(reverse("incidents:exercise-list"))
