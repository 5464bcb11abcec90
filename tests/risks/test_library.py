"""The library, the import of a company's own register, and what the demo is made of."""

import csv
import io

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from findings.models import Finding
from foundation.accounts.models import User
from foundation.pages.imports.importer import Plan
from foundation.pages.imports.table import Row, Table
from foundation.trail.models import Entry
from risks import actions
from risks.actions import adapt
from risks.demo import SEEDS, risks
from risks.imports import RiskImporter
from risks.library import added, scenarios
from risks.models import Acceptance, Category, Risk, RiskControl, Status, TreatmentAction
from risks.rating import rate
from tests.factories.controls import ControlFactory
from tests.factories.evidence import operating
from tests.factories.people import UserFactory
from tests.factories.risks import accepted, asked, level, rated


def test_the_scenarios_are_whole_and_of_every_kind():
    found = list(scenarios().values())
    assert 40 <= len(found) <= 50
    assert all(one.title and one.cause and one.event and one.effect and one.controls for one in found)
    assert {one.category for one in found} == set(Category.values)
    assert sum(one.fraud for one in found) >= 4
    assert len({one.title for one in found}) == len(found)


def test_templates_count_nowhere_until_they_are_adapted(owner: User, compliance: User):
    control = ControlFactory(ref="IAM-03")
    client = Client()
    client.force_login(compliance)
    assert client.post("/risks/library/", {}).status_code == 422
    assert client.post("/risks/library/", {"key": ["SEC-01", "NONE"]}).status_code == 422
    assert client.post("/risks/library/", {"key": ["SEC-01", "SEC-02"]}).status_code == 302
    assert client.post("/risks/library/", {"key": ["SEC-03", "SEC-01"]}).status_code == 422
    assert added(list(scenarios())) == {"SEC-01", "SEC-02"}
    page = client.get("/risks/library/").content.decode()
    assert page.count("Added already") == 2
    risk = Risk.objects.get(library_key="SEC-01")
    assert (risk.status, Risk.objects.counted().count()) == (Status.TEMPLATE, 0)
    assert RiskControl.objects.get().control == control
    with pytest.raises(ValidationError, match="it is not rated"):
        rate(risk, actor=compliance, inherent=level(3, 3), residual=level(3, 3))
    with pytest.raises(ValidationError, match="Name an owner"):
        adapt(Risk.objects.get(pk=risk.pk), actor=compliance, note="Ours.")
    response = client.get(f"/risks/{risk.pk}/edit/")
    data = {name: response.context["form"][name].value() for name in response.context["form"].fields}
    data = {name: value for name, value in data.items() if value not in (None, "", False)}
    assert client.post(f"/risks/{risk.pk}/edit/", data | {"owner": owner.pk}).status_code == 302
    client.force_login(owner)
    version = Risk.objects.get(pk=risk.pk).version
    assert client.post(f"/risks/{risk.pk}/adapt/", {"version": version, "note": "Ours."}).status_code == 302
    assert Risk.objects.counted().count() == 1


def plan(text: str, user: User, importer: RiskImporter | None = None) -> Plan:
    rows = list(csv.reader(io.StringIO(text)))
    table = Table(rows[0], [Row(line, cells) for line, cells in enumerate(rows[1:], 2)])
    found = importer or RiskImporter()
    return found.plan(table, found.guess(rows[0], {}), user)


SHEET = """Risk,Category,Owner,Controls,Inherent likelihood,Inherent impact,Inherent rationale,Residual likelihood,\
Residual impact,Residual rationale
Phishing,security,owner@example.com,IAM-01,4,4,Often tried,2,4,Second factor
Fire,availability,,,2,3,Sprinklers,2,3,As inherent
"""


def test_a_register_is_brought_in_with_its_ratings_and_its_export_comes_in_again(owner: User, compliance: User):
    operating(ref="IAM-01")
    importer = RiskImporter()
    found = plan(SHEET, compliance, importer)
    assert (found.errors, len(found.new)) == ([], 2)
    importer.apply(found, actor=compliance, reason="The sheet of the year")
    one = Risk.objects.get(title="Phishing")
    assert (one.status, one.inherent_score, one.residual_score, one.owner) == (Status.ASSESSED, 16, 8, owner)
    assert one.method.number == 1
    assert one.control_links.get().control.ref == "IAM-01"
    again = plan(SHEET, compliance)
    assert (again.errors, len(again.unchanged)) == ([], 2)
    client = Client()
    client.force_login(compliance)
    exported = b"".join(client.get("/risks/export.csv").streaming_content).decode("utf-8-sig")
    assert "R-" in exported
    back = plan(exported, compliance)
    assert (back.errors, len(back.unchanged)) == ([], 2)
    request = asked(one, actor=owner)
    worse = plan(
        exported.replace("Phishing", "Phishing of all").replace(",2,4,Second factor", ",3,4,Fewer hold"), compliance
    )
    assert [item.instance.pk for item in worse.changed] == [one.pk]
    importer.apply(worse, actor=compliance, reason="Rated in March")
    one.refresh_from_db()
    request.refresh_from_db()
    assert (one.title, one.residual_score, request.state) == ("Phishing of all", 12, "withdrawn")
    assert Entry.objects.filter(verb="risk.rated", object_id=str(one.pk)).count() == 1


@pytest.mark.parametrize(
    ("row", "column", "words"),
    [
        ("Flood,legal,,,2,2,So,3,2,So", "Residual likelihood", "never above"),
        ("Flood,legal,,,3,3,So,2,3,So", "Residual likelihood", "rests on controls"),
        ("Flood,legal,,IAM-09,3,3,So,2,3,So", "Controls", "no control IAM-09"),
        ("Flood,legal,,,6,3,So,2,3,So", "Inherent likelihood", "not a level"),
        ("Flood,legal,,,3,3,,3,3,So", "Inherent rationale", "Say why"),
        ("Flood,legal,,,3,,So,3,3,So", "Inherent likelihood", "a likelihood and an impact"),
        ("Flood,arson,,,,,,,,", "Category", "is none of"),
        ("Flood,legal,nobody@example.org,,,,,,,", "Owner", "Nobody here is called"),
        (",legal,,,,,,,,", "Risk", "is missing"),
        ("PHISHING,legal,,,,,,,,", "", "stands in lines 2 and 4"),
        ("R-999999,legal,,,,,,,,", "Risk", "is a reference and no title"),
        (f"{'x' * 201},legal,,,,,,,,", "Risk", "at most 200"),
    ],
)
def test_one_wrong_row_and_nothing_comes_in(owner: User, compliance: User, row: str, column: str, words: str):
    operating(ref="IAM-01")
    found = plan(SHEET + row, compliance)
    assert [(error.line, error.column) for error in found.errors] == [(4, column)]
    assert words in found.errors[0].words
    with pytest.raises(ValueError, match="cannot be applied"):
        RiskImporter().apply(found, actor=compliance, reason="All of it")
    assert not Risk.objects.exists()


def test_the_demo_has_every_state_whoever_owns_the_controls(compliance: User):
    staff = {seed.owner: UserFactory(role="control_owner") for seed in SEEDS.values()}
    for manager in ("tomas.okafor", "maya.lindqvist", "manager"):
        staff[manager] = UserFactory(role="manager")
    staff["owner"] = UserFactory(role="control_owner")
    for ref in {ref for one in scenarios().values() for ref in one.controls}:
        operating(ref=ref)
    risks(compliance=compliance, staff=staff)
    states = set(Risk.objects.values_list("status", flat=True))
    assert states == {"template", "assessed", "treating", "accepted", "closed"}
    assert set(Acceptance.objects.values_list("state", flat=True)) == {"approved", "requested"}
    assert Risk.objects.filter(fraud=True).count() >= 2
    assert TreatmentAction.objects.count() == sum(len(seed.plan) for seed in SEEDS.values())
    assert not Finding.objects.exists()


def test_a_file_asks_what_the_pages_ask_of_an_accepted_risk(owner: User, manager: User, compliance: User):
    risk = rated(owner=owner, inherent=(3, 3), title="Lived with")
    accepted(risk, actor=owner, approver=manager)
    for cells, column, words in (
        (f"{risk.ref},Lived with,{manager.email}", "Owner", "cannot own it"),
        (f",Lived with,{manager.email}", "Owner", "cannot own it"),
        (f"{risk.ref},Something larger,{owner.email}", "Risk", "End the acceptance first"),
        (f",{risk.ref},{owner.email}", "Risk", "is a reference and no title"),
    ):
        found = plan(f"Ref,Risk,Owner\n{cells}\n", compliance)
        assert [error.column for error in found.errors] == [column]
        assert words in found.errors[0].words
    found = plan(f"Risk\n{risk.ref}\n", compliance)
    assert ([error.column for error in found.errors], found.touched()) == (["Risk"], [])
    # a title that reads as another's reference does not take its place
    odd = rated(owner=owner, title="R-90")
    found = plan(f"Ref,Risk\n{odd.ref},Named well\n", compliance)
    assert (found.errors, [item.instance.pk for item in found.changed]) == ([], [odd.pk])
    waits, importer = asked(odd, actor=owner), RiskImporter()
    found = plan(f"Ref,Risk\n{odd.ref},Named well\n", compliance, importer)
    importer.apply(found, actor=compliance, reason="The sheet of the year")
    waits.refresh_from_db()
    assert (waits.state, waits.ended_reason) == ("withdrawn", "The risk was rewritten since it was asked: title.")


def test_links_come_in_by_a_file_once_and_come_back(owner: User, compliance: User):
    for ref in ("IAM-01", "IAM-02"):
        operating(ref=ref)
    sheet = "Risk,Category,Controls\nPhishing,security,IAM-01; IAM-02\n"
    importer = RiskImporter()
    importer.apply(plan(sheet, compliance, importer), actor=compliance, reason="The sheet of the year")
    made = Entry.objects.filter(verb="riskcontrol.created")
    risk = Risk.objects.get()
    first = RiskControl.objects.get(control__ref="IAM-01")
    assert made.count() == 2
    assert made.filter(object_id=str(first.pk)).get().facts["refs"] == {"control": first.control_id, "risk": risk.pk}
    assert made.first().facts["reason"] == "The sheet of the year"
    actions.unlink(first, actor=compliance, reason="It does not.")
    importer = RiskImporter()
    importer.apply(plan(sheet, compliance, importer), actor=compliance, reason="Again")
    first.refresh_from_db()
    assert first.archived_at is None
    assert Entry.objects.get(verb="riskcontrol.restored").object_id == str(first.pk)
    assert RiskControl.objects.count() == 2
    assert len(plan(sheet, compliance).unchanged) == 1
    fewer = plan(sheet.replace("; IAM-02", ""), compliance)
    assert (fewer.errors, len(fewer.unchanged)) == ([], 1)  # what a file does not name stays
