"""The pages of vendors and of what belongs to them, and their API: what they show, to whom, and what they refuse."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from foundation.pages.paper import cover_for, html_for, paper_for
from foundation.trail.models import Entry
from tests.factories.findings import finding
from tests.factories.tokens import caller
from tests.factories.vendors import (
    a_contract,
    a_document,
    a_review,
    a_vendor,
    answered,
    approved,
    day,
    reviewed,
    submitted,
)
from vendors.models import Contract, Vendor, VendorDocument, VendorReview
from vendors.work import vendors_work

pytestmark = pytest.mark.django_db


def as_(user):
    client = Client()
    client.force_login(user)
    return client


def send(user, path, status=302, **said):
    """Send a verb's form as its page offers it, with what is said on top; the page that answers."""
    client = as_(user)
    form = client.get(path).context["form"]
    data = {name: form[name].value() for name in form.fields} | said
    response = client.post(path, {name: value for name, value in data.items() if value not in (None, "", False)})
    errors = dict(response.context["form"].errors) if response.status_code == 422 else ""
    assert response.status_code == status, errors
    return response


def test_lists_and_records_are_shown(compliance, owner, employee):
    vendor = a_vendor(owner=owner)
    papers = a_document(vendor, actor=owner), a_contract(vendor, actor=owner, clauses={"audit": "no"})
    page = vendor.get_absolute_url()
    for address in ("/vendors/", page, f"{page}papers/", f"{page}links/", f"{page}history/", f"{page}trail/",
                    *(f"/vendors/{word}/" for word in ("documents", "contracts", "conditions", "exit-steps")),
                    *(paper.get_absolute_url() for paper in papers), "/vendors/new/", f"{page}edit/",
                    "/vendors/import/", f"{page}assess/", f"{page}contracts/new/", f"{page}documents/new/",
                    f"{page}offboard/", f"{papers[1].get_absolute_url()}edit/"):  # fmt: skip
        assert as_(compliance).get(address).status_code == 200, address
        assert as_(employee).get(address).status_code == 404, address


def test_from_proposal_to_use_by_the_pages(owner, manager, compliance):
    send(compliance, "/vendors/new/", name="Kestrel", owner=owner.pk, approver=compliance.pk, service="Backs us up",
         data_classes=["customer"], reach="holds")  # fmt: skip
    vendor = Vendor.objects.get()
    page = vendor.get_absolute_url()
    assert (vendor.ref, vendor.tier, vendor.tier_score) == (f"V-{vendor.pk}", "critical", 45)
    shown = as_(owner).get(page).content.decode()
    assert "At least critical, because it holds customer data." in shown
    send(owner, f"{page}reviews/new/", reviewer=owner.pk, approver=manager.pk, due_on=str(day(9)))
    review = VendorReview.objects.get()
    work = {person: [item.kind for item in vendors_work(person)] for person in (owner, manager, compliance)}
    assert work == {owner: ["Review to be done"], manager: [], compliance: []}
    answers = {f"answer_{item.key}": "na" if item.key == "worksheet" else "yes" for item in review.items.all()}
    sheet = f"{review.get_absolute_url()}questions/"
    said = send(owner, sheet, 422, **answers).context["form"]
    assert list(said.errors) == ["note_worksheet"]  # nothing is saved of a sheet that is not right
    assert not review.items.exclude(answer="").exists()
    send(owner, sheet, **answers, note_worksheet="There is no report.")
    send(owner, sheet, 422, seen="3")  # somebody answered meanwhile
    send(owner, f"{review.get_absolute_url()}submit/", conclusion="approve", residual="medium", residual_reason="So.",
         summary="All seen.")  # fmt: skip
    assert [item.kind for item in vendors_work(manager)] == ["Submitted; waits for your approval"]
    send(manager, f"{review.get_absolute_url()}approve/")
    assert [item.kind for item in vendors_work(compliance)] == ["Assessed; waits for approval"]
    assert "Ready to be approved." in as_(owner).get(page).content.decode()
    send(compliance, f"{page}approve/", statement="Seen the review.")
    vendor.refresh_from_db()
    assert (vendor.status, vendor.approved_by) == ("approved", compliance)
    told = as_(manager).get(f"{review.get_absolute_url()}report/").content.decode()
    assert VendorReview.objects.get().sha256 in told
    send(compliance, f"{page}archive/", 422, reason="It is old.")
    shown = send(compliance, f"{page}edit/", 422, owner=compliance.pk, approver=manager.pk).content.decode()
    assert "Who approved it cannot own it while that stands." in shown


def test_what_blocks_is_shown_before_the_approver_signs(owner, manager, compliance):
    vendor = a_vendor(owner=owner, approver=compliance, status="assessing")
    for address in (vendor.get_absolute_url(), f"{vendor.get_absolute_url()}approve/"):
        shown = as_(compliance).get(address).content.decode()
        assert "No due diligence of it is approved." in shown, address
        assert f'href="{vendor.get_absolute_url()}reviews/"' in shown, address
    refused = send(compliance, f"{vendor.get_absolute_url()}approve/", 422, statement="Yes.").content.decode()
    assert "No due diligence of it is approved." in refused
    assert (
        as_(manager).post(f"{vendor.get_absolute_url()}approve/", {"statement": "x", "version": 1}).status_code == 403
    )


def test_papers_are_filed_superseded_and_handed_out_on_record(owner, compliance, employee, auditor):
    vendor = a_vendor(owner=owner)
    page = vendor.get_absolute_url()
    pdf = SimpleUploadedFile("../report.pdf", b"%PDF-1.7\nsomething")
    for wrong in ({"file": SimpleUploadedFile("x.exe", b"MZ\x90\x00rest")}, {"file": SimpleUploadedFile("x.pdf", b"")},
                  {"period_to": ""}, {"title": "x" * 201}, {"period_from": "2026-02-01", "period_to": "2026-01-01"},
                  {"title": "nul\0"}, {"kind": "forged"}):  # fmt: skip
        pdf.seek(0)
        said = {"file": pdf, "kind": "soc2_type2", "title": "SOC 2", "period_to": "2026-06-30", "version": 1, **wrong}
        assert as_(owner).post(f"{page}documents/new/", said).status_code == 422, wrong
    pdf.seek(0)
    send(owner, f"{page}documents/new/", file=pdf, kind="soc2_type2", title="SOC 2", period_to="2026-06-30",
         expires_on="2027-06-30")  # fmt: skip
    document = VendorDocument.objects.get()
    assert (document.name, document.content_type, document.size) == ("report.pdf", "application/pdf", 18)
    got = as_(auditor).get(f"/vendors/documents/{document.pk}/file/")
    assert got.getvalue() == b"%PDF-1.7\nsomething"
    assert as_(employee).get(f"/vendors/documents/{document.pk}/file/").status_code == 404
    assert Entry.objects.filter(verb="file.downloaded", object_id=str(document.pk)).get().actor_id == auditor.pk
    assert as_(owner).post(f"/vendors/documents/{document.pk}/edit/", {"title": "x"}).status_code == 404
    newer = SimpleUploadedFile("report.pdf", b"%PDF-1.7\nnewer")
    send(owner, f"/vendors/documents/{document.pk}/supersede/", file=newer, period_to="2027-06-30")
    assert VendorDocument.objects.get(supersedes=document).title == "SOC 2"
    newer.seek(0)
    send(owner, f"/vendors/documents/{document.pk}/supersede/", 422, file=newer, title="Again", period_to="2027-07-01")
    assert "Superseded." in as_(owner).get(document.get_absolute_url()).content.decode()
    listed = as_(compliance).get("/vendors/documents/?state=superseded").context["table"]
    assert [row.name for row in listed] == [str(document)]
    soon = [item.kind for item in vendors_work(owner)]
    assert soon == ["Proposed"]  # a superseded document reminds nobody; the newer one has no last day


def test_contracts_remind_before_their_notice(owner, compliance):
    vendor = a_vendor(owner=owner)
    send(owner, f"{vendor.get_absolute_url()}contracts/new/", title="Terms", starts_on=str(day(-300)),
         ends_on=str(day(65)), notice_days="60", renews_itself="on", clause_audit="no", clause_security="yes",
         breach_notice_hours="48")  # fmt: skip
    contract = Contract.objects.get()
    assert (contract.clauses, contract.notice_on) == ({"audit": "no", "security": "yes"}, day(5))
    item = next(one for one in vendors_work(owner) if one.ref == contract.ref)
    assert (item.kind, item.due) == ("Renews by itself unless notice is given", day(5))
    page = contract.get_absolute_url()
    send(owner, f"{page}edit/", clause_audit="yes", clause_security="")
    contract.refresh_from_db()
    assert contract.clauses == {"audit": "yes"}
    send(owner, f"{page}edit/", 422, document="VD-999")
    send(owner, f"{page}edit/", 422, clause_breach="no")  # and yet hours for it
    assert "7 not" not in as_(compliance).get("/vendors/contracts/?term=missing").content.decode()
    assert as_(compliance).get("/vendors/contracts/?term=missing").context["page"].paginator.count == 0


def test_filters_find_what_they_say(owner, manager, compliance):
    used = approved(a_vendor(owner=owner, name="Used", locations="Sweden, France", subprocessor=True), reviewer=owner,
                    approver=manager, judge=compliance)  # fmt: skip
    plain = a_vendor(name="Plain", data_classes=["customer"], reach="production")
    a_document(plain, expires_on=day(10))
    a_document(used, expires_on=day(-1))
    found = {
        query: [row.name.partition(" ")[2] for row in as_(compliance).get(f"/vendors/?{query}").context["table"]]
        for query in ("q=plain", f"q={used.ref}", "tier=critical", "status=in_use", "status=proposed", "owner=nobody",
                      f"owner={owner.pk}", "due=expiring", "due=expired", "due=never", "due=overdue", "data=customer",
                      "part=subprocessor", "region=same", "location=france", "sort=-tier_score", "reach=production")
    }  # fmt: skip
    assert found == {
        "q=plain": ["Plain"], f"q={used.ref}": ["Used"], "tier=critical": ["Plain"], "status=in_use": ["Used"],
        "status=proposed": ["Plain"], "owner=nobody": ["Plain"], f"owner={owner.pk}": ["Used"],
        "due=expiring": ["Plain"], "due=expired": ["Used"], "due=never": [], "due=overdue": [],
        "data=customer": ["Plain"], "part=subprocessor": ["Used"], "region=same": ["Plain", "Used"],
        "location=france": ["Used"], "sort=-tier_score": ["Plain", "Used"], "reach=production": ["Plain"],
    }  # fmt: skip
    assert as_(compliance).get("/vendors/?tier=forged").status_code == 422
    then = Entry.objects.order_by("id").first().moment.isoformat().replace("+", "%2B")
    assert as_(compliance).get(f"/vendors/?as_of={then}").status_code == 200


def test_paper_holds_the_register_and_one_review(owner, manager, compliance):
    review = reviewed(a_vendor(owner=owner, name="Kestrel"), reviewer=owner, approver=manager)
    for address in ("/vendors/", f"{review.get_absolute_url()}report/"):
        paper = paper_for(address, compliance)
        assert "Kestrel" in html_for(paper, cover_for(compliance)), address


def test_the_api_does_what_the_pages_do_and_signs_nothing(owner, manager, compliance, colleague):
    vendor = a_vendor(owner=owner, approver=compliance)
    mine, other = caller(owner), caller(colleague)
    base = f"/api/v1/vendors/{vendor.pk}/"

    def post(client, address, **said):
        number = VendorReview.objects.get().version if "vendor-reviews" in address else fresh(vendor).version
        return client.post(address, said, number)

    assert mine.get(base).json()["tier"] == "medium"
    assert other.get(base).status_code == 404
    told = {"kind": "due_diligence", "reviewer": owner.pk, "approver": manager.pk, "due_on": str(day(9))}
    assert post(mine, f"{base}reviews/", **told).status_code == 200
    review = VendorReview.objects.get()
    answer = post(mine, f"/api/v1/vendor-reviews/{review.pk}/answer/", key="register", answer="yes")
    assert answer.status_code == 200
    assert post(mine, f"/api/v1/vendor-reviews/{review.pk}/answer/", key="register", answer="no").status_code == 400
    answered(review)
    said = {"conclusion": "approve", "residual": "low", "residual_reason": "So.", "summary": "Seen."}
    assert post(mine, f"/api/v1/vendor-reviews/{review.pk}/submit/", **said).status_code == 200
    for user, address in ((manager, f"/api/v1/vendor-reviews/{review.pk}/approve/"), (compliance, f"{base}approve/")):
        client = caller(user)
        assert post(client, address, statement="Yes.").status_code in (400, 403), address
    assert fresh(review).state == "submitted"
    assert post(mine, f"{base}contracts/", title="Terms", starts_on=str(day(0)), clause_audit="yes").status_code == 200
    document = a_document(vendor, actor=owner)
    told = mine.get(f"/api/v1/vendor-documents/{document.pk}/").json()
    assert (told["ref"], told["file"]) == (document.ref, f"/vendors/documents/{document.pk}/file/")


def fresh(row):
    return type(row).objects.get(pk=row.pk)


def test_findings_are_linked_from_the_pages(owner, manager, compliance):
    vendor = a_vendor(owner=owner, data_classes=["personal"], reach="view")
    flaw = finding(owner=owner)
    page = vendor.get_absolute_url()
    send(owner, f"{page}findings/new/", 422, finding="F-999", reason="x")
    answer = as_(owner).post(
        f"{page}findings/new/", {"finding": flaw.ref, "reason": "It was theirs.", "version": fresh(vendor).version}
    )
    assert answer.url == f"{page}links/"  # back to where the findings are
    review = answered(a_review(vendor, reviewer=owner, approver=manager), dpa="no")
    send(owner, f"{review.get_absolute_url()}findings/new/", key="dpa", title="No agreement", severity="high")
    shown = as_(owner).get(f"{page}links/").content.decode()
    assert flaw.title in shown
    assert "No agreement" in shown
    assert "F-" in as_(manager).get(review.get_absolute_url()).content.decode()
    submitted_review = submitted(review, conclusion="conditional", residual="medium", dpa="no")
    send(manager, f"{review.get_absolute_url()}return/", reason="Say more.")
    assert fresh(submitted_review).state == "open"


def test_pages_ask_no_more_for_many_vendors_than_for_few(owner, manager, compliance):
    first = approved(a_vendor(owner=owner), reviewer=owner, approver=manager, judge=compliance)
    review = first.reviews.get()
    page = first.get_absolute_url()
    pages = ("/vendors/", "/vendors/?q=alder&due=expiring&sort=-tier", page, f"{page}papers/", f"{page}reviews/",
             f"{page}links/", "/vendors/documents/", "/vendors/contracts/", "/vendors/conditions/",
             "/vendors/reviews/", review.get_absolute_url(), "/vendors/controls/")  # fmt: skip
    client, counts = as_(owner), []
    for number in (2, 12):
        for _ in range(number):
            a_document(first, actor=owner, expires_on=day(9))
            a_contract(a_vendor(owner=owner), actor=owner)
            a_contract(first, actor=owner)
            a_review(a_vendor(owner=owner), reviewer=owner, approver=manager)
        counts.append({address: queries(client, address) for address in pages})
    assert counts[0] == counts[1]
    assert {address: count for address, count in counts[1].items() if count > 12} == {}


def queries(client, address):
    client.get(address)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len([one for one in captured.captured_queries if not one["sql"].startswith(("SAVEPOINT", "RELEASE"))])
