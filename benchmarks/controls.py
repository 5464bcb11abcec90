"""The register of controls at 1,000 and at 10,000: queries, server time, CSV, memory of a web worker.

    .venv/bin/python benchmarks/controls.py

Makes its own data in a temporary folder, on SQLite, and serves it with two gunicorn workers, as bin/run does. Time is
what a client on the same machine waits, headers to last byte: median of 30 requests, one at a time.
Where others keep the processor busy, the same page takes up to twice as long, and looks bimodal when they come and go:
so each line has what ten million additions take right then ("+"), about 0.5 s on an idle machine.
"""

import os
import statistics
import sys
import tempfile
import time

from serving import PORT, ROOT, ROUNDS, additions, memory, queries, serve, sign_in, times

PAGES = {
    "list of 100": "/controls/?per_page=100",
    "filtered list": "/controls/?per_page=100&q=access&status=planned",
    "sorted by owner": "/controls/?per_page=100&sort=-owner",
    "one control": "/controls/{pk}/",
    "search": "/search/?q=access+7",
    "matrix, one screen": "/matrix/",
    "list as of a past moment": "/controls/?per_page=100&as_of={moment}",
}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            "DATA_DIR": folder,
            "COUNTERSIGN_LOCAL": "true",
            "DJANGO_SETTINGS_MODULE": "grc.settings",
            "PORT": str(PORT),
            "LOG_LEVEL": "WARNING",  # a line a request would cost time too
        }
        sys.path.insert(0, str(ROOT))
        import django

        django.setup()
        from django.core.management import call_command

        started = time.perf_counter()
        call_command("migrate", verbosity=0)
        print(f"empty migrate: {time.perf_counter() - started:.1f} s")
        call_command("prepare", verbosity=0)
        measure()


def measure() -> None:
    from django.utils import timezone

    people = make_people()
    few = fill(people, 1_000)
    queries_few = {name: queries(path.format(**few), people["compliance"]) for name, path in PAGES.items()}
    csv_few = queries("/controls/export.csv", people["compliance"])
    many = fill(people, 9_000)
    time.sleep(0.01)
    many["moment"] = timezone.now().isoformat().replace("+", "%2B")
    server = serve()
    try:
        person = people["compliance"]
        cookie = sign_in(person)
        print(f"{'page':<28}{'queries at 1,000':>18}{'at 10,000':>12}{'median ms':>12}{'p95 ms':>10}{'+':>7}")
        for name, path in PAGES.items():
            slow = additions()
            address = path.format(**many)
            took = times(address, cookie)
            slow = (slow + additions()) / 2
            line = f"{name:<28}{queries_few[name]:>18}{queries(address, person):>12}"
            print(f"{line}{statistics.median(took):>12.0f}{sorted(took)[int(ROUNDS * 0.95) - 1]:>10.0f}{slow:>7.2f}")
        before = memory(server)
        took = times("/controls/export.csv", cookie, rounds=3)
        grown = [after - first for after, first in zip(memory(server), before, strict=True)]
        csv_many = queries("/controls/export.csv", people["compliance"])
        print(
            f"CSV of 10,000: {statistics.median(took) / 1000:.1f} s, {csv_few} queries for 1 chunk, {csv_many} for 10"
        )
        resident = ", ".join(f"{megabytes:.0f}" for megabytes in memory(server))
        print(f"resident after all pages: {resident} MB a worker (CSV added {max(grown):.0f})")
    finally:
        server.terminate()
        server.wait()


def make_people() -> dict:
    from controls.frameworks import load_trust_services
    from foundation.accounts.models import User
    from foundation.organisation.actions import found
    from foundation.trail.keep import save
    from foundation.trail.record import SYSTEM

    found(name="Benchmark", actor=SYSTEM, is_demo=True)  # whose people need no second factor
    people = {"compliance": User(email="compliance@example.com", name="Cora", role="compliance_manager")}
    people |= {
        f"owner{n}": User(email=f"owner{n}@example.com", name=f"Owner {n}", role="control_owner") for n in range(20)
    }
    for person in people.values():
        save(person, actor=SYSTEM, verb="user.created")
    load_trust_services(people["compliance"])
    return people


def fill(people: dict, count: int) -> dict:
    """`count` more controls with about 2.3 criteria each and a wording, through the save path of imports."""
    from controls.models import Control, Criterion, Mapping, Wording
    from foundation.organisation.models import today
    from foundation.trail.keep import save_many

    actor, start = people["compliance"], Control.objects.count()
    criteria = list(Criterion.objects.filter(category__slug="security"))
    owners = [person for name, person in people.items() if name != "compliance"]
    by = {"actor": actor, "reason": "Benchmark"}
    controls = [
        Control(
            ref=f"C-{n:05}", name=f"Access control number {n} for production systems", frequency="quarterly",
            objective="Access is given on request, fits the role and ends with it.", owner=owners[n % 20],
            expected_evidence="Ticket with requester and approver; listing", review_date=today(),
        )
        for n in range(start, start + count)
    ]  # fmt: skip
    save_many(controls, verb_created="control.created", verb_updated="control.updated", **by)
    links = [
        Mapping(control=control, criterion=criteria[(n * 7 + k * 5) % len(criteria)], rationale="It helps.")
        for n, control in enumerate(controls)
        for k in range(2 + (n % 3 == 0))
    ]
    save_many(links, verb_created="mapping.created", verb_updated="mapping.updated", **by)
    words = [
        Wording(
            control=control, who="The owner", what="reviews access", how_often="each quarter", on_what="in production",
            effective_from=today(), reason="First", author=actor,
        )
        for control in controls
    ]  # fmt: skip
    save_many(words, verb_created="wording.written", verb_updated="wording.written", **by)
    from django.utils import timezone

    return {"pk": controls[count // 2].pk, "moment": timezone.now().isoformat().replace("+", "%2B")}


if __name__ == "__main__":
    main()
