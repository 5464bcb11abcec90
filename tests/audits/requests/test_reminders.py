"""Reminders of auditors' requests by the clock: before they are due, once late, each once."""

import datetime
from collections.abc import Iterable
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from audits.models import Engagement
from audits.requests import actions
from audits.requests.jobs import remind_of_requests
from audits.requests.reminders import reminders
from foundation.accounts.models import User
from foundation.jobs.worker import run_all
from foundation.organisation.actions import change_setting
from foundation.organisation.models import today
from foundation.trail.models import Entry
from foundation.trail.record import SYSTEM
from tests.factories.assessments import fresh
from tests.factories.people import UserFactory
from tests.factories.requests import a_request, closed

pytestmark = pytest.mark.django_db


def day(number: int) -> datetime.date:
    return today() + datetime.timedelta(days=number)


def mailed_on(mailoutbox: list[Any], numbers: Iterable[int]) -> list[int]:
    """On which of these days, counted from today, the job of each left mails: the day once for each mail."""
    run_all()  # what the actions tell as it happens
    begun, told = timezone.now(), []
    for number in numbers:
        with time_machine.travel(begun + datetime.timedelta(days=number), tick=False):
            before = len(mailoutbox)
            remind_of_requests.enqueue(actor=SYSTEM, title="Remind")
            run_all()
            told += [number] * (len(mailoutbox) - before)
    return told


def test_the_owner_is_reminded_a_day_before_and_once_late(
    engagement: Engagement, owner: User, compliance: User, mailoutbox: list[Any]
):
    request = a_request(engagement, by=compliance, owner=owner, due_on=day(5), title="List of leavers")
    assert mailed_on(mailoutbox, [*range(12), 4, 30]) == [4, 6]
    early, late = mailoutbox[-2:]
    assert early.to == late.to == [owner.email]
    assert early.subject == "an auditor's request waits for you"
    assert late.subject == "Overdue: an auditor's request waits for you"
    assert f"{request.ref} List of leavers, due {day(5)}" in early.body
    assert f"OVERDUE since {day(5)}" in late.body
    assert request.get_absolute_url() in str(late.alternatives[0][0])
    named = Entry.objects.filter(verb="mail.sent", object_type="accounts.user").order_by("id")
    assert [one.facts["refs"]["requests"] for one in named if "requests" in one.facts["refs"]] == [[request.pk]] * 2


def test_how_long_before_is_a_setting(engagement: Engagement, owner: User, compliance: User, mailoutbox: list[Any]):
    change_setting("request_reminder_days", value=3, reason="Earlier.", version=None, actor=compliance)
    a_request(engagement, by=compliance, owner=owner, due_on=day(5))
    assert mailed_on(mailoutbox, range(12)) == [2, 6]


def test_days_on_which_nothing_ran_are_made_up_for_once(
    engagement: Engagement, owner: User, compliance: User, mailoutbox: list[Any]
):
    a_request(engagement, by=compliance, owner=owner, due_on=day(5))
    assert mailed_on(mailoutbox, (1, 5, 5, 9, 10, 10)) == [5, 9]


def test_one_mail_names_all_of_them_and_what_was_written_today_is_not_reminded_of(
    engagement: Engagement, owner: User, compliance: User, mailoutbox: list[Any]
):
    for title in ("Leavers", "Joiners"):
        a_request(engagement, by=compliance, owner=owner, due_on=day(5), title=title)
    a_request(engagement, by=compliance, owner=owner, due_on=day(1), title="Just now")
    assert mailed_on(mailoutbox, (0, 1)) == []
    assert mailed_on(mailoutbox, (4,)) == [4]
    assert mailoutbox[-1].subject == "Overdue: 3 auditors' requests wait for you"
    assert "Leavers" in mailoutbox[-1].body
    assert "Joiners" in mailoutbox[-1].body
    assert "Just now, OVERDUE" in mailoutbox[-1].body


def test_what_nobody_owns_is_told_to_every_compliance_manager(
    engagement: Engagement, compliance: User, owner: User, mailoutbox: list[Any]
):
    other = UserFactory(role="compliance_manager")
    request = a_request(engagement, by=compliance, due_on=day(5))
    assert mailed_on(mailoutbox, range(5)) == [4, 4]
    assert sorted(one.to[0] for one in mailoutbox[-2:]) == sorted([compliance.email, other.email])
    assert f"Nobody owns it, assign: {request.ref}" in mailoutbox[-1].body
    actions.assign(fresh(request), actor=compliance, owner=owner)
    assert mailed_on(mailoutbox, (4, 5)) == [4]  # whoever owns it now was not told yet
    assert mailoutbox[-1].to == [owner.email]


@pytest.mark.parametrize("state", ["submitted", "accepted"])
def test_what_is_answered_reminds_nobody(engagement: Engagement, owner: User, compliance: User, state: str):
    a_request(engagement, by=compliance, owner=owner, due_on=day(5), state=state)
    assert reminders(day(10)) == {}


def test_what_is_withdrawn_or_of_a_closed_engagement_reminds_nobody(
    engagement: Engagement, owner: User, compliance: User
):
    request = a_request(engagement, by=compliance, owner=owner, due_on=day(5))
    a_request(engagement, by=compliance, due_on=day(5))
    assert {owner.pk, compliance.pk} <= reminders(day(10)).keys()
    actions.withdraw(fresh(request), actor=compliance, reason="Not needed.")
    assert owner.pk not in reminders(day(10))
    closed(engagement, compliance)
    assert reminders(day(10)) == {}


def test_a_closed_account_and_whoever_may_not_answer_any_more_get_no_mail(
    engagement: Engagement, owner: User, employee: User, compliance: User, mailoutbox: list[Any]
):
    a_request(engagement, by=compliance, owner=owner, due_on=day(5))
    a_request(engagement, by=compliance, owner=employee, due_on=day(5))
    run_all()
    owner.is_active, employee.role = False, ""
    owner.save()
    employee.save()
    assert mailed_on(mailoutbox, range(12)) == []
