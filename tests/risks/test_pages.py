"""Risks on their pages and in the API: every verb by those who may, what each list shows, the past, and few queries."""

import datetime

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.pages.search import find
from foundation.trail.keep import save
from foundation.trail.models import Entry
from grc.wiring import SEARCH
from risks.methods import name_executive
from risks.models import Executive, Method, Risk, RiskControl, Status, TreatmentAction, in_force
from risks.panel import risk_cells
from risks.work import risks_work
from tests.factories.controls import link, trust_services
from tests.factories.evidence import operating
from tests.factories.findings import finding
from tests.factories.people import UserFactory
from tests.factories.risks import a_risk, about_vendor, an_executive, held_by, rated
from tests.factories.tokens import caller
from vendors.models import Vendor

WHY = {"reason": "Looked at together."}
RATING = {
    "inherent_likelihood": 4, "inherent_impact": 4, "inherent_rationale": "Often tried.", "residual_likelihood": 2,
    "residual_impact": 4, "residual_rationale": "A second factor.",
}  # fmt: skip


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def post(user: User, page: str, target: object, **said: object) -> int:
    target.refresh_from_db()
    address = reverse(f"risks:{page}", args=[target.pk])
    return signed_in(user).post(address, {"version": target.version, **said}).status_code


def verbs() -> list[str]:
    done = Entry.objects.filter(object_type__startswith="risks.", outcome="ok").exclude(verb="method.published")
    return list(done.order_by("id").values_list("verb", flat=True))


def test_from_named_to_closed(owner: User, compliance: User, employee: User):
    operating(ref="IAM-03")
    flaw, risk = finding(), a_risk(owner=owner)
    vendor = about_vendor(a_risk(title="Another")).vendor
    before, soon = len(verbs()), today() + datetime.timedelta(days=90)
    assert post(owner, "risk-treat", risk, treatment="mitigate", **WHY) == 422
    assert post(owner, "risk-rate", risk, **RATING) == 422
    assert post(owner, "risk-link-control", risk, control="IAM-9", effectiveness="strong", **WHY) == 422
    assert post(owner, "risk-link-control", risk, control="iam-03", effectiveness="strong", **WHY) == 302
    assert post(owner, "risk-link-control", risk, control="IAM-03", effectiveness="weak", **WHY) == 422
    assert post(owner, "risk-rate", risk, **RATING | {"target_likelihood": 1}) == 422
    assert post(owner, "risk-rate", risk, **RATING | {"inherent_likelihood": "\x00"}) == 422
    for slip in ("0001-01-01", today(), "9999-12-31"):
        assert post(owner, "risk-rate", risk, **RATING | {"review_on": slip}) == 422
    assert post(owner, "risk-rate", risk, **RATING) == 302
    assert post(owner, "risk-treat", risk, treatment="accept", **WHY) == 422
    assert post(owner, "risk-treat", risk, treatment="mitigate", **WHY) == 302
    assert post(owner, "risk-plan-action", risk, what="Keys", owner=employee.pk, due_on="2020-01-01") == 422
    assert post(owner, "risk-plan-action", risk, what="Keys", owner=employee.pk, due_on=soon) == 302
    assert post(compliance, "risk-link-finding", risk, finding=flaw.ref, **WHY) == 302
    assert post(compliance, "risk-link-vendor", risk, vendor="northwind mail", **WHY) == 302
    assert post(owner, "risk-link-vendor", risk, vendor=vendor.ref, **WHY) == 422  # which the owner does not see
    step = TreatmentAction.objects.get()
    client = signed_in(employee)
    page = client.get(step.get_absolute_url()).content.decode()
    assert (risk.ref in page, risk.title in page) == (True, False)
    assert client.get(risk.get_absolute_url()).status_code == 404
    assert [item.action for item in risks_work(employee)] == ["Mark as done"]
    again = {"what": "All keys", "owner": employee.pk, "due_on": soon}
    assert post(compliance, "treatmentaction-edit", step, **again) == 302
    assert post(employee, "treatmentaction-complete", step, note="Handed out.", done_on="0001-01-01") == 422
    assert post(employee, "treatmentaction-complete", step, note="Handed out.") == 302
    assert post(employee, "treatmentaction-complete", step, note="Handed out.") == 422
    assert post(compliance, "treatmentaction-edit", step, **again) == 422  # what is done stands as it was planned
    assert post(compliance, "treatmentaction-archive", step, **WHY) == 302
    assert post(compliance, "treatmentaction-restore", step, **WHY) == 302
    assert post(owner, "risk-review", risk, note="As it was.", review_on=today()) == 422
    assert post(owner, "risk-review", risk, note="As it was.") == 302
    shown = signed_in(compliance).get(risk.get_absolute_url()).content.decode()
    assert all(words in shown for words in ("IAM-03", "All keys", "8 Medium", "16 High"))
    ties = signed_in(compliance).get(f"{risk.get_absolute_url()}links/").content.decode()
    assert all(
        words in ties
        for words in (flaw.ref, "Northwind Mail", f"/risks/findings/{risk.finding_links.get().pk}/unlink/")
    )
    for name, tied in (("control", risk.control_links), ("vendor", risk.vendor_links), ("finding", risk.finding_links)):
        assert post(owner, f"risk{name}-unlink", tied.get(archived_at=None), **WHY) == 302
    assert "Residual rests on no operating control" in signed_in(owner).get(risk.get_absolute_url()).content.decode()
    assert post(compliance, "risk-close", risk, **WHY) == 302
    assert post(compliance, "risk-reopen", risk, **WHY) == 302
    assert post(compliance, "risk-archive", risk, **WHY) == 302
    assert post(owner, "risk-review", risk, note="As it was.") == 422
    assert post(compliance, "risk-restore", risk, **WHY) == 302
    assert verbs()[before:] == [
        "riskcontrol.created", "risk.rated", "risk.treated", "treatmentaction.created", "riskfinding.created",
        "riskvendor.created", "treatmentaction.updated", "treatmentaction.completed", "treatmentaction.archived",
        "treatmentaction.restored", "risk.reviewed", "riskcontrol.archived", "riskvendor.archived",
        "riskfinding.archived", "risk.closed", "risk.reopened", "risk.archived", "risk.restored",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("", "bare held failing fraud"),
        ("residual=medium", "held failing"),
        ("inherent=high", "held failing"),
        ("inherent_likelihood=4&inherent_impact=4", "held failing"),
        ("residual_likelihood=2&residual_impact=4", "held failing"),
        ("status=identified", "bare"),
        ("category=people", "bare"),
        ("owner=nobody", "bare held failing"),
        ("fraud=yes", "fraud"),
        ("change_trigger=technology", "bare"),
        ("flagged=yes", "failing"),
        ("review=overdue", "bare"),
        ("control=iam-02", "failing"),
        ("q=hel", "held"),
        ("residual=worst", "422"),
    ],
)
def test_the_list_is_narrowed_now_and_as_it_stood(owner: User, compliance: User, query: str, titles: str):
    long_ago = today() - datetime.timedelta(days=3)
    a_risk(title="bare", category="people", change_trigger="technology", review_on=long_ago)
    rated(operating(ref="IAM-01", since=f"{today()}"), title="held", residual=(2, 4))
    ended = operating(ref="IAM-02", since="2026-01-01", operates_until=long_ago)
    rated(ended, operating(ref="IAM-04", since=f"{today()}"), title="failing", residual=(2, 4))
    rated(title="fraud", fraud=True, owner=owner, inherent=(1, 1))
    client, later = signed_in(compliance), datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1)
    moment = datetime.datetime.now(datetime.UTC).isoformat()
    for as_of in (None, moment):
        with time_machine.travel(later, tick=False):
            client.force_login(compliance)
            asked = f"/risks/?{query}" + (f"&as_of={moment.replace('+', '%2B')}" if as_of else "")
            response = client.get(asked)
        if titles == "422":
            assert response.status_code == 422
            continue
        shown = {row.name.partition(" ")[2] for row in response.context["table"]}
        assert shown == set(titles.split()), asked


def test_the_register_of_a_past_day_is_what_was_exported_then(owner: User, compliance: User):
    control = operating(ref="IAM-01", since=f"{today()}")
    risk = rated(control, title="held", residual=(2, 4), owner=owner)
    client = signed_in(compliance)
    then = b"".join(client.get("/risks/export.csv").streaming_content)
    moment = datetime.datetime.now(datetime.UTC).isoformat().replace("+", "%2B")
    with time_machine.travel(datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=2), tick=False):
        client.force_login(compliance)
        assert post(compliance, "riskcontrol-unlink", RiskControl.objects.get(), **WHY) == 302
        assert post(compliance, "risk-close", risk, **WHY) == 302
        rated(title="later")
        assert b"".join(client.get("/risks/export.csv").streaming_content) != then
        assert b"".join(client.get(f"/risks/export.csv?as_of={moment}").streaming_content) == then
        page = client.get(f"{risk.get_absolute_url()}?as_of={moment}").content.decode()
        assert ("IAM-01" in page, "Assessed" in page) == (True, True)


def test_a_method_is_published_and_executives_are_named_on_its_page(compliance: User, manager: User, owner: User):
    client = signed_in(compliance)
    assert "came with the product" in client.get("/risks/method/").content.decode().lower().replace("comes", "came")
    form = client.get("/risks/method/new/").context["form"]
    data = {name: form[name].value() for name in form.fields} | {"reason": "Smaller company.", "high_from": 8}
    assert client.post("/risks/method/new/", data | {"impact_3_name": ""}).status_code == 422
    assert client.post("/risks/method/new/", data | {"critical_from": 7}).status_code == 422
    assert client.post("/risks/method/new/", data).status_code == 302
    assert client.post("/risks/method/new/", data).status_code == 422  # begun from a version that is over
    assert (Method.objects.count(), in_force().band(8)) == (2, "high")
    assert signed_in(owner).get(in_force().get_absolute_url()).status_code == 200
    assert client.post("/risks/method/executives/new/", {"user": owner.pk, **WHY}).status_code == 422
    assert client.post("/risks/method/executives/new/", {"user": manager.pk, **WHY}).status_code == 302
    with pytest.raises(ValidationError, match="named already"):
        name_executive(actor=compliance, user=manager, reason="Again.")
    with pytest.raises(ValidationError, match="role Manager"):
        name_executive(actor=compliance, user=owner, reason="Again.")
    assert str(manager) in client.get("/risks/method/").content.decode()
    assert post(compliance, "executive-end", Executive.objects.get(), **WHY) == 302
    an_executive(manager)
    told = Entry.objects.filter(verb__startswith="executive.").order_by("id")
    assert list(told.values_list("verb", flat=True)) == ["executive.created", "executive.ended", "executive.restored"]


def test_the_control_the_matrix_the_search_and_my_work_know_of_it(owner: User, compliance: User, colleague: User):
    trust_services()
    control = operating(ref="IAM-01", owner=colleague)
    link(control, "CC6.1")
    risk = rated(control, title="Phishing", residual=(2, 4), owner=owner)
    template = a_risk(title="Not ours yet", owner=owner, status=Status.TEMPLATE)
    held_by(template, control)
    flaw = finding(control)
    page = signed_in(compliance).get(f"/controls/{control.pk}/links/").content.decode()
    assert f"IAM-01 fails: {flaw.ref} unresolved" in page
    assert "Phishing" in page
    assert risk_cells(compliance, [control.pk], None) == {control.pk: f"{risk.ref} Phishing (medium)"}
    assert risk_cells(colleague, [control.pk], None) == {}  # whose control it is, and who does not see the risk
    assert "Phishing" in signed_in(compliance).get("/matrix/?q=IAM-01").content.decode()
    assert [hit.ref for hit in find(SEARCH, compliance, risk.ref)] == [risk.ref]
    assert [item.kind for item in risks_work(owner)] == ["Template to adapt"]


def test_the_api_rates_and_refuses_as_the_pages_do(owner: User, compliance: User, manager: User):
    api, risk = caller(owner, "read", "write"), a_risk(owner=owner)
    assert api.get(f"/api/v1/risks/{risk.pk}/").json()["ref"] == risk.ref
    refused = api.post(f"/api/v1/risks/{risk.pk}/rate/", RATING, risk.version)
    assert (refused.status_code, list(refused.json()["errors"])) == (400, ["residual_likelihood"])
    rating = RATING | {"residual_likelihood": 4}
    assert api.post(f"/api/v1/risks/{risk.pk}/rate/", rating, risk.version).json()["residual_score"] == 16
    asked_ = {"reason": "So.", "compensating": "None needed.", "until": f"{today() + datetime.timedelta(days=9)}"}
    assert api.post(f"/api/v1/risks/{risk.pk}/acceptance/", asked_, risk.version + 1).status_code == 200
    one = api.get("/api/v1/acceptances/").json()["results"][0]
    told = caller(manager).post(f"/api/v1/acceptances/{one['id']}/approve/", {}, 1)
    assert told.status_code == 403  # a person approves, and no token


def test_pages_ask_no_more_for_thirty_risks_than_for_three(compliance: User):
    client = signed_in(compliance)
    pages = [
        "/risks/",
        "/risks/?flagged=yes",
        "/risks/actions/",
        "/risks/acceptances/",
        "/risks/method/",
        "/risks/library/",
    ]
    few = {page: grown(client, page, 3) for page in pages}
    many = {page: grown(client, page, 27 if page == pages[0] else 0) for page in pages}
    assert many == few
    assert {page: count for page, count in many.items() if count > 12} == {}
    risk = Risk.objects.first()
    for _ in range(12):
        held_by(risk, operating())
    count = queries(client, risk.get_absolute_url())
    for _ in range(12):
        held_by(risk, operating())
    assert queries(client, risk.get_absolute_url()) == count <= 12


def grown(client: Client, page: str, more: int) -> int:
    for _ in range(more):
        rated(operating(), residual=(2, 4), owner=UserFactory(role="control_owner"))
    return queries(client, page)


def queries(client: Client, page: str) -> int:
    client.get(page)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(page).status_code == 200
    return len([one for one in captured.captured_queries if not one["sql"].startswith(("SAVEPOINT", "RELEASE"))])


def test_a_vendors_tab_of_links_shows_its_risks_to_those_who_see_them(owner: User, manager: User):
    risk, other = a_risk(owner=owner), a_risk(title="It floods", owner=UserFactory(role="control_owner"))
    vendor = about_vendor(other).vendor
    before = timezone.now()
    about_vendor(risk)
    elsewhere = about_vendor(a_risk(title="They strike"), "Southwind").vendor
    page = f"{vendor.get_absolute_url()}links/"
    shown = signed_in(manager).get(page).content.decode()
    assert f"{risk.ref}</b> {risk.title}" in shown
    assert other.title in shown
    assert "They strike" not in shown
    assert f"/risks/?vendor={vendor.ref}" in shown
    save_owner(vendor, owner)
    shown = signed_in(owner).get(page).content.decode()
    assert risk.title in shown
    assert other.title not in shown
    shown = signed_in(manager).get(page, {"as_of": before.isoformat()}).content.decode()
    assert (risk.title in shown, other.title in shown) == (False, True)
    found = signed_in(manager).get(reverse("risks:risk-list"), {"vendor": vendor.ref.lower()}).context["page"]
    assert {one.pk for one in found.object_list} == {risk.pk, other.pk}
    found = signed_in(manager).get(reverse("risks:risk-list"), {"vendor": elsewhere.ref}).context["page"]
    assert [one.title for one in found.object_list] == ["They strike"]
    assert not signed_in(manager).get(reverse("risks:risk-list"), {"vendor": "Southwind"}).context["page"].object_list


def save_owner(vendor: Vendor, owner: User) -> None:
    vendor.refresh_from_db()
    vendor.owner = owner
    save(vendor, actor=owner, verb="vendor.updated")
