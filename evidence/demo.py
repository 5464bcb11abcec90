"""The demo company's evidence: two quarters and the running one, with honest gaps, made by the actions people use.

Every system, file and figure is invented, and each file says so in its first line. Items came by in the past as far as
their own times go (a reviewer saw them); the trail tells when the demo was loaded.
"""

import datetime
from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

from controls.models import Control, Frequency, Nature
from evidence.actions import For, Source, accept, approve_exemption, give_back, record_evidence, request_exemption
from evidence.coverage.keep import refresh_stale, together
from evidence.models import Evidence, Exemption, Kind, Occurrence, Requirement
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.trail.keep import save
from foundation.trail.record import SYSTEM

DAY = datetime.timedelta(days=1)
MORNING = datetime.time(8, 30, tzinfo=datetime.UTC)
INVENTED = "Invented for the demo company: no system, person or figure in this file exists."


class Item(NamedTuple):
    """What one control's evidence is like."""

    title: str
    kind: Kind
    system: str
    query: str


# control → what proves it. Controls of the starter that are missing here have nothing: that is one of the gaps.
ITEMS: dict[str, Item] = {
    "IAM-03": Item("Sign-ins without a second factor", Kind.EXPORT, "Northgate ID", "users?factor=none&status=active"),
    "IAM-04": Item("Password and session policy", Kind.CONFIGURATION, "Northgate ID", "policies/sign-on"),
    "AST-02": Item("Devices and their compliance", Kind.EXPORT, "Fleetdeck MDM", "devices?fields=os,disk,lock"),
    "CRY-01": Item("TLS scan of all endpoints", Kind.LOG, "Certlens", "scan --all --min-version"),
    "CRY-02": Item("Encryption of stores", Kind.CONFIGURATION, "Brightwater Cloud", "storage list --encryption"),
    "END-01": Item("Endpoint agent coverage", Kind.EXPORT, "Wardstone EDR", "agents?state=all"),
    "VUL-03": Item("Drift from the hardened base", Kind.EXPORT, "Brightwater Cloud", "config drift --since"),
    "LOG-01": Item("Log sources and retention", Kind.CONFIGURATION, "Logmere", "sources, retention"),
    "LOG-03": Item("Threat detection settings", Kind.CONFIGURATION, "Brightwater Cloud", "threat-detection status"),
    "CHG-03": Item("Who may deploy to production", Kind.CONFIGURATION, "Forgehub", "environments/production"),
    "AVL-01": Item("Uptime and capacity", Kind.EXPORT, "Pulseboard", "uptime?group=service"),
    "MON-02": Item("Open issues reviewed with their owners", Kind.TICKET, "Tasklane", "project = SEC AND type = issue"),
    "MON-03": Item("Results of configuration checks", Kind.LOG, "Brightwater Cloud", "checks results --daily"),
    "LOG-02": Item("Alerts with their triage", Kind.EXPORT, "Logmere", "alerts?fields=opened,closed,reason"),
    "BKP-01": Item("Backup jobs", Kind.LOG, "Brightwater Cloud", "backup jobs list"),
    "VUL-01": Item("Vulnerability scans", Kind.EXPORT, "Scanfield", "reports?target=all"),
    "GOV-02": Item("Minutes of the advisers' meeting", Kind.DOCUMENT, "Paperdrawer", "Board / Minutes"),
    "GOV-04": Item("Minutes of the security steering meeting", Kind.DOCUMENT, "Paperdrawer", "Security / Steering"),
    "GOV-06": Item("Inventory reconciled with the cloud accounts", Kind.EXPORT, "Brightwater Cloud", "assets list"),
    "RSK-04": Item("Risk treatments with owners and dates", Kind.EXPORT, "Tasklane", "project = RISK"),
    "PHY-01": Item("Badge holders and visitor log", Kind.EXPORT, "Doorbell badges", "holders, visits"),
    "NET-01": Item("Firewall rules reviewed", Kind.CONFIGURATION, "Brightwater Cloud", "firewall rules list"),
    "BKP-02": Item("Restore test with checksums", Kind.DOCUMENT, "Paperdrawer", "Platform / Restore tests"),
    "GOV-03": Item("Organisation chart", Kind.DOCUMENT, "Peoplebook", "Reports / Chart"),
    "HR-03": Item("Training completions", Kind.EXPORT, "Learnwell", "courses/security/completions"),
    "POL-01": Item("Policies with their approvals", Kind.EXPORT, "Paperdrawer", "Policies / Register"),
    "RSK-01": Item("Risk workshop, scored", Kind.DOCUMENT, "Paperdrawer", "Risk / Workshop"),
    "MON-04": Item("Penetration test report", Kind.DOCUMENT, "Paperdrawer", "Security / Tests"),
    "NET-02": Item("Accounts and their networks", Kind.CONFIGURATION, "Brightwater Cloud", "networks list"),
    "IR-05": Item("Record of the incident exercise", Kind.DOCUMENT, "Paperdrawer", "Security / Exercises"),
    "CHG-06": Item("Customer data outside production", Kind.LOG, "Scanfield", "data-search --non-production"),
}
# (control, which of its items counted from the first) → what became of it, where that is not "accepted in time".
FATES: dict[tuple[str, int], str] = {
    ("IAM-03", 4): "missing", ("AST-02", 2): "late", ("CRY-01", 5): "returned", ("END-01", 6): "waiting",
    ("LOG-01", 1): "missing", ("LOG-01", 2): "missing", ("AVL-01", 3): "late", ("MON-02", 5): "missing",
    ("MON-02", 6): "returned", ("BKP-01", 3): "cut", ("VUL-01", 2): "missing", ("GOV-02", 1): "missing",
    ("NET-01", 0): "late", ("NET-01", 1): "waiting", ("RSK-04", 1): "returned", ("PHY-01", 1): "exempted",
    ("BKP-02", 1): "waiting", ("LOG-02", 5): "cut",
}  # fmt: skip
NOTHING = ("IR-04", "Serious incidents of the quarter: none", "Tasklane", "project = INC AND severity in (1, 2)")
REVIEWED = "IAM-06"  # proved by the access reviews themselves
SENT_BACK = "The file ends in the middle of the list; please export it whole."


def load(*, compliance: User, analyst: User, manager: User) -> None:
    """Make it all, as owners and connectors hand it in and others judge it. Occurrences are computed at the end."""
    refresh_stale()  # which lays out what is expected; the rest goes by that
    wanted = [*ITEMS, NOTHING[0], REVIEWED]
    controls = {one.ref: one for one in Control.objects.select_related("owner").filter(ref__in=wanted)}
    with together():
        need(controls[REVIEWED], compliance)
        for ref, item in ITEMS.items():
            judge = analyst if controls[ref].owner_id in (None, compliance.pk) else (compliance, manager)[len(ref) % 2]
            for number, days in enumerate(stretches(controls[ref])):
                hand_in(controls[ref], item, number, days, judge, compliance)
        nothing_occurred(controls[NOTHING[0]], compliance)


def need(control: Control, compliance: User) -> None:
    """One control whose requirement is written out: what, from where, what a good one looks like."""
    row = Requirement(
        control=control, title="Signed-off review of all accounts", source="Countersign, access reviews",
        example="Every account with its decision, the reviewer's name and the day; removals with their tickets.",
        kinds=[Kind.RECORD, Kind.DOCUMENT], effective_from=control.operates_from or today(),
    )  # fmt: skip
    save(row, actor=compliance, verb="requirement.created")


def stretches(control: Control) -> Iterator[tuple[Occurrence, Occurrence]]:
    """(first, last) occurrence of each item: one by one, but days and weeks by the month in which they begin.

    What has ended; of a year that runs, what is there already.
    """
    day = today()
    begun = Occurrence.objects.filter(control=control, starts_on__lte=day).order_by("starts_on")
    over = [one for one in begun if one.ends_on < day - 2 * DAY or one.frequency == Frequency.ANNUAL]
    if control.frequency in (Frequency.DAILY, Frequency.WEEKLY):
        for _, month in groupby(over, key=lambda one: (one.starts_on.year, one.starts_on.month)):
            many = list(month)
            yield many[0], many[-1]
    else:
        yield from ((one, one) for one in over)


def hand_in(
    control: Control, item: Item, number: int, days: tuple[Occurrence, Occurrence], judge: User, compliance: User
) -> None:
    """One item with what became of it."""
    fate = FATES.get((control.ref, number), "accepted")
    first, last = days[0].starts_on, days[-1].ends_on
    owner = control.owner or compliance
    if fate == "exempted":
        except_it(control, days[0], owner, compliance)
    if fate in ("missing", "exempted"):
        return
    if fate == "cut":
        last -= 6 * DAY
    running = last >= today()
    captured = today() - (10 + number) * DAY if running else last + DAY
    if fate == "late":
        captured = days[-1].due_on + 4 * DAY
    automated = control.nature == Nature.AUTOMATED and fate in ("accepted", "cut") and not running
    period = None if running or fate == "late" else (first, last)
    row = record_evidence(
        content(control, item, first, last), actor=SYSTEM if automated else owner, kind=item.kind,
        title=f"{item.title}, {first:%B %Y}", name=f"{control.ref.lower()}-{first}.csv",
        source=Source(
            system=item.system, environment="production", query=item.query, period=period, stamped=automated,
            connector=item.system if automated else "", collected_by=None if automated else owner,
            captured_at=min(at(captured), at(today() - DAY)), rows=3,
        ),
        links=[link(control, first if running or fate == "late" else None)],
    )  # fmt: skip
    settle(row, fate, judge)


def link(control: Control, meant: datetime.date | None) -> For:
    """What the item proves, and the requirement that it meets if the control has one."""
    wanted = Requirement.objects.filter(control=control).first()
    return For(control=control, requirement=wanted, occurrence=meant, reason="It shows that the control operated.")


def settle(row: Evidence, fate: str, judge: User) -> None:
    """What another person says of it."""
    if fate == "returned":
        give_back(row, actor=judge, reason=SENT_BACK)
    elif fate != "waiting":
        accept(row, actor=judge, note="Compared with the source.", times_seen=True)


def except_it(control: Control, occurrence: Occurrence, owner: User, compliance: User) -> None:
    """An occurrence for which there is nothing, and why."""
    row = Exemption(
        control=control, starts_on=occurrence.starts_on, ends_on=occurrence.ends_on,
        reason="The office was closed for building works all quarter; nobody had a key.",
    )  # fmt: skip
    approve_exemption(request_exemption(row, actor=owner), actor=compliance, reason="Seen in the landlord's letter.")


def nothing_occurred(control: Control, compliance: User) -> None:
    """A quarter in which there was nothing to do, with the query that shows it."""
    ref, title, system, query = NOTHING
    quarter = Occurrence.objects.filter(control=control).order_by("starts_on").first()
    if quarter is None:
        raise ValueError(f"{ref} has no occurrence.")
    days = (quarter.starts_on, quarter.ends_on)
    row = record_evidence(
        f"{INVENTED}\nquery,{query}\nfrom,{days[0]}\nto,{days[1]}\nrows,0\n".encode(), actor=control.owner, title=title,
        kind=Kind.TICKET, name=f"{ref.lower()}-none.csv",
        source=Source(system=system, query=query, period=days, rows=0, captured_at=at(quarter.ends_on + DAY)),
        links=[For(control=control, reason="There was no incident to review.", nothing_occurred=True)],
    )  # fmt: skip
    accept(row, actor=compliance, note="Query run again: no rows.", times_seen=True)


def content(control: Control, item: Item, first: datetime.date, last: datetime.date) -> bytes:
    """A small file that could have come from such a system."""
    lines = [INVENTED, f"system,{item.system}", f"query,{item.query}", f"from,{first}", f"to,{last}", "entry,result"]
    lines += [f"{control.ref}-{first:%y%m}-{number},as expected" for number in (1, 2, 3)]
    return "\n".join([*lines, ""]).encode()


def at(day: datetime.date) -> datetime.datetime:
    """The morning of a day."""
    return datetime.datetime.combine(day, MORNING)
