"""Acknowledgements at size: 2,000 people × 25 policies = 50,000 acknowledgements, and the pages over them.

    .venv/bin/python benchmarks/acknowledgements.py [PEOPLE]

Makes its own data in a temporary folder (SQLite): policies in force since 200 days, acknowledged by everybody since;
five of them changed materially 20 days ago, so that everybody owes those. Pages are served by two gunicorn workers;
what the columns mean is said in serving.py. Targets: at most 12 queries and 100 ms a page.
"""

import datetime
import sys
import time
from typing import Any

from serving import installation, measured

DAY = datetime.timedelta(days=1)
POLICIES, CHANGED, DEPARTMENTS = 25, 5, 12
OWN = {"policies to read": "/policies/to-read/", "read one": "/policies/to-read/{version}/", "My work": "/"}
PAGES = {
    "list of 100": "/policies/acknowledgements/?per_page=100",
    "list, one policy": "/policies/acknowledgements/?per_page=100&policy={policy}",
    "list, words": "/policies/acknowledgements/?per_page=100&q=member+17",
    "list, department": "/policies/acknowledgements/?per_page=100&department=Department+3",
    "list, by person": "/policies/acknowledgements/?per_page=100&sort=person",
    "list, last page": "/policies/acknowledgements/?per_page=100&page=9999",
    "one acknowledgement": "/policies/acknowledgements/{given}/",
    "tab of a policy": "/policies/{policy}/acknowledgements/",
    "by person": "/policies/acknowledgements/by-person/",
    **OWN,
    "list as of then": "/policies/acknowledgements/?per_page=100&as_of={since}",
    "CSV of a policy": "/policies/{policy}/acknowledgements/export.csv",
    "CSV by person": "/policies/acknowledgements/by-person/export.csv",
    "CSV of the register": "/policies/acknowledgements/export.csv",
}
FEW = ("list as of then", "CSV by person", "CSV of the register")  # five rounds are enough of these


def main() -> None:
    """Make the company, then measure."""
    count = int(sys.argv[1]) if sys.argv[1:] else 2_000
    with installation():
        measure(*fill(count))


# ---- data ----------------------------------------------------------------------------------------------------------


def fill(count: int) -> tuple[Any, dict[str, Any]]:
    """The company; gives the compliance manager, who is on the roster, and what the addresses name."""
    import time_machine
    from django.utils import timezone

    from foundation.accounts.models import User
    from foundation.accounts.roles import Role
    from foundation.organisation.actions import found
    from foundation.organisation.models import today
    from foundation.trail.keep import save, save_many
    from foundation.trail.record import SYSTEM
    from people.models import Person
    from policies.acknowledging.giving import STATEMENT, named
    from policies.models import Acknowledgement

    started, now = time.perf_counter(), timezone.now()

    def somebody(name: str) -> Any:
        person = User(email=f"{name}@example.com", name=name.title(), role=Role.COMPLIANCE_MANAGER)
        return save(person, actor=SYSTEM, verb="user.created")

    def kept(rows: list[Any], created: str) -> None:
        save_many(rows, actor=person, verb_created=created, verb_updated=created, reason="benchmark")

    with time_machine.travel(now - 200 * DAY, tick=False):
        found(name="Benchmark", actor=SYSTEM, is_demo=True)  # whose people need no second factor
        person, approver = somebody("cora"), somebody("abel")
        people = [
            Person(
                name=f"Member {number}", email=f"member.{number}@example.com", starts_on=today() - 900 * DAY,
                department=f"Department {number % DEPARTMENTS}", user=person if number == 0 else None,
            )
            for number in range(count)
        ]  # fmt: skip
        kept(people, "person.created")
        versions = [in_force(number, person, approver) for number in range(POLICIES)]
    for begin in range(0, count, 200):
        with time_machine.travel(now - (199 - begin // 20) * DAY, tick=False):
            rows = [
                Acknowledgement(
                    person=one, policy_version=version, acknowledged_at=timezone.now(), acknowledged_on=today(),
                    statement=STATEMENT.format(version=named(version)), sha256=version.sha256, user=person,
                )
                for one in people[begin : begin + 200]
                for version in versions
            ]  # fmt: skip
            kept(rows, "acknowledgement.created")
    with time_machine.travel(now - 20 * DAY, tick=False):
        for version in versions[:CHANGED]:
            amended(version, person, approver)
    given, took = Acknowledgement.objects.count(), time.perf_counter() - started
    print(f"{count:,} people, {POLICIES} policies, {given:,} acknowledgements in {took:.0f} s", flush=True)
    since = (today() - 60 * DAY).isoformat()
    return person, {"policy": versions[0].policy_id, "version": versions[-1].pk, "given": rows[0].pk, "since": since}


def in_force(number: int, author: Any, approver: Any) -> Any:
    """A version in force, for everybody."""
    from policies import actions, drafting
    from policies.models import Policy

    text = f"# Rules {number}\n\n" + "Everybody keeps to what is said here, and asks where it is not clear.\n\n" * 60
    policy = drafting.register(Policy(title=f"Policy {number}", owner=approver), actor=author, text=text)
    actions.name_approver(policy, actor=author, approver=approver, reason="Answers for it.")
    return signed(policy, author, approver)


def signed(policy: Any, author: Any, approver: Any) -> Any:
    """Its draft, submitted, approved and in force."""
    from policies import approval, drafting

    version = drafting.submit(drafting.open_version(policy), actor=author)
    approval.approve(version, actor=approver)
    version.refresh_from_db()
    return version


def amended(version: Any, author: Any, approver: Any) -> None:
    """A material change of it, in force."""
    from policies import drafting
    from policies.models import Policy

    policy = Policy.objects.get(pk=version.policy_id)
    drafting.amend(policy, actor=author, change_note="It grew.", material=True)
    draft = drafting.open_version(policy)
    drafting.write(
        draft, actor=author, title=draft.title, text=f"{draft.text}\nMore.\n", change_note="It grew.", material=True
    )
    signed(policy, author, approver)


# ---- what it costs -------------------------------------------------------------------------------------------------


def measure(person: Any, values: dict[str, Any]) -> None:
    """The reminders of a day, and the pages as two workers serve them."""
    from foundation.organisation.models import today
    from people.models import Person
    from policies.acknowledging.owed import counted, owed
    from policies.acknowledging.reminders import reminders

    before = time.process_time()
    counts = counted(owed(Person.objects.all()))
    print(f"what everybody owes, {counts}: {time.process_time() - before:.2f} s of CPU")
    before = time.process_time()
    print(f"whom a mail goes to today: {len(reminders(today()))}, {time.process_time() - before:.2f} s of CPU")
    measured(PAGES, values, person, FEW)


if __name__ == "__main__":
    main()
