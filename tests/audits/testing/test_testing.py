"""Tests of controls: written and concluded by the auditor, never computed; management responds, and nothing else."""

import csv
import datetime
import io
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audits.fieldwork import begin_reporting, issue_report
from audits.freezing import is_intact
from audits.models import Engagement, Snapshot
from audits.models.testing import ControlTest, ItemResult, ManagementResponse
from audits.requests.actions import assign
from audits.testing import drawing, panel
from audits.testing.counting import Count, count
from audits.testing.responding import respond
from audits.testing.testing import (
    Said,
    conclude,
    counted,
    items_of,
    keep_test,
    record_results,
    reopen,
)
from audits.testing.work import responses_work
from controls.actions import reword
from controls.models import Control
from foundation.accounts.models import AuditorWindow, User
from foundation.organisation.models import today
from foundation.pages.paper import cover_for, html_for, paper_for
from foundation.trail.keep import Stale, save
from foundation.trail.models import Entry, audited_bulk
from tests.factories.assessments import fresh
from tests.factories.controls import ControlFactory
from tests.factories.people import EngagementFactory, UserFactory, admitted
from tests.factories.testing import a_population, a_test, drawn, in_fieldwork, with_results
from tests.factories.tokens import caller

pytestmark = pytest.mark.django_db
WORDS = {"cause": "One new colleague.", "impact": "None: read the same day.", "fix": "The branch is protected."}


@pytest.fixture
def control(engagement: Engagement, owner: User) -> Control:
    return in_fieldwork(engagement, owner=owner)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page(test: ControlTest, verb: str = "") -> str:
    return f"/audits/tests/{test.pk}/{verb and verb + '/'}"


# ---- writing -------------------------------------------------------------------------------------------------------


def test_a_test_is_written_on_screen_by_the_auditor_alone(
    engagement: Engagement, control: Control, auditor: User, compliance: User
):
    ours = drawn(engagement, control, auditor)
    sent = {
        "control": str(control.pk), "procedures": ["inquiry", "inspection"], "procedure": "Looked at each.",
        "attributes": "Approved.\nBy another.\n\n", "sample": str(ours.pk),
    }  # fmt: skip
    assert signed_in(compliance).post("/audits/tests/new/", sent).status_code == 403
    client = signed_in(auditor)
    assert client.post("/audits/tests/new/", sent | {"procedures": []}).status_code == 422
    assert client.post("/audits/tests/new/", sent).status_code == 302
    test = ControlTest.objects.get()
    assert (test.tested_by, test.engagement, test.attributes) == (auditor, engagement, ["Approved.", "By another."])
    shown = client.get(page(test)).content.decode()
    assert "Running" in shown
    assert "Looked at each." in shown


def test_a_control_outside_the_frozen_scope_and_one_s_own_is_not_tested(
    engagement: Engagement, control: Control, auditor: User
):
    with pytest.raises(ValidationError, match="frozen scope"):
        a_test(engagement, ControlFactory(ref="OUT-01"), auditor)
    control.operator = auditor
    save(control, actor=auditor, verb="control.updated")
    with pytest.raises(PermissionDenied, match="cannot test it"):
        a_test(engagement, control, auditor)


def test_another_engagement_s_sample_and_control_are_refused(engagement: Engagement, control: Control, auditor: User):
    test = a_test(engagement, control, auditor)
    test.control = ControlFactory(ref="OUT-01")
    with pytest.raises(ValidationError, match="stays with its control"):
        keep_test(test, actor=auditor)
    stranger = admitted(EngagementFactory(), UserFactory(role="auditor"))
    with pytest.raises(PermissionDenied):
        a_test(engagement, control, stranger)


def test_attributes_with_results_stay_and_others_may_follow(engagement: Engagement, control: Control, auditor: User):
    ours = drawn(engagement, control, auditor)
    test = with_results(a_test(engagement, control, auditor, ours), auditor)
    client = signed_in(auditor)
    sent = {"version": test.version, "procedures": ["inspection"], "procedure": "Looked.", "sample": str(ours.pk)}
    refused = client.post(page(test, "edit"), sent | {"attributes": "Something else."})
    assert refused.status_code == 422
    assert "they stay" in refused.content.decode()
    assert (
        client.post(page(test, "edit"), sent | {"attributes": "\n".join([*test.attributes, "In time."])}).status_code
        == 302
    )
    test.refresh_from_db()
    assert test.lettered()[2] == ("C", "In time.")
    assert counted(test).open == 5


# ---- counting ------------------------------------------------------------------------------------------------------


def test_counting_is_by_item_and_leaves_out_what_is_not_applicable():
    results = {
        (1, "A"): "met",
        (1, "B"): "not_met",
        (2, "A"): "not_applicable",
        (2, "B"): "not_applicable",
        (3, "A"): "met",
    }
    assert count([1, 2, 3], "AB", results) == Count(tested=2, exceptions=1, open=1, written=5)
    assert count([], "AB", results) == Count(0, 0, 0, 0)


# ---- the grid ------------------------------------------------------------------------------------------------------


def test_sixty_items_are_saved_in_one_move_and_survive_an_error(
    engagement: Engagement, control: Control, auditor: User
):
    ours = drawing.draw_for(
        engagement, a_population(control, 80), actor=auditor, method="random", size=60, seed="s"
    )  # fmt: skip
    test = a_test(engagement, control, auditor, ours)
    client = signed_in(auditor)
    lines = items_of(ours)
    with CaptureQueriesContext(connection) as asked:
        assert client.get(page(test, "results")).status_code == 200
    assert len(asked) < 40
    sent = {"version": str(test.version)} | {f"outcome_{line.pk}_A": "met" for line in lines}
    sent |= {f"outcome_{line.pk}_B": "met" for line in lines[1:]} | {f"outcome_{lines[0].pk}_B": "not_met"}
    wrong = client.post(page(test, "results"), sent)
    assert wrong.status_code == 422
    assert "Say what was not met." in wrong.content.decode()
    assert wrong.context["form"][f"outcome_{lines[9].pk}_A"].value() == "met"
    assert not ItemResult.objects.exists()
    right = client.post(page(test, "results"), sent | {f"note_{lines[0].pk}_B": "By its author."})
    assert right.status_code == 302
    assert ItemResult.objects.count() == 120
    assert counted(test).words() == "1 of 60"
    again = client.post(page(test, "results"), sent | {f"note_{lines[0].pk}_B": "Other."})
    assert "Somebody changed" in again.content.decode(), "the version that was read is told to be stale"


def test_results_of_two_auditors_at_once_are_all_kept(engagement: Engagement, control: Control, auditor: User):
    ours = drawn(engagement, control, auditor, size=4)
    test = a_test(engagement, control, auditor, ours)
    one, two, three, four = (line.pk for line in items_of(ours))
    record_results(test, actor=auditor, results=[Said(one, "A", "met", "")])
    test.refresh_from_db()
    client, address = signed_in(auditor), page(test, "results")
    mine = {"version": str(test.version), f"outcome_{one}_A": "met", f"outcome_{two}_A": "met", "rest_A": ""}
    mine |= {f"outcome_{three}_A": "not_met", f"note_{three}_A": "By its author."}
    theirs = [Said(one, "A", "not_met", "No review."), Said(two, "A", "not_applicable", ""), Said(four, "A", "met", "")]
    record_results(test, actor=auditor, results=theirs)
    refused = client.post(address, mine)
    assert refused.status_code == 422
    form = refused.context["form"]
    words = refused.content.decode()
    assert "Somebody changed these results while you were reading." in words
    line = items_of(ours)[1]
    assert f"Theirs, where yours is another: {line.item.key}, A: Not applicable." in words
    assert form[f"outcome_{one}_A"].value() == "not_met", "it was not touched: what the colleague wrote stands"
    assert form[f"note_{one}_A"].value() == "No review."
    assert form[f"outcome_{two}_A"].value() == "met", "it was: what was entered stands"
    again = {name: form[name].value() or "" for name in form.fields}
    assert client.post(address, again).status_code == 302
    kept = {result.item_id: result.outcome for result in ItemResult.objects.filter(test=test)}
    assert kept == {one: "not_met", two: "met", three: "not_met", four: "met"}


def test_results_for_attributes_that_were_changed_meanwhile_are_read_again(
    engagement: Engagement, control: Control, auditor: User
):
    test = a_test(engagement, control, auditor, attributes=["Approved."])
    read = test.version
    test.attributes = ["Approved before the merge."]
    keep_test(test, actor=auditor)
    refused = signed_in(auditor).post(page(test, "results"), {"version": str(read), "outcome_0_A": "met"})
    assert refused.status_code == 422
    assert "Open the page again, then send this again." in refused.content.decode()
    assert refused.context["form"]["version"].value() == str(read)


def test_what_is_left_open_is_filled_only_where_the_auditor_says_so(
    engagement: Engagement, control: Control, auditor: User
):
    ours = drawn(engagement, control, auditor, size=3)
    test = a_test(engagement, control, auditor, ours)
    first = items_of(ours)[0]
    cell = f"{first.pk}_A"
    sent = {"version": str(test.version), f"outcome_{cell}": "not_met", f"note_{cell}": "Missing.", "rest_A": "met"}
    assert signed_in(auditor).post(page(test, "results"), sent).status_code == 302
    assert sorted(ItemResult.objects.values_list("attribute", "outcome")) == [
        ("A", "met"), ("A", "met"), ("A", "not_met")
    ]  # fmt: skip
    assert counted(test).open == 3


@pytest.mark.parametrize(
    "said",
    [
        Said(None, "A", "met"),
        Said(1, "A", "met"),
        Said(-1, "C", "met"),
        Said(-1, "A", "fine"),
        Said(-1, "A", "not_met"),
    ],
)
def test_a_cell_that_the_test_does_not_have_is_refused(
    engagement: Engagement, control: Control, auditor: User, said: Said
):
    ours = drawn(engagement, control, auditor, size=2)
    row = items_of(ours)[0].pk if said.item == -1 else (said.item and 10**9)
    with pytest.raises(ValidationError):
        record_results(
            a_test(engagement, control, auditor, ours), actor=auditor,
            results=[Said(row, said.attribute, said.outcome, said.note)],
        )  # fmt: skip
    assert not ItemResult.objects.exists()


# ---- concluding ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("not_met", "conclusion", "procedures", "refused"),
    [
        (0, "no_exceptions", ["inquiry", "inspection"], ""),
        (1, "exceptions", ["reperformance"], ""),
        (1, "no_exceptions", ["inspection"], "1 of 4"),
        (0, "exceptions", ["inspection"], "no exception to count"),
        (0, "no_exceptions", ["inquiry"], "Inquiry alone"),
        (1, "exceptions", ["inquiry"], "Inquiry alone"),
        (0, "not_tested", ["inspection"], "something occurred"),
        (0, "no_occurrence", ["inspection"], "something occurred"),
        (0, "unqualified", ["inspection"], "Say what you conclude"),
        (0, "", ["inspection"], "Say what you conclude"),
    ],
)
def test_a_conclusion_that_contradicts_the_results_is_refused(
    engagement: Engagement, control: Control, auditor: User, not_met: int, conclusion: str, procedures: list[str],
    refused: str,
):  # fmt: skip
    ours = drawn(engagement, control, auditor, size=4)
    test = with_results(a_test(engagement, control, auditor, ours, procedures=procedures), auditor, not_met=not_met)
    if refused:
        with pytest.raises(ValidationError, match=refused):
            conclude(test, actor=auditor, conclusion=conclusion, note="Words.")
        return
    test = conclude(test, actor=auditor, conclusion=conclusion)
    assert (test.state, test.conclusion, test.tested, test.exceptions) == ("concluded", conclusion, 4, not_met)


@pytest.mark.parametrize("conclusion", ["no_occurrence", "not_tested"])
def test_nothing_tested_is_concluded_with_words(
    engagement: Engagement, control: Control, auditor: User, conclusion: str
):
    test = a_test(engagement, control, auditor)
    with pytest.raises(ValidationError, match="note"):
        conclude(test, actor=auditor, conclusion=conclusion)
    for tested in ("no_exceptions", "exceptions"):
        with pytest.raises(ValidationError):
            conclude(test, actor=auditor, conclusion=tested, note="Words.")
    test = conclude(test, actor=auditor, conclusion=conclusion, note="The query found none; read it myself.")
    assert (test.tested, test.exceptions) == (0, 0)


def test_a_sample_with_open_cells_is_not_concluded(engagement: Engagement, control: Control, auditor: User):
    ours = drawn(engagement, control, auditor, size=2)
    test = with_results(a_test(engagement, control, auditor, ours), auditor)
    drawing.replace_item(ours, actor=auditor, item=1, reason="Gone.")
    with pytest.raises(ValidationError, match="2 results are still missing"):
        conclude(test, actor=auditor, conclusion="no_exceptions")


def test_a_concluded_test_is_frozen_by_model_and_database(
    engagement: Engagement, control: Control, auditor: User, compliance: User
):
    ours = drawn(engagement, control, auditor, size=3)
    test = conclude(
        with_results(a_test(engagement, control, auditor, ours), auditor, not_met=1),
        actor=auditor,
        conclusion="exceptions",
    )
    with pytest.raises(ValidationError, match="open it again"):
        record_results(test, actor=auditor, results=[Said(items_of(ours)[0].pk, "A", "met")])
    with pytest.raises(ValidationError):
        keep_test(test, actor=auditor)
    with pytest.raises(ValidationError, match="concluded on these items"):
        drawing.replace_item(ours, actor=auditor, item=1, reason="Gone.")
    result = ItemResult.objects.filter(test=test)
    for rows, change in (
        (ControlTest.objects.filter(pk=test.pk), {"conclusion": "no_exceptions", "exceptions": 0}),
        (result, {"note": "x"}),
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), audited_bulk("test"):
            rows.update(**change)
    with pytest.raises(DatabaseError), transaction.atomic(), audited_bulk("test"):
        ItemResult.objects.bulk_create([ItemResult(test=test, item=None, attribute="A", outcome="met")])
    assert signed_in(auditor).get(page(test, "edit")).status_code == 403
    assert signed_in(compliance).get(page(test)).status_code == 200


def test_it_is_opened_again_as_another_row(engagement: Engagement, control: Control, auditor: User):
    ours = drawn(engagement, control, auditor, size=3)
    old = conclude(
        with_results(a_test(engagement, control, auditor, ours), auditor, not_met=1),
        actor=auditor,
        conclusion="exceptions",
    )
    answer = signed_in(auditor).post(
        page(old, "reopen"), {"version": str(old.version), "reason": "More evidence came."}
    )
    new = ControlTest.objects.get(supersedes=old)
    assert answer.headers["Location"] == new.get_absolute_url()
    assert (new.state, new.reason, counted(new).words()) == ("running", "More evidence came.", "1 of 3")
    old.refresh_from_db()
    assert old.conclusion == "exceptions"
    with pytest.raises(ValidationError, match="opened again already"):
        reopen(old, actor=auditor, reason="Once more.")
    with pytest.raises(ValidationError, match="not concluded"):
        reopen(new, actor=auditor, reason="Once more.")
    assert new.ref in signed_in(auditor).get(page(old)).content.decode()


# ---- two doors -----------------------------------------------------------------------------------------------------


def test_management_responds_and_the_auditor_never_does(
    engagement: Engagement, control: Control, auditor: User, owner: User, compliance: User
):
    test = with_results(a_test(engagement, control, auditor), auditor, not_met=1)
    with pytest.raises(PermissionDenied):
        respond(test, actor=auditor, **WORDS)
    sent = WORDS | {"version": str(test.version), "fix_by": str(today())}
    assert signed_in(auditor).post(page(test, "respond"), sent).status_code == 403
    assert signed_in(owner).post(page(test, "respond"), sent).status_code == 302
    said = ManagementResponse.objects.get()
    assert (said.written_by, said.cause, said.fix_by) == (owner, WORDS["cause"], today())
    api = caller(compliance, "read", "write")
    path = f"/api/v1/tests-of-controls/{test.pk}/"
    stale = api.post(f"{path}respond/", WORDS, test.version)
    assert stale.status_code in (409, 412), stale.content
    told = WORDS | {"fix": "Done.", "answered": said.version}
    right = api.post(f"{path}respond/", told, test.version)
    assert right.status_code == 200, right.content
    said.refresh_from_db()
    assert (said.fix, said.written_by) == ("Done.", compliance)
    assert api.get(path).json()["state"] == "running"


@pytest.mark.parametrize("verb", ["edit", "results", "conclude", "reopen"])
def test_management_never_writes_the_auditor_s_part(
    engagement: Engagement, control: Control, auditor: User, owner: User, compliance: User, verb: str
):
    test = with_results(a_test(engagement, control, auditor), auditor)
    for person in (owner, compliance):
        assert signed_in(person).post(page(test, verb), {"version": str(test.version)}).status_code == 403
        api, path = caller(person, "read", "write"), f"/api/v1/tests-of-controls/{test.pk}/"
        assert api.post(f"{path}{verb}/", {}, test.version).status_code == 404
        assert api.patch(path, {"procedure": "Otherwise."}, version=test.version).status_code == 405
    for action in (
        lambda who: record_results(test, actor=who, results=[Said(None, "A", "met")]),
        lambda who: conclude(test, actor=who, conclusion="no_exceptions"),
        lambda who: keep_test(test, actor=who),
    ):
        with pytest.raises(PermissionDenied):
            action(compliance)


@pytest.mark.parametrize("missing", ["cause", "impact", "fix"])
def test_a_response_says_all_of_it_and_is_given_to_an_exception(
    engagement: Engagement, control: Control, auditor: User, compliance: User, missing: str
):
    test = with_results(a_test(engagement, control, auditor), auditor)
    with pytest.raises(ValidationError, match="nothing to respond to"):
        respond(test, actor=compliance, **WORDS)
    test = with_results(test, auditor, not_met=1)
    with pytest.raises(ValidationError):
        respond(test, actor=compliance, **(WORDS | {missing: " "}))
    respond(test, actor=compliance, **WORDS)
    with pytest.raises(Stale):
        respond(test, actor=compliance, **WORDS)


def test_my_work_shows_exceptions_until_somebody_responded(
    engagement: Engagement, control: Control, auditor: User, owner: User, compliance: User
):
    test = with_results(a_test(engagement, control, auditor), auditor, not_met=1)
    assert responses_work(owner) == []
    test = conclude(test, actor=auditor, conclusion="exceptions")
    for person, waits in ((owner, 1), (compliance, 1), (auditor, 0), (UserFactory(role="control_owner"), 0)):
        assert len(responses_work(person)) == waits, person
    respond(test, actor=owner, **WORDS)
    assert responses_work(compliance) == []


# ---- the table -----------------------------------------------------------------------------------------------------


def test_the_table_is_on_the_tab_on_paper_and_in_files(
    engagement: Engagement, control: Control, auditor: User, owner: User, compliance: User
):
    ours = drawn(engagement, control, auditor, size=4)
    test = conclude(
        with_results(a_test(engagement, control, auditor, ours), auditor, not_met=1),
        actor=auditor,
        conclusion="exceptions",
    )
    missing = signed_in(compliance).get(f"/audits/{engagement.pk}/tests/").content.decode()
    assert "Missing" in missing
    respond(test, actor=owner, **WORDS)
    for user in (auditor, compliance):
        shown = signed_in(user).get(f"/audits/{engagement.pk}/tests/").content.decode()
        for words in (test.ref, "CC8.1", "Exceptions noted", "1 of 4", ours.ref, WORDS["cause"]):
            assert words in shown, words
    paper = paper_for(f"/audits/{engagement.pk}/tests/", auditor)
    printed = html_for(paper, cover_for(auditor))
    for words in (control.name, "CC8.1", "1 of 4", "the auditor&#x27;s own", WORDS["fix"], "No opinion is stated here"):
        assert words in printed, words
    file = signed_in(compliance).get(f"/audits/tests/export.csv?engagement={engagement.pk}")
    row = next(csv.DictReader(io.StringIO(b"".join(file.streaming_content).decode("utf-8-sig"))))
    assert (row["Result"], row["Exceptions"], row["Criteria"]) == ("Exceptions noted", "1 of 4", "CC8.1")
    assert WORDS["impact"] in row["Management's response"]
    assert row["Procedure"] == "Looked at the merge of each."


def test_the_tab_costs_the_same_for_many_tests(engagement: Engagement, control: Control, auditor: User):
    client = signed_in(auditor)

    def cost() -> int:
        client.get(f"/audits/{engagement.pk}/tests/")
        with CaptureQueriesContext(connection) as asked:
            assert client.get(f"/audits/{engagement.pk}/tests/").status_code == 200
        return len(asked)

    with_results(a_test(engagement, control, auditor, drawn(engagement, control, auditor)), auditor)
    few = cost()
    ours = drawn(engagement, control, auditor, seed="another")
    for _ in range(3):
        with_results(a_test(engagement, control, auditor, ours), auditor)
    assert cost() == few


def test_an_owner_sees_the_tests_of_their_controls_alone(
    engagement: Engagement, control: Control, auditor: User, owner: User
):
    test = a_test(engagement, control, auditor)
    other = UserFactory(role="control_owner")
    assert signed_in(owner).get(page(test)).status_code == 200
    assert signed_in(other).get(page(test)).status_code == 404
    assert test.get_absolute_url() not in signed_in(other).get("/audits/tests/").content.decode()


def test_an_auditor_reads_the_wordings_as_his_period_left_them(
    engagement: Engagement, control: Control, auditor: User, compliance: User
):
    test = a_test(engagement, control, auditor)
    with audited_bulk("a period that is over"):
        AuditorWindow.objects.filter(user=auditor).update(period_to=today() - datetime.timedelta(days=20))
    reword(
        control, actor=compliance, who="IT", what="reads each merge", how_often="daily", on_what="in Git",
        effective_from=today() - datetime.timedelta(days=40), reason="Said since.",
    )  # fmt: skip
    for person, told in ((compliance, True), (auditor, False)):
        for address in (page(test), f"/audits/{engagement.pk}/tests/"):
            assert ("reads each merge" in signed_in(person).get(address).content.decode()) is told, (person, address)


def test_the_table_of_a_past_moment_has_the_wording_of_then(
    engagement: Engagement, control: Control, auditor: User, compliance: User
):
    said = {"actor": compliance, "who": "IT", "how_often": "daily", "on_what": "in Git", "reason": "Said."}
    begins = today() - datetime.timedelta(days=40)
    reword(control, what="reads each merge", effective_from=begins, **said)
    a_test(engagement, control, auditor)
    then = timezone.now()
    reword(control, what="reads every branch", effective_from=begins, **said)
    assert "reads each merge" in panel.tests_of(compliance, engagement, then)[0]["wording"]
    assert "reads every branch" in panel.tests_of(compliance, engagement, None)[0]["wording"]


def test_an_owner_is_led_to_the_sample_where_they_answer_for_it(
    engagement: Engagement, control: Control, auditor: User, owner: User, compliance: User
):
    ours = drawn(engagement, control, auditor)
    test = a_test(engagement, control, auditor, ours)
    sample, client = f'href="{ours.get_absolute_url()}"', signed_in(owner)
    for answers in (None, owner):
        assign(fresh(ours.request), actor=compliance, owner=answers)
        for address in (page(test), "/audits/tests/"):
            shown = client.get(address).content.decode()
            assert ours.ref in shown
            assert (sample in shown) is (answers == owner), address
        assert client.get(ours.get_absolute_url()).status_code == (200 if answers else 404)


# ---- the issued report ---------------------------------------------------------------------------------------------


def test_a_test_and_its_sample_lead_back_to_the_tab_of_who_sees_it(
    engagement: Engagement, control: Control, auditor: User, compliance: User, owner: User
):
    sample = drawn(engagement, control, auditor)
    test = a_test(engagement, control, auditor, sample=sample)
    back = f'href="/audits/{engagement.pk}/tests/"'
    for person in (auditor, compliance):
        for address in (page(test), sample.get_absolute_url()):
            assert back in signed_in(person).get(address).content.decode()
    assert back not in signed_in(owner).get(page(test)).content.decode(), "owners see no engagement"


def test_the_issued_report_freezes_samples_tests_and_responses(compliance: User, owner: User):
    last = today()
    engagement = EngagementFactory(period_from=last - datetime.timedelta(days=365), period_to=last)
    auditor = admitted(engagement, UserFactory(role="auditor"))
    control = in_fieldwork(engagement, owner=owner)
    ours = drawn(engagement, control, auditor, size=3)
    drawing.replace_item(ours, actor=auditor, item=1, reason="Gone.")
    test = with_results(a_test(engagement, control, auditor, ours), auditor, not_met=1)
    said = respond(test, actor=owner, **WORDS)
    running = a_test(engagement, control, auditor)
    engagement.refresh_from_db()
    issue_report(
        begin_reporting(engagement, actor=compliance), actor=compliance, opinion="unqualified", report_date=today()
    )
    kept = Snapshot.objects.get(kind="report")
    assert is_intact(kept)
    lines: dict[str, Any] = {line.key: line.facts for line in kept.lines.filter(sort__in=("sample", "test"))}
    assert set(lines) == {ours.ref, test.ref, running.ref}
    assert [one["replaces"] for one in lines[ours.ref]["items"]] == [None, None, None, 1]
    assert lines[test.ref]["response"]["cause"] == WORDS["cause"]
    assert len(lines[test.ref]["results"]) == 6
    for rows, change in (
        (ControlTest.objects.filter(pk=running.pk), {"procedure": "x"}),
        (ManagementResponse.objects.filter(pk=said.pk), {"fix": "x"}),
        (ItemResult.objects.filter(test=test), {"note": "x"}),
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), audited_bulk("test"):
            rows.update(**change)
    with pytest.raises(ValidationError):
        respond(test, actor=owner, **WORDS, answered=said.version)
    assert Entry.objects.filter(verb="engagement.report_issued").exists()
