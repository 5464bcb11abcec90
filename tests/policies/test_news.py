"""Whom a submitted policy tells by mail: everybody who is named to approve it, but who submits it and who did it."""

from typing import Any

import pytest
from django.core import mail

from foundation.accounts.models import User
from foundation.jobs.worker import run_all
from policies import approval, drafting
from tests.factories.mails import nothing_waits, told_twice
from tests.factories.people import UserFactory
from tests.factories.policies import a_policy, draft_of, named

pytestmark = pytest.mark.django_db


def fresh(row: Any) -> Any:
    return type(row).objects.get(pk=row.pk)


def test_everybody_who_is_named_is_told_but_who_submits_it(
    compliance: User, manager: User, owner: User, admin: User, employee: User
):
    second = UserFactory(role="manager", email="second@example.com")
    policy = named(a_policy(title="Clean desk", owner=owner), manager, second, compliance)
    assert nothing_waits()
    version = drafting.submit(draft_of(policy), actor=compliance)
    assert told_twice() == sorted([manager.email, second.email])
    for message in mail.outbox:
        assert message.subject == f"Waits for your approval: {version.ref}"
        assert f"{compliance.name} submitted it." in message.body
        assert "Clean desk" in message.body
        assert version.get_absolute_url() in message.body


def test_whoever_approved_meanwhile_is_not_told_and_another_submission_is(compliance: User, manager: User, owner: User):
    second = UserFactory(role="manager", email="second@example.com")
    policy = named(a_policy(title="Clean desk", owner=owner), manager, second)
    version = drafting.submit(draft_of(policy), actor=compliance)
    approval.approve(fresh(version), actor=manager)
    assert told_twice() == [second.email]
    drafting.give_back(fresh(version), actor=second, reason="Say less.")
    drafting.submit(fresh(version), actor=compliance)
    assert told_twice() == sorted([manager.email, second.email])


def test_a_draft_that_was_taken_back_before_the_mail_is_sent_tells_nobody(compliance: User, manager: User, owner: User):
    version = drafting.submit(draft_of(named(a_policy(owner=owner), manager)), actor=compliance)
    drafting.withdraw(fresh(version), actor=compliance, reason="Too early.")
    run_all()
    assert mail.outbox == []
