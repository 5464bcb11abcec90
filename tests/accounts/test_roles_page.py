"""The page of roles says exactly what is asked: the table, the grants, the windows, the duties."""

import csv
import datetime
import io

import pytest
from django.test import Client
from django.utils import timezone

from audits.models import Engagement
from foundation.accounts.access import can
from foundation.accounts.duties import DUTIES
from foundation.accounts.models import User
from foundation.accounts.review import ROLES, SCOPES, permissions
from foundation.accounts.roles import Role
from foundation.accounts.table import AUDITOR_MAY, AUDITOR_WRITES, SIGNING, TABLE
from foundation.pages.paper import cover_for, html_for, paper_for
from foundation.trail.models import Entry
from tests.factories.people import ExceptionFactory, UserFactory

PAGE = "/accounts/roles/"


def test_it_shows_every_verb_of_the_table_and_no_other(db: None):
    shown = permissions()
    assert len(shown) == sum(len(verbs) for verbs in TABLE.values())
    assert sum(one.signs for one in shown) == len(SIGNING)
    rows = iter(shown)
    for label, verbs in TABLE.items():
        for verb, scopes in verbs.items():
            row = next(rows)
            assert row.verb == verb.replace("_", " ")
            for role, words in zip(ROLES, row.scopes, strict=True):
                his = verb in AUDITOR_MAY or (label, verb) in AUDITOR_WRITES
                reaches = role in scopes and (role != Role.AUDITOR or his)
                assert words == (SCOPES[scopes[role]] if reaches else "")


@pytest.mark.parametrize("role", [role for role in Role if role != Role.AUDITOR])
def test_what_it_says_of_a_role_is_what_a_person_of_that_role_may(db: None, role: Role):
    from django.apps import apps

    user, shown = UserFactory(role=role), iter(permissions())
    column = ROLES.index(role)
    for label, verbs in TABLE.items():
        for verb in verbs:
            assert can(user, verb, apps.get_model(label)) == bool(next(shown).scopes[column]), (label, verb)


def test_it_shows_who_holds_what_and_until_when(client: Client, admin: User, auditor: User, engagement: Engagement):
    exception = ExceptionFactory(
        beneficiary=UserFactory(role="compliance_manager"), approver=UserFactory(role="manager"),
        requested_by=UserFactory(role="compliance_manager"), state="approved",
    )  # fmt: skip
    client.force_login(admin)
    answer = client.get(PAGE)
    page = answer.content.decode()
    assert dict(answer.context["holders"]) == {
        Role.ADMINISTRATOR: 1, Role.COMPLIANCE_MANAGER: 2, Role.MANAGER: 1, Role.CONTROL_OWNER: 0, Role.EMPLOYEE: 0,
        Role.AUDITOR: 1,
    }  # fmt: skip
    [grant] = answer.context["grants"]
    assert (grant.person, grant.verb) == ("Audrey Auditor", "view")
    assert grant.record == f"engagement {engagement.pk}"  # an administrator does not see engagements
    assert engagement.name not in page
    assert [window.user for window in answer.context["windows"]] == [auditor]
    assert exception.get_absolute_url() in page
    for duty in DUTIES.values():
        assert duty.rule in page
    assert page.count("Signs</span>") == len(SIGNING)


def test_the_compliance_manager_reads_which_record(
    client: Client, compliance: User, auditor: User, engagement: Engagement
):
    client.force_login(compliance)
    assert client.get(PAGE).context["grants"][0].record == str(engagement)


def test_what_is_over_is_not_shown(client: Client, admin: User, auditor: User):
    import time_machine

    with time_machine.travel(timezone.now() + datetime.timedelta(days=31)):
        client.force_login(admin)
        answer = client.get(PAGE)
    assert (answer.context["grants"], answer.context["windows"], answer.context["exceptions"]) == ([], [], [])


def test_the_csv_holds_the_table_and_leaves_an_entry(client: Client, compliance: User):
    client.force_login(compliance)
    rows = list(csv.reader(io.StringIO(client.get(f"{PAGE}export.csv").getvalue().decode("utf-8-sig"))))
    assert rows[0] == ["Register", "Verb", "Signs", *(role.label for role in Role)]
    assert rows[1:] == [[p.register, p.verb, "yes" if p.signs else "no", *p.scopes] for p in permissions()]
    assert Entry.objects.get(verb="access.exported").actor_id == compliance.pk


def test_it_is_printed(compliance: User, auditor: User):
    html = html_for(paper_for(PAGE, compliance), cover_for(compliance))
    for words in (
        "Who may do what",
        "Audrey Auditor",
        "approve not applicable (signs)",
        *(d.rule for d in DUTIES.values()),
    ):
        assert words in html


def test_the_way_to_it_is_on_the_list_of_accounts(client: Client, admin: User, employee: User):
    client.force_login(admin)
    assert f'href="{PAGE}"' in client.get("/accounts/").content.decode()
    client.force_login(employee)
    assert f'href="{PAGE}"' not in client.get("/accounts/").content.decode()
