"""Policies on paper: what one version and the handbook say, to whom, in every script, and that nothing is fetched."""

import datetime as dt
import io
import re
from typing import Any

import pytest
from django.db import connection
from django.http import Http404, QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pypdf import PdfReader

from foundation.accounts.models import User
from foundation.organisation.models import organisation
from foundation.pages.paper import Paper, PaperRefused, cover_for, html_for, paper_for, pdf_for
from policies import report
from policies.models import Policy, PolicyVersion
from policies.report import handbook_paper, paper_of, policy_paper, printed, version_paper
from policies.text.render import to_html
from tests.factories.people import UserFactory
from tests.factories.policies import a_policy, amended, draft_of, in_force, named, submitted
from tests.factories.roster import a_person

pytestmark = pytest.mark.django_db

MADE = dt.datetime(2026, 11, 21, 14, 5, tzinfo=dt.UTC)
SCRIPTS = """## 信息安全

本政策适用于所有员工。

## 情報セキュリティ

すべての従業員は報告しなければなりません。

## 정보 보안

모든 직원은 사고를 즉시 보고해야 합니다.

## العربية

يجب على كل موظف الإبلاغ عن الحوادث خلال {{ sla_critical_days }}

## עברית

כל העובדים מדווחים מיד

![the plan](https://example.com/plan.png) ![](data:image/png;base64,AAAA) <img src=http://example.com/x>
"""


def html_of(paper: Paper, user: User) -> str:
    return html_for(paper, cover_for(user))


def pdf_of(paper: Paper, user: User) -> PdfReader:
    return PdfReader(io.BytesIO(pdf_for(html_of(paper, user), MADE, organisation())))


def words_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


@pytest.fixture
def compliance() -> User:
    return UserFactory(role="compliance_manager")


def test_one_version_says_all_that_is_on_record_of_it(compliance: User):
    first = in_force(text="## Rules\n\nFix within {{ sla_high_days }}.", title="Patch policy")
    version = amended(first, text="## Rules\n\nFix within {{ sla_critical_days }}.")
    policy = Policy.objects.get(pk=version.policy_id)
    approver = version.approvals.get().approver
    words = words_of(html_of(version_paper(compliance, QueryDict(), None, pk=version.pk), compliance))
    assert f"Policy {policy.ref}, version 2.0" in words
    assert f"Owner {policy.owner}" in words
    assert f"Approved by {approver}, " in words
    assert f"SHA-256 {version.sha256}" in words
    assert f"Next review {policy.next_review_on}" in words
    assert "Fix within 7 days ." in words
    assert "Critical finding 7 days" in words
    assert "2.0" in words.partition("Until Change What changed")[2].split()
    assert "1.0" in words.partition("Until Change What changed")[2].split()
    assert "binds nobody" not in words
    assert "altered" not in words


def test_what_does_not_bind_says_so(compliance: User):
    first = in_force()
    second = amended(first)
    draft = draft_of(a_policy())
    waiting = submitted(a_policy())

    def said(version: PolicyVersion) -> str:
        return words_of(html_of(version_paper(compliance, QueryDict(), None, pk=version.pk), compliance))

    assert "It is no longer in force: superseded on" in said(first)
    assert "It binds nobody: draft, not approved." in said(draft)
    assert "Approved by Nobody" in said(draft)
    assert "It binds nobody: in review, not approved." in said(waiting)
    assert "binds nobody" not in said(second)
    first.refresh_from_db()
    assert first.in_force_until is not None


def test_a_policy_is_printed_as_it_is_in_force(compliance: User):
    second = amended(in_force(title="Backup policy"), title="Backup and restore policy")
    policy = Policy.objects.get(pk=second.policy_id)
    paper = policy_paper(compliance, QueryDict(), None, pk=policy.pk)
    assert paper.title == "Backup and restore policy"
    assert paper.scope == (f"{policy.ref}, version 2.0",)
    assert policy_paper(compliance, QueryDict(), None, pk=a_policy(title="Begun").pk).title == "Begun"


def test_a_policy_is_printed_as_it_stood(compliance: User):
    first = in_force(text="What held first.")
    then = timezone.now()
    second = amended(first, text="What holds now.")
    before = html_of(policy_paper(compliance, QueryDict(), then, pk=first.policy_id), compliance)
    assert "What held first." in before
    assert "What holds now." not in before
    assert "What holds now." in html_of(policy_paper(compliance, QueryDict(), None, pk=second.policy_id), compliance)


def test_who_may_not_read_a_version_gets_no_paper_of_it(employee: User):
    draft = draft_of(a_policy())
    with pytest.raises(Http404):
        version_paper(employee, QueryDict(), None, pk=draft.pk)
    with pytest.raises(Http404):
        policy_paper(employee, QueryDict(), None, pk=draft.policy_id)


def test_an_altered_text_is_told(compliance: User):
    version = in_force()
    policy = Policy.objects.get(pk=version.policy_id)
    version.text += "Nobody approved this."
    assert not printed(policy, version, [], top=2).intact
    assert "this version was altered" in html_of(paper_of(compliance, policy, version, None), compliance)


def test_the_handbook_holds_what_is_in_force_and_for_the_reader(employee: User, compliance: User):
    a_person(email=employee.email, department="Engineering")
    ours = in_force(title="Z for engineering", audience={"departments": ["Engineering"]})
    theirs = in_force(title="Y for sales", audience={"departments": ["Sales"]})
    old = in_force(title="A of everybody", text="## Rules\n\nWhat held first.")
    new = amended(old, text="## Rules\n\nWhat holds now.")
    named(a_policy(title="B begun"), UserFactory(role="manager"))
    html = html_of(handbook_paper(employee, QueryDict(), None), employee)
    words = words_of(html)
    assert re.findall(r'<a href="#policy-(\d+)">', html) == [str(new.policy_id), str(ours.policy_id)]
    assert re.findall(r'<h2 id="policy-(\d+)">', html) == [str(new.policy_id), str(ours.policy_id)]
    assert "<h3>Rules</h3>" in html
    assert "What holds now." in words
    assert "2 policies in force" in words
    for other in ("What held first", "B begun", "Y for sales"):
        assert other not in words
    for version in (new, ours):
        assert version.sha256 in words
        assert f"Approved by {version.approvals.get().approver}, " in words
    assert theirs.sha256 in html_of(handbook_paper(compliance, QueryDict(), None), compliance)


def test_a_handbook_of_nothing_says_so(employee: User):
    assert "No policy that you may see is in force." in html_of(handbook_paper(employee, QueryDict(), None), employee)


def test_the_handbook_asks_as_much_for_many_as_for_few(compliance: User):
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            html_of(handbook_paper(compliance, QueryDict(), None), compliance)
        return len(asked)

    in_force(text="{{ sla_high_days }}")
    few = queries()
    for _ in range(3):
        in_force(text="{{ sla_high_days }}")
    assert queries() == few


def test_more_words_than_a_pdf_holds_are_refused(compliance: User, monkeypatch: pytest.MonkeyPatch):
    in_force(text="Many words.")
    monkeypatch.setattr(report, "MOST_LETTERS", 10)
    with pytest.raises(PaperRefused, match="one by one"):
        handbook_paper(compliance, QueryDict(), None)


def test_the_pdf_has_a_font_for_each_script_and_fetches_nothing(compliance: User):
    """The layout refuses every address that is not ours: a PDF is made only if it asked for none."""
    version = in_force(text=SCRIPTS, title="信息安全 policy")
    pdf = pdf_of(version_paper(compliance, QueryDict(), None, pk=version.pk), compliance)
    drawn: dict[str, set[str]] = {}
    for page in pdf.pages:

        def note(text: str, _cm: object, _tm: object, font: dict | None, _size: float) -> None:
            for letter in text:
                drawn.setdefault(letter, set()).add(str((font or {}).get("/BaseFont")))

        page.extract_text(visitor_text=note)
    for letters, family in (
        ("本政策适用于员工すべての従業員모든직원은보고", "WenQuanYi"),
        ("כלהעובדים", "DejaVu"),
    ):
        for letter in letters:
            assert all(family in font for font in drawn[letter]), (letter, drawn.get(letter))
    assert any("DejaVu" in font for letter, fonts in drawn.items() if "\u0600" <= letter <= "\ufeff" for font in fonts)
    for page in pdf.pages:
        resources: Any = page["/Resources"]
        for font in resources["/Font"].values():
            descriptor = font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()
            assert {"/FontFile2", "/FontFile3"} & set(descriptor), "embedded"
        assert not resources.get("/XObject"), "no picture"


def test_the_rules_of_a_list_keep_their_numbers_on_paper(compliance: User):
    version = in_force(text="1. one\n\n### Between\n\n8. eight\n9. nine")
    pdf = pdf_of(version_paper(compliance, QueryDict(), None, pk=version.pk), compliance)
    text = "\n".join(page.extract_text() for page in pdf.pages)
    assert re.findall(r"^(\d+)\. *$", text, re.MULTILINE) == ["1", "8", "9"]


def test_a_number_keeps_its_order_among_arabic():
    html = to_html("يجب خلال {{ key }} فقط\n\nWithin {{ key }}.", {"key": "7 days"})
    assert '<bdi class="setting">\u20687 days\u2069</bdi>' in html
    assert '<bdi class="setting">7 days</bdi>' in html


def test_the_pages_print_what_they_show(compliance: User, client: Client):
    version = in_force(title="Backup policy")
    client.force_login(compliance)
    for page, title in (
        (f"/policies/{version.policy_id}/", "Backup policy"),
        (f"/policies/versions/{version.pk}/", "Backup policy"),
        ("/policies/handbook/", "Policy handbook"),
    ):
        assert paper_for(page, compliance).title == title
        shown = client.get(page).content.decode()
        assert f'name="page" value="{page}"' in shown
        assert "Backup policy" in shown
