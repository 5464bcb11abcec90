"""Findings on their pages and in the API: the way from found to closed, by two people; ageing; what waits; search."""

import datetime

import pytest
from django.test import Client
from django.urls import reverse

from findings import actions, follow_up
from findings.ageing import ageing
from findings.models import Finding, Severity, Status
from findings.views import ageing_paper
from findings.work import findings_work
from foundation.accounts.models import User
from foundation.pages.search import find
from foundation.trail.models import Entry
from grc.wiring import SEARCH
from tests.everywhere.test_queries import MOST_OF_WORK, queries
from tests.everywhere.world import World
from tests.factories.evidence import evidence, operating
from tests.factories.findings import day, finding
from tests.factories.tokens import caller

WHY = {"reason": "Looked at together."}


def post(user: User, page: str, target: object, **said: object) -> object:
    client = Client()
    client.force_login(user)
    target.refresh_from_db()
    return client.post(reverse(f"findings:{page}", args=[target.pk]), {"version": target.version, **said})


def verbs(app: str = "findings.") -> list[str]:
    done = Entry.objects.filter(object_type__startswith=app, outcome="ok")
    return list(done.order_by("id").values_list("verb", flat=True))


def test_from_found_to_closed_by_two_people(owner: User, manager: User, compliance: User):
    found, item = finding(owner=owner, days_ago=3), evidence(operating(owner=owner))
    assert post(owner, "finding-start", found, note="On it.").status_code == 302
    assert post(owner, "finding-fix", found, root_cause="Old image.", note="Upgraded.").status_code == 302
    proof = {"evidence": item.ref, "reason": "The scan is clean."}
    assert post(owner, "finding-add-evidence", found, **proof).status_code == 302
    assert post(owner, "finding-verify", found, note="Fine.").status_code == 403
    assert post(compliance, "finding-return", found, **WHY).status_code == 302
    found.refresh_from_db()
    assert found.status == Status.REOPENED
    assert post(owner, "finding-fix", found, root_cause="Old image.", note="Really.").status_code == 302
    assert post(manager, "finding-verify", found, note="The scan is clean.").status_code == 302
    found.refresh_from_db()
    assert (found.status, found.fixed_by, found.verified_by) == (Status.VERIFIED, owner, manager)
    assert post(compliance, "finding-reopen", found, **WHY).status_code == 302
    assert verbs("findings.finding") == [
        "finding.raised", "finding.started", "finding.fixed", "findingevidence.created", "finding.reopened",
        "finding.fixed", "finding.verified", "finding.reopened",
    ]  # fmt: skip


def test_the_fixer_is_refused_at_the_door_of_the_verification(compliance: User):
    found = finding()
    assert post(compliance, "finding-fix", found, root_cause="Old image.", note="Upgraded.").status_code == 302
    assert post(compliance, "finding-verify", found, note="Fine.").status_code == 403
    found.refresh_from_db()
    assert found.status == Status.FIXED
    client = Client()
    client.force_login(compliance)
    assert "Verify and close" not in client.get(found.get_absolute_url()).content.decode()


def test_acceptance_is_asked_declined_asked_and_approved(owner: User, compliance: User):
    found, until = finding(owner=owner), day(90).isoformat()
    assert post(owner, "finding-request-acceptance", found, until=until, **WHY).status_code == 302
    assert post(compliance, "finding-decline", found, **WHY).status_code == 302
    assert post(owner, "finding-request-acceptance", found, until="2999-01-01", **WHY).status_code == 422
    assert post(owner, "finding-request-acceptance", found, until=until, **WHY).status_code == 302
    assert post(compliance, "finding-accept", found).status_code == 302
    found.refresh_from_db()
    assert (found.status, found.acceptance_until, found.accepted_by) == (Status.ACCEPTED, day(90), compliance)


def test_who_approved_its_acceptance_cannot_become_the_owner(owner: User, compliance: User, manager: User):
    found = actions.request_acceptance(finding(owner=owner), actor=owner, reason="So.", until=day(9))
    actions.accept(found, actor=compliance)
    client = Client()
    client.force_login(compliance)
    form = client.get(reverse("findings:finding-edit", args=[found.pk])).context["form"]
    data = {form.add_prefix(name): form[name].value() for name in form.fields}
    data = {name: value for name, value in data.items() if value not in (None, "", False)}
    response = client.post(reverse("findings:finding-edit", args=[found.pk]), data | {"owner": compliance.pk})
    assert response.status_code == 422
    found.refresh_from_db()
    assert found.owner == owner


def test_a_corrective_action_is_done_given_back_done_and_verified(employee: User, compliance: User, manager: User):
    action = follow_up.plan_action(finding(), actor=compliance, what="Pin it", owner=employee, due_on=day(5))
    assert post(employee, "correctiveaction-complete", action, note="Done.").status_code == 302
    assert post(compliance, "correctiveaction-return", action, **WHY).status_code == 302
    assert post(employee, "correctiveaction-complete", action, note="Done.").status_code == 302
    assert post(employee, "correctiveaction-verify", action, note="Yes.").status_code == 403
    assert post(compliance, "correctiveaction-verify", action, note="Seen.").status_code == 302
    assert post(compliance, "correctiveaction-archive", action, **WHY).status_code == 302
    assert post(compliance, "correctiveaction-restore", action, **WHY).status_code == 302
    assert verbs("findings.corrective")[-3:] == [
        "correctiveaction.verified", "correctiveaction.archived", "correctiveaction.restored",
    ]  # fmt: skip


def test_an_employee_reads_the_action_but_not_the_findings_title(employee: User, compliance: User):
    found = finding(title="Secret hole in the wall")
    action = follow_up.plan_action(found, actor=compliance, what="Pin it", owner=employee, due_on=day(5))
    client = Client()
    client.force_login(employee)
    page = client.get(action.get_absolute_url()).content.decode()
    assert found.ref in page
    assert "Secret hole" not in page
    assert client.get(found.get_absolute_url()).status_code == 404


def test_archived_it_is_changed_by_no_verb_until_it_is_restored(owner: User, compliance: User):
    found = finding(owner=owner)
    assert post(compliance, "finding-archive", found, **WHY).status_code == 302
    assert post(owner, "finding-start", found, note="On it.").status_code == 422
    assert post(compliance, "finding-restore", found, **WHY).status_code == 302
    assert post(owner, "finding-start", found, note="On it.").status_code == 302


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("", {"old", "new", "bare"}),
        ("due=overdue", {"old"}),
        ("severity=low", {"bare"}),
        ("age=90", {"old"}),
        ("age=7", {"new", "bare"}),
        ("owner=nobody", {"bare"}),
        ("kind=deviation", {"bare"}),
        ("status=reopened", set()),
        ("q=bar", {"bare"}),
        ("control=iam-01", {"new"}),
    ],
)
def test_the_list_is_narrowed(owner: User, compliance: User, query: str, titles: set[str]):
    finding(title="old", owner=owner, days_ago=40)
    finding(operating(ref="IAM-01"), title="new", owner=owner)
    finding(title="bare", severity="low", kind="deviation")
    client = Client()
    client.force_login(compliance)
    response = client.get(f"/findings/?{query}")
    assert {one.title for one in response.context["page"].object_list} == titles


def test_ageing_counts_what_is_unresolved(owner: User, compliance: User):
    finding(days_ago=7)
    finding(days_ago=8)
    finding(days_ago=31, severity="low")
    finding(days_ago=200, severity="critical")
    closed = actions.fix(finding(days_ago=9), actor=owner, root_cause="Old.", note="Done.")
    actions.verify(closed, actor=compliance, note="Clean.")
    lines = {line.severity: line for line in ageing(compliance, None, day(0))}
    assert {key: dict(line.counts) for key, line in lines.items() if line.total} == {
        Severity.CRITICAL: {"7": 0, "30": 0, "90": 0, "180": 0, "older": 1},
        Severity.HIGH: {"7": 1, "30": 1, "90": 0, "180": 0, "older": 0},
        Severity.LOW: {"7": 0, "30": 0, "90": 1, "180": 0, "older": 0},
        "": {"7": 1, "30": 1, "90": 1, "180": 0, "older": 1},
    }
    assert (lines[""].total, lines[""].overdue) == (4, 1)
    paper = ageing_paper(compliance, None, None)
    assert paper.rows == len(paper.context["table"]()) == 4
    client = Client()
    client.force_login(compliance)
    text = b"".join(client.get("/findings/ageing.csv").streaming_content).decode()
    assert "All,1,1,1,0,1,4,1" in text
    assert Entry.objects.order_by("id").last().verb == "ageing.exported"


def test_a_past_moment_shows_it_as_it_stood(owner: User, compliance: User):
    found = finding(owner=owner)
    before = datetime.datetime.now(datetime.UTC)
    actions.start(found, actor=owner, note="On it.")
    client = Client()
    client.force_login(compliance)
    page = client.get(found.get_absolute_url(), {"as_of": before.isoformat()})
    assert page.context["standing"] == Status.OPEN
    assert client.get(found.get_absolute_url()).context["standing"] == Status.IN_PROGRESS
    assert [one.reason for one in client.get(found.get_absolute_url()).context["decisions"]] == ["On it.", ""]


def test_what_waits_for_whom(owner: User, manager: User, compliance: User, employee: User):
    late = finding(owner=owner, days_ago=40)
    done = actions.fix(finding(owner=owner), actor=owner, root_cause="Old.", note="Done.")
    asked = actions.request_acceptance(finding(owner=owner), actor=owner, reason="So.", until=day(60))
    action = follow_up.plan_action(late, actor=compliance, what="Pin it", owner=employee, due_on=day(5))
    waiting = {
        user: {(item.ref, item.kind) for item in findings_work(user)} for user in (owner, compliance, manager, employee)
    }
    to_judge = {(done.ref, "Oskar Owner says that it is fixed"), (asked.ref, "Oskar Owner asks to accept it")}
    assert waiting == {
        owner: {(late.ref, "Overdue"), (asked.ref, "To be fixed")},
        compliance: to_judge,
        manager: to_judge,
        employee: {(action.ref, "Corrective action")},
    }


def test_my_work_asks_nobody_to_verify_what_they_mended(compliance: User, manager: User, owner: User, colleague: User):
    flaw = finding(owner=owner)
    action = follow_up.plan_action(flaw, actor=owner, what="Pin it", owner=manager, due_on=day(5))
    follow_up.complete(action, actor=manager, note="Pinned.")
    done = actions.fix(flaw, actor=compliance, root_cause="Old.", note="Done.")
    again = actions.fix(
        actions.return_fix(done, actor=manager, reason="No."), actor=colleague, root_cause="Old.", note="Done again."
    )
    for person in (compliance, manager, colleague):
        offered = [item.action for item in findings_work(person) if item.ref == again.ref]
        assert (offered == []) == (person.pk in actions.removers(again)), person
    assert {compliance.pk, manager.pk, colleague.pk} == actions.removers(again)


def test_the_list_shows_what_fits_and_keeps_the_rest_in_reach(client: Client, compliance: User, owner: User):
    finding(owner=owner, source_name="Trivy")
    client.force_login(compliance)
    shown = [column.name for column in client.get("/findings/").context["listing"].columns]
    assert shown == ["ref", "title", "severity", "standing", "due", "owner"]
    asked = client.get("/findings/", {"column": ["found_by"]})
    assert [column.name for column in asked.context["listing"].columns] == ["ref", "title", "found_by"]
    assert "Scan: Trivy" in asked.content.decode()
    whole = b"".join(client.get("/findings/export.csv").streaming_content).decode()
    assert whole.splitlines()[0].endswith("First detected,Kind,Exposure,Found by")


def test_a_search_finds_by_number_and_words_what_one_sees(owner: User, colleague: User):
    found = finding(owner=owner, title="Open redirect", source_name="Trivy", key="CVE-2026-7")
    for words in (found.ref, found.ref.lower(), "redirect", "cve-2026-7"):
        assert [hit.ref for hit in find(SEARCH, owner, words)] == [found.ref], words
    assert find(SEARCH, colleague, "redirect") == []


def test_the_api_raises_reads_and_moves_findings(compliance: User, owner: User):
    api = caller(compliance)
    said = {
        "title": "Open redirect", "kind": "vulnerability", "severity": "high", "exposed": True, "source": "scan",
        "source_name": "ZAP", "external_key": "10028", "first_detected_on": day(-2).isoformat(), "owner": owner.pk,
    }  # fmt: skip
    made = api.post("/api/v1/findings/", said)
    assert made.status_code == 201, made.content
    body = made.json()
    assert (body["ref"], body["due_on"], body["status"]) == (f"F-{body['id']}", day(13).isoformat(), "open")
    again = api.post("/api/v1/findings/", said)
    assert again.status_code == 400  # known already: a later detection comes by the import
    moved = api.post(f"/api/v1/findings/{body['id']}/start/", {"note": "On it."}, 1)
    assert (moved.status_code, moved.json()["status"]) == (200, "in_progress")
    assert api.get("/api/v1/findings/", due="overdue").json()["results"] == []
    assert Finding.objects.get().status == Status.IN_PROGRESS


@pytest.mark.parametrize("page", ["/findings/", "/findings/ageing/", "/findings/actions/", "/"])
def test_queries_do_not_grow_with_the_findings(world: World, page: str):
    client = Client()
    client.force_login(world.people["compliance"])

    def grow(count: int) -> None:
        for _ in range(count):
            found = finding(world.control, owner=world.people["owner"], days_ago=40)
            what = {"what": "Pin it", "owner": world.people["compliance"], "due_on": day(5)}
            follow_up.plan_action(found, actor=world.people["compliance"], **what)

    grow(3)
    few = queries(client, page, world)
    grow(27)
    assert 0 < queries(client, page, world) == few <= MOST_OF_WORK
