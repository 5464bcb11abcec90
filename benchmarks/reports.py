"""A report of about 200 pages: what its PDF costs as a job, and how long whoever asked for it waits.

    .venv/bin/python benchmarks/reports.py [entries] [folder for the PDF]

Makes a throw-away SQLite database with many entries in its trail, asks for the extract on `/reports/` as a browser
does (the answer to that request is what a person waits for), then lets the job run as a worker does. Prints CPU seconds
of this process (queries, HTML) and of its child (layout): together the target is 20 s. The same child lays out a plain
table of as many rows and cells in the same run: the report is to be compared with that, whatever the machine.
"""

import os
import resource
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
FOLDER = Path(tempfile.mkdtemp(prefix="countersign-benchmark-"))
os.environ |= {"DATA_DIR": str(FOLDER), "COUNTERSIGN_LOCAL": "1", "DJANGO_SETTINGS_MODULE": "grc.settings"}

import django

django.setup()

from django.conf import settings
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from pypdf import PdfReader

from controls.frameworks import load_trust_services
from controls.models import Control
from foundation.accounts.models import User
from foundation.jobs.models import Job
from foundation.jobs.worker import run_all
from foundation.organisation.actions import found
from foundation.organisation.models import organisation
from foundation.pages.paper import pdf_for
from foundation.trail.keep import save
from foundation.trail.models import Entry
from foundation.trail.record import SYSTEM
from grc.fonts import make_fonts

BATCH = 4  # entries of each control: made, and changed three times
TARGET = 20.0  # CPU seconds


def fill(count: int) -> User:
    """A compliance manager, and so many entries about controls that were made and changed."""
    make_fonts(settings.GENERATED_DIR)
    call_command("migrate", verbosity=0)
    person = save(
        User(email="compliance@example.com", name="Cora Compliance", role="compliance_manager"),
        actor=SYSTEM, verb="user.invited",
    )  # fmt: skip
    found(name="Benchmark", actor=SYSTEM, is_demo=True)  # whose people need no second factor
    load_trust_services(SYSTEM)
    for number in range(count // BATCH):
        control = Control(ref=f"IAM-{number:04}", name="Access of leavers ends on their last day of work")
        save(control, actor=person, verb="control.created")
        for step in range(BATCH - 1):
            control.name = f"Access of leavers ends on their last day of work, {step + 1}. wording"
            save(control, actor=person, verb="control.updated", reason="Said more exactly after the walkthrough.")
    return person


def reference(rows: int) -> str:
    """A plain table of as many rows of three cells, about as long."""
    name = "Access of leavers ends on their last day of work"
    line = (
        f"<tr><td>10,000<br>2026-11-23 19:00:00 UTC</td><td>Cora Compliance changed a control: IAM-0001 {name} "
        f"(control.updated)<br>Reason: Said more exactly after the walkthrough.<br>Name: {name} → {name}, 1. wording"
        f"<br>{'0123456789abcdef' * 4}</td><td>Done</td></tr>"
    )
    css = (
        "@page{size:A4;margin:15mm}table{width:100%;table-layout:fixed;border-collapse:collapse}"
        "body{font:8pt DejaVu Sans}td{border:1px solid #ccc;padding:3px;vertical-align:top}tr{break-inside:avoid}"
    )
    return f"<html lang=en><title>Reference</title><style>{css}</style><table>{line * rows}</table></html>"


def cpu(who: int) -> float:
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2400
    folder = Path(sys.argv[2]) if len(sys.argv) > 2 else FOLDER
    person = fill(count)
    client = Client(SERVER_NAME="localhost")
    client.force_login(person)
    client.get("/healthz")  # reads the routes, as the first request to any worker does
    began, used = time.monotonic(), cpu(resource.RUSAGE_SELF)
    answer = client.post("/reports/", {"report": "trail", "format": "pdf"})
    waited, cost = time.monotonic() - began, cpu(resource.RUSAGE_SELF) - used
    if answer.status_code != 302:
        raise SystemExit(f"The form was refused: {answer.status_code}")
    print(f"The request was answered after {waited * 1000:.0f} ms ({cost * 1000:.0f} ms CPU): the job's page.")
    own, child = cpu(resource.RUSAGE_SELF), cpu(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    run_all()
    own, child = cpu(resource.RUSAGE_SELF) - own, cpu(resource.RUSAGE_CHILDREN) - child
    wall, memory = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    [job] = [one for one in Job.objects.all() if one.get_absolute_url() == answer["Location"]]
    if job.state != "done":
        raise SystemExit(f"No PDF: {job.message}")
    with job.result.open("rb") as stored:
        pdf = stored.read()
    (folder / "trail.pdf").write_bytes(pdf)
    pages, rows = len(PdfReader(folder / "trail.pdf").pages), Entry.objects.count()
    before = cpu(resource.RUSAGE_CHILDREN)
    plain = pdf_for(reference(rows), timezone.now(), organisation())
    plain_cpu = cpu(resource.RUSAGE_CHILDREN) - before
    (folder / "plain.pdf").write_bytes(plain)
    plain_pages = len(PdfReader(folder / "plain.pdf").pages)
    total = own + child
    print(f"{rows} entries, {pages} pages, {len(pdf) / 1e6:.1f} MB; {memory:.0f} MB in the child; {wall:.1f} s wall")
    print(f"CPU: {own:.1f} s rows and HTML, {child:.1f} s layout, {total:.1f} s together (target {TARGET:.0f} s)")
    print(f"A plain table of as many rows: {plain_pages} pages, {plain_cpu:.1f} s; the report takes", end=" ")
    print(f"{total / plain_cpu:.2f} times as much")
    print(f"For 200 pages: {total / pages * 200:.1f} s. PDFs in {folder}.")


if __name__ == "__main__":
    main()
