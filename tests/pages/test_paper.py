"""A page on paper: what its person sees, by a process that reads nothing else, said in the trail."""

import base64
import datetime as dt
import hashlib
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.core.files.base import ContentFile
from django.http import Http404
from django.test import Client
from django.urls import reverse
from pypdf import PdfReader

from foundation.accounts.models import User
from foundation.jobs.models import Job
from foundation.jobs.worker import run_all
from foundation.organisation.models import Organisation, organisation
from foundation.pages import paper
from foundation.pages.jobs import print_page
from foundation.pages.paper import PaperFailed, PaperRefused, cover_for, html_for, paper_for, pdf_for
from foundation.pages.paper_render import Refused, render
from foundation.trail.keep import save
from foundation.trail.models import Entry
from foundation.trail.record import SYSTEM
from tests.factories.controls import ControlFactory

LIST = "/controls/"
MOMENT = dt.datetime(2026, 11, 21, 14, 5, tzinfo=dt.UTC)
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def html_of(page: str, user: User) -> str:
    return html_for(paper_for(page, user), cover_for(user))


def order(html: str, **files: bytes) -> dict[str, Any]:
    """What the child process is told: a document, our static files and these."""
    return {
        "html": f'<html lang="en"><title>Test</title>{html}</html>',
        "identifier": "0" * 32,
        "roots": [str(settings.BASE_DIR / "static")],
        "files": {f"own:{name}": base64.b64encode(content).decode() for name, content in files.items()},
    }


def child(html: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "foundation.pages.paper_render"],
        input=json.dumps(order(html)).encode(),
        capture_output=True,
        cwd=settings.BASE_DIR,
        check=False,
    )


# ---- what is printed ------------------------------------------------------------------------------------------------


def test_the_list_on_paper_is_the_list_as_filtered(compliance: User) -> None:
    for ref in ("IAM-01", "IAM-02", "OPS-01"):
        ControlFactory(ref=ref, name=f"<b>{ref}</b>")
    found = paper_for("/controls/?q=IAM&sort=-ref", compliance)
    assert (found.title, found.rows, found.landscape, found.as_of) == ("Controls", 2, True, None)
    html = html_for(found, cover_for(compliance))
    assert html.index("&lt;b&gt;IAM-02&lt;/b&gt;") < html.index("&lt;b&gt;IAM-01&lt;/b&gt;")
    assert "OPS-01" not in html
    assert "<b>IAM" not in html
    assert "2 records match" in html


def test_asking_for_paper_reads_no_rows(compliance: User, django_assert_max_num_queries: Any) -> None:
    for number in range(30):
        ControlFactory(ref=f"A-{number:02}")
    with django_assert_max_num_queries(3) as captured:
        assert paper_for(LIST, compliance).rows == 30
    assert not any("A-01" in query["sql"] for query in captured.captured_queries)


def test_paper_shows_what_was_known_then(compliance: User) -> None:
    ControlFactory(ref="OLD-01")
    assert paper_for("/controls/?as_of=2020-01-01", compliance).rows == 0
    shown = html_of("/controls/?as_of=2020-01-01", compliance)
    assert "As it stood on" in shown
    assert "OLD-01" not in shown
    with pytest.raises(PaperRefused, match="is not a date"):
        paper_for("/controls/?as_of=yesterday", compliance)


def test_the_cover_says_who_when_and_the_trails_last_entry(compliance: User) -> None:
    ControlFactory()
    last = Entry.objects.latest("id")
    html = html_of(LIST, compliance)
    assert "Cora Compliance" in html
    assert f"Last entry {last.pk}" in html
    assert last.leaf_hash().hex() in html
    assert "Demo data" not in html


def test_a_demo_company_is_stamped(compliance: User) -> None:
    save(Organisation(name="Invented Ltd", is_demo=True), actor=SYSTEM, verb="organisation.created")
    html = html_of(LIST, compliance)
    assert "Invented Ltd" in html
    assert "Demo data" in html


def test_a_list_too_long_for_paper_is_refused_in_words(compliance: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paper, "MOST_ROWS", 1)
    ControlFactory()
    assert paper_for(LIST, compliance).rows == 1
    ControlFactory()
    with pytest.raises(PaperRefused, match="2 rows are more than a PDF can hold"):
        paper_for(LIST, compliance)


# ---- who may ask ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "page",
    [
        "https://example.com/controls/",
        "//example.com/controls/",
        "controls/",
        "",
        "/nowhere/",
        "/accounts/login/",
        "/pages/print/",
        "/controls/new/",
        "javascript:alert(1)",
        "//[",
        "/controls/?q=\x00",
        "/controls/\n",
        "/controls/?" + "x" * 2000,
    ],
)
def test_only_pages_of_ours_that_have_a_paper(client: Client, compliance: User, page: str) -> None:
    client.force_login(compliance)
    assert client.post(reverse("pages:print"), {"page": page}).status_code == 404
    assert not Job.objects.exists()


def test_people_print_only_what_they_see(employee: User, outsider: User, auditor: User) -> None:
    ControlFactory(ref="A-1")  # in no category: outside the auditor's window
    for user in (employee, outsider):
        with pytest.raises((Http404, PermissionDenied)):
            paper_for(LIST, user)
    assert paper_for(LIST, auditor).rows == 0


def test_an_auditor_may_ask_for_paper(client: Client, auditor: User) -> None:
    client.force_login(auditor)
    assert client.post(reverse("pages:print"), {"page": LIST}).status_code == 302


def test_signed_out_is_sent_to_sign_in_and_get_is_refused(client: Client, compliance: User) -> None:
    assert client.post(reverse("pages:print"), {"page": LIST}).url.startswith(reverse("account_login"))
    client.force_login(compliance)
    assert client.get(reverse("pages:print")).status_code == 405


def test_an_unreadable_moment_leads_back_with_words(client: Client, compliance: User) -> None:
    client.force_login(compliance)
    answer = client.post(reverse("pages:print"), {"page": "/controls/?as_of=soon"}, follow=True)
    assert answer.redirect_chain == [("/controls/?as_of=soon", 302)]
    assert "“soon” is not a date" in answer.content.decode()


# ---- the job --------------------------------------------------------------------------------------------------------


def printed(client: Client, user: User, page: str) -> Job:
    client.force_login(user)
    answer = client.post(reverse("pages:print"), {"page": page})
    assert answer.status_code == 302
    run_all()
    job = Job.objects.get()
    assert answer.url == job.get_absolute_url()
    return job


def test_a_list_becomes_a_tagged_pdf_and_one_entry(client: Client, compliance: User) -> None:
    for number in range(40):
        ControlFactory(ref=f"A-{number:02}", name="Größe — naïve “Ω”")
    job = printed(client, compliance, "/controls/?sort=ref&q=A-")
    assert (job.state, job.result_type, job.done, job.total) == ("done", "application/pdf", 3, 3)
    assert job.result_name == f"controls-{dt.datetime.now(organisation().zone).date()}.pdf"
    with job.result.open() as kept:
        pdf = kept.read()
    reader = PdfReader(io.BytesIO(pdf))
    root: Any = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"] == True  # noqa: E712 (a BooleanObject)
    assert root["/Lang"] == "en"
    assert reader.metadata is not None
    assert reader.metadata.title == "Controls · Your organisation"
    cover, text = reader.pages[0].extract_text(), "".join(page.extract_text() for page in reader.pages)
    assert "Cora Compliance" in cover
    last = Entry.objects.exclude(verb="report.printed").latest("id")
    assert f"Last entry {last.pk}" in cover
    assert all(f"A-{number:02}" in text for number in range(40))
    entry = Entry.objects.get(verb="report.printed")
    assert (entry.actor_id, entry.via) == (compliance.pk, "job")
    detail = json.loads(entry.detail)
    assert detail["refs"] == {"title": "Controls", "rows": 40, "sha256": hashlib.sha256(pdf).hexdigest()}
    assert json.loads(entry.private or "")["page"] == "/controls/?sort=ref&q=A-"
    assert "/controls/" not in entry.detail


def test_the_job_asks_again_what_its_person_may_see(client: Client, compliance: User) -> None:
    client.force_login(compliance)
    client.post(reverse("pages:print"), {"page": LIST})
    compliance.role = "employee"
    save(compliance, actor=SYSTEM, verb="user.role_changed")
    run_all()
    job = Job.objects.get()
    assert (job.state, job.message, job.attempts) == ("failed", "You may no longer see this page.", 1)
    assert not Entry.objects.filter(verb="report.printed").exists()


def test_the_job_refuses_who_has_left(compliance: User) -> None:
    print_page.enqueue(actor=compliance, title="PDF", page=LIST, user_id=compliance.pk)
    compliance.is_active = False
    save(compliance, actor=SYSTEM, verb="user.deactivated")
    run_all()
    assert Job.objects.get().message == "This account is no longer active."


def test_the_logo_is_on_the_cover_and_in_the_file(compliance: User) -> None:
    ours = Organisation(name="Ours")
    ours.logo.save("logo.png", ContentFile(PIXEL), save=False)
    save(ours, actor=SYSTEM, verb="organisation.created")
    html = html_of(LIST, compliance)
    assert '<img class="logo" src="own:logo"' in html
    pdf = pdf_for(html, MOMENT, ours)
    assert PdfReader(io.BytesIO(pdf)).pages[0].images


def test_the_same_document_is_the_same_bytes(db: None) -> None:
    html = '<html lang="en"><title>Test</title><p>A-1</p></html>'
    first, second = (pdf_for(html, MOMENT, organisation()) for _ in range(2))
    assert first == second
    assert first != pdf_for(html.replace("A-1", "A-2"), MOMENT, organisation())


def test_a_document_that_cannot_be_made_is_no_pdf(db: None) -> None:
    with pytest.raises(PaperFailed, match="Only our own static files, not file:///etc/passwd"):
        pdf_for('<img src="file:///etc/passwd" alt="">', MOMENT, organisation())


# ---- the child process ----------------------------------------------------------------------------------------------


def test_own_files_are_served() -> None:
    ours = ("static:img/mark.svg", "static:///img/mark.svg", "img/mark.svg", "own:a")
    pdf = render(order("".join(f'<img src="{address}" alt="x">' for address in ours), a=PIXEL))
    assert pdf.startswith(b"%PDF-")


@pytest.mark.parametrize(
    "html",
    [
        '<img src="file:///etc/passwd" alt="x">',
        '<img src="http://127.0.0.1:9/x.png" alt="x">',
        '<img src="https://example.com/x.png" alt="x">',
        '<img src="data:image/png;base64,iVBORw0KGgo=" alt="x">',
        '<img src="own:other" alt="x">',
        '<img src="static:../manage.py" alt="x">',
        '<img src="static:..%2f..%2fetc%2fpasswd" alt="x">',
        '<img src="static://host/img/mark.svg" alt="x">',
        '<img src="static:js/app.js" alt="x">',
        '<img src="/etc/passwd" alt="x">',
        '<link rel="stylesheet" href="static:css/none.css">',
        '<link rel="stylesheet" href="https://example.com/x.css">',
        "<style>@import url(file:///etc/passwd);</style>",
        "<style>body { background: url(http://127.0.0.1:9/) }</style>x",
        "<style>@font-face { font-family: x; src: url(file:///etc/passwd) } body { font-family: x }</style>x",
        '<object data="file:///etc/passwd"></object>',
        '<a rel="attachment" href="file:///etc/passwd">x</a>',
    ],
)  # fmt: skip
def test_everything_else_is_refused_and_makes_no_pdf(html: str) -> None:
    with pytest.raises(Refused, match=r"Only our own static files|No such static file"):
        render(order(html))


def test_naughty_strings_are_laid_out_like_any_others() -> None:
    assert render(order(f"<p>👩🏽‍🚀 \u202ertl {'x' * 5000} \u200b\ufeff\x07 ＝1+1 ﷽</p>")).startswith(b"%PDF-")


def test_a_picture_in_a_picture_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    there, nowhere = (Path(settings.BASE_DIR / "static/img" / name).as_uri() for name in ("mark.svg", "none.svg"))
    pictures = [f'<svg><image href="{address}" width="9" height="9"/></svg>' for address in (there, nowhere)]
    assert render(order(pictures[0])) == render(order(pictures[1]))


def test_the_child_says_why_in_one_line() -> None:
    done = child('<img src="file:///etc/passwd" alt="x">')
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr == b"Only our own static files, not file:///etc/passwd\n"


def test_the_child_knows_no_django_and_its_limits() -> None:
    script = (
        "import sys, resource as r, foundation.pages.paper_render as child; child.bound(); "
        "print('django' in sys.modules, r.getrlimit(r.RLIMIT_CPU)[0], r.getrlimit(r.RLIMIT_CORE)[0])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, cwd=settings.BASE_DIR, check=True)
    assert done.stdout.split() == [b"False", b"600", b"0"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux sets a limit on memory")
def test_a_document_that_runs_away_ends_in_its_own_process() -> None:
    script = "import foundation.pages.paper_render as child; child.bound(); bytearray(4 * 1024**3)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, cwd=settings.BASE_DIR, check=False)
    assert b"MemoryError" in done.stderr


def test_no_secret_of_ours_reaches_the_child(monkeypatch: pytest.MonkeyPatch, db: None) -> None:
    seen: dict[str, Any] = {}

    def looks(*args: Any, **kwargs: Any) -> subprocess.CompletedProcess[bytes]:
        seen.update(kwargs["env"])
        return subprocess.CompletedProcess(args, 0, b"%PDF-", b"")

    monkeypatch.setenv("SECRET_KEY", "a secret")
    monkeypatch.setenv("DATABASE_URL", "postgres://a:secret@host/db")
    monkeypatch.setattr(subprocess, "run", looks)
    pdf_for("<p>x", MOMENT, organisation())
    assert "secret" not in str(seen)
    assert seen["SOURCE_DATE_EPOCH"] == "1795269900"
