"""A scanner's sheet is brought in, and brought in again: known by source and key, reopened when seen after its fix."""

import pytest

from findings import actions
from findings.imports import FindingImporter
from findings.models import Finding, Kind, Severity, SourceKind, Status
from foundation.accounts.models import User
from foundation.pages.imports.importer import Plan
from foundation.pages.imports.table import Row, Table
from foundation.trail.models import Entry
from tests.factories.findings import day

HEADER = ("Plugin ID", "Scanner", "Name", "Risk", "Internet facing", "First seen", "Last seen", "Assignee")


def plan_of(user: User, *rows: tuple[str, ...], header: tuple[str, ...] = HEADER) -> tuple[FindingImporter, Plan]:
    importer = FindingImporter()
    table = Table(header, [Row(number, list(cells)) for number, cells in enumerate(rows, start=2)])
    return importer, importer.plan(table, importer.guess(table.header, {}), user)


def bring_in(user: User, *rows: tuple[str, ...]) -> Plan:
    importer, plan = plan_of(user, *rows)
    assert plan.errors == []
    importer.apply(plan, actor=user, reason="Nightly scan")
    return plan


def row(key: str = "10028", last: int = 0, scanner: str = "ZAP", **said: str) -> tuple[str, ...]:
    owner, risk = said.get("owner", ""), said.get("risk", "High")
    return (key, scanner, f"Hole {key}", risk, "yes", day(-20).isoformat(), day(last).isoformat(), owner)


def test_a_sheet_makes_findings_whose_clock_starts_at_their_detection(compliance: User, owner: User):
    plan = bring_in(compliance, row(owner="owner@example.com"), row("7", scanner="Trivy", risk="moderate"))
    assert plan.counts() == {"new": 2, "changed": 0, "unchanged": 0}
    first, second = Finding.objects.order_by("severity")
    assert (first.severity, first.exposed, first.owner, first.due_on) == (Severity.HIGH, True, owner, day(-5))
    assert (second.severity, second.kind, second.source) == (Severity.MEDIUM, Kind.VULNERABILITY, SourceKind.SCAN)
    assert set(Entry.objects.filter(object_type="findings.finding").values_list("verb", flat=True)) == {
        "finding.raised"
    }


def test_the_same_sheet_again_changes_nothing(compliance: User):
    bring_in(compliance, row(), row("7"))
    assert bring_in(compliance, row(), row("7")).counts() == {"new": 0, "changed": 0, "unchanged": 2}


def test_the_same_key_of_two_scanners_is_two_findings(compliance: User):
    bring_in(compliance, row(), row(scanner="Trivy"))
    assert Finding.objects.count() == 2
    _, plan = plan_of(compliance, row(), row())
    assert [error.line for error in plan.errors] == [3]


def test_seen_after_its_fix_it_is_reopened(compliance: User, owner: User):
    bring_in(compliance, row(last=-6))
    found = actions.fix(Finding.objects.get(), actor=owner, root_cause="Old.", note="Done.", fixed_on=day(-3))
    actions.verify(found, actor=compliance, note="Clean.")
    bring_in(compliance, row(last=-4))  # before the fix
    assert Finding.objects.get().status == Status.VERIFIED
    plan = bring_in(compliance, row(last=-1))
    assert ("Status", "Reopened") in {(one.label, one.after) for one in plan.changed[0].differences}
    found = Finding.objects.get()
    assert (found.status, found.verified_by, found.last_detected_on) == (Status.REOPENED, None, day(-1))
    assert Entry.objects.order_by("id").last().verb == "finding.reopened"


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        (("1", "ZAP", "Hole", "awful", "yes", "", "", ""), "Risk"),
        (("1", "ZAP", "Hole", "", "yes", "", "", ""), "Risk"),
        (("1", "ZAP", "Hole", "low", "perhaps", "", "", ""), "Internet facing"),
        (("1", "ZAP", "Hole", "low", "", "01/02/2026", "", ""), "First seen"),
        (("1", "ZAP", "Hole", "low", "", "2070-01-01", "", ""), "First detected"),
        (("1", "", "Hole", "low", "", "", "", ""), "Scanner"),
        (("", "ZAP", "Hole", "low", "", "", "", ""), "Plugin ID"),
        (("1", "ZAP", "Hole", "low", "", "", "", "nobody@example.com"), "Assignee"),
        (("1", "ZAP", "H" * 201, "low", "", "", "", ""), "Name"),
    ],
)
def test_a_wrong_cell_is_named_and_nothing_can_be_applied(compliance: User, cells: tuple[str, ...], column: str):
    _, plan = plan_of(compliance, cells)
    assert [(error.line, error.column) for error in plan.errors] == [(2, column)]


def test_a_sheet_without_its_source_is_refused(compliance: User):
    _, plan = plan_of(compliance, ("1", "Hole", "low"), header=("Plugin ID", "Name", "Risk"))
    assert [error.column for error in plan.errors] == ["Source"]
