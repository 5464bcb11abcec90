"""Acknowledging: the version that was shown, once; on paper; the pages, mails and evidence of it."""

import csv
import datetime
import io
import json
from collections.abc import Iterable
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from evidence.models import Evidence, EvidenceLink
from evidence.own import OURS
from foundation.accounts.access import moment_for, visible
from foundation.accounts.actions import deactivate
from foundation.accounts.models import User
from foundation.jobs.worker import run_all
from foundation.organisation.models import today
from foundation.trail.asof import rows
from foundation.trail.models import Entry
from foundation.trail.record import SYSTEM
from people.models import Person
from policies import actions
from policies.acknowledging.giving import STATEMENT, acknowledge, record_paper
from policies.acknowledging.jobs import remind_of_policies
from policies.acknowledging.owed import DONE, DUE, LATE, of_person
from policies.acknowledging.populations import acknowledged
from policies.acknowledging.populations import in_force as bound
from policies.acknowledging.reminders import reminders
from policies.acknowledging.results import record_acknowledgements
from policies.acknowledging.work import acknowledging_work
from policies.models import Acknowledgement, Method, Part, Policy, PolicyVersion
from tests.factories.controls import ControlFactory
from tests.factories.people import UserFactory, WindowFactory
from tests.factories.policies import amended, day, in_force
from tests.factories.roster import a_person, changed

pytestmark = pytest.mark.django_db


def member(role: str = "employee", **values: Any) -> tuple[Person, User]:
    """Somebody of the roster with an account of this role."""
    user = UserFactory(role=role)
    return a_person(**{"email": user.email, "user": user, "name": user.name} | values), user


def given(version: PolicyVersion, user: User) -> Acknowledgement:
    """What the person acknowledges."""
    return acknowledge(version, actor=user, sha256=version.sha256)


def in_client(user: User) -> Client:
    """A browser in which this person is signed in."""
    client = Client()
    client.force_login(user)
    return client


# ---- on screen -----------------------------------------------------------------------------------------------------


def test_the_exact_version_is_acknowledged_once_whoever_presses_twice() -> None:
    version, (person, user) = in_force(), member()
    first, second = given(version, user), given(version, user)
    assert first == second
    row = Acknowledgement.objects.get()
    assert (row.person, row.policy_version, row.user, row.round, row.method) == (
        person,
        version,
        user,
        1,
        Method.SCREEN,
    )
    assert (row.sha256, row.acknowledged_on) == (version.sha256, today())
    assert row.statement == f"I have read {version.ref}, “{version.title}”, and I will keep to it."
    entry = Entry.objects.get(verb="acknowledgement.created")
    assert entry.facts["refs"]["sha256"] == version.sha256


def test_a_version_that_was_superseded_meanwhile_is_refused_in_clear_words() -> None:
    version, (_, user) = in_force(), member()
    newer = amended(version, material=False)
    with pytest.raises(ValidationError, match=r"was replaced by 1\.1 while you were reading") as refused:
        given(version, user)
    assert newer.ref in refused.value.messages[0]
    assert not Acknowledgement.objects.exists()


def test_another_text_than_was_shown_is_refused() -> None:
    version, (_, user) = in_force(), member()
    with pytest.raises(ValidationError, match="not the text that you were shown"):
        acknowledge(version, actor=user, sha256="0" * 64)
    assert not Acknowledgement.objects.exists()


def test_only_the_audience_acknowledges_and_only_who_works_here() -> None:
    version = in_force(audience={"departments": ["Sales"]})
    _, outside = member()
    with pytest.raises(ValidationError, match="not to be acknowledged by you"):
        given(version, outside)
    _, gone = member(department="Sales", ends_on=day(-1))
    with pytest.raises(PermissionDenied):
        given(version, gone)
    with pytest.raises(PermissionDenied):
        given(version, UserFactory(role="employee"))
    _, last_day = member(department="Sales", ends_on=today())
    assert given(version, last_day).round == 1


def test_a_year_later_the_same_version_is_acknowledged_anew() -> None:
    version, (person, user) = in_force(), member()
    given(version, user)
    with time_machine.travel(timezone.now() + datetime.timedelta(days=340), tick=False):
        assert [one.again for one in of_person(person)] == [True]
        assert (given(version, user).round, given(version, user).round) == (2, 2)
        assert [(one.standing, one.again) for one in of_person(person)] == [(DONE, False)]


def test_the_database_keeps_one_row_for_a_round_and_never_rewrites_it() -> None:
    version, (_, user) = in_force(), member()
    row = given(version, user)
    table = Acknowledgement._meta.db_table
    for statement in (f"UPDATE {table} SET statement = 'x'", f"DELETE FROM {table}"):
        with pytest.raises(Exception, match="never rewritten"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    row.pk = None
    columns = [field.column for field in Acknowledgement._meta.concrete_fields if not field.primary_key]
    names = ", ".join(columns)
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM {table}")


# ---- on paper ------------------------------------------------------------------------------------------------------


def test_a_paper_is_recorded_for_somebody_without_an_account() -> None:
    version, person, keeper = in_force(), a_person(), UserFactory(role="compliance_manager")
    row = record_paper(version, actor=keeper, person=person, acknowledged_on=today(), note="In binder 3.")
    assert (row.method, row.user, row.note, row.sha256) == (Method.PAPER, keeper, "In binder 3.", version.sha256)
    assert [one.standing for one in of_person(person)] == [DONE]


@pytest.mark.parametrize(
    ("ends", "on", "words"),
    [(None, 1, "has not come yet"), (None, -1, "not in force yet"), (-1, 0, "had left")],
)
def test_a_paper_of_an_impossible_day_is_refused(ends: int | None, on: int, words: str) -> None:
    version, keeper = in_force(), UserFactory(role="compliance_manager")
    person = a_person(ends_on=None if ends is None else day(ends))
    with pytest.raises(ValidationError, match=words):
        record_paper(version, actor=keeper, person=person, acknowledged_on=day(on), note="In binder 3.")
    assert not Acknowledgement.objects.exists()


def test_nobody_records_a_paper_of_their_own_or_twice_or_without_its_place() -> None:
    version, (own, keeper), other = in_force(), member("compliance_manager"), a_person()
    with pytest.raises(ValidationError, match="Acknowledge your own on screen"):
        record_paper(version, actor=keeper, person=own, acknowledged_on=today(), note="In binder 3.")
    with pytest.raises(ValidationError, match="where the paper is"):
        record_paper(version, actor=keeper, person=other, acknowledged_on=today(), note=" ")
    record_paper(version, actor=keeper, person=other, acknowledged_on=today(), note="In binder 3.")
    with pytest.raises(ValidationError, match="recorded already"):
        record_paper(version, actor=keeper, person=other, acknowledged_on=today(), note="In binder 3.")


def test_the_form_of_a_paper_says_what_is_wrong_beside_it() -> None:
    version, person = in_force(), a_person(ends_on=day(-1))
    client = in_client(UserFactory(role="compliance_manager"))
    sent = {
        "policy_version": version.pk,
        "person": person.pk,
        "acknowledged_on": today().isoformat(),
        "note": "Binder 3",
    }
    answer = client.post("/policies/acknowledgements/new/", sent)
    assert answer.status_code == 422
    assert "had left by then" in answer.content.decode()
    here = sent | {"person": a_person().pk}
    assert client.post("/policies/acknowledgements/new/", here | {"acknowledged_on": "0001-01-01"}).status_code == 422
    assert client.post("/policies/acknowledgements/new/", here | {"proof": "EV-99999999999"}).status_code == 422
    assert client.post("/policies/acknowledgements/new/", here | {"note": "a\x00b"}).status_code == 422
    assert not Acknowledgement.objects.exists()
    assert client.post("/policies/acknowledgements/new/", here).status_code == 302
    assert Acknowledgement.objects.get().note == "Binder 3"


# ---- the pages -----------------------------------------------------------------------------------------------------


def test_one_opens_reads_and_acknowledges_with_one_button() -> None:
    version, (_, user) = in_force(title="Clean desk"), member()
    client = in_client(user)
    (item,) = acknowledging_work(user)
    assert (item.title, item.kind, item.due) == ("Clean desk", "To read and acknowledge", day(30))
    page = client.get("/policies/to-read/").content.decode()
    assert "1 policy waits for you" in page
    assert f"/policies/to-read/{version.pk}/" in page
    page = client.get(item.action_url).content.decode()
    assert version.sha256 in page
    assert STATEMENT.format(version=f"{version.ref}, “Clean desk”,") in page
    answer = client.post(item.action_url, {"version": version.version, "sha256": version.sha256})
    assert answer.headers["Location"] == "/policies/to-read/"
    assert Acknowledgement.objects.get().user == user
    assert acknowledging_work(user) == []
    assert "All is read" in client.get("/policies/to-read/").content.decode()
    assert "You acknowledged this version" in client.get(item.action_url).content.decode()


def test_a_page_that_was_open_too_long_says_what_to_read_instead() -> None:
    version, (_, user) = in_force(), member()
    client, url = in_client(user), f"/policies/to-read/{version.pk}/"
    shown = {"version": version.version, "sha256": version.sha256}
    newer = amended(version)
    answer = client.post(url, shown)
    assert answer.status_code == 422
    assert "was replaced by 2.0 while you were reading" in answer.content.decode()
    assert not Acknowledgement.objects.exists()
    assert client.get(url).headers["Location"] == f"/policies/to-read/{newer.pk}/"
    page = client.get(f"/policies/to-read/{newer.pk}/").content.decode()
    assert "It grew." not in page  # nothing was acknowledged before, so that nothing changed for them


def test_who_acknowledged_an_earlier_version_is_told_what_changes() -> None:
    version, (_, user) = in_force(), member()
    given(version, user)
    newer = amended(version)
    assert "It grew." in in_client(user).get(f"/policies/to-read/{newer.pk}/").content.decode()


def test_who_is_not_on_the_roster_reads_and_is_told_so() -> None:
    version, client = in_force(), in_client(UserFactory(role="employee"))
    assert "not on the roster" in client.get("/policies/to-read/").content.decode()
    page = client.get(f"/policies/to-read/{version.pk}/").content.decode()
    assert "not on the roster" in page
    assert 'name="sha256"' not in page
    assert client.post(f"/policies/to-read/{version.pk}/", {"version": 1, "sha256": version.sha256}).status_code == 403


def test_a_policy_for_others_and_a_draft_are_not_there() -> None:
    _, user = member()
    version = in_force(audience={"departments": ["Sales"]})
    assert in_client(user).get(f"/policies/to-read/{version.pk}/").status_code == 404
    assert in_client(user).get("/policies/to-read/999999999999/").status_code == 404


def test_the_register_is_filtered_and_exported() -> None:
    version, other = in_force(title="Clean desk"), in_force(title="Backups")
    person, user = member(department="Sales")
    given(version, user)
    record_paper(
        other, actor=UserFactory(role="compliance_manager"), person=a_person(), acknowledged_on=today(), note="Binder 3"
    )
    client = in_client(UserFactory(role="compliance_manager"))

    def found(query: str) -> list[str]:
        text = client.get(f"/policies/acknowledgements/export.csv?{query}").getvalue().decode("utf-8-sig")
        return [row["Title"] for row in csv.DictReader(io.StringIO(text))]

    assert sorted(found("")) == ["Backups", "Clean desk"]
    for query in (
        f"policy={version.policy_id}", f"version={version.pk}", f"person=P-{person.pk}", "department=Sales",
        "method=screen", "q=desk", f"person={person.name.split()[0]}",
    ):  # fmt: skip
        assert found(query) == ["Clean desk"], query
    assert found(f"since={day(1)}") == []
    assert len(found(f"until={today()}")) == 2
    assert client.get("/policies/acknowledgements/?since=9999-12-31").status_code == 422
    row = Acknowledgement.objects.get(method="paper")
    assert "invalid name" not in client.get("/policies/acknowledgements/").content.decode()
    page = client.get(f"/policies/acknowledgements/{row.pk}/").content.decode()
    assert "Binder 3" in page
    assert other.sha256 in page


def test_one_sees_ones_own_and_a_manager_the_team() -> None:
    lead, boss = member("manager")
    person, user = member(manager=lead)
    _, stranger = member()
    version = in_force()
    for one in (user, stranger):
        given(version, one)
    assert {row.person for row in visible(user, Acknowledgement)} == {person}
    assert {row.person for row in visible(boss, Acknowledgement)} == {person}
    assert visible(UserFactory(role="compliance_manager"), Acknowledgement).count() == 2
    assert visible(UserFactory(role="administrator"), Acknowledgement).count() == 0


def test_an_auditor_sees_what_was_acknowledged_until_the_end_of_the_period() -> None:
    auditor = UserFactory(role="auditor")
    with time_machine.travel(timezone.now() - datetime.timedelta(days=100), tick=False):
        version, (early, user), (late, other) = in_force(), member(name="Early"), member(name="Late")
        first = given(version, user)
    given(version, other)
    last = day(-50)
    assert not visible(auditor, Acknowledgement).exists()  # no window
    WindowFactory(user=auditor, period_from=last - datetime.timedelta(days=60), period_to=last)
    moment = moment_for(auditor, None, Acknowledgement)
    assert moment is not None
    seen = visible(auditor, rows(Acknowledgement, moment), moment)
    assert list(seen.values_list("id", flat=True)) == [first.pk]
    assert not visible(auditor, Acknowledgement).exists()
    client = in_client(auditor)
    page = client.get("/policies/acknowledgements/").content.decode()
    assert early.name in page
    assert late.name not in page
    tab = client.get(f"/policies/{version.policy_id}/acknowledgements/").content.decode()
    assert "1 acknowledged" in tab
    assert "1 late" in tab
    assert client.get(f"/policies/{version.policy_id}/acknowledgements/export.csv").status_code == 404
    assert client.get(f"/policies/{version.policy_id}/acknowledgements/sign/").status_code in (403, 404)


def test_an_auditor_before_whose_period_it_ended_sees_no_acknowledgement_of_it() -> None:
    auditor = UserFactory(role="auditor")
    with time_machine.travel(timezone.now() - datetime.timedelta(days=100), tick=False):
        version, (_, user) = in_force(), member()
        given(version, user)
    with time_machine.travel(timezone.now() - datetime.timedelta(days=50), tick=False):
        newer = amended(version)
        again = given(newer, user)
    WindowFactory(user=auditor, period_from=day(-20), period_to=day(20))
    assert list(visible(auditor, Acknowledgement)) == [again]


def test_an_administrator_reads_nobodys_standing_on_any_page() -> None:
    """They keep the roster, and so see everybody on it; whose acknowledgements they see table.TABLE says."""
    version, (own, admin), (other, user) = in_force(), member("administrator"), member(name="Ines Roth")
    given(version, user)
    client, policy = in_client(admin), version.policy_id
    for url in (
        f"/policies/{policy}/acknowledgements/", f"/policies/{policy}/acknowledgements/export.csv",
        "/policies/acknowledgements/by-person/", "/policies/acknowledgements/by-person/export.csv",
        "/policies/acknowledgements/", "/policies/acknowledgements/export.csv",
    ):  # fmt: skip
        answer: Any = client.get(url)
        text = (answer.getvalue() if answer.streaming else answer.content).decode()
        assert answer.status_code == 200
        assert other.name not in text, url
    assert own.name in client.get("/policies/acknowledgements/by-person/").content.decode()


def test_the_tab_of_a_policy_tells_who_stands_how_and_the_csv_of_all() -> None:
    with time_machine.travel(timezone.now() - datetime.timedelta(days=40), tick=False):
        version = in_force()
    late, (_, user) = a_person(name="Late Larsson"), member()
    given(version, user)
    keeper = UserFactory(role="compliance_manager")
    page = in_client(keeper).get(f"/policies/{version.policy_id}/acknowledgements/").content.decode()
    for words in ("1 late", "1 acknowledged", "Late Larsson", "no account"):
        assert words in page
    answer: Any = in_client(keeper).get(f"/policies/{version.policy_id}/acknowledgements/export.csv")
    told = list(csv.DictReader(io.StringIO(answer.getvalue().decode("utf-8-sig"))))
    assert (told[0]["Person"], told[0]["Standing"]) == (late.ref, LATE)
    assert len(told) == 2
    own = in_client(user).get(f"/policies/{version.policy_id}/acknowledgements/").content.decode()
    assert "Late Larsson" not in own
    assert "1 acknowledged" in own


def test_a_manager_sees_how_the_team_stands() -> None:
    lead, boss = member("manager")
    member(manager=lead, department="Sales")
    a_person(name="Somebody Else")
    in_force()
    client = in_client(boss)
    page = client.get("/policies/acknowledgements/by-person/").content.decode()
    assert "Somebody Else" not in page
    assert "<strong>2</strong> people" in page  # the team and oneself
    assert "<strong>1</strong> person" in client.get("/policies/acknowledgements/by-person/?team=1").content.decode()
    answer: Any = client.get("/policies/acknowledgements/by-person/export.csv?department=Sales")
    told = list(csv.DictReader(io.StringIO(answer.getvalue().decode("utf-8-sig"))))
    assert [row["Standing"] for row in told] == [DUE]


@pytest.mark.parametrize(
    "url",
    [
        "/policies/to-read/", "/policies/acknowledgements/", "/policies/acknowledgements/by-person/",
        "/policies/{policy}/acknowledgements/", "/policies/to-read/{version}/",
    ],
)  # fmt: skip
def test_pages_take_as_many_queries_for_many_as_for_few(url: str) -> None:
    counts = []
    version = in_force()
    lead, keeper = member("compliance_manager")
    client = in_client(keeper)
    for number in (2, 8):
        for _ in range(number):
            _, user = member(manager=lead)
            given(version, user)
        in_force()
        here = url.format(policy=version.policy_id, version=version.pk)
        client.get(here)  # a session's first request writes when it was seen
        with CaptureQueriesContext(connection) as queries:
            client.get(here)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 12


# ---- mails ---------------------------------------------------------------------------------------------------------


def test_one_mail_tells_of_all_policies_once_a_day(mailoutbox: list[Any]) -> None:
    in_force(title="Clean desk")
    in_force(title="Backups")
    _, user = member()
    for _ in range(2):
        remind_of_policies.enqueue(actor=SYSTEM, title="Remind")
        run_all()
    (message,) = mailoutbox
    assert message.to == [user.email]
    assert "2 policies to read" in message.subject
    assert "Clean desk" in message.body
    assert "Backups" in message.body


def mailed_on(mailoutbox: list[Any], numbers: Iterable[int]) -> list[int]:
    """On which of these days, counted from today, the job of each left a mail."""
    begun, told = timezone.now(), []
    for number in numbers:
        with time_machine.travel(begun + datetime.timedelta(days=number), tick=False):
            before = len(mailoutbox)
            remind_of_policies.enqueue(actor=SYSTEM, title="Remind")
            run_all()
            told += [number] * (len(mailoutbox) - before)
    return told


def test_people_are_reminded_on_the_first_day_before_it_is_due_and_while_it_is_late(mailoutbox: list[Any]) -> None:
    version, (_, user) = in_force(), member()
    a_person()  # who has no account, and so no mail
    assert [line.overdue for line in reminders(day(37))[user.pk]] == [True]
    assert mailed_on(mailoutbox, (*range(3), *range(21, 32), 36, 37, 38, 44, 45)) == [0, 23, 30, 37, 44]
    given(version, user)
    assert not any(reminders(day(number)) for number in range(46, 60))


def test_a_day_on_which_nothing_ran_is_made_up_for_once(mailoutbox: list[Any]) -> None:
    in_force()
    member()
    assert mailed_on(mailoutbox, (1, 2, 3)) == [1]  # asked on day 0
    assert mailed_on(mailoutbox, (25, 25, 26, 29)) == [25]  # a week before it is due: day 23
    assert mailed_on(mailoutbox, (52, 53, 57, 58)) == [52, 58]  # late since day 30: days 30, 37, 44 and 51 are one mail


def test_an_address_that_is_refused_for_good_is_not_tried_again_before_the_next_reminder(settings: Any) -> None:
    settings.EMAIL_BACKEND = "tests.jobs.refusing.EmailBackend"
    in_force()
    _, user = member()
    assert mailed_on(mail.outbox, range(4)) == []
    (entry,) = Entry.objects.filter(verb="mail.refused")
    assert (entry.object_id, entry.outcome) == (str(user.pk), "failed")
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert mailed_on(mail.outbox, (4, 22, 23)) == [23]


def test_a_leaver_and_a_closed_account_get_no_mail() -> None:
    in_force()
    person, user = member()
    changed(person, ends_on=day(10))
    assert reminders(day(0))
    assert not reminders(day(23))
    _, other = member()
    assert set(reminders(day(0))) == {user.pk, other.pk}
    deactivate(other, actor=UserFactory(role="administrator"), reason="Gone.")
    assert set(reminders(day(0))) == {user.pk}


# ---- evidence ------------------------------------------------------------------------------------------------------


def test_how_everybody_stands_is_signed_and_kept_for_somebody_else_to_judge() -> None:
    version, (person, user), keeper = in_force(), member(), UserFactory(role="compliance_manager")
    other = a_person()
    given(version, user)
    policy = Policy.objects.get(pk=version.policy_id)
    with pytest.raises(ValidationError, match="Link a control"):
        record_acknowledgements(policy, actor=keeper)
    control = ControlFactory(ref="HR-01")
    actions.tie_control(policy, control, Part.ACKNOWLEDGEMENT, "People know it.", actor=keeper)
    item = record_acknowledgements(policy, actor=keeper, note="Two are on leave.")
    result = json.loads(Evidence.objects.get(pk=item.pk).file.read())
    assert result["format"] == "countersign policy acknowledgement 1"
    assert result["counts"] == {LATE: 0, DUE: 1, DONE: 1}
    assert [one["person"] for one in result["people"]] == sorted(
        [person.pk, other.pk], key=lambda pk: Person.objects.get(pk=pk).name
    )
    assert person.name not in json.dumps(result)
    assert item.source_system == OURS
    assert item.state == "submitted"
    assert EvidenceLink.objects.get(evidence=item).control == control
    entry = Entry.objects.get(verb="policy.acknowledgements_recorded")
    assert entry.facts["refs"]["evidence"] == item.pk


def test_it_is_signed_on_its_page_and_not_twice() -> None:
    version, (_, user), keeper = in_force(), member(), UserFactory(role="compliance_manager")
    control = ControlFactory(ref="HR-01")
    policy = Policy.objects.get(pk=version.policy_id)
    actions.tie_control(policy, control, Part.ACKNOWLEDGEMENT, "People know it.", actor=keeper)
    url = f"/policies/{policy.pk}/acknowledgements/sign/"
    client, sent = in_client(keeper), {"version": policy.version, "note": "Nobody is on leave."}
    assert "1 to read" in client.get(url).content.decode()
    for role, status in (("manager", 403), ("employee", 403)):
        assert in_client(UserFactory(role=role)).post(url, sent).status_code == status
    answer = client.post(url, sent)
    assert answer.headers["Location"] == f"/policies/{policy.pk}/acknowledgements/"
    item = Evidence.objects.get(query=f"Acknowledgement of {version.ref} on {today()}")
    assert json.loads(item.file.read())["note"] == "Nobody is on leave."
    again = client.post(url, sent)
    assert again.status_code == 422
    assert f"This is signed already, as {item.ref}." in again.content.decode()
    given(version, user)
    assert client.post(url, sent).status_code == 302
    assert Evidence.objects.filter(query=item.query).count() == 2


def test_signing_is_offered_where_a_control_rests_on_it_and_shown_afterwards() -> None:
    version, _, keeper = in_force(), member(), UserFactory(role="compliance_manager")
    policy = Policy.objects.get(pk=version.policy_id)
    tab, sign = (f"/policies/{policy.pk}/acknowledgements/{page}" for page in ("", "sign/"))
    client, linking = in_client(keeper), f'href="/policies/{policy.pk}/controls/new/"'
    for page in (tab, sign):
        shown = client.get(page).content.decode()
        assert "No control is linked for its acknowledgement." in shown
        assert shown.count(linking) == 1
        assert 'name="note"' not in shown
    assert f'href="{sign}"' not in client.get(tab).content.decode()
    refused = client.post(sign, {"version": policy.version, "note": "Two are on leave."})
    assert refused.status_code == 422
    assert "Two are on leave." in refused.content.decode()
    control = ControlFactory(ref="POL-02")
    actions.tie_control(policy, control, Part.ACKNOWLEDGEMENT, "People know it.", actor=keeper)
    before = client.get(tab).content.decode()
    assert f'href="{sign}"' in before
    assert "Signed last" not in before
    then = timezone.now()
    item = record_acknowledgements(policy, actor=keeper)
    for version_of in (in_force(), amended(version)):  # of another policy; and of this one, newer
        other = Policy.objects.get(pk=version_of.policy_id)
        if other.pk != policy.pk:
            actions.tie_control(other, control, Part.ACKNOWLEDGEMENT, "People know it.", actor=keeper)
            record_acknowledgements(other, actor=keeper)
    after = client.get(tab).content.decode()
    assert f'<a href="{item.get_absolute_url()}">{item.ref}</a> on {today()}, submitted.' in after
    assert "Signed last" in after
    assert "Signed last" not in client.get(tab, {"as_of": then.isoformat()}).content.decode()
    assert "Signed last" not in in_client(member()[1]).get(tab).content.decode()  # who sees no evidence


def test_a_population_counts_all_and_shows_what_is_seen() -> None:
    version, (_, user), (_, other) = in_force(), member(), member()
    given(version, user)
    given(version, other)
    whole = acknowledged(UserFactory(role="compliance_manager"), day(-1), day(0))
    assert (len(whole.lines), whole.total) == (2, 2)
    part = acknowledged(user, day(-1), day(0))
    assert (len(part.lines), part.total) == (1, 2)
    assert acknowledged(user, day(-9), day(-1)).total == 0
    newer = amended(version)
    listed = bound(UserFactory(role="compliance_manager"), day(0), day(0))
    assert [line.key for line in listed.lines] == [version.ref, newer.ref]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("ines", {("Ines Roth", "Clean desk"), ("Ines Roth", "Backups of Roth")}),
        ("desk", {("Ines Roth", "Clean desk"), ("Ben Okoye", "Clean desk")}),
        ("ines desk", {("Ines Roth", "Clean desk")}),
        ("roth backups", {("Ines Roth", "Backups of Roth"), ("Ben Okoye", "Backups of Roth")}),
        ("okoye ROTH of", {("Ben Okoye", "Backups of Roth")}),
        ("okoye ines", set()),
        ("%", set()),
    ],
)
def test_each_word_is_in_the_name_or_in_the_title(words: str, expected: set[tuple[str, str]]) -> None:
    versions = [in_force(title=title) for title in ("Clean desk", "Backups of Roth")]
    for name in ("Ines Roth", "Ben Okoye"):
        _, user = member(name=name)
        for version in versions:
            given(version, user)
    rows = csv.DictReader(
        io.StringIO(
            in_client(UserFactory(role="compliance_manager"))
            .get("/policies/acknowledgements/export.csv", {"q": words})
            .getvalue()
            .decode("utf-8-sig")
        )
    )
    assert {(row["Person"], row["Title"]) for row in rows} == expected
