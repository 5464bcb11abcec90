"""What a PDF costs: the list of 1,000 controls, and the matrix of about 2,300 rows.

    .venv/bin/python benchmarks/pdf.py [controls] [folder for the PDFs]

Makes a throw-away SQLite database of the real register (texts as long as the starter controls'), prints CPU seconds of
this process (queries, HTML) and of its child (layout), which is what the targets are in: 7 s and 15 s. Even CPU seconds
double where others keep the processor busy, so each line has what ten million additions take right then ("+"), about
0.5 s on an idle machine. It shows a busy machine and is no measure to divide by: layout suffers more than additions do.
"""

import os
import random
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
from django.utils import timezone

from controls.actions import change_scope
from controls.frameworks import load_trust_services
from controls.imports import ControlImporter
from controls.models import Category, Control
from foundation.accounts.models import User
from foundation.organisation.models import organisation, zone
from foundation.pages.imports.reading import read
from foundation.pages.paper import cover_for, html_for, paper_for, pdf_for
from foundation.trail.keep import save, save_many
from foundation.trail.record import SYSTEM
from grc.fonts import make_fonts

PAGES = {"controls": "/controls/", "matrix": "/matrix/"}


def fill(count: int) -> User:
    """A company with all categories in scope and `count` controls: the 80 starter controls again and again.

    All are worded, nine in ten have an owner and a status.
    """
    make_fonts(settings.GENERATED_DIR)
    call_command("migrate", verbosity=0)
    person = save(
        User(email="compliance@example.com", name="Cora Compliance", role="compliance_manager"),
        actor=SYSTEM, verb="user.invited",
    )  # fmt: skip
    load_trust_services(SYSTEM)
    for category in Category.objects.filter(in_scope=False):
        change_scope(category, actor=person, in_scope=True, reason="benchmark")
    starter = read((ROOT / "controls/starter/controls.csv").read_bytes())
    importer = ControlImporter()
    mapping = importer.guess(starter.header, {})
    mapping |= {"who": "who", "what": "what", "how_often": "how often", "on_what": "on what"}
    lines = [",".join(f'"{name}"' for name in [*starter.header, *list(mapping.values())[-4:]])]
    for number in range(count):
        cells = list(starter.rows[number % len(starter.rows)].cells)
        cells[0] = f"{cells[0]}-{number:04}"
        cells += ["The IT lead", cells[2], "in the first month of each quarter", "on every production system"]
        lines.append(",".join('"' + cell.replace('"', '""') + '"' for cell in cells))
    plan = importer.plan(read("\n".join(lines).encode()), mapping, person)
    importer.apply(plan, actor=person, reason="benchmark")
    chance = random.Random(1)
    some = chance.sample(list(Control.objects.all()), k=count * 9 // 10)
    for control in some:
        control.owner = person
        control.status = chance.choice(["planned", "in_progress", "implemented"])
    verb = "control.owner_assigned"
    save_many(some, actor=person, verb_created=verb, verb_updated=verb, reason="benchmark")
    return person


def reference(count: int) -> str:
    """A plain table, 8 columns and 26 words a row: what the layout of a row costs on this machine."""
    chance, words = random.Random(1), ("access review control owner policy evidence quarterly system " * 3).split()
    cells = (1, 4, 2, 8, 6, 2, 1, 2)
    line = lambda: "".join(f"<td>{' '.join(chance.choices(words, k=size))}</td>" for size in cells)  # noqa: E731
    rows = "".join(f"<tr>{line()}</tr>" for _ in range(count))
    css = (
        "@page{size:A4 landscape;margin:15mm}table{width:100%;table-layout:fixed;border-collapse:collapse}"
        "body{font:8pt DejaVu Sans}td{border:1px solid #ccc;padding:3px;vertical-align:top}tr{break-inside:avoid}"
    )
    return f"<html lang=en><title>Reference</title><style>{css}</style><table>{rows}</table></html>"


def cpu(who: int) -> float:
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def additions() -> float:
    """CPU seconds of a plain loop: about 0.5 on an idle core, more where others make this one slow."""
    began, total = time.process_time(), 0
    for number in range(10**7):
        total += number
    return time.process_time() - began


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    folder = Path(sys.argv[2]) if len(sys.argv) > 2 else FOLDER
    person = fill(count)
    head = f"{'page':10}{'rows':>7}{'HTML s':>9}{'PDF s':>9}{'CPU s':>9}{'wall s':>9}{'MB':>7}{'child MB':>10}"
    print(f"{head}{'+':>7}")
    for name, page in PAGES.items():
        slow = additions()
        began = time.monotonic(), cpu(resource.RUSAGE_SELF), cpu(resource.RUSAGE_CHILDREN)
        with timezone.override(zone()):
            found = paper_for(page, person)
            cover = cover_for(person)
            html = html_for(found, cover)
            pdf = pdf_for(html, cover.made_at, organisation())
        own, child = cpu(resource.RUSAGE_SELF) - began[1], cpu(resource.RUSAGE_CHILDREN) - began[2]
        wall = time.monotonic() - began[0]
        slow = (slow + additions()) / 2
        memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        figures = f"{own:9.2f}{child:9.2f}{own + child:9.2f}{wall:9.2f}{len(pdf) / 1e6:7.2f}{memory:10.0f}"
        print(f"{name:10}{found.rows:7}{figures}{slow:7.2f}")
        (folder / f"{name}.pdf").write_bytes(pdf)
    began = cpu(resource.RUSAGE_CHILDREN)
    pdf_for(reference(count), timezone.now(), organisation())
    print(f"{'reference':10}{count:7}{'':9}{cpu(resource.RUSAGE_CHILDREN) - began:9.2f}  plain table, 8 columns")
    print(f"PDFs in {folder}. Ten million additions take this machine {additions():.2f} s just now.")


if __name__ == "__main__":
    main()
