"""The demo company's populations: a quarter of changes with a self-test drawn from it, and one that is empty."""

import datetime

from controls.models import Control
from evidence.actions import Source, accept
from evidence.coverage.tiles import Days
from evidence.models import Method, PopulationKind
from evidence.sampling.actions import EMPTY, FILE, draw, freeze
from evidence.sampling.rows import Line, Listing
from foundation.accounts.models import User
from foundation.organisation.calendar import DAY
from foundation.organisation.models import today

REPOSITORY = "fernwood-cloud/platform"
ABOUT = (
    "Retry payments that time out", "Raise the upload limit", "Rotate the signing key", "Fix sorting of invoices",
    "Add an index to events", "Update the base image", "Log refused sign-ins", "Split the worker's queue",
)  # fmt: skip
AUTHORS = ("e.lang", "j.ortiz", "p.novak", "s.haddad")
FIRST_NUMBER, CLOSED = 1204, (1217, 1218, 1240)  # numbers of pull requests that were closed without a merge: gaps

A_DAY, QUIET = (2, 1, 2, 1, 2, 0, 0), 13  # by weekday, from Monday; and the day of the month on which none is merged


def populations(*, compliance: User) -> None:
    """Freeze both as the owners of their controls, have them accepted, and draw from the changes."""
    period = last_quarter(today())
    review, emergency = (Control.objects.select_related("owner").get(ref=ref) for ref in ("CHG-01", "CHG-04"))
    lines = changes(period)
    query = f"is:pr is:merged base:main merged:{period.first}..{period.last}"
    listing = Listing(("title", "author"), lines, len(lines), query, "number", "merged")
    source = Source(system="GitHub", environment=REPOSITORY)
    owner = review.owner or compliance
    merged = freeze(
        listing, actor=owner, title=f"Changes merged, {period.first} to {period.last}", kind=PopulationKind.CHANGES,
        period=period, source=source, origin=FILE, controls=[review], reason="Every change that needed its review.",
    )  # fmt: skip
    accept(merged.evidence, actor=compliance, note="Count compared with GitHub; the missing numbers were not merged.")
    draw(merged, actor=owner, method=Method.RANDOM)
    none = freeze(
        Listing((), (), 0, f"{query} label:emergency"), actor=emergency.owner or compliance, source=source,
        title=f"Emergency changes, {period.first} to {period.last}", kind=PopulationKind.EMERGENCY_CHANGES,
        period=period, origin=EMPTY, controls=[emergency], reason="Every change that went out before its review.",
    )  # fmt: skip
    if none.frozen_by != compliance:
        accept(none.evidence, actor=compliance, note="Ran the query again: nothing.")


def last_quarter(day: datetime.date) -> Days:
    """The last calendar quarter that is over."""
    first = datetime.date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
    before = first - DAY
    return Days(datetime.date(before.year, before.month - 2, 1), before)


def changes(period: Days) -> list[Line]:
    """One or two merged pull requests on each working day but a few."""
    found: list[Line] = []
    days = [period.first + number * DAY for number in range((period.last - period.first).days + 1)]
    number = FIRST_NUMBER
    for day in days:
        if day.day == QUIET:
            continue
        for _ in range(A_DAY[day.weekday()]):
            number += 1
            while number in CLOSED:
                number += 1
            data = [ABOUT[number % len(ABOUT)], AUTHORS[number % len(AUTHORS)]]
            found.append(Line(f"PR-{number}", day, data, len(found) + 2))
    return found
