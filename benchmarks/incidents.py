"""Incidents at size: 6,000 events and 1,000 incidents of two years, each with its timeline, and the pages over them.

    .venv/bin/python benchmarks/incidents.py [EVENTS]

Makes its own data in a temporary folder (SQLite): dismissed events; a sixth as many incidents, closed, with people and
twenty entries; every hundredth of these open, with a clock; one with a timeline of 2,000 entries. Pages are served by
two gunicorn workers to the compliance manager, then to the control owner who responded to all of them; what the
columns mean is said in serving.py. Targets: at most 12 queries and 100 ms a page.
"""

import datetime
import sys
import time
from typing import Any

from serving import installation, measured

DAY = datetime.timedelta(days=1)
HOUR = DAY / 24
ENTRIES, LONGEST = 20, 2_000
PAGES = {
    "list of 100": "/incidents/?per_page=100",
    "list, filtered": "/incidents/?per_page=100&q=sign-ins+17&severity=2",
    "list, sorted": "/incidents/?per_page=100&sort=-severity",
    "list, last page": "/incidents/?per_page=100&page=9999",
    "one incident": "/incidents/{incident}/",
    "its timeline": "/incidents/{incident}/timeline/",
    "longest timeline": "/incidents/{longest}/timeline/",
    "longest, in the middle": "/incidents/{longest}/timeline/?page=20",
    "its clocks": "/incidents/{open}/clocks/",
    "its people": "/incidents/{incident}/people/",
    "its links": "/incidents/{incident}/links/",
    "clocks": "/incidents/clocks/",
    "list as of then": "/incidents/?per_page=100&as_of={since}",
    "one as of then": "/incidents/{incident}/?as_of={since}",
    "CSV of the register": "/incidents/export.csv",
}
FEW = ("list as of then", "one as of then", "CSV of the register")  # five rounds are enough of these


def main() -> None:
    """Make the company, then measure."""
    count = int(sys.argv[1]) if sys.argv[1:] else 6_000
    with installation():
        people, values = fill(count)
        for role in ("compliance_manager", "control_owner"):
            print(f"as {role}")
            measured(PAGES, values, people[role], FEW)


def fill(count: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """The company; gives its people by role, and what the addresses name."""
    import time_machine
    from django.utils import timezone

    from foundation.accounts.models import User
    from foundation.organisation.actions import found
    from foundation.organisation.models import today
    from foundation.trail.keep import save, save_many
    from foundation.trail.record import SYSTEM
    from incidents.models import Incident, State

    found(name="Benchmark", actor=SYSTEM, is_demo=True)  # whose people need no second factor
    people = {
        role: save(User(email=f"{role}@example.com", name=role.title(), role=role), actor=SYSTEM, verb="user.created")
        for role in ("compliance_manager", "control_owner")
    }
    started, now, owner = time.perf_counter(), timezone.now(), people["control_owner"]
    with time_machine.travel(now - 200 * DAY, tick=False):
        events = [event(number, now - (200 + number % 500) * DAY, owner) for number in range(count)]
        kept(events, owner, "incident.created")
        closed = [incident(number, now - (210 + number % 490) * DAY, owner) for number in range(count // 6)]
        save_many(closed, actor=owner, verb_created="incident.created", verb_updated="incident.closed", reason="done")
        kept([entry(one, number, owner) for one in closed for number in range(ENTRIES)], owner, "timelineentry.created")
    alive = [event(number, now - DAY, owner) for number in range(count // 600)]
    for one in alive:
        one.state, one.severity, one.severity_reason = State.DECLARED, 2, "As the matrix says."
        one.declared_at, one.declared_by, one.commander = one.reported_at, owner, owner
        one.dismissed_at, one.dismissed_by, one.dismissed_reason = None, None, ""
    kept(alive, owner, "incident.created")
    kept([entry(alive[0], number, owner) for number in range(LONGEST)], owner, "timelineentry.created")
    clocks(alive, people["compliance_manager"])
    took = time.perf_counter() - started
    print(f"{Incident.objects.count():,} events and incidents in {took:.0f} s", flush=True)
    since = (today() - 60 * DAY).isoformat()
    return people, {"incident": closed[0].pk, "longest": alive[0].pk, "open": alive[-1].pk, "since": since}


def kept(rows: list[Any], actor: Any, verb: str) -> None:
    """Store them through the save path that everything uses."""
    from foundation.trail.keep import save_many

    save_many(rows, actor=actor, verb_created=verb, verb_updated=verb, reason="benchmark")


def event(number: int, moment: datetime.datetime, owner: Any) -> Any:
    """An event that was looked at and dismissed; every fiftieth is restricted."""
    from incidents.models import Incident, State

    return Incident(
        title=f"Odd sign-ins {number}", summary="Ten attempts within a minute.", reporter=owner, reported_at=moment,
        detected_at=moment - HOUR, state=State.DISMISSED, dismissed_at=moment + HOUR, dismissed_by=owner,
        dismissed_reason="A colleague on a journey.", restricted=number % 50 == 0,
    )  # fmt: skip


def incident(number: int, moment: datetime.datetime, owner: Any) -> Any:
    """An incident that is over."""
    from incidents.models import Incident, State

    return Incident(
        title=f"Outage of sign-ins {number}", reporter=owner, commander=owner, severity=number % 4 + 1,
        severity_reason="As the matrix says.", state=State.CLOSED, reported_at=moment, declared_at=moment,
        declared_by=owner, contained_at=moment + HOUR, eradicated_at=moment + 2 * HOUR, recovered_at=moment + 3 * HOUR,
        closed_at=moment + DAY, closed_by=owner, state_note="Done.",
    )  # fmt: skip


def entry(one: Any, number: int, owner: Any) -> Any:
    """A note of its timeline."""
    from incidents.models import TimelineEntry

    at = one.reported_at + HOUR / 60 * number
    return TimelineEntry(incident=one, happened_at=at, at=at, by=owner, text=f"Restarted node {number}.")


def clocks(alive: list[Any], compliance: Any) -> None:
    """A notification clock on each open incident."""
    from incidents.clocks import rules, running
    from incidents.models import NotificationRule, StartEvent, Unit

    rule = rules.add(
        NotificationRule(
            regime="Data protection law", whom="Supervisory authority", applies="Personal data.",
            starts=StartEvent.AWARE, amount=72, unit=Unit.HOURS, zone="UTC", source="Article 33",
        ),
        actor=compliance,
    )  # fmt: skip
    for one in alive:
        running.start(one, actor=compliance, rule=rule, started_at=one.reported_at, reason="Personal data.")


if __name__ == "__main__":
    main()
