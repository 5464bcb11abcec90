"""A listing of 100,000 accounts: reading and freezing a file, and what differs from an earlier one. On SQLite.

    .venv/bin/python benchmarks/listings.py [ACCOUNTS] [--xlsx]

Makes its own data in a temporary folder: an Okta export (CSV, with --xlsx a workbook too) whose accounts are those of a
roster as large, with a tenth of them changed a month later. Each step runs in a process of its own, as in a web worker
that never did anything else; memory is the most that process held (VmHWM), its imports included. "+" is what ten
million additions take right then, about 0.5 s on an idle machine.
"""

import csv
import datetime
import io
import multiprocessing
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from serving import ROOT, additions

HEADER = (
    "Okta Username", "First Name", "Last Name", "Primary Email", "Employee Number", "Status", "Created", "Last Login",
    "MFA Factors", "Admin Roles", "Groups", "Department", "Title", "City",
)  # fmt: skip
NOW = datetime.datetime.now(datetime.UTC).replace(microsecond=0)


def main() -> None:
    numbers = [int(word) for word in sys.argv[1:] if word.isdecimal()]
    count = numbers[0] if numbers else 100_000
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            "DATA_DIR": folder, "COUNTERSIGN_LOCAL": "true", "DJANGO_SETTINGS_MODULE": "grc.settings",
            "LOG_LEVEL": "WARNING",
        }  # fmt: skip
        sys.path.insert(0, str(ROOT))
        path = Path(folder)
        apart(prepare, count)
        first, second = path / "first.csv", path / "second.csv"
        first.write_bytes(export(count, 0))
        second.write_bytes(export(count, 1))
        print(f"{count:,} accounts, {first.stat().st_size / 1e6:.1f} MB; roster of {count:,} people")
        apart(freeze, first, 2)
        apart(approve)
        apart(freeze, second, 1)
        apart(differ)
        if "--xlsx" in sys.argv:
            book = path / "third.xlsx"
            workbook(second, book)
            apart(freeze, book, 0)


def apart(step: Any, *args: Any) -> None:
    """One step in a fresh process."""
    process = multiprocessing.get_context("spawn").Process(target=run, args=(step, *args))
    process.start()
    process.join()
    if process.exitcode:
        sys.exit(f"{step.__name__} failed.")


def run(step: Any, *args: Any) -> None:
    """The step, with Django set up, and what it took."""
    sys.path.insert(0, str(ROOT))
    import django

    django.setup()
    import grc.urls  # noqa: F401 - what a web worker has loaded

    before, slow = most(), additions()
    started = time.perf_counter()
    words = step(*args)
    took = time.perf_counter() - started
    if words:
        slow = (slow + additions()) / 2
        print(f"{words:<44}{took:>7.1f} s{before:>8.0f} MB before{most():>8.0f} MB at most   + {slow:.2f}", flush=True)


def most() -> float:
    """The most memory that this process ever held, in MB."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def prepare(count: int) -> None:
    """An installation with a roster and a system."""
    from django.core.management import call_command

    from foundation.trail.keep import save, save_many
    from foundation.trail.record import SYSTEM
    from people.models import Person
    from systems.models import System

    call_command("migrate", verbosity=0)
    call_command("prepare", verbosity=0)
    system = System(name="Okta", production=True, privileged_roles=["Super Administrator"])
    save(system, actor=SYSTEM, verb="system.created")
    start = datetime.date(2024, 1, 1)
    people = (
        Person(name=f"Person {n}", email=f"person.{n}@example.com", external_id=f"E-{n}", starts_on=start)
        for n in range(count)
    )
    save_many(people, actor=SYSTEM, verb_created="person.created", verb_updated="person.updated", reason="benchmark")


def export(count: int, month: int) -> bytes:
    """An export; a month later a tenth of the accounts are others."""
    buffer = io.StringIO(newline="")
    write = csv.writer(buffer, delimiter=";")
    write.writerow(HEADER)
    for n in range(count):
        moved = month and n % 10 == 0
        write.writerow([
            f"Person.{n + (count if n % 30 == 0 and month else 0)}@Example.com", "Person", str(n),
            f"Person.{n}@example.com", f"E-{n}" if n % 7 else "", "SUSPENDED" if n % 11 == 0 else "ACTIVE",
            "2024-01-08T09:00:00.000Z", (NOW - datetime.timedelta(days=3 + n % 120)).isoformat() if n % 13 else "",
            "Okta Verify" if n % 5 else "0", "Super Administrator" if n % 200 == 0 else "",
            f"Everyone, Team {n % 40}{', Billing' if moved else ''}", f"Department {n % 20}", "Engineer", "Oslo",
        ])  # fmt: skip
    return buffer.getvalue().encode()


def workbook(source: Path, target: Path) -> None:
    """The same as XLSX."""
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    with source.open(encoding="utf-8", newline="") as file:
        for row in csv.reader(file, delimiter=";"):
            sheet.append(row)
    book.save(target)


def freeze(path: Path, days_ago: int) -> str:
    """Read a file and freeze it."""
    from django.core.files.base import File

    from accessreviews.listings.freeze import record_listing
    from accessreviews.listings.shapes import read_accounts
    from foundation.trail.record import SYSTEM
    from systems.models import System

    started = time.perf_counter()
    found = read_accounts(path.read_bytes())
    reading = time.perf_counter() - started
    content = File(path.open("rb"), path.name)
    listing = record_listing(
        System.objects.get(name="Okta"), found.rows, actor=SYSTEM, source="Okta", query="Reports > Users",
        shape=found.shape, source_total=len(found.rows), pulled_at=NOW - datetime.timedelta(days=days_ago),
        content=content, name=path.name, mapping=found.mapping,
    )  # fmt: skip
    return f"freeze {path.name} ({reading:.1f} s reading), {listing.counts['flagged']:,} flagged"


def approve() -> None:
    """An approved review of the first listing, so that the next is held against it."""
    from django.utils import timezone

    from accessreviews.models import Campaign, Listing, Review, ReviewState
    from foundation.accounts.models import User
    from foundation.trail.keep import save
    from foundation.trail.record import SYSTEM

    listing, day = Listing.objects.get(), NOW.date()
    person = save(User(email="approver@example.com", name="Approver"), actor=SYSTEM, verb="user.created")
    campaign = Campaign(name="Q", period_from=day, period_to=day, due_on=day, approver=person)
    save(campaign, actor=SYSTEM, verb="campaign.created")
    review = Review(
        campaign=campaign, system=listing.system, listing=listing, state=ReviewState.APPROVED, approved_by=person,
        approved_at=timezone.now(), decisions_sha256="0" * 64, statement="Reviewed.",
    )  # fmt: skip
    save(review, actor=SYSTEM, verb="review.approved")


def differ() -> str:
    """What differs between the two, and one page of it."""
    from accessreviews.listings.diff import changes, difference
    from accessreviews.models import Listing

    earlier, listing = Listing.objects.order_by("pulled_at")
    found = difference(listing, earlier)
    changes(found.changed[:50])
    return f"diff {found.counts()}"


if __name__ == "__main__":
    main()
