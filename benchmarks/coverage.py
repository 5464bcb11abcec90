"""Coverage at size: 1,000 controls over twelve months with 50,000 items of evidence, on SQLite and on PostgreSQL.

    .venv/bin/python benchmarks/coverage.py [sqlite] [postgresql]        both without a name

Makes its own data, month by month on a clock that is set back, so that history tells what a year of work would have
left: hand-ins, judgements, second versions, populations (the files' bytes alone are left out). Then it times the
rebuild of every occurrence, and the pages as two gunicorn workers serve them; what the columns mean is said in
serving.py. The grid is asked for twice: the hundred worst controls, which are daily and weekly ones with thousands of
squares, and a hundred monthly ones.
"""

import datetime
import itertools
import os
import random
import subprocess
import sys
import time
from collections import Counter
from urllib.parse import quote

from serving import ROOT, installation, measured

CONTROLS, ITEMS = 1_000, 50_000
MIX = {
    "daily": 20, "weekly": 80, "continuous": 50, "monthly": 350, "quarterly": 300, "semiannual": 30, "annual": 150,
    "per_event": 20,
}  # fmt: skip
EVENTS = 50  # of one quarter of one control that follows events
DAY = datetime.timedelta(days=1)
CHANCE = random.Random(2026)
YEAR = "from={first}&to={last}"
PAGES = {
    "grid, the 100 worst": f"/coverage/?{YEAR}",
    "grid, 100 monthly": f"/coverage/?{YEAR}&q=MON-",
    "one control": "/controls/{control}/",
    "evidence, list of 100": "/evidence/?per_page=100",
    "evidence, filtered": "/evidence/?per_page=100&q=accounts&state=accepted",
    "evidence, of one control": "/evidence/?per_page=100&control={ref}",
    "evidence, sorted": "/evidence/?per_page=100&sort=-title",
    "evidence, page 200": "/evidence/?per_page=100&page=200",
    "one item": "/evidence/{item}/",
    "one occurrence": "/evidence/occurrences/{control}/{day}/",
    "readiness": f"/readiness/?{YEAR}",
    "API, 100 controls": f"/api/v1/coverage/?{YEAR}&page_size=100",
    "coverage CSV": f"/coverage/export.csv?{YEAR}",
    "grid as of half a year ago": f"/coverage/?{YEAR}&as_of={{moment}}",
    "readiness as of then": f"/readiness/?{YEAR}&as_of={{moment}}",
}
FEW = ("coverage CSV", "grid as of half a year ago", "readiness as of then")  # five rounds are enough of these


def main() -> None:
    asked = sys.argv[1:]
    if asked == ["here"]:
        here()
        return
    for name in asked or ["sqlite", "postgresql"]:
        if name == "sqlite":
            run(os.environ.get("DATABASE_URL", ""))
        else:
            sys.path.insert(0, str(ROOT))
            from tests.postgres import server

            with server(durable=True) as url:
                run(url)


def run(url: str) -> None:
    """One database in a process of its own: settings are read once. `url`: empty for SQLite."""
    given = {"DATABASE_URL": url} if url else {}
    subprocess.run([sys.executable, __file__, "here"], env=os.environ | given, check=True)


def here() -> None:
    from django.db import connection

    with installation():
        print(f"\n{connection.vendor}")
        values = fill()
        rebuilt()
        print(f"load averages {loads()} on {os.cpu_count()} processors")
        measured(PAGES, values, values["compliance"], FEW)
        print(f"load averages {loads()}")


def loads() -> str:
    return ", ".join(f"{one:.1f}" for one in os.getloadavg())


def rebuilt() -> None:
    """Compute every occurrence twice: into the empty table, and anew."""
    from django.db import connection

    from evidence.coverage.keep import rebuild, refresh_stale
    from evidence.models import Evidence, EvidenceLink, Occurrence

    for words in ("computed first", "rebuilt"):
        began = time.perf_counter()
        rebuild()
        print(f"{Occurrence.objects.count():,} occurrences {words} in {time.perf_counter() - began:.1f} s")
    began = time.perf_counter()
    count = refresh_stale()
    print(f"looked for what is stale in {time.perf_counter() - began:.2f} s: {count} controls")
    states = Counter(Evidence.objects.values_list("state", flat=True))
    print(f"{Evidence.objects.count():,} items, {EvidenceLink.objects.count():,} links; {dict(states)}")
    print(f"outcomes: {dict(Counter(Occurrence.objects.values_list('outcome', flat=True)))}")
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")  # what autovacuum does within a minute


# ---- a year of work ------------------------------------------------------------------------------------------------


def fill() -> dict:
    """All of it; what the addresses need."""
    import time_machine
    from django.utils import timezone

    from evidence.models import Evidence

    now = timezone.now()
    months = list(months_until(now.date()))
    began, clock = time.perf_counter(), time_machine.travel(datetime.datetime.combine(months[0], NOON), tick=True)
    with clock:
        people = make_people()
        controls = make_controls(people, months[0])
        needs = make_requirements(controls, people)
    count, moment = 0, now
    for number, first in enumerate(months):
        end = min(following(first) - DAY, now.date())
        at = min(datetime.datetime.combine(end, EVENING), now)
        with time_machine.travel(at, tick=True):
            if number % 3 == 2:
                freeze_events(controls, people, Quarter(months[number - 2], end))
            items = hand_in(controls, people, needs, first, end)
            count += len(items)
        with time_machine.travel(min(at + DAY / 8, now), tick=True):
            judge(items, people, last=first == months[-1])
        if number == len(months) // 2:
            moment = at + DAY / 4
    left = ITEMS - Evidence.objects.count()
    send_again(left, people)
    except_some(controls, people)
    print(f"data made in {time.perf_counter() - began:.0f} s")
    shown = next(control for control in controls if control.frequency == "monthly")
    return {
        "compliance": people["compliance"], "control": shown.pk, "ref": shown.ref, "first": months[0],
        "last": following(months[-1]) - DAY, "day": months[-2], "moment": quote(moment.isoformat()),
        "item": Evidence.objects.filter(links__control=shown).order_by("pk")[5].pk,
    }  # fmt: skip


NOON = datetime.time(12, tzinfo=datetime.UTC)
EVENING = datetime.time(18, tzinfo=datetime.UTC)


def months_until(day: datetime.date) -> list[datetime.date]:
    """The first days of the twelve months of which the last is this day's."""
    number = day.year * 12 + day.month - 1
    return [datetime.date(one // 12, one % 12 + 1, 1) for one in range(number - 11, number + 1)]


def following(first: datetime.date) -> datetime.date:
    """The first day of the month after."""
    return (first + 31 * DAY).replace(day=1)


class Quarter:
    """Three months as the sampling wants them."""

    def __new__(cls, first: datetime.date, last: datetime.date):
        from evidence.coverage.tiles import Days

        return Days(first, last)


def make_people() -> dict:
    from controls.frameworks import load_trust_services
    from foundation.accounts.models import User
    from foundation.organisation.actions import found
    from foundation.trail.keep import save
    from foundation.trail.record import SYSTEM

    found(name="Benchmark", actor=SYSTEM, is_demo=True)  # whose people need no second factor
    people = {
        "compliance": User(email="compliance@example.com", name="Cora", role="compliance_manager"),
        "other": User(email="other@example.com", name="Otto", role="compliance_manager"),
        "manager": User(email="manager@example.com", name="Mara", role="manager"),
    }
    people |= {
        f"owner{n}": User(email=f"owner{n}@example.com", name=f"Owner {n}", role="control_owner") for n in range(20)
    }
    for person in people.values():
        save(person, actor=SYSTEM, verb="user.created")
    load_trust_services(people["compliance"])
    return people


def make_controls(people: dict, since: datetime.date) -> list:
    """With about 2.3 criteria each and a wording."""
    from controls.models import Control, Criterion, Mapping, Wording
    from foundation.trail.keep import save_many

    by = {"actor": people["compliance"], "reason": "Benchmark"}
    criteria = list(Criterion.objects.filter(category__slug="security"))
    frequencies = [name for name, count in MIX.items() for _ in range(count)]
    controls = [
        Control(
            ref=f"{name[:3].upper()}-{n:04}", name=f"{name} control number {n} for production systems", frequency=name,
            objective="Access is given on request, fits the role and ends with it.", owner=people[f"owner{n % 20}"],
            expected_evidence="Ticket with requester and approver; listing", status="implemented", operates_from=since,
        )
        for n, name in enumerate(frequencies)
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
            control=control, who="The owner", what="reviews access", how_often="as planned", on_what="in production",
            effective_from=since, reason="First", author=people["compliance"],
        )
        for control in controls
    ]  # fmt: skip
    save_many(words, verb_created="wording.written", verb_updated="wording.written", **by)
    return controls


def make_requirements(controls: list, people: dict) -> dict:
    """Half of the controls have their requirement written out, each tenth has two."""
    from evidence.models import Requirement
    from foundation.trail.keep import save_many

    rows = [
        Requirement(control=control, title=title, source="Okta", kinds=["export"], effective_from="2020-01-01")
        for n, control in enumerate(controls)
        for title in ("Listing of accounts", "Signed-off review")[: (n % 2 == 0) + (n % 10 == 0)]
    ]
    verbs = {"verb_created": "requirement.created", "verb_updated": "requirement.updated"}
    save_many(rows, actor=people["compliance"], reason="Benchmark", **verbs)
    found: dict = {}
    for row in rows:
        found.setdefault(row.control_id, []).append(row)
    return found


def freeze_events(controls: list, people: dict, quarter: object) -> None:
    """A population of the quarter for each control that follows events, accepted at once."""
    from evidence.actions import Source, accept
    from evidence.models import PopulationKind
    from evidence.sampling.actions import freeze
    from evidence.sampling.rows import Line, Listing

    length = (quarter.last - quarter.first).days
    for control in (one for one in controls if one.frequency == "per_event"):
        lines = [
            Line(f"PR-{control.pk}-{n:03}", quarter.first + (n * length // EVENTS) * DAY, ["A change"], n + 2)
            for n in range(EVENTS)
        ]
        frozen = freeze(
            Listing(("title",), lines, EVENTS, "is:merged", "number", "merged"), actor=people["owner0"],
            title=f"Changes of {control.ref}", kind=PopulationKind.CHANGES, period=quarter,
            source=Source(system="GitHub"), controls=[control], reason="Every change.",
        )  # fmt: skip
        accept(frozen.evidence, actor=people["compliance"])


def hand_in(controls: list, people: dict, needs: dict, first: datetime.date, end: datetime.date) -> list:
    """One month's items: one for each working day or week, else four a month; here and there none."""
    from evidence.models import Evidence, EvidenceLink
    from foundation.trail.keep import save_many

    made = []
    for place, control in enumerate(controls):
        for number, (day, last) in enumerate(captures(control.frequency, first, end)):
            item = item_of(control, people, day, last)
            links = [(control, choose(needs.get(control.pk), number))]
            if CHANCE.random() < 0.1:
                links.append((controls[(place + 7) % len(controls)], None))
            made.append((item, links))
    by = {"actor": people["compliance"], "reason": "Benchmark"}
    items = [item for item, _ in made]
    save_many(items, verb_created="evidence.recorded", verb_updated="evidence.updated", **by)
    rows = [
        EvidenceLink(evidence=item, control=control, requirement=need, reason="It shows the accounts.")
        for item, links in made
        for control, need in links
    ]
    save_many(rows, verb_created="evidencelink.created", verb_updated="evidencelink.restored", **by)
    assert all(isinstance(item, Evidence) for item in items)
    return items


def captures(frequency: str, first: datetime.date, end: datetime.date) -> list:
    """(captured on, last day covered) of each item of a control in a month."""
    days = [first + n * DAY for n in range((end - first).days + 1)]
    if frequency == "daily":
        return [(day, day) for day in days if day.weekday() < 5 and CHANCE.random() > 0.06]
    if CHANCE.random() < 0.06:
        return []
    if frequency == "weekly":
        return [(day, day) for day in days if day.weekday() == 2]
    return [(day, day) for day in sorted(CHANCE.choice(days) for _ in range(4))]


def item_of(control: object, people: dict, day: datetime.date, last: datetime.date) -> object:
    """Three of four come stamped from a connector, the others from the control's owner."""
    from evidence.models import Evidence

    own = CHANCE.random() < 0.75
    number = next(NUMBERS)
    owner = control.owner
    return Evidence(
        title=f"Accounts with their roles, {control.ref}, {day}", kind="export", environment="production, account 4711",
        source_system=("Okta", "AWS", "GitHub", "Jira")[number % 4], query="users?status=active&fields=id,role,factor",
        connector="okta" if own else "", stamped=own, collected_by=None if own else owner,
        submitted_by=None if own else owner, captured_at=datetime.datetime.combine(day, datetime.time(6), datetime.UTC),
        period_from=day, period_to=last, row_count=number % 400, file=f"evidence/benchmark-{number}",
        name="accounts.csv", content_type="text/csv", size=12_000 + number, sha256=f"{number:064x}",
    )  # fmt: skip


NUMBERS = itertools.count(1)


def choose(needs: list | None, number: int) -> object | None:
    """Which requirement an item is attached to: in turn."""
    return needs[number % len(needs)] if needs else None


def judge(items: list, people: dict, *, last: bool) -> None:
    """Most are accepted; a few are returned, withdrawn, or wait, of the last month a third."""
    from django.utils import timezone

    from evidence.models import State
    from foundation.trail.keep import save_many

    by: dict[str, list] = {"accepted": [], "returned": [], "withdrawn": []}
    for item in items:
        luck = CHANCE.random()
        if luck < (0.33 if last else 0.02):
            continue
        state = "withdrawn" if luck > 0.98 else "returned" if luck > 0.95 else "accepted"
        item.state = State(state)
        if state == "withdrawn":
            item.withdrawn_by, item.withdrawn_at = people["compliance"], timezone.now()
            item.withdrawal_reason = "Of the wrong tenant."
        else:
            item.reviewed_by, item.reviewed_at = people["manager"], timezone.now()
            item.stamp_confirmed = not item.stamped and CHANCE.random() < 0.5
        by[state].append(item)
    for state, found in by.items():
        save_many(
            found, actor=people["manager"], verb_created=f"evidence.{state}", verb_updated=f"evidence.{state}",
            reason="Looked at.",
        )  # fmt: skip


def send_again(count: int, people: dict) -> None:
    """Second versions of what was returned, and of accepted items where there are too few, most of them accepted."""
    from evidence.models import Evidence, EvidenceLink, State
    from foundation.trail.keep import save_many

    owned = Evidence.objects.filter(population=None).order_by("-state", "pk")  # those that were returned come first
    earlier = list(owned.filter(state__in=(State.RETURNED, State.ACCEPTED)).select_related("submitted_by")[:count])
    links: dict = {}
    for link in EvidenceLink.objects.filter(evidence__in=[one.pk for one in earlier]):
        links.setdefault(link.evidence_id, []).append(link)
    items = []
    for one in earlier:
        again = Evidence.objects.model(**{name: getattr(one, name) for name in COPIED})
        number = next(NUMBERS)
        again.supersedes, again.first, again.number = one, one, 2
        again.sha256, again.file = f"{number:064x}", f"evidence/benchmark-{number}"
        items.append(again)
    by = {"actor": people["compliance"], "reason": "Benchmark"}
    save_many(items, verb_created="evidence.superseded", verb_updated="evidence.updated", **by)
    rows = [
        EvidenceLink(evidence=item, control_id=link.control_id, requirement_id=link.requirement_id, reason=link.reason)
        for item in items
        for link in links[item.supersedes_id]
    ]
    save_many(rows, verb_created="evidencelink.created", verb_updated="evidencelink.restored", **by)
    judge(items, people, last=False)


COPIED = (
    "title", "kind", "environment", "source_system", "query", "connector", "stamped", "collected_by", "submitted_by",
    "captured_at", "period_from", "period_to", "row_count", "name", "content_type", "size",
)  # fmt: skip


def except_some(controls: list, people: dict) -> None:
    """Fifty exemptions of a month."""
    from evidence.actions import approve_exemption, request_exemption
    from evidence.models import Exemption

    for control in controls[100:600:10]:
        start = control.operates_from + 60 * DAY
        asked = Exemption(control=control, starts_on=start, ends_on=start + 40 * DAY, reason="The tool was down.")
        approve_exemption(request_exemption(asked, actor=control.owner), actor=people["compliance"], reason="Agreed.")


if __name__ == "__main__":
    main()
