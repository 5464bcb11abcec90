"""Risks at size: a register of 10,000 with a year of ratings, its pages, CSV and PDF; and 5,000 vendors.

    .venv/bin/python benchmarks/risks.py [RISKS]

Makes its own data in a temporary folder (SQLite), half of it on a clock that is set back, so that history tells what a
year of work would have left: each risk identified, rated, linked to two controls, and rated anew. Pages are served by
two gunicorn workers; what the columns mean is said in serving.py. Targets: at most 12 queries and 100 ms a page; the
register of 1,000 risks as PDF in 7 s of CPU.
"""

import datetime
import random
import resource
import sys
import time
from typing import Any

from serving import additions, installation, measured

DAY = datetime.timedelta(days=1)
CHANCE = random.Random(2026)
PAPER = 1_000  # risks of the PDF
VENDORS = 5_000
PAGES = {
    "list of 100": "/risks/?per_page=100",
    "list, filtered": "/risks/?per_page=100&q=access&residual=high",
    "list, sorted by owner": "/risks/?per_page=100&sort=-owner",
    "list, flagged": "/risks/?per_page=100&flagged=yes",
    "one risk": "/risks/{risk}/",
    "heatmap": "/risks/heatmap/",
    "heatmap, movement": "/risks/heatmap/?since={since}",
    "overview": "/risks/overview/",
    "assessment": "/risks/assessments/{round}/",
    "assessment, its risks": "/risks/assessments/{round}/risks/",
    "report, page of snapshot": "/risks/assessments/{closed}/report/",
    "list of 100 vendors": "/vendors/?per_page=100",
    "one vendor": "/vendors/{vendor}/",
    "heatmap as of then": "/risks/heatmap/?as_of={since}",
    "list as of then": "/risks/?per_page=100&as_of={since}",
    "CSV of all risks": "/risks/export.csv",
}
FEW = ("heatmap as of then", "list as of then", "CSV of all risks")  # five rounds are enough of these


def main() -> None:
    count = int(sys.argv[1]) if sys.argv[1:] else 10_000
    with installation():
        person, others = people()
        fill(PAPER, person, others)
        paper(person)
        fill(count - PAPER, person, others)
        values = rounds(person, others) | vendors(person, others)
        tallied()
        measured(PAGES, values, person, FEW)


# ---- data ----------------------------------------------------------------------------------------------------------


def people() -> tuple[Any, list[Any]]:
    """The compliance manager, and twenty owners."""
    from foundation.accounts.models import User
    from foundation.accounts.roles import Role
    from foundation.organisation.actions import found
    from foundation.trail.keep import save
    from foundation.trail.record import SYSTEM

    found(name="Benchmark", actor=SYSTEM, is_demo=True)  # whose people need no second factor

    def one(name: str, role: str) -> Any:
        return save(User(email=f"{name}@example.com", name=name.title(), role=role), actor=SYSTEM, verb="user.created")

    return one("cora", Role.COMPLIANCE_MANAGER), [one(f"owner{number}", Role.MANAGER) for number in range(20)]


def controls(person: Any) -> list[Any]:
    """Fifty controls that operate."""
    from controls.models import Control, Status
    from foundation.organisation.models import today
    from foundation.trail.keep import save

    known = list(Control.objects.order_by("id"))
    return known or [
        save(
            Control(
                ref=f"OPS-{number:02}", name=f"Control of access {number}", status=Status.IMPLEMENTED, owner=person,
                frequency="annual", operates_from=today() - 30 * DAY,
            ),
            actor=person, verb="control.created",
        )
        for number in range(50)
    ]  # fmt: skip


def fill(count: int, person: Any, others: list[Any]) -> None:
    """So many risks: identified and rated a year ago, linked, and a third of them rated anew meanwhile."""
    import time_machine
    from django.utils import timezone

    from foundation.organisation.models import today
    from foundation.trail.keep import save_many
    from risks.methods import established
    from risks.models import Category, Risk, RiskControl, Status, Treatment

    started, method, held = time.perf_counter(), established(), controls(person)
    first = Risk.objects.count()
    made = [
        Risk(
            title=f"Access to system {number} is taken over by somebody outside the company",
            cause="A password is guessed or handed out, and the second factor is not asked for.",
            event="Somebody else signs in and reads or changes what customers keep there.",
            effect="Customers' data is seen or altered; the promise of confidentiality is broken.",
            category=CHANCE.choice(Category.values), owner=CHANCE.choice(others), identified_on=today() - 360 * DAY,
            fraud=not number % 20, review_on=today() + (number % 400 - 60) * DAY,
        )
        for number in range(first, first + count)
    ]  # fmt: skip

    def kept(rows: list[Any], created: str, updated: str) -> None:
        save_many(rows, actor=person, verb_created=created, verb_updated=updated, reason="benchmark")

    def rate(risk: Any, worst: int) -> None:
        level = CHANCE.randint(1, worst), CHANCE.randint(1, 5)
        rest = CHANCE.randint(1, level[0]), CHANCE.randint(1, level[1])
        for kind, (likelihood, impact) in {"inherent": level, "residual": rest}.items():
            setattr(risk, f"{kind}_likelihood", likelihood)
            setattr(risk, f"{kind}_impact", impact)
            setattr(risk, f"{kind}_score", likelihood * impact)
            setattr(risk, f"{kind}_rationale", "As the workshop saw it; two incidents in the industry last year.")
        risk.method, risk.rated_at, risk.rated_by = method, timezone.now(), person
        risk.status, risk.treatment = Status.TREATING, Treatment.MITIGATE

    with time_machine.travel(timezone.now() - 350 * DAY):
        kept(made, "risk.created", "risk.updated")
    with time_machine.travel(timezone.now() - 340 * DAY):
        rated = made[: count - count // 50]
        for risk in rated:
            rate(risk, 5)
        kept(rated, "risk.rated", "risk.rated")
        links = [
            RiskControl(risk=risk, control=held[(risk.pk + step * 7) % 50], effectiveness="moderate", reason="Asks.")
            for risk in rated
            for step in range(2)
        ]
        kept(links, "riskcontrol.created", "riskcontrol.created")
    with time_machine.travel(timezone.now() - 20 * DAY):
        again = made[: count // 3]
        for risk in again:
            rate(risk, 4)
        kept(again, "risk.rated", "risk.rated")
    print(f"{count:,} risks with their history in {time.perf_counter() - started:.0f} s", flush=True)


def rounds(person: Any, others: list[Any]) -> dict[str, Any]:
    """A closed yearly round over all of them, and one that runs; says what each step costs."""
    from foundation.organisation.models import today
    from foundation.trail.keep import save_many
    from risks.assessments import closing
    from risks.assessments.rounds import begin, name_participant, submit, take_part
    from risks.models import AssessedRisk, Assessment, Risk

    def fresh(one: Any) -> Any:
        return type(one).objects.get(pk=one.pk)

    def a_round(title: str) -> Any:
        one = Assessment(title=title, starts_on=today(), due_on=today() + 30 * DAY, lead=person, approver=others[0])
        one.kind = "other"
        return begin(one, actor=person)

    started = time.perf_counter()
    one = a_round("Last year's")
    begun = time.perf_counter()
    print(f"begin a round of {one.assessed.count():,} risks: {begun - started:.1f} s")
    from django.utils import timezone

    said = list(AssessedRisk.objects.filter(assessment=one))
    for item in said:
        item.note, item.considered_by, item.considered_at = "Looked at; nothing changed.", person, timezone.now()
    verb = "assessedrisk.considered"
    save_many(said, actor=person, verb_created=verb, verb_updated=verb, reason="")
    name_participant(fresh(one), actor=person, user=others[1], part="Engineering")
    take_part(fresh(one), actor=others[1])
    raw = Risk.objects.filter(inherent_score=None)
    for risk in raw:
        for kind in ("inherent", "residual"):
            setattr(risk, f"{kind}_likelihood", 3)
            setattr(risk, f"{kind}_impact", 3)
            setattr(risk, f"{kind}_score", 9)
            setattr(risk, f"{kind}_rationale", "Rated in the round.")
    save_many(list(raw), actor=person, verb_created="risk.rated", verb_updated="risk.rated", reason="")
    submit(fresh(one), actor=person, conclusion="As it was.")
    started = time.perf_counter()
    closing.approve(fresh(one), actor=others[0], statement="I looked.")
    print(f"approve and freeze {fresh(one).line_count:,} lines: {time.perf_counter() - started:.1f} s", flush=True)
    running = a_round("This year's")
    since = (today() - 100 * DAY).isoformat()
    return {"closed": one.pk, "round": running.pk, "risk": Risk.objects.order_by("id")[500].pk, "since": since}


def vendors(person: Any, others: list[Any]) -> dict[str, Any]:
    """The vendors."""
    from foundation.trail.keep import save_many
    from vendors.models import Vendor

    made = [
        Vendor(name=f"Vendor {number} of cloud services", service="Hosting", owner=CHANCE.choice(others))
        for number in range(VENDORS)
    ]
    save_many(made, actor=person, verb_created="vendor.created", verb_updated="vendor.updated", reason="benchmark")
    return {"vendor": made[0].pk}


def tallied() -> None:
    """A year of tallies, counted from history."""
    from risks.heatmap.tally import count_missing

    started = time.perf_counter()
    print(f"tallies of {count_missing()} days from history: {time.perf_counter() - started:.1f} s", flush=True)


# ---- what it costs -------------------------------------------------------------------------------------------------


def paper(person: Any) -> None:
    """The register on paper, as the printer's job makes it: CPU of this process and of its child."""
    from django.conf import settings

    from foundation.organisation.models import organisation
    from foundation.pages.paper import cover_for, html_for, paper_for, pdf_for
    from grc.fonts import make_fonts

    make_fonts(settings.GENERATED_DIR)
    slow, before = additions(), cpu()
    found = paper_for("/risks/overview/", person)
    cover = cover_for(person)
    html = html_for(found, cover)
    written = cpu()
    pdf = pdf_for(html, cover.made_at, organisation())
    after, slow = cpu(), (slow + additions()) / 2
    spent = f"HTML {sum(written) - sum(before):.1f} s, layout {sum(after) - sum(written):.1f} s of CPU"
    print(f"register of {found.rows:,} risks on paper: {spent}, {len(pdf) / 1e6:.1f} MB, + {slow:.2f}", flush=True)


def cpu() -> tuple[float, float]:
    """Seconds of CPU of this process and of its children."""
    return tuple(
        used.ru_utime + used.ru_stime
        for used in (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    )  # type: ignore[return-value]


if __name__ == "__main__":
    main()
