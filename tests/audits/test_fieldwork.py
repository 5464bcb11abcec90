"""The steps of an engagement: what each freezes, and what is refused afterwards (R1.2, R1.3, R2.1, R2.3)."""

import datetime
import hashlib
import json
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from audits import fieldwork
from audits.actions import keep_engagement
from audits.freezing import changes_since, frozen_scope, gaps_in, is_intact
from audits.models import Engagement, FrozenLine, Snapshot
from audits.testing.testing import conclude
from controls.actions import reword, set_criteria
from controls.models import Control, Criterion, Wording
from evidence.actions import withdraw
from foundation.accounts.access import open_window
from foundation.accounts.models import AuditorWindow, User
from foundation.organisation.models import today
from foundation.trail.guards import lifted
from foundation.trail.keep import Stale, save
from foundation.trail.models import Entry
from tests.factories.controls import link, trust_services
from tests.factories.evidence import evidence, operating
from tests.factories.people import EngagementFactory, UserFactory, admitted
from tests.factories.requests import a_request
from tests.factories.testing import a_test, with_results

pytestmark = pytest.mark.django_db
NEW_WORDS = {"who": "The IT lead", "what": "reviews the accounts", "how_often": "each quarter", "on_what": "in Okta"}


@pytest.fixture
def control(db: None) -> Control:
    trust_services()
    made = operating(since="2024-01-01", ref="IAM-01", name="Access review", expected_evidence="The list.")
    link(made, "CC6.1", "CC6.2")
    return made


@pytest.fixture
def past(compliance: User) -> Engagement:
    """A Type II engagement whose period is over since a week."""
    last = today() - datetime.timedelta(days=7)
    return EngagementFactory(period_from=last - datetime.timedelta(days=180), period_to=last)


def worded(control: Control, since: datetime.date, what: str, author: User) -> Wording:
    said = NEW_WORDS | {"what": what}
    row = Wording(control=control, effective_from=since, reason="Better words", author=author, **said)
    return save(row, actor=author, verb="wording.written")


def reporting(engagement: Engagement, actor: User) -> Engagement:
    return fieldwork.begin_reporting(fieldwork.begin_fieldwork(engagement, actor=actor), actor=actor)


def issued(engagement: Engagement, actor: User, **said: Any) -> Engagement:
    words = {"opinion": "qualified", "report_date": today()} | said
    return fieldwork.issue_report(reporting(engagement, actor), actor=actor, **words)


def facts(snapshot: Snapshot, sort: str) -> list[dict[str, Any]]:
    return [line.facts for line in snapshot.lines.filter(sort=sort).order_by("position")]


def test_fieldwork_freezes_the_scope(engagement: Engagement, control: Control, compliance: User):
    first = engagement.period_from
    for days, what in ((-90, "kept a list"), (-40, "read the list"), (30, "reviews all accounts")):
        worded(control, first + datetime.timedelta(days=days), what, compliance)
    elsewhere = operating(ref="PRV-01")
    link(elsewhere, "P1.1")  # a category that is not in scope
    operating(ref="FREE-01")  # meets nothing
    begun = fieldwork.begin_fieldwork(engagement, actor=compliance)
    scope = frozen_scope(begun)
    assert (begun.status, scope.number, scope.taken_by) == ("fieldwork", 1, compliance)
    assert len(facts(scope, "criterion")) == 36  # Security and Availability (domain §1)
    (one,) = facts(scope, "control")
    assert (one["ref"], one["criteria"], one["status"]) == ("IAM-01", ["CC6.1", "CC6.2"], "implemented")
    said = [
        (line["text"].split(" ", 3)[3].split(",")[0], line["from"], line["until"]) for line in facts(scope, "wording")
    ]
    second, third = (first + datetime.timedelta(days=days) for days in (-40, 30))
    until = third - datetime.timedelta(days=1)
    assert said == [("read the list", f"{second}", f"{until}"), ("reviews all accounts", f"{third}", "")]
    assert len(gaps_in(scope.lines.all())) == 34  # R1.3
    entry = Entry.objects.get(verb="engagement.fieldwork_begun")
    assert entry.facts["refs"] == {"snapshot": 1, "lines": scope.line_count, "sha256": scope.sha256}


def test_what_is_hashed_can_be_hashed_again(engagement: Engagement, control: Control, compliance: User, client: Client):
    fieldwork.begin_fieldwork(engagement, actor=compliance)
    scope = frozen_scope(engagement)
    client.force_login(compliance)
    answer = client.get(reverse("audits:engagement-snapshot", args=[engagement.pk, 1]))
    body = json.loads(b"".join(answer.streaming_content))
    plain = "".join(
        json.dumps(one, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n" for one in body["lines"]
    )
    assert hashlib.sha256(plain.encode()).hexdigest() == body["sha256"] == scope.sha256
    assert body["count"] == len(body["lines"]) == scope.line_count
    assert Entry.objects.filter(verb="engagement.snapshot_downloaded", actor_id=compliance.pk).count() == 1
    assert client.get(reverse("audits:engagement-snapshot", args=[engagement.pk, 2])).status_code == 404


def test_no_fieldwork_without_a_control(engagement: Engagement, compliance: User):
    trust_services()
    with pytest.raises(ValidationError, match="nothing to examine"):
        fieldwork.begin_fieldwork(engagement, actor=compliance)
    assert not Snapshot.objects.exists()


def test_frozen_scope_cannot_be_edited(engagement: Engagement, control: Control, compliance: User):
    begun = fieldwork.begin_fieldwork(engagement, actor=compliance)
    begun.categories = ["security"]
    with pytest.raises(ValidationError) as refused:
        keep_engagement(begun, actor=compliance)
    assert set(refused.value.message_dict) == {"categories"}
    begun.refresh_from_db()
    begun.period_to = today() + datetime.timedelta(days=500)
    with pytest.raises(ValidationError, match="frozen"):
        keep_engagement(begun, actor=compliance)
    begun.refresh_from_db()
    begun.firm = "Another LLP"  # no part of the scope
    keep_engagement(begun, actor=compliance)
    planned = fieldwork.return_to_planning(begun, actor=compliance, reason="The period was wrong.")
    planned.categories = ["security"]
    again = fieldwork.begin_fieldwork(keep_engagement(planned, actor=compliance), actor=compliance)
    assert frozen_scope(again).number == 2
    assert len(facts(frozen_scope(again), "criterion")) == 33
    assert Snapshot.objects.get(number=1).lines.filter(sort="criterion").count() == 36  # stays


def test_a_changed_scope_is_told_and_frozen_anew(engagement: Engagement, control: Control, compliance: User):
    begun = fieldwork.begin_fieldwork(engagement, actor=compliance)
    scope = frozen_scope(begun)
    assert changes_since(begun, scope) == []
    with pytest.raises(ValidationError, match="Nothing of the scope has changed"):
        fieldwork.refreeze_scope(begun, actor=compliance, reason="Just so")
    added = operating(ref="OPS-01")
    link(added, "CC7.1")
    control.refresh_from_db()
    control.ref, control.frequency = "IAM-09", "annual"
    save(control, actor=compliance, verb="control.updated")
    assert changes_since(begun, scope) == [
        "Control IAM-01 has another frequency, reference.", "Control OPS-01 came into scope.",
    ]  # fmt: skip
    with pytest.raises(ValidationError, match="Say what changed"):
        fieldwork.refreeze_scope(begun, actor=compliance, reason=" ")
    again = fieldwork.refreeze_scope(begun, actor=compliance, reason="New control, told the auditor")
    assert (frozen_scope(again).number, frozen_scope(again).reason) == (2, "New control, told the auditor")
    assert changes_since(again, frozen_scope(again)) == []
    assert frozen_scope(again, scope.taken_at) == scope  # as it stood


def test_a_control_that_left_the_scope_is_told(engagement: Engagement, control: Control, compliance: User):
    begun = fieldwork.begin_fieldwork(engagement, actor=compliance)
    other = operating(ref="OPS-02")
    link(other, "CC6.1")
    set_criteria(control, {Criterion.objects.get(code="P1.1"): "Moved"}, actor=compliance, reason="Moved")
    told = changes_since(begun, frozen_scope(begun))
    assert told == ["Control IAM-01 is not in scope any more.", "Control OPS-02 came into scope."]


def test_an_issued_report_freezes_everything(past: Engagement, control: Control, compliance: User):
    inside = past.period_from + datetime.timedelta(days=10)
    kept = evidence(control, period=(inside, inside), title="Inside")
    evidence(control, period=(past.period_to + datetime.timedelta(days=1), today()), title="After")
    gone = evidence(control, period=(inside, inside), title="Withdrawn")
    withdraw(gone, actor=compliance, reason="Wrong file")
    running = reporting(past, compliance)
    worded(control, inside, "reviews the accounts", compliance)  # written after the scope was frozen
    done = fieldwork.issue_report(
        running, actor=compliance, opinion="qualified", report_date=today(), report=kept.ref.lower()
    )
    assert (done.status, done.opinion, done.report, done.issued_by) == ("closed", "qualified", kept, compliance)
    report = Snapshot.objects.get(kind="report")
    assert is_intact(report)
    (item,) = facts(report, "evidence")
    assert (item["ref"], item["sha256"], item["controls"]) == (kept.ref, kept.sha256, ["IAM-01"])
    assert [one["from"] for one in facts(report, "wording")] == [f"{inside}"]
    assert facts(report, "engagement")[0]["opinion"] == "qualified"
    done.notes = "x"
    with pytest.raises(ValidationError, match="stays as it is"):
        keep_engagement(done, actor=compliance)
    for verb in (fieldwork.return_to_planning, fieldwork.resume_fieldwork):
        with pytest.raises(ValidationError, match="cannot be"):
            verb(Engagement.objects.get(pk=done.pk), actor=compliance, reason="x")
    with pytest.raises(ValidationError, match="fieldwork and reporting alone"):
        fieldwork.refreeze_scope(Engagement.objects.get(pk=done.pk), actor=compliance, reason="x")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"opinion": "clean"}, "which opinion"),
        ({"opinion": ""}, "which opinion"),
        ({"report_date": datetime.date(2020, 1, 1)}, "dated after what it examines"),
        ({"report_date": datetime.date(2999, 1, 1)}, "not after today"),
        ({"report": "EV-999999"}, "no such item"),
        ({"report": "the file"}, "no such item"),
    ],
)
def test_a_wrong_report_changes_nothing(
    said: dict[str, Any], words: str, past: Engagement, control: Control, compliance: User
):
    with pytest.raises(ValidationError, match=words):
        issued(past, compliance, **said)
    assert Engagement.objects.get().opinion == ""
    assert not Snapshot.objects.filter(kind="report").exists()


def test_a_report_is_not_dated_before_the_period_ends(engagement: Engagement, control: Control, compliance: User):
    with pytest.raises(ValidationError, match="dated after what it examines"):
        issued(engagement, compliance)


@pytest.mark.parametrize("step", ["begin_reporting", "issue_report", "return_to_planning", "resume_fieldwork"])
def test_steps_that_are_not_due_are_refused(step: str, engagement: Engagement, control: Control, compliance: User):
    more = {
        "issue_report": {"opinion": "adverse", "report_date": today()},
        "return_to_planning": {"reason": "x"},
        "resume_fieldwork": {"reason": "x"},
    }
    with pytest.raises(ValidationError, match="cannot be"):
        getattr(fieldwork, step)(engagement, actor=compliance, **more.get(step, {}))


def test_the_second_of_two_is_told(engagement: Engagement, control: Control, compliance: User):
    seen = Engagement.objects.get(pk=engagement.pk)
    fieldwork.begin_fieldwork(engagement, actor=compliance)
    with pytest.raises(Stale):
        fieldwork.begin_fieldwork(seen, actor=compliance)
    assert Snapshot.objects.count() == 1


def test_the_database_refuses_to_rewrite_it(past: Engagement, control: Control, compliance: User):
    done = issued(past, compliance)
    last = Snapshot.objects.get(kind="report")
    statements = [
        ("UPDATE audits_snapshot SET sha256 = 'x'", "frozen"),
        ("DELETE FROM audits_snapshot", "frozen"),
        ("UPDATE audits_frozenline SET position = 7", "frozen"),
        ("DELETE FROM audits_frozenline", "frozen"),
        ("UPDATE audits_engagement SET opinion = 'unqualified'", "issued"),
        ("UPDATE audits_engagement SET period_to = '2030-01-01'", "issued"),
        ("DELETE FROM audits_engagement", "issued"),
    ]
    for statement, words in statements:
        with pytest.raises(DatabaseError, match=words), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    for position in (0, last.line_count + 1):
        one = FrozenLine(snapshot=last, position=position, sort="evidence", key=f"EV-{position}", facts={})
        with pytest.raises(DatabaseError), transaction.atomic():
            one.save()
    done.refresh_from_db()
    done.archived_at = done.issued_at
    save(done, actor=compliance, verb="engagement.archived")  # putting it away changes nothing of it


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audits_frozenline SET facts = %s WHERE sort = 'control'",
        "DELETE FROM audits_frozenline WHERE sort = 'control'",
    ],
)
def test_what_was_altered_past_the_guards_is_told(
    statement: str, engagement: Engagement, control: Control, compliance: User, client: Client
):
    fieldwork.begin_fieldwork(engagement, actor=compliance)
    client.force_login(compliance)
    page = reverse("audits:engagement-scope", args=[engagement.pk])
    assert "was altered" not in client.get(page).content.decode()
    (found,) = FrozenLine.objects.filter(sort="control").values_list("facts", flat=True)
    with lifted(connection), connection.cursor() as cursor:
        cursor.execute(statement, [json.dumps(found | {"name": "Another"})] if "%s" in statement else [])
    assert not is_intact(frozen_scope(engagement))
    assert "was altered" in client.get(page).content.decode()


# ---- pages -----------------------------------------------------------------------------------------------


def test_the_whole_way_on_the_pages(past: Engagement, control: Control, compliance: User, client: Client):
    client.force_login(compliance)

    def said(step: str, **words: Any) -> Any:
        version = Engagement.objects.get(pk=past.pk).version
        return client.post(reverse(f"audits:engagement-{step}", args=[past.pk]), {"version": version, **words})

    page = reverse("audits:engagement-detail", args=[past.pk])
    scope = reverse("audits:engagement-scope", args=[past.pk])
    assert "Scope as it stands" in client.get(scope).content.decode()
    assert "Begin fieldwork" in client.get(page).content.decode()
    assert said("begin-fieldwork").status_code == 302
    shown = client.get(scope).content.decode()
    assert Snapshot.objects.get().sha256 in shown
    assert "No control in scope for CC1.1" in shown
    assert said("refreeze-scope", reason="x").status_code == 422
    assert said("begin-reporting").status_code == 302
    assert said("issue-report", opinion="qualified", report_date="1020-01-01").status_code == 422
    assert said("issue-report", opinion="qualified", report_date=f"{today()}").status_code == 302
    shown = client.get(page).content.decode()
    assert "Qualified" in shown
    assert "Edit" not in shown.split("<main")[1].split("Overview")[0]
    assert client.get(reverse("audits:engagement-edit", args=[past.pk])).status_code == 403
    assert client.get(f"{scope}?edition=1").status_code == client.get(f"{scope}?edition=x").status_code == 200


def test_an_auditor_reads_the_scope_and_moves_nothing(
    engagement: Engagement, control: Control, compliance: User, auditor: User, client: Client
):
    fieldwork.begin_fieldwork(engagement, actor=compliance)
    client.force_login(auditor)
    assert "IAM-01" in client.get(reverse("audits:engagement-scope", args=[engagement.pk])).content.decode()
    assert client.get(reverse("audits:engagement-snapshot", args=[engagement.pk, 1])).status_code == 200
    for step in ("begin-reporting", "return-to-planning", "refreeze-scope", "issue-report"):
        address = reverse(f"audits:engagement-{step}", args=[engagement.pk])
        assert client.get(address).status_code == client.post(address, {"reason": "x"}).status_code == 403
    other = EngagementFactory()
    fieldwork.begin_fieldwork(other, actor=compliance)
    for name, args in (("scope", [other.pk]), ("snapshot", [other.pk, 1])):
        assert client.get(reverse(f"audits:engagement-{name}", args=args)).status_code == 404


def test_windows_keep_their_scope_while_it_is_frozen(
    engagement: Engagement, control: Control, compliance: User, auditor: User
):
    before = AuditorWindow.objects.values("version", "category_codes").get()
    fieldwork.begin_fieldwork(engagement, actor=compliance)
    assert AuditorWindow.objects.values("version", "category_codes").get() == before
    assert open_window(auditor) is not None


@pytest.mark.parametrize("count", [3, 30])
def test_the_tab_costs_the_same_whatever_the_scope(
    count: int,
    engagement: Engagement,
    control: Control,
    compliance: User,
    client: Client,
    django_assert_max_num_queries: Any,
):
    for number in range(count):
        one = operating(ref=f"OPS-{number}", owner=compliance)
        link(one, "CC7.1")
        worded(one, engagement.period_from, "reads the log", compliance)
    fieldwork.begin_fieldwork(engagement, actor=compliance)
    late = operating(ref="LATE-01")
    link(late, "CC7.1")
    client.force_login(compliance)
    with django_assert_max_num_queries(26):
        shown = client.get(reverse("audits:engagement-scope", args=[engagement.pk])).content.decode()
    assert "LATE-01 came into scope" in shown


def test_rewording_is_no_change_of_scope(engagement: Engagement, control: Control, compliance: User):
    """Every wording of the whole time is frozen with the report: it need not be told before."""
    begun = fieldwork.begin_fieldwork(engagement, actor=compliance)
    reword(control, actor=compliance, effective_from=today(), reason="Clearer", **NEW_WORDS)
    assert changes_since(begun, frozen_scope(begun)) == []


def test_closing_shows_which_requests_are_not_over_and_refuses_nothing(
    past: Engagement, control: Control, compliance: User, owner: User
):
    open_one = a_request(past, by=compliance, owner=owner, title="List of <i>leavers</i>")
    handed_in = a_request(past, by=compliance, state="submitted", title="Handed in")
    a_request(past, by=compliance, state="accepted", title="Accepted one")
    client = Client()
    client.force_login(compliance)
    ready = reporting(past, compliance)
    address = reverse("audits:engagement-issue-report", args=[past.pk])
    page = client.get(address)
    words = page.content.decode()
    assert page.context["left"] == [handed_in, open_one]  # what waits for the auditor first
    assert "2 requests are not over" in words
    assert "List of &lt;i&gt;leavers&lt;/i&gt;" in words
    assert "Not assigned" in words
    assert "Accepted one" not in words
    said = {"version": ready.version, "opinion": "qualified", "report_date": f"{today()}"}
    assert client.post(address, said).status_code == 302
    assert Engagement.objects.get(pk=past.pk).status == "closed"


def test_closing_shows_which_tests_nobody_has_concluded(past: Engagement, control: Control, compliance: User):
    begun = fieldwork.begin_fieldwork(past, actor=compliance)
    auditor = admitted(begun, UserFactory(role="auditor"))
    concluded, second = (a_test(begun, control, auditor) for _ in range(2))
    conclude(with_results(concluded, auditor), actor=auditor, conclusion="no_exceptions")
    fieldwork.begin_reporting(Engagement.objects.get(pk=past.pk), actor=compliance)
    client = Client()
    client.force_login(compliance)
    page = client.get(reverse("audits:engagement-issue-report", args=[past.pk]))
    assert page.context["running"] == [second]
    assert "1 test of controls is not concluded" in page.content.decode()
    assert second.ref in page.content.decode()


def test_closing_without_open_requests_says_nothing_of_them(past: Engagement, control: Control, compliance: User):
    a_request(past, by=compliance, state="accepted")
    reporting(past, compliance)
    client = Client()
    client.force_login(compliance)
    words = client.get(reverse("audits:engagement-issue-report", args=[past.pk])).content.decode()
    assert "What is frozen" in words
    assert "not over" not in words
