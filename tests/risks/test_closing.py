"""Closing a round: the snapshot of the whole register, its hash, its lock, its evidence, and how it differs (R5.3)."""

import csv
import datetime
import hashlib
import io
import json

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, connection, transaction
from django.test import Client

from evidence.models import Evidence, EvidenceLink, Occurrence, Outcome, State
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.trail.guards import lifted
from foundation.trail.keep import save
from foundation.trail.leaf import canonical
from foundation.trail.models import Entry
from foundation.trail.record import SYSTEM
from risks import actions
from risks.assessments import closing, rounds
from risks.assessments.result import changes_of, counts_of
from risks.assessments.snapshot import hash_of
from risks.models import AssessedRisk, Assessment, AssessmentState, Participant, Risk, SnapshotLine, Status
from risks.treatment import plan_action
from tests.factories.assessments import STATEMENT, a_round, closed, considered, fresh, submitted, took_part
from tests.factories.evidence import operating
from tests.factories.people import UserFactory
from tests.factories.risks import a_risk, about_vendor, accepted, asked, held_by, rated

DAY = datetime.timedelta(days=1)


@pytest.fixture
def people(compliance: User, manager: User, owner: User) -> dict[str, User]:
    return {"lead": compliance, "approver": manager, "participant": owner}


def test_closing_freezes_the_whole_register(people: dict[str, User], owner: User, manager: User):
    control = operating(ref="IAM-91")
    held = rated(control, inherent=(5, 5), residual=(2, 3), title="Ärger = überall\n{“,”}", owner=owner, fraud=True)
    risk = rated(inherent=(2, 3), title="Lived with", owner=owner)
    accepted(risk, actor=owner, approver=manager)
    a_risk(title="Not rated", status=Status.CLOSED)
    a_risk(title="A template", status=Status.TEMPLATE)
    assessment = closed(**people)
    assert (assessment.state, assessment.line_count, assessment.approved_by) == ("closed", 3, manager)
    lines = list(SnapshotLine.objects.filter(assessment=assessment))
    assert [line.position for line in lines] == [1, 2, 3]
    facts = {line.facts["title"]: line.facts for line in lines}
    one = facts["Ärger = überall\n{“,”}"]
    assert one["inherent"] == {"likelihood": 5, "impact": 5, "score": 25, "band": "critical"}
    assert one["residual"] == {"likelihood": 2, "impact": 3, "score": 6, "band": "medium"}
    assert one["residual_rationale"]
    assert one["owner"] == owner.pk
    assert one["target"] is None
    assert [(c["ref"], c["effectiveness"], c["status"]) for c in one["controls"]] == [
        ("IAM-91", "strong", "implemented")
    ]
    assert one["flags"] == facts["Lived with"]["flags"] == []
    assert one["considered"][0]["note"] == "Looked at; nothing changed."
    assert facts["Lived with"]["acceptance"][0]["decided_by"] == manager.pk
    assert (facts["Lived with"]["status"], facts["Not rated"]["status"]) == ("accepted", "closed")
    assert facts["Not rated"]["inherent"] is None
    assert held.ref == one["ref"]
    # by the recipe that the documentation gives
    text = "".join(json.dumps(f.facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n" for f in lines)
    assert hashlib.sha256(text.encode()).hexdigest() == assessment.sha256 == hash_of(assessment)
    entry = Entry.objects.get(verb="assessment.approved")
    assert (entry.facts["reason"], entry.actor_id) == (STATEMENT, manager.pk)


def test_the_result_is_evidence_and_the_square_turns_done(people: dict[str, User], manager: User, compliance: User):
    control = operating("annual", since=f"{today().year}-01-01", ref="RSK-91")
    rated(fraud=True)
    assessment = a_round(lead=people["lead"], approver=people["approver"])
    rounds.link_control(fresh(assessment), actor=compliance, control="rsk-91", reason="It is the yearly assessment.")
    submitted(assessment, participant=people["participant"])
    kept = closing.approve(fresh(assessment), actor=manager, statement=STATEMENT)
    item = Evidence.objects.get(pk=kept.evidence_id or 0)
    assert (item.state, item.reviewed_by, item.submitted_by) == (State.ACCEPTED, manager, None)
    assert EvidenceLink.objects.get(evidence=item).control == control
    with item.file.open() as file:
        said = json.load(file)
    assert (said["assessment"], said["sha256"], said["risks"]) == (kept.ref, kept.sha256, 1)
    assert said["participants"][0]["part"] == "Engineering"
    assert said["fraud"] == 1
    square = Occurrence.objects.get(control=control, starts_on__lte=today(), ends_on__gte=today())
    assert square.outcome == Outcome.DONE, square.why


def test_nothing_of_a_closed_round_is_rewritten(people: dict[str, User], compliance: User, manager: User):
    rated(fraud=True)
    assessment = closed(**people)
    before = (assessment.sha256, Entry.objects.filter(outcome="ok").count())
    later = rated(title="Later")
    tables = {
        "risks_snapshotline": "position = 7",
        "risks_assessment": "title = 'x'",
        "risks_assessedrisk": "note = 'x'",
        "risks_participant": "part = 'x'",
    }
    for table, change in tables.items():
        copy = f"INSERT INTO {table} ({columns(table)}) SELECT {columns(table)} FROM {table} LIMIT 1"
        for statement in (f"UPDATE {table} SET {change}", f"DELETE FROM {table}", copy):
            if table == "risks_assessment" and statement is copy:
                continue
            with pytest.raises(DatabaseError, match=r"rewritten|frozen"), transaction.atomic():
                executed(statement)
    fresh_one = SnapshotLine(assessment=assessment, position=99, risk=later, facts={}, status="assessed")
    with pytest.raises(DatabaseError, match="frozen"), transaction.atomic():
        fresh_one.save()
    for row, verb in ((fresh(assessment), "assessment.updated"), (Participant.objects.get(), "participant.archived")):
        setattr(row, "title" if isinstance(row, Assessment) else "part", "Other")
        with pytest.raises(DatabaseError, match="rewritten"), transaction.atomic():
            save(row, actor=SYSTEM, verb=verb)
    for refused in (
        lambda: closing.approve(fresh(assessment), actor=manager, statement=STATEMENT),
        lambda: closing.give_back(fresh(assessment), actor=manager, reason="Again."),
        lambda: rounds.cancel(fresh(assessment), actor=compliance, reason="No."),
        lambda: rounds.consider(AssessedRisk.objects.get(), actor=compliance, note="No."),
    ):
        with pytest.raises(Exception, match=r"closed|does not wait"):
            refused()
    assert fresh(assessment).sha256 == before[0] == hash_of(assessment)


def executed(statement: str) -> None:
    """Run a statement past everything of ours."""
    with connection.cursor() as cursor:
        cursor.execute(statement)


def columns(table: str) -> str:
    """All columns of a table but its number, which a new row gets."""
    with connection.cursor() as cursor:
        found = connection.introspection.get_table_description(cursor, table)
    return ", ".join(f'"{column.name}"' for column in found if column.name != "id")


def test_changes_since_the_round_before(people: dict[str, User], compliance: User):
    control = operating(ref="IAM-91")
    rated(title="Stays", fraud=True)
    worse = rated(title="Worse", inherent=(2, 2))
    over = rated(title="Over")
    gone = rated(title="Gone")
    first = closed(**people)
    assert changes_of(first) is None
    rated(control, risk=fresh(worse), inherent=(5, 5), residual=(3, 4))
    actions.close(fresh(over), actor=compliance, reason="The product ended.")
    gone = fresh(gone)
    gone.archived_at = gone.updated_at if hasattr(gone, "updated_at") else gone.created_at
    save(gone, actor=compliance, verb="risk.archived", reason="Named twice.")
    rated(title="New")
    second = closed(**people, title="Half a year later")
    changes = changes_of(second)
    assert changes is not None
    assert counts_of(changes) == {"since": first.ref, "new": 1, "gone": 1, "moved": 1, "closed": 1}
    moved = changes.moved.get()
    assert (moved.facts["title"], moved.residual_then, moved.residual_band) == ("Worse", "low", "high")
    assert changes.new.get().facts["title"] == "New"
    assert changes.gone.get().facts["title"] == "Gone"


def test_report_and_files(client: Client, people: dict[str, User], owner: User, employee: User, colleague: User):
    rated(title="=HYPERLINK(1)", fraud=True, owner=owner)
    assessment = closed(**people)
    home = f"/risks/assessments/{assessment.pk}/"
    client.force_login(people["lead"])
    page = client.get(f"{home}report/").content.decode()
    assert assessment.sha256 in page
    assert "=HYPERLINK(1)" in page
    assert "Took part." in page
    body = b"".join(client.get(f"{home}snapshot.csv").streaming_content).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(body)))
    assert [(row["Risk"], row["Residual score"], row["Residual band"], row["Owner"]) for row in rows] == [
        ("'=HYPERLINK(1)", "16", "High", "Oskar Owner")
    ]
    said = json.loads(b"".join(client.get(f"{home}snapshot.json").streaming_content))
    lines = "".join(canonical(line) + "\n" for line in said["lines"])
    assert hashlib.sha256(lines.encode()).hexdigest() == said["sha256"] == assessment.sha256
    assert Entry.objects.filter(verb="assessment.downloaded").count() == 2
    client.force_login(colleague)
    assert client.get(f"{home}report/").status_code == 404
    # an open round has no report yet
    client.force_login(people["lead"])
    running = a_round(lead=people["lead"], approver=people["approver"])
    assert client.get(f"/risks/assessments/{running.pk}/report/").status_code == 404


def test_an_altered_snapshot_is_told_on_paper(people: dict[str, User]):
    from foundation.pages.paper import cover_for, html_for, paper_for

    rated(fraud=True)
    assessment = closed(**people)
    page = f"/risks/assessments/{assessment.pk}/report/"
    said = html_for(paper_for(page, people["lead"]), cover_for(people["lead"]))
    assert "was altered" not in said
    assert assessment.sha256 in said
    assert "Oskar Owner" in said
    with lifted(connection), connection.cursor() as cursor:
        cursor.execute("UPDATE risks_snapshotline SET facts = %s", [json.dumps({**fact(assessment), "title": "Less"})])
    assert "was altered" in html_for(paper_for(page, people["lead"]), cover_for(people["lead"]))


def fact(assessment: Assessment) -> dict[str, object]:
    """What the first line says."""
    found: dict[str, object] = SnapshotLine.objects.filter(assessment=assessment).first().facts
    return found


def test_only_the_approver_is_shown_the_form(client: Client, people: dict[str, User], manager: User, compliance: User):
    rated(fraud=True)
    assessment = submitted(a_round(lead=compliance, approver=manager), participant=people["participant"])
    address = f"/risks/assessments/{assessment.pk}/approve/"
    client.force_login(compliance)
    assert client.get(address).status_code == 403
    with pytest.raises(PermissionDenied):
        closing.approve(fresh(assessment), actor=compliance, statement=STATEMENT)
    client.force_login(manager)
    assert client.get(address).status_code in (200, 302)  # 302: it signs, and asks for the password first
    assert fresh(assessment).state == AssessmentState.SUBMITTED
    assert Risk.objects.count() == 1


def test_whoever_had_a_part_in_a_round_never_approves_it(people: dict[str, User], owner: User, client: Client):
    rated(fraud=True)
    lead, approver, second = people["lead"], people["approver"], UserFactory(role="manager")
    third = UserFactory(role="compliance_manager")
    assessment = a_round(lead=lead, approver=approver)
    row = took_part(assessment, second)
    considered(assessment, second)
    rounds.end_participant(fresh(row), actor=lead, reason="Is to approve it.")
    considered(assessment, lead)  # said anew by another: who said it first still worked on it
    named = rounds.name_participant(fresh(assessment), actor=lead, user=third, part="Finance")
    rounds.end_participant(fresh(named), actor=lead, reason="Was on leave.")
    took_part(assessment, owner)
    rounds.submit(fresh(assessment), actor=lead, conclusion="All is well.")
    assert closing.involved(fresh(assessment)) == {lead.pk, second.pk, third.pk, owner.pk}
    client.force_login(lead)
    address = f"/risks/assessments/{assessment.pk}/edit/"
    form = client.get(address).context["form"]
    data = {name: form[name].value() for name in form.fields if form[name].value() not in (None, "", False)}
    for former in (second, third):
        assert client.post(address, data | {"approver": former.pk}).status_code == 422
    changed = fresh(assessment)
    changed.approver = second
    named_anyhow = save(changed, actor=SYSTEM, verb="assessment.updated")
    with pytest.raises(PermissionDenied, match="took part"):
        closing.approve(fresh(named_anyhow), actor=second, statement=STATEMENT)


def test_approving_asks_again_what_blocks_and_names_what_changed(people: dict[str, User], client: Client):
    lead, approver = people["lead"], people["approver"]
    fraud, other = rated(fraud=True, title="Forged invoices"), rated(title="Outside of it")
    template = a_risk(title="A scheme", status=Status.TEMPLATE, fraud=True, owner=people["participant"])
    assessment = submitted(a_round(lead=lead, approver=approver, kind="fraud"), participant=people["participant"])
    client.force_login(approver)
    address = f"/risks/assessments/{assessment.pk}/approve/"
    assert b"Changed since it was submitted" not in client.get(address).content
    adapted = actions.adapt(fresh(template), actor=lead, note="It is ours.")
    rated(risk=fresh(other), inherent=(5, 5))
    flagged = fresh(fraud)
    flagged.fraud = False
    save(flagged, actor=lead, verb="risk.updated")
    page = client.get(address).content.decode()
    for words in ("Fraud is not considered", "1 risk of its kind came up", "Outside of it", "A scheme", "3 risks;"):
        assert words in page
    with pytest.raises(ValidationError, match="Fraud is not considered") as refused:
        closing.approve(fresh(assessment), actor=approver, statement=STATEMENT)
    assert len(refused.value.messages) == 3
    flagged = fresh(fraud)
    flagged.fraud = True
    save(flagged, actor=lead, verb="risk.updated")
    with pytest.raises(ValidationError, match="without a rating"):
        closing.approve(fresh(assessment), actor=approver, statement=STATEMENT)
    assert not SnapshotLine.objects.exists()
    assert not Evidence.objects.exists()
    rated(risk=fresh(adapted))
    assert closing.approve(fresh(assessment), actor=approver, statement=STATEMENT).state == AssessmentState.CLOSED
    ahead = a_round(
        lead=lead, approver=approver, starts_on=today() + DAY, due_on=today() + 9 * DAY, title="Not yet begun"
    )
    with pytest.raises(ValidationError, match="It begins on"):
        submitted(ahead, participant=people["participant"])


def test_the_approver_is_told_of_links_plans_and_acceptances_that_changed(people: dict[str, User], client: Client):
    lead, approver, owner = people["lead"], people["approver"], people["participant"]
    linked, about, planned, lived_with, left = (
        rated(title=title, owner=owner, inherent=(2, 2), fraud=True)
        for title in ("Linked", "About", "Planned", "Lived with", "Left alone")
    )
    assessment = submitted(a_round(lead=lead, approver=approver), participant=owner)
    client.force_login(approver)
    address = f"/risks/assessments/{assessment.pk}/approve/"
    assert client.get(address).context["changed_count"] == 0
    held_by(fresh(linked), operating(ref="IAM-91"))
    about_vendor(about)
    plan_action(fresh(planned), actor=lead, what="Ask for it.", owner=owner, due_on=today() + DAY)
    asked(fresh(lived_with), actor=owner)
    told = client.get(address)
    assert [one.title for one in told.context["changed"]] == ["Linked", "About", "Planned", "Lived with"]
    assert left.title not in told.content.decode()
