"""The weekly digest: who gets it, when, what it says, and that nobody gets two."""

import datetime
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from audits.models import Engagement
from evidence import actions as evidence_actions
from evidence.coverage.keep import refresh_stale
from foundation.accounts import actions
from foundation.accounts.models import User
from foundation.jobs.models import Job
from foundation.jobs.worker import run_all
from foundation.organisation.actions import change_setting
from foundation.organisation.models import today
from foundation.trail.models import Entry
from foundation.trail.record import SYSTEM
from home.digest.content import MOST, digest_of
from home.digest.jobs import TITLE, digest_mail, leave_digests, told_to
from tests.factories.assessments import fresh
from tests.factories.controls import ControlFactory, link, trust_services
from tests.factories.evidence import evidence, operating
from tests.factories.findings import finding
from tests.factories.incidents import a_clock, an_incident
from tests.factories.people import UserFactory
from tests.factories.requests import a_request
from tests.factories.risks import a_risk

pytestmark = pytest.mark.django_db
DAY = datetime.timedelta(days=1)
MONDAY = datetime.datetime(2026, 6, 1, 9, 0, tzinfo=datetime.UTC)  # weeks begin here
CHOOSE = reverse("digest-choose")


def at(number: int) -> Any:
    """That many days after a Monday."""
    return time_machine.travel(MONDAY + number * DAY, tick=False)


def leave() -> int:
    """Run the clock's job and what it left: how many digests it left."""
    before = Job.objects.filter(task=digest_mail.path).count()
    leave_digests.enqueue(actor=SYSTEM, title="Mail the weekly digests")
    run_all()
    return Job.objects.filter(task=digest_mail.path).count() - before


def digests(box: list[Any]) -> list[Any]:
    return [one for one in box if one.subject.startswith("Your week")]


def late_risk(owner: User, title: str = "Stolen laptop", days: int = 3) -> Any:
    return a_risk(owner=owner, title=title, review_on=today() - days * DAY)


# ---- who gets it -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "usual"),
    [
        ("compliance_manager", True), ("manager", True), ("control_owner", True), ("administrator", False),
        ("employee", False), ("auditor", False),
    ],
)  # fmt: skip
def test_it_is_on_or_off_by_role_and_everybody_chooses(role: str, usual: bool):
    user = UserFactory(role=role)
    assert user.wants_digest is usual
    client = Client()
    client.force_login(user)
    page = client.get(reverse("reminders")).content.decode()
    assert ("Send me none" if usual else "Send it to me") in page
    for wanted in (not usual, usual):
        assert client.post(CHOOSE, {"wanted": "yes" if wanted else "no"}).status_code == 302
        assert fresh(user).wants_digest is wanted
    client.post(CHOOSE, {"wanted": "yes" if usual else "no"})  # as it is: nothing to tell
    told = Entry.objects.filter(verb="user.digest_chosen", object_id=str(user.pk))
    assert [one.facts["changes"]["weekly_digest"] for one in told.order_by("id")] == [
        [None, not usual], [not usual, usual],
    ]  # fmt: skip


def test_who_wants_it_gets_it_and_nobody_else(
    owner: User, colleague: User, employee: User, compliance: User, engagement: Engagement, mailoutbox: list[Any]
):
    with at(0):
        actions.choose_digest(compliance, wanted=False, actor=compliance)
        for user in (owner, colleague):
            late_risk(user)
        a_request(engagement, by=compliance, owner=employee)
        actions.choose_digest(colleague, wanted=False, actor=colleague)
        actions.choose_digest(employee, wanted=True, actor=employee)
        gone = UserFactory(role="control_owner", is_active=False)
        late_risk(gone)
        leave()
    assert {one.to[0] for one in digests(mailoutbox)} == {owner.email, employee.email}


def test_nothing_to_say_is_no_mail(owner: User, mailoutbox: list[Any]):
    with at(0):
        assert leave() >= 1  # the job of the owner, who is told nothing
    assert digests(mailoutbox) == []


# ---- when ------------------------------------------------------------------------------------------------------------


def test_it_comes_once_a_week_on_its_day(owner: User, mailoutbox: list[Any]):
    told = []
    late_risk(owner, days=4000)
    for number in (0, 0, 0.5, 1, 6, 7, 7.1, 13, 14):
        with at(number):
            told += [number] if leave() else []
    assert told == [0, 7, 14]
    assert len(digests(mailoutbox)) == 3


def test_a_day_on_which_nothing_ran_is_made_up_for(owner: User):
    told = []
    for number in (0, 9, 10, 13, 14):  # nothing ran on the second Monday
        with at(number):
            told += [number] if leave() else []
    assert told == [0, 9, 14]


def test_an_installation_begins_with_a_whole_week(owner: User):
    told = []
    for number in (3, 4, 7):
        with at(number):
            told += [number] if leave() else []
    assert told == [7]


def test_the_weekday_is_a_setting_and_changing_it_sends_no_second_one_within_a_week(owner: User, compliance: User):
    told = []
    with at(0):
        assert leave()
        change_setting("digest_weekday", value=5, reason="Fridays.", version=None, actor=compliance)
    for number in range(1, 20):
        with at(number):
            told += [number] if leave() else []
    assert told == [11, 18]


def test_two_workers_leave_one_each(owner: User, mailoutbox: list[Any]):
    with at(0):
        late_risk(owner)
        for _ in range(2):
            leave_digests.enqueue(actor=SYSTEM, title="Mail the weekly digests")
        run_all()
        [left] = [one for one in Job.objects.filter(title=TITLE) if one.args == {"user_id": owner.pk}]
        run_all()
    assert left.state == "done"
    assert len([one for one in digests(mailoutbox) if one.to == [owner.email]]) == 1


def test_whoever_says_no_meanwhile_gets_none(owner: User, mailoutbox: list[Any]):
    late_risk(owner)
    actions.choose_digest(owner, wanted=False, actor=owner)
    digest_mail.enqueue(actor=SYSTEM, title=TITLE, user_id=owner.pk)
    run_all()
    assert digests(mailoutbox) == []


# ---- what it says ----------------------------------------------------------------------------------------------------


def test_it_says_what_is_late_due_and_waiting_of_theirs_alone(
    owner: User, colleague: User, engagement: Engagement, compliance: User, mailoutbox: list[Any]
):
    late_risk(owner, "Stolen <b>laptop</b>")
    a_risk(owner=owner, title="Flood", review_on=today() + 14 * DAY)
    a_risk(owner=owner, title="Next month", review_on=today() + 15 * DAY)
    late_risk(colleague, "Fire")
    a_request(engagement, by=compliance, owner=owner, title="List of leavers", due_on=today() + DAY)
    run_all()
    digest_mail.enqueue(actor=SYSTEM, title=TITLE, user_id=owner.pk)
    run_all()
    [mail] = digests(mailoutbox)
    html = str(mail.alternatives[0][0])
    found = told_to(owner)
    assert mail.subject == f"Your week: {found.late.count} late, {found.soon.count} due, {found.waits} waiting"
    assert [one.title for one in found.late.shown] == ["Stolen <b>laptop</b>"]
    assert [one.title for one in found.soon.shown] == ["List of leavers", "Flood"]
    for words in ("Stolen <b>laptop</b>", "Flood", "1 × Requests: answer"):
        assert words in mail.body
    assert "Stolen &lt;b&gt;laptop&lt;/b&gt;" in html
    for words in ("Next month", "Fire", "Readiness"):
        assert words not in mail.body + html
    [entry] = Entry.objects.filter(verb="mail.sent", object_id=str(owner.pk), detail__contains="emails/digest")
    assert "Flood" not in entry.detail


def test_a_compliance_manager_is_told_the_readiness_its_change_and_whose_is_late(
    owner: User, compliance: User, mailoutbox: list[Any]
):
    trust_services()
    late_risk(owner)
    digest_mail.enqueue(actor=SYSTEM, title=TITLE, user_id=compliance.pk)
    run_all()
    [mail] = digests(mailoutbox)
    found = told_to(compliance)
    assert [one.code for one in found.series][:2] == ["CC1", "CC2"]
    assert f"CC1 {found.series[0].title}: 0 of {found.series[0].total}" in mail.body
    assert found.late.count == 0  # hers is nothing
    assert [(one.name, one.count) for one in found.people] == [(str(owner), 1)]
    assert f"{owner}: 1, the oldest since {today() - 3 * DAY} (1 × review of the risk)" in mail.body
    assert reverse("overview") in mail.body
    assert told_to(owner).series == []


def test_the_change_is_that_of_a_week(compliance: User, owner: User, manager: User):
    def changes() -> dict[str, str]:
        refresh_stale()
        return {one.code: one.change for one in told_to(compliance).series if one.change}

    with at(2):
        trust_services()
        control = operating(owner=owner, since="2026-05-01")
        link(control, "CC6.1")
    with at(4):
        may = datetime.date(2026, 5, 31)
        evidence_actions.accept(evidence(control, actor=owner, period=(may.replace(day=1), may)), actor=manager)
    with at(10):
        assert changes() == {"CC6": "+1"}
        assert told_to(compliance).says_something
    with at(12):
        assert changes() == {}
    with at(30 + 14):  # June is over, and so is its grace: nothing was shown of it
        assert changes() == {"CC6": "−1"}


def test_the_first_week_of_a_year_compares_nothing(compliance: User):
    trust_services()
    with time_machine.travel(datetime.datetime(2026, 1, 5, 9, tzinfo=datetime.UTC), tick=False):
        assert {one.before for one in told_to(compliance).series} == {None}
    with time_machine.travel(datetime.datetime(2026, 1, 12, 9, tzinfo=datetime.UTC), tick=False):
        assert None not in {one.before for one in told_to(compliance).series}


def test_an_auditor_who_chose_it_reads_of_the_engagement_while_the_access_is_open(
    auditor: User, engagement: Engagement, owner: User, compliance: User
):
    late_risk(owner)
    a_request(engagement, by=compliance, owner=owner, title="List of leavers", due_on=today())
    found = told_to(auditor)
    assert [one.title for one in found.soon.shown] == ["List of leavers"]
    assert (found.late.count, found.series, found.people) == (0, [], [])
    with time_machine.travel(timezone.now() + 40 * DAY, tick=False):
        assert not told_to(auditor).says_something


def test_restricted_incidents_are_numbers(compliance: User, mailoutbox: list[Any]):
    incident = an_incident(title="Insider at work", restricted=True, commander=compliance)
    a_clock(incident)
    run_all()
    digest_mail.enqueue(actor=SYSTEM, title=TITLE, user_id=compliance.pk)
    run_all()
    [mail] = digests(mailoutbox)
    assert incident.ref in mail.body
    assert "Insider" not in mail.body + str(mail.alternatives[0][0])


def test_long_lists_are_cut_and_cost_the_same_queries(owner: User, compliance: User):
    noon = timezone.now() + datetime.timedelta(minutes=10)

    def asked(user: User) -> int:
        with time_machine.travel(noon, tick=False), CaptureQueriesContext(connection) as captured:
            told_to(user)
        return len(captured)

    control = ControlFactory(owner=owner, review_date=today() + DAY)
    finding(control, actor=compliance, days_ago=400, owner=owner)
    for _ in range(3):
        late_risk(owner)
    few = [asked(user) for user in (owner, compliance)]
    for _ in range(MOST):
        late_risk(owner)
        finding(ControlFactory(owner=owner, review_date=today() + DAY), actor=compliance, days_ago=400, owner=owner)
    assert [asked(user) for user in (owner, compliance)] == few
    found = told_to(owner)
    assert len(found.late.shown) == MOST
    assert found.late.more == found.late.count - MOST > 0


def test_lists_of_nothing_say_nothing(employee: User):
    found = digest_of(employee, [], [])
    assert not found.says_something
    assert found.waits == 0
