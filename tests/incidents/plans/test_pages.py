"""Response plans on their pages, in the API and on paper: rights, bad input, what the night needs on page 1."""

import hashlib
import re
from pathlib import Path
from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pypdf import PdfReader

from foundation.accounts.models import User
from foundation.organisation.models import organisation
from foundation.pages.paper import PaperRefused, cover_for, html_for, paper_for, pdf_for
from foundation.trail.keep import save
from foundation.trail.models import Entry
from incidents.models import PlanContact, PlanRole, PlanSeverity, PlanVersion, Playbook, ResponsePlan
from incidents.plans import approving, writing
from incidents.plans.content import parts_of
from incidents.plans.panel import plan_panel
from incidents.plans.views import version_paper
from tests.factories.incidents import an_incident
from tests.factories.plans import SAID, WHY, begun, filled, fresh, in_force, submitted
from tests.factories.tokens import caller

pytestmark = pytest.mark.django_db


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page(user: User, name: str, *args: Any, **query: Any) -> Any:
    return signed_in(user).get(reverse(f"incidents:{name}", args=args), query)


def post(user: User, name: str, target: Any, /, **said: Any) -> Any:
    target = fresh(target)
    url = reverse(f"incidents:{name}", args=[target.pk])
    return signed_in(user).post(url, {"version": target.version, **said})


def test_a_plan_is_written_and_approved_on_its_pages(compliance: User, manager: User):
    made = signed_in(compliance).post(reverse("incidents:responseplan-create"), {"title": "Plan"})
    version = PlanVersion.objects.get()
    assert made.status_code == 302
    assert page(compliance, "responseplan-detail", version.plan_id).status_code == 200
    body = page(compliance, "planversion-detail", version.pk).content.decode()
    assert "Before it can be submitted" in body
    assert '<mark class="fill-in"' in body
    said = {"approver": manager.pk, "change_note": "First."}
    refused = post(compliance, "planversion-submit", version, **said)
    assert refused.status_code == 422
    assert "fill in" in refused.content.decode()
    filled(version, compliance)
    assert post(compliance, "planversion-submit", version, **said).status_code == 302
    assert post(compliance, "planversion-edit", version, purpose="Other.").status_code == 422
    assert not page(manager, "planversion-approve", version.pk).context["form"]["statement"].value()  # their own words
    assert post(manager, "planversion-approve", version).status_code == 422
    assert post(manager, "planversion-approve", version, statement=WHY).status_code == 302
    assert fresh(version).state == "approved"
    body = page(manager, "responseplan-detail", version.plan_id).content.decode()
    assert "In force" in body
    assert "Files locked, or a ransom is asked" in body
    assert not page(compliance, "responseplan-review", version.plan_id).context["form"]["statement"].value()
    assert post(compliance, "responseplan-review", version.plan, statement="It holds.").status_code == 302
    assert "It holds." in page(manager, "responseplan-detail", version.plan_id).content.decode()


def test_whoever_approves_reads_the_text_and_its_hash_on_the_form(compliance: User, manager: User):
    version = filled(begun(compliance), compliance)
    draft = approving.text_sha256(version)
    version = submitted(version, author=compliance, approver=manager)
    form = page(manager, "planversion-approve", version.pk)
    body, shown = form.content.decode(), form.context["text_sha256"]
    assert shown == approving.text_sha256(fresh(version))
    assert shown != draft  # its words changed: what changes with it was said at the submission
    assert shown in body
    assert shown in page(compliance, "planversion-detail", version.pk).content.decode()
    for words in (SAID, "Files locked, or a ransom is asked", parts_of(version)["roles"][0].telephone):
        assert words in body
    for name in ("planversion-return", "planversion-withdraw"):
        assert "text_sha256" not in page(manager if "return" in name else compliance, name, version.pk).context
    version = approving.approve(fresh(version), actor=manager, statement=WHY)
    kept = page(compliance, "planversion-json", version.pk).json()
    assert kept["text_sha256"] == shown  # what was shown is what was approved
    assert Entry.objects.get(verb="planversion.approved").facts["refs"]["text_sha256"] == shown
    plan = fresh(version.plan)
    plan.title = "Incident response"
    save(plan, actor=compliance, verb="responseplan.updated")
    assert shown in page(compliance, "planversion-detail", version.pk).content.decode()  # whatever the plan is called
    later = writing.draft(fresh(version.plan), actor=compliance, change_note="New.")
    later = approving.submit(fresh(later), actor=compliance, approver=manager, change_note="New.")
    compare = reverse("incidents:planversion-changes", args=[later.pk])
    assert compare in page(manager, "planversion-approve", later.pk).content.decode()
    assert compare not in body


def test_the_plan_is_in_the_order_of_the_night_and_its_numbers_can_be_dialled(compliance: User, manager: User):
    version = begun(compliance)
    said = {"kind": "help", "name": "Night desk", "what": "Doors", "telephone": "+46 (0)8 555-01 00, code 4471"}
    assert post(compliance, "planversion-add-contact", version, **said).status_code == 302
    none = {"kind": "help", "name": "Day desk", "what": "Doors", "telephone": "by messenger"}
    assert post(compliance, "planversion-add-contact", version, **none).status_code == 302
    body = page(compliance, "planversion-detail", version.pk).content.decode()
    assert '<a href="tel:+4685550100">+46 (0)8 555-01 00, code 4471</a>' in body
    assert '"tel:"' not in body
    assert "by messenger" in body
    places = [body.index(f'id="{name}') for name in ("roles", "contacts", "first", "severities", "playbook-")]
    assert places == sorted(places)


def test_an_open_incident_leads_whoever_runs_it_to_the_plan(
    compliance: User, manager: User, employee: User, django_assert_num_queries
):
    incident = an_incident(commander=employee, reporter=employee)
    assert plan_panel(employee, incident, None) is None  # none is in force
    begun(compliance, title="Second plan")
    version = in_force(author=compliance, approver=manager, title="Night plan")
    with django_assert_num_queries(2):
        panel = plan_panel(employee, incident, None)
    assert panel is not None
    home = version.plan.get_absolute_url()
    body = page(employee, "incident-detail", incident.pk).content.decode()
    books = parts_of(version)["playbooks"]
    for place in ("roles", "contacts", "first", "severities", *(f"playbook-{one.pk}" for one in books)):
        assert f'href="{home}#{place}"' in body
    assert all(one.title in body for one in books)
    assert "Second plan" not in body
    plan = signed_in(employee).get(home)
    assert all(f'id="playbook-{one.pk}"' in plan.content.decode() for one in books)
    over = an_incident(
        state="closed", recovered_at=timezone.now(), closed_at=timezone.now(), closed_by=compliance, commander=employee
    )
    assert home not in page(employee, "incident-detail", over.pk).content.decode()
    assert plan_panel(employee, incident, timezone.now()) is None


def test_the_parts_of_a_draft_are_changed_on_their_pages(compliance: User, owner: User):
    version = begun(compliance)
    role = {"role": "Night guard", "user": owner.pk, "telephone": "+46 8 000 00 01", "duties": "Opens the door."}
    assert post(compliance, "planversion-add-role", version, **role).status_code == 302
    row = PlanRole.objects.get(role="Night guard")
    assert (row.holder, row.position) == (str(owner), 7)
    both = post(compliance, "planrole-edit", row, **role, name="Somebody", position=1)
    assert both.status_code == 422
    assert "or write a name" in both.content.decode()
    same = post(compliance, "planrole-edit", row, **role, deputy=owner.pk, position=1)
    assert "The deputy is somebody else" in same.content.decode()
    assert post(compliance, "planrole-edit", row, **role, position=1).status_code == 302
    contact = {"kind": "vendor", "name": "Nordmail", "what": "Mail", "telephone": "1"}
    assert post(compliance, "planversion-add-contact", version, **contact).status_code == 302
    steps = {"title": "Flood", "steps": "Leave.\nCall."}
    assert post(compliance, "planversion-add-playbook", version, **steps).status_code == 302
    first = PlanSeverity.objects.get(edition=version, severity=1)
    said = {"meaning": "Bad.", "acknowledge_minutes": 10, "update_minutes": ""}
    assert post(compliance, "planseverity-edit", first, **said).status_code == 302
    assert (fresh(first).acknowledge_minutes, fresh(first).update_minutes) == (10, None)
    assert post(compliance, "playbook-archive", Playbook.objects.get(title="Flood"), reason="No.").status_code == 302
    assert {row.title for row in parts_of(version)["playbooks"]}.isdisjoint({"Flood"})
    text = page(compliance, "planversion-history", version.pk).content.decode()
    assert "Night guard" in text


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("planversion-add-role", {"role": ""}),
        ("planversion-add-role", {"role": "x" * 81}),
        ("planversion-add-role", {"role": "x\x00y"}),
        ("planversion-add-role", {"role": "x", "user": 10**30}),
        ("planversion-add-contact", {"kind": "foe", "name": "x", "what": "y"}),
        ("planversion-add-contact", {"kind": "help", "name": "", "what": "y"}),
        ("planversion-add-playbook", {"title": "x", "steps": ""}),
        ("planversion-add-playbook", {"title": "x", "steps": "y" * 20_001}),
        ("planversion-edit", {"purpose": "y" * 20_001}),
        ("planversion-edit", {"purpose": "a\x00b"}),
        ("planversion-withdraw", {"reason": ""}),
        ("planversion-submit", {"approver": 10**30, "change_note": "x"}),
    ],
)
def test_bad_input_changes_nothing(compliance: User, name: str, said: dict[str, Any]):
    version = begun(compliance)
    before = (fresh(version).version, PlanRole.objects.count(), PlanContact.objects.count(), Playbook.objects.count())
    assert post(compliance, name, version, **said).status_code == 422
    after = (fresh(version).version, PlanRole.objects.count(), PlanContact.objects.count(), Playbook.objects.count())
    assert before == after


@pytest.mark.parametrize("minutes", ["0", "-5", "44641", "9" * 40, "soon"])
def test_minutes_are_within_a_month(compliance: User, minutes: str):
    row = PlanSeverity.objects.get(edition=begun(compliance), severity=1)
    assert post(compliance, "planseverity-edit", row, meaning="Bad.", acknowledge_minutes=minutes).status_code == 422
    assert fresh(row).acknowledge_minutes == 15


def test_who_may_not_is_refused(compliance: User, manager: User, owner: User, employee: User, outsider: User):
    version = submitted(begun(compliance), author=compliance, approver=manager)
    for user, status in ((employee, 403), (owner, 403), (outsider, 404)):
        for name in ("planversion-approve", "planversion-edit", "planversion-withdraw"):
            assert post(user, name, version, reason="x", statement="x").status_code == status, (user, name)
    assert post(compliance, "planversion-approve", version, statement=WHY).status_code == 403
    assert fresh(version).state == "submitted"
    assert page(employee, "planversion-detail", version.pk).status_code == 200


def test_an_old_page_overwrites_nobody(compliance: User):
    version = begun(compliance)
    seen = version.version
    other = fresh(version)
    other.scope = "All of it."
    writing.rewrite(other, actor=compliance)
    url = reverse("incidents:planversion-edit", args=[version.pk])
    answer = signed_in(compliance).post(url, {"version": seen, "purpose": "Mine."})
    assert answer.status_code == 409
    assert fresh(version).purpose != "Mine."


def test_the_api_reads_writes_and_does_not_sign(compliance: User, manager: User):
    version = filled(begun(compliance), compliance)
    call = caller(compliance)
    whole = call.get(f"/api/v1/response-plan-versions/{version.pk}/").json()
    assert whole["said"]["roles"][0]["role"] == "Commander"
    assert call.get("/api/v1/response-plan-versions/").json()["results"][0]["ref"] == version.ref
    base = f"/api/v1/response-plan-versions/{version.pk}"
    made = call.post(f"{base}/contacts/", {"kind": "vendor", "name": "Nordmail", "what": "Mail"}, version.version)
    assert made.status_code == 200, made.content
    sent = call.post(f"{base}/submit/", {"approver": manager.pk, "change_note": SAID}, fresh(version).version)
    assert sent.status_code == 200, sent.content
    approves = caller(manager)
    refused = approves.post(f"{base}/approve/", {"statement": WHY}, fresh(version).version)
    assert refused.status_code == 403
    assert "no token" in refused.content.decode()
    changed = call.patch(f"{base}/", {"purpose": "Other."}, fresh(version).version)
    assert changed.status_code in (400, 422)
    approving.approve(fresh(version), actor=manager, statement=WHY)
    plan = call.get(f"/api/v1/response-plans/{version.plan_id}/").json()
    assert (plan["version_in_force"], plan["ref"]) == (1, version.plan.ref)
    review = call.post(
        f"/api/v1/response-plans/{version.plan_id}/review/", {"statement": "x"}, fresh(version.plan).version
    )
    assert review.status_code == 403


def test_a_file_of_an_approved_version_has_its_hash(compliance: User, manager: User, employee: User):
    version = begun(compliance)
    assert page(compliance, "planversion-json", version.pk).status_code == 403
    version = submitted(version, author=compliance, approver=manager)
    version = approving.approve(version, actor=manager, statement=WHY)
    answer = page(employee, "planversion-json", version.pk)
    assert hashlib.sha256(answer.content).hexdigest() == version.sha256


def test_what_changed_between_versions(compliance: User, manager: User):
    first = in_force(author=compliance, approver=manager)
    second = writing.draft(fresh(first.plan), actor=compliance, change_note="New.")
    assert "Nothing is said otherwise" in page(compliance, "planversion-changes", second.pk).content.decode()
    second.purpose = f"{second.purpose} And who decides."
    writing.rewrite(second, actor=compliance)
    body = page(compliance, "planversion-changes", second.pk, against="1").content.decode()
    assert "<ins>" in body
    assert page(compliance, "planversion-changes", first.pk).status_code == 200
    assert page(compliance, "planversion-changes", second.pk, against="9" * 40).status_code == 200


def test_text_with_scripts_stays_text(compliance: User):
    version = fresh(begun(compliance))
    version.purpose = "<script>alert(1)</script> ![x](http://evil.example.com/x.png) [y](javascript:alert(1))"
    writing.rewrite(version, actor=compliance)
    body = page(compliance, "planversion-detail", version.pk).content.decode()
    assert "<script>alert(1)" not in body
    assert "evil.example.com/x.png" not in re.sub(r"&[a-z]+;", "", body) or "<img" not in body
    assert 'href="javascript' not in body


def test_the_number_of_queries_does_not_grow(compliance: User, manager: User, django_assert_max_num_queries):
    version = in_force(author=compliance, approver=manager)
    client = signed_in(compliance)
    client.get(version.get_absolute_url())
    with django_assert_max_num_queries(24):
        client.get(version.plan.get_absolute_url())
    with django_assert_max_num_queries(24):
        client.get(version.get_absolute_url())


# ---- paper -----------------------------------------------------------------------------------------------------------


def test_page_one_of_the_paper_is_what_the_night_needs(compliance: User, manager: User, tmp_path: Path):
    version = filled(begun(compliance), compliance)
    version.first_steps = "\n".join(f"Step number {number}." for number in range(1, 13))
    writing.rewrite(version, actor=compliance)
    version = approving.submit(fresh(version), actor=compliance, approver=manager, change_note="First.")
    version = approving.approve(version, actor=manager, statement=WHY)
    pages = printed(version, compliance, tmp_path)
    first = pages[0]
    for row in parts_of(version)["roles"]:
        assert row.role in first
        assert row.telephone in first
    for words in (
        "Telephone conference",
        "15 min",
        "4 h",
        "3 days",
        "SEV1",
        "SEV4",
        "Step number 1.",
        "Step number 10.",
    ):
        assert "".join(words.split()) in "".join(first.split())
    assert "Step number 11." not in first
    assert "Step number 12." in pages[1]
    for text in pages:
        assert version.sha256 in text.replace("\n", "")
        assert str(manager) in text
        assert "Version 1" in text
    for row in parts_of(version)["playbooks"]:
        with_it = [text for text in pages if row.title in text]
        assert len(with_it) == 1
        assert all(step in " ".join(with_it[0].split()) for step in row.steps.splitlines())
        assert sum(other.title in with_it[0] for other in parts_of(version)["playbooks"]) == 1


def test_a_draft_on_paper_says_that_it_is_none_in_force(compliance: User):
    version = begun(compliance)
    html = html_for(version_paper(compliance, QueryDict(), None, pk=version.pk), cover_for(compliance))
    assert "not approved" in html
    with pytest.raises(PaperRefused, match="No version"):
        paper_for(version.plan.get_absolute_url(), compliance)
    assert ResponsePlan.objects.count() == 1


def printed(version: PlanVersion, user: User, folder: Path) -> list[str]:
    """The words of each page of a version's PDF, as a reader of it finds them."""
    html = html_for(paper_for(version.plan.get_absolute_url(), user), cover_for(user))
    file = folder / "plan.pdf"
    file.write_bytes(pdf_for(html, timezone.now(), organisation()))
    return [one.extract_text() for one in PdfReader(file).pages]
