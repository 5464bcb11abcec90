"""What runs by the clock: the quarter's campaign, the end of exceptions, one mail a day to whoever is waited for."""

import datetime
from typing import Any

import pytest
import time_machine

from accessreviews import campaigns, removals
from accessreviews.deciding import delegate
from accessreviews.jobs import end_exceptions, plan_access_review, remind_of_access_reviews
from accessreviews.models import Assignment, Campaign, CampaignControl, CampaignState, Review, ReviewState
from accessreviews.reminders import reminded_on
from foundation.accounts.actions import deactivate
from foundation.accounts.models import User
from foundation.jobs.models import Job
from foundation.jobs.worker import run_all
from foundation.trail.models import Entry
from foundation.trail.record import SYSTEM
from tests.factories.controls import ControlFactory
from tests.factories.listings import a_system
from tests.factories.reviews import a_manager, approved, decided, signed
from tests.factories.rounds import a_part, a_removal, approved_review, fresh

THIRD = {
    "period_from": datetime.date(2026, 7, 1), "period_to": datetime.date(2026, 9, 30),
    "due_on": datetime.date(2026, 9, 30),
}  # fmt: skip


def on(text: str) -> Any:
    return time_machine.travel(datetime.datetime.fromisoformat(f"{text}T08:00:00+00:00"))


def ran(job: Any) -> None:
    """The job and all that it leaves for workers, done."""
    job.enqueue(actor=SYSTEM, title="By the clock")
    run_all()
    assert not Job.objects.exclude(state="done").exists()


def planned() -> dict[str, Review]:
    campaign = Campaign.objects.get(state=CampaignState.DRAFT)
    return {review.system.name: review for review in campaign.reviews.select_related("system", "reviewer")}


# ---- the quarter's campaign ----------------------------------------------------------------------------------------


def test_the_quarter_is_planned_once_with_what_is_due_and_the_people_of_the_last(compliance: User, manager: User):
    control = ControlFactory(ref="IAM-05")
    with on("2026-09-10"):
        git, wiki = a_system(name="Git"), a_system(name="Wiki", production=False)
        a_system(name="Toy", in_scope=False)
        for system in (git, wiki):
            part = a_part(compliance, manager, system=system, control=control.ref, **THIRD)
            approved_review(part)
        reviewer = part.reviewer
        a_system(name="New", production=False)
    with on("2026-10-01"):
        ran(plan_access_review)
        ran(plan_access_review)
    campaign = Campaign.objects.get(state=CampaignState.DRAFT)
    told = (campaign.name, str(campaign.period_from), str(campaign.period_to), str(campaign.due_on), campaign.approver)
    assert told == ("Access review, 2026 Q4", "2026-10-01", "2026-12-31", "2026-12-31", manager)
    found = planned()
    assert {name: review.state for name, review in found.items()} == {
        "Git": ReviewState.DRAFT, "New": ReviewState.DRAFT, "Wiki": ReviewState.OMITTED,
    }  # fmt: skip
    assert found["Wiki"].omitted_reason == "Reviewed twice a year; next in 2027 Q1."
    assert (found["Git"].reviewer.name, found["New"].reviewer) == (reviewer.name, None)
    assert [link.control for link in CampaignControl.objects.filter(campaign=campaign)] == [control]
    assert Entry.objects.get(verb="campaign.created", object_id=str(campaign.pk)).actor_kind == "system"


def test_who_has_left_is_not_taken_over(compliance: User, manager: User, admin: User):
    with on("2026-09-10"):
        part = a_part(compliance, manager, system=a_system(name="Git"), **THIRD)
        approved_review(part)
        for person in (manager, part.reviewer):
            deactivate(fresh(person), actor=admin, reason="Left.")
    with on("2026-11-22"):
        ran(plan_access_review)
    assert Campaign.objects.get(state=CampaignState.DRAFT).approver is None
    assert planned()["Git"].reviewer is None


def test_nothing_is_planned_without_systems_nor_again_after_it_was_called_off(compliance: User):
    ran(plan_access_review)
    assert not Campaign.objects.exists()
    a_system()
    ran(plan_access_review)
    campaigns.cancel(Campaign.objects.get(), actor=compliance, reason="We do it by hand.")
    ran(plan_access_review)
    assert Campaign.objects.count() == 1


# ---- reminders -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "last"),
    [("2026-09-15", None), ("2026-09-16", "2026-09-16"), ("2026-09-22", "2026-09-16"), ("2026-09-23", "2026-09-23"),
     ("2026-09-29", "2026-09-29"), ("2026-10-02", "2026-09-29"), ("2026-10-03", "2026-10-03"),
     ("2026-10-05", "2026-10-03"), ("2026-10-06", "2026-10-06")],
)  # fmt: skip
def test_people_are_reminded_14_7_and_1_days_before_and_each_3_after(day: str, last: str | None):
    due, today = datetime.date(2026, 9, 30), datetime.date.fromisoformat(day)
    expected = last and datetime.date.fromisoformat(last)
    assert reminded_on(due, today, datetime.date(2026, 9, 1)) == expected
    assert reminded_on(due, today, today) == (expected if last == day else None)  # it waits since today alone


def test_one_mail_a_day_lists_all_to_reviewer_and_delegate(compliance: User, manager: User, mailoutbox: list[Any]):
    reviewer, helper = a_manager("Rita Review"), a_manager("Hal Helper")
    with on("2026-09-16"):
        for name in ("Git", "Wiki"):
            part = a_part(compliance, manager, system=a_system(name=name), reviewer=reviewer, **THIRD)
        delegate(part, actor=reviewer, delegate=helper, reason="Away.")
        ran(remind_of_access_reviews)
        ran(remind_of_access_reviews)  # a second run on the same day sends nothing
    assert sorted(mail.to[0] for mail in mailoutbox) == sorted([reviewer.email, helper.email])
    (mail,) = [mail for mail in mailoutbox if mail.to == [reviewer.email]]
    assert mail.subject == "access reviews wait for you (2)"
    assert "Git: decide on 3 account(s) and sign, due 2026-09-30" in mail.body
    assert Assignment.objects.first().get_absolute_url() in mail.body
    with on("2026-09-17"):
        ran(remind_of_access_reviews)
    assert len(mailoutbox) == 2
    with on("2026-10-03"):
        ran(remind_of_access_reviews)
    assert mailoutbox[-1].subject.startswith("Overdue: ")


def test_a_day_on_which_nothing_ran_is_made_up_for_once(compliance: User, manager: User, mailoutbox: list[Any]):
    reviewer = a_manager("Rita Review")
    with on("2026-09-10"):
        part = a_part(compliance, manager, system=a_system(name="Git"), reviewer=reviewer, **THIRD)
    for day, mails in (("2026-09-18", 1), ("2026-09-19", 1), ("2026-09-25", 2), ("2026-09-26", 2), ("2026-10-08", 3)):
        with on(day):
            ran(remind_of_access_reviews)
            ran(remind_of_access_reviews)
        assert len(mailoutbox) == mails, day
    with on("2026-10-08"):
        decided(part)
        signed(fresh(part))
    for day, mails in (("2026-10-08", 3), ("2026-10-11", 4), ("2026-10-12", 5), ("2026-10-13", 5)):
        with on(day):
            ran(remind_of_access_reviews)
        assert len(mailoutbox) == mails, day
    assert [mail.to for mail in mailoutbox] == [[reviewer.email]] * 3 + [[manager.email]] * 2


def test_a_review_that_was_launched_late_reminds_of_no_day_before(
    compliance: User, manager: User, mailoutbox: list[Any]
):
    with on("2026-09-24"):
        a_part(compliance, manager, system=a_system(name="Git"), **THIRD)
    for day, mails in (("2026-09-24", 0), ("2026-09-28", 0), ("2026-09-30", 1), ("2026-10-01", 1)):
        with on(day):
            ran(remind_of_access_reviews)
        assert len(mailoutbox) == mails, day


def test_approvers_hear_of_it_the_day_after_the_signature(compliance: User, manager: User, mailoutbox: list[Any]):
    with on("2026-09-10"):
        part = a_part(compliance, manager, system=a_system(name="Git"), **THIRD)
        decided(part)
        signed(fresh(part))
        ran(remind_of_access_reviews)
    assert mailoutbox == []
    with on("2026-09-11"):
        ran(remind_of_access_reviews)
    with on("2026-09-12"):
        ran(remind_of_access_reviews)
    (mail,) = mailoutbox
    assert (mail.to, "Git: approve the review" in mail.body) == ([manager.email], True)


def test_owners_are_told_each_day_until_it_is_done(compliance: User, manager: User, owner: User, mailoutbox: list[Any]):
    with on("2026-09-10"):
        part = a_part(compliance, manager, system=a_system(name="Git", owner=owner), **THIRD)
        removal = a_removal(part)
        approved(part.review)
        ran(remind_of_access_reviews)
    with on("2026-09-15"):
        ran(remind_of_access_reviews)
        assert [mail.subject.split(":")[0] for mail in mailoutbox] == ["access reviews wait for you (1)", "Overdue"]
        assert f"remove the access of {removal.account.key}" in mailoutbox[-1].body
        removals.complete(fresh(removal), actor=owner, ticket="OPS-1", note="Gone.")
    with on("2026-09-16"):
        ran(remind_of_access_reviews)
    assert len(mailoutbox) == 2


def test_an_exception_keeps_mails_away_until_its_last_day(
    compliance: User, manager: User, owner: User, mailoutbox: list[Any]
):
    """Also while nobody has written down that it ended: the condition asks the day, not the job."""
    with on("2026-09-10"):
        part = a_part(compliance, manager, system=a_system(name="Git", owner=owner), **THIRD)
        removal = a_removal(part)
        approved(part.review)
        removals.request_exception(fresh(removal), actor=compliance, reason="Needed.", until=datetime.date(2026, 9, 20))
        removals.except_(fresh(removal), actor=a_manager("Eve"))
    with on("2026-09-20"):
        ran(remind_of_access_reviews)
    assert mailoutbox == []
    with on("2026-09-21"):
        ran(remind_of_access_reviews)
    assert fresh(removal).excepted_by is not None
    assert f"remove the access of {removal.account.key}" in mailoutbox[0].body


def test_who_has_no_account_any_more_gets_no_mail(compliance: User, manager: User, admin: User, mailoutbox: list[Any]):
    with on("2026-09-16"):
        part = a_part(compliance, manager, **THIRD)
        deactivate(fresh(part.reviewer), actor=admin, reason="Left.")
        ran(remind_of_access_reviews)
    assert mailoutbox == []


def test_exceptions_end_by_the_clock(compliance: User, manager: User, owner: User):
    with on("2026-09-10"):
        part = a_part(compliance, manager, system=a_system(owner=owner), **THIRD)
        removal = a_removal(part)
        approved(part.review)
        removals.request_exception(fresh(removal), actor=compliance, reason="Needed.", until=datetime.date(2026, 9, 20))
        removals.except_(fresh(removal), actor=a_manager("Eve"))
        ran(end_exceptions)
    assert fresh(removal).excepted_by is not None
    with on("2026-09-21"):
        ran(end_exceptions)
    assert (fresh(removal).excepted_by, fresh(removal).finding is not None) == (None, True)
