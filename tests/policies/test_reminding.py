"""Reminding: each version is told once for each of its days; who keeps the programme reminds all who still owe it."""

import datetime
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from foundation.accounts.actions import deactivate
from foundation.accounts.models import User
from foundation.jobs.models import Job
from foundation.jobs.worker import run_all
from foundation.trail.models import Entry
from foundation.trail.record import SYSTEM
from people.models import Person
from policies.acknowledging.giving import acknowledge
from policies.acknowledging.jobs import policies_mail, remind_of_policies, remind_who_owes
from policies.acknowledging.reminding import owing, remind
from policies.models import Policy, PolicyVersion
from tests.factories.people import UserFactory
from tests.factories.policies import amended, day, in_force
from tests.factories.roster import a_person, changed

pytestmark = pytest.mark.django_db


def member(**values: Any) -> tuple[Person, User]:
    """Somebody of the roster who has an account."""
    user = UserFactory(role="employee")
    return a_person(**{"email": user.email, "user": user, "name": user.name} | values), user


def later(days: float) -> Any:
    """The clock so many days ahead."""
    return time_machine.travel(timezone.now() + datetime.timedelta(days=days), tick=False)


def morning() -> None:
    """The day's reminders, sent."""
    remind_of_policies.enqueue(actor=SYSTEM, title="Remind")
    run_all()


def pressed(version: PolicyVersion, keeper: User) -> None:
    """Somebody reminds of its policy, and the mails go out."""
    remind(Policy.objects.get(pk=version.policy_id), actor=keeper)
    run_all()


@pytest.fixture
def keeper() -> User:
    return UserFactory(role="compliance_manager")


# ---- each version once ---------------------------------------------------------------------------------------------


def test_what_comes_into_force_after_the_days_mail_is_told_all_the_same(mailoutbox: list[Any]) -> None:
    in_force(title="Clean desk")
    member()
    morning()
    in_force(title="Backups")
    morning()
    first, second = mailoutbox
    assert "Clean desk" in first.body
    assert "Backups" in second.body
    assert "Clean desk" not in second.body  # which was named today already
    morning()
    assert len(mailoutbox) == 2


def test_what_came_into_force_after_yesterdays_mail_is_told_today(mailoutbox: list[Any]) -> None:
    in_force(title="Clean desk")
    member()
    morning()
    in_force(title="Backups")
    with later(1):
        morning()
        morning()
    assert len(mailoutbox) == 2
    assert all(title in mailoutbox[1].body for title in ("Clean desk", "Backups"))  # all that is to be read


def test_another_version_of_what_was_named_is_told_once(mailoutbox: list[Any]) -> None:
    version = in_force(title="Clean desk")
    member()
    morning()
    amended(version, material=False)
    for number in (0, 1, 2):
        with later(number):
            morning()
    assert len(mailoutbox) == 2
    assert "1.1" in mailoutbox[1].body


# ---- who keeps the programme reminds -------------------------------------------------------------------------------


def test_everybody_who_still_owes_it_is_mailed_once_and_nobody_else(mailoutbox: list[Any], keeper: User) -> None:
    version = in_force(audience={"departments": ["Sales"]})
    other = in_force(title="For all")
    _, owes = member(department="Sales")
    done, has_read = member(department="Sales")
    acknowledge(version, actor=has_read, sha256=version.sha256)
    gone, _ = member(department="Sales")
    member(department="Finance")  # outside the audience
    _, closed = member(department="Sales")
    a_person(department="Sales")  # without an account
    with later(3):
        changed(gone, ends_on=day(-1))
        deactivate(closed, actor=UserFactory(role="administrator"), reason="Gone.")
        found = owing(version.policy_id, day(0))
        assert (found.mail, found.mailed, found.unreached, found.total) == ([owes.pk], 0, 2, 3)
        pressed(version, keeper)
        (message,) = mailoutbox
        assert message.to == [owes.email]
        assert version.title in message.body
        assert other.title in message.body  # all that they have to read
        entry = Entry.objects.get(verb="policy.reminded")
        assert entry.facts["refs"] == {"policyversion": version.pk, "mailed": 1, "unreached": 2}
        with pytest.raises(ValidationError, match=rf"{keeper.name} reminded of {version.ref} today at \d\d:\d\d"):
            pressed(version, UserFactory(role="compliance_manager"))
        assert len(mailoutbox) == 1
        assert Entry.objects.filter(verb="policy.reminded").count() == 1
    assert done.pk != gone.pk
    with later(4):
        pressed(version, keeper)
        assert len(mailoutbox) == 2


def test_who_had_the_days_mail_gets_no_second_one(mailoutbox: list[Any], keeper: User) -> None:
    version = in_force()
    member()
    morning()
    with pytest.raises(ValidationError, match="had a mail today that names it"):
        pressed(version, keeper)
    _, joined = member()
    pressed(version, keeper)
    assert [message.to for message in mailoutbox[1:]] == [[joined.email]]
    morning()
    assert len(mailoutbox) == 2


def test_two_runs_of_its_job_mail_once(mailoutbox: list[Any]) -> None:
    version, (_, user) = in_force(), member()
    for _ in range(2):
        remind_who_owes.enqueue(actor=SYSTEM, title="Remind", policy_id=version.policy_id)
        policies_mail.enqueue(actor=SYSTEM, title="Remind", user_id=user.pk, policy_id=version.policy_id)
    run_all()
    assert len(mailoutbox) == 1


def test_who_acknowledged_before_the_mail_went_out_gets_none(mailoutbox: list[Any], keeper: User) -> None:
    version, (_, user) = in_force(), member()
    remind(Policy.objects.get(pk=version.policy_id), actor=keeper)
    acknowledge(version, actor=user, sha256=version.sha256)
    run_all()
    assert mailoutbox == []


def nobody(version: PolicyVersion) -> None:
    """Nobody is on the roster."""


def without_account(version: PolicyVersion) -> None:
    """Somebody who has no account."""
    a_person()


def acknowledged(version: PolicyVersion) -> None:
    """Somebody who has read it."""
    _, user = member()
    acknowledge(version, actor=user, sha256=version.sha256)


@pytest.mark.parametrize(
    ("arranged", "words"),
    [(nobody, "Nobody owes"), (without_account, "no account"), (acknowledged, "Nobody owes")],
)
def test_where_nobody_can_be_mailed_it_says_so_and_records_nothing(
    arranged: Callable[[PolicyVersion], None], words: str, keeper: User
) -> None:
    version = in_force()
    arranged(version)
    with pytest.raises(ValidationError, match=words):
        pressed(version, keeper)
    assert not Entry.objects.filter(verb="policy.reminded").exists()
    assert not Job.objects.filter(title__startswith="Remind").exists()


def test_it_is_pressed_on_the_tab_and_says_how_many_are_mailed(
    client: Client, mailoutbox: list[Any], keeper: User
) -> None:
    version = in_force()
    member()
    member()
    a_person()
    client.force_login(keeper)
    tab, page = (
        reverse(f"policies:policy-{name}", args=[version.policy_id]) for name in ("acknowledgements", "remind")
    )
    assert page in client.get(tab).content.decode()
    shown = client.get(page).content.decode()
    assert "<strong>2</strong> people of 3 who still owe" in shown
    known = {"version": Policy.objects.get(pk=version.policy_id).version}
    done = client.post(page, known, follow=True)
    assert done.request["PATH_INFO"] == tab
    assert "2 people are mailed. 1 cannot be mailed: without an account." in done.content.decode()
    run_all()
    assert len(mailoutbox) == 2
    again = client.post(page, known)
    assert again.status_code == 422
    assert "Nobody is mailed of it twice in a day." in again.content.decode()
    assert "Nobody is reminded now." in client.get(page).content.decode()


def test_a_manager_neither_sees_the_button_nor_reminds(client: Client) -> None:
    version = in_force()
    manager = UserFactory(role="manager")
    member(manager=a_person(user=manager, email=manager.email))
    client.force_login(manager)
    page = reverse("policies:policy-remind", args=[version.policy_id])
    assert (
        page not in client.get(reverse("policies:policy-acknowledgements", args=[version.policy_id])).content.decode()
    )
    assert client.post(page, {"version": 1}).status_code == 403
    assert not Job.objects.filter(title__startswith="Remind").exists()


def test_the_api_reminds(client: Client, mailoutbox: list[Any], keeper: User) -> None:
    version = in_force()
    member()
    client.force_login(keeper)
    page = reverse("api:policy-remind", args=[version.policy_id])
    etag = client.get(reverse("api:policy-detail", args=[version.policy_id]))["ETag"]
    answers = [
        client.post(page, {}, content_type="application/json", headers={"If-Match": etag}).status_code for _ in range(2)
    ]
    run_all()
    assert answers == [200, 400]
    assert len(mailoutbox) == 1
