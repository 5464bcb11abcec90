"""The demo company's controls: the starter set, worded, owned and in various states, made by the verbs people use.

What is said of each stands in starter/demo_controls.csv and starter/demo_rationales.csv; days there count from today.
"""

import csv
import datetime
from collections import defaultdict
from collections.abc import Mapping as ReadOnly

from django.db import transaction

from controls import actions
from controls.frameworks import STARTER, load_trust_services
from controls.imports import ControlImporter
from controls.models import Applicability, Category, Control, Criterion, Status
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.pages.imports.table import Row, Table

OWNER_ROLES = (
    "CEO", "Compliance manager", "Engineering lead", "HR lead", "IT lead", "Legal counsel", "Platform lead",
    "Privacy officer", "Product lead", "Security lead", "Support lead", "System owners",
)  # fmt: skip
NOBODYS = {"BCP-03", "RSK-03", "VEN-06"}  # unsettled, retired, and never anybody's
COLUMNS = (
    "id", "name", "objective", "owner", "owner role", "type", "nature", "frequency", "evidence", "automatable source",
    "next review", "who", "what", "how often", "on what", "effective from",
)  # fmt: skip
BEGUN = ("Wording agreed with the team.", "Set-up begun.", "First run is planned.", "Responsibilities handed over.")
REASON = "Brought in from the first sheet of controls"


@transaction.atomic
def load(*, compliance: User, owners: ReadOnly[str, User]) -> None:
    """Make all 80 controls. `owners` says who answers for each of OWNER_ROLES; `compliance` approves and imports.

    Raises KeyError for a role that nobody has, ValueError if a starter file does not fit.
    """
    scope(compliance)
    about = {row["ref"]: row for row in read("demo_controls.csv")}
    bring_in(compliance, owners, about)
    controls = {control.ref: control for control in Control.objects.select_related("owner")}
    link(compliance, controls)
    for ref, row in about.items():
        declare(controls[ref], row, controls[ref].owner or compliance, compliance)
    surprises(compliance)


def scope(compliance: User) -> None:
    """Security, Availability and Confidentiality; the servers' rooms are the hosting provider's."""
    load_trust_services(compliance)
    wanted = dict.fromkeys(Category.objects.filter(slug__in=("availability", "confidentiality")), True)
    actions.set_scope(wanted, actor=compliance, reason="Customers ask for uptime and confidentiality.")
    actions.change_applicability(
        Criterion.objects.get(framework__slug="tsc-2017", code="CC6.4"),
        actor=compliance,
        applicability=Applicability.CARVED_OUT,
        reason="Servers stand in rooms of the hosting provider, which runs the physical safeguards there.",
        subservice_organisation="Granite Hosting",
    )


def bring_in(compliance: User, owners: ReadOnly[str, User], about: ReadOnly[str, ReadOnly[str, str]]) -> None:
    """The company's sheet of controls, through the import that every company uses."""
    importer = ControlImporter()
    lines = [line(row, about[row["id"]], owners) for row in read("controls.csv")]
    sheet = Table(COLUMNS, [Row(number, cells) for number, cells in enumerate(lines, start=2)])
    plan = importer.plan(sheet, importer.guess(sheet.header, {}), compliance)
    if plan.errors:
        raise ValueError(f"The demo's sheet does not fit: {plan.errors[:3]}")
    importer.apply(plan, actor=compliance, reason=REASON)


def line(starter: ReadOnly[str, str], row: ReadOnly[str, str], owners: ReadOnly[str, User]) -> list[str]:
    """One row of the sheet, under COLUMNS."""
    owner = "" if row["ref"] in NOBODYS else owners[starter["owner_role"]].email
    wording = [
        row["who"],
        row["what"],
        row["how_often"],
        row["on_what"],
        from_today(-int(row["worded_days_ago"] or 400)),
    ]
    return [
        starter["id"], starter["name"], starter["objective"], owner, starter["owner_role"], row["type"], row["nature"],
        starter["frequency"], starter["evidence"], starter["automatable_source"],
        from_today(int(row["review_in_days"])) if row["review_in_days"] else "", *wording,
    ]  # fmt: skip


def link(compliance: User, controls: ReadOnly[str, Control]) -> None:
    """Each control's criteria, with how it helps to meet them."""
    criteria = {criterion.code: criterion for criterion in Criterion.objects.filter(framework__slug="tsc-2017")}
    wanted: dict[str, dict[Criterion, str]] = defaultdict(dict)
    for row in read("demo_rationales.csv"):
        wanted[row["ref"]][criteria[row["criterion"]]] = row["rationale"]
    for ref, links in wanted.items():
        actions.set_criteria(controls[ref], links, actor=compliance, reason="First mapping of the programme")


def declare(control: Control, row: ReadOnly[str, str], owner: User, compliance: User) -> None:
    """Walk a control to its status, by legal moves and with the owner's notes."""
    status = Status(row["status"])
    if status == Status.NOT_APPLICABLE:
        control = actions.propose_not_applicable(control, actor=owner, reason=row["note"])
        actions.approve_not_applicable(control, actor=compliance, note="Agreed with the scope as decided.")
        return
    way = {
        Status.PLANNED: [],
        Status.IN_PROGRESS: [],
        Status.IMPLEMENTED: [Status.IN_PROGRESS],
        Status.RETIRED: [Status.IN_PROGRESS, Status.IMPLEMENTED],
    }[status]
    for step in way:
        note = BEGUN[control.pk % len(BEGUN)] if step == Status.IN_PROGRESS else "Runs as worded."
        since = operating_since() if step == Status.IMPLEMENTED else None
        control = actions.update_status(control, actor=owner, status=step, note=note, since=since)
    since = operating_since() if status == Status.IMPLEMENTED else None
    actions.update_status(control, actor=owner, status=status, note=row["note"], since=since)


def operating_since() -> datetime.date:
    """The first day of the quarter before the last: evidence is expected of two whole quarters and the running one."""
    day = today()
    month = day.year * 12 + (day.month - 1) // 3 * 3 - 6
    return datetime.date(month // 12, month % 12 + 1, 1)


def surprises(compliance: User) -> None:
    """What makes a day's work: a proposal that waits, wordings that changed or will, reviews just done."""
    office = stored("PHY-01")
    actions.propose_not_applicable(
        office,
        actor=office.owner or compliance,
        reason="The office closes at the end of the year; everybody works from home after that.",
    )
    words = {"who": "The IT lead", "on_what": "on every system in scope"}
    actions.reword(
        stored("IAM-05"), actor=compliance, **words, how_often="per leaver in the HR system",
        what="removes the access of leavers within three working days",
        effective_from=today() - datetime.timedelta(days=720), reason="As the first version of the policy had it.",
    )  # fmt: skip
    actions.reword(
        stored("NET-01"), actor=compliance, who="The platform lead", how_often="every month",
        what="denies inbound paths by default, filters the rest and reviews the rules",
        on_what="on all edges of production",
        effective_from=today() + datetime.timedelta(days=40), reason="Two quarterly reviews slipped.",
    )  # fmt: skip
    for ref, note in (
        ("IAM-03", "Settings compared with the policy; no account without a second factor."),
        ("BKP-01", "Schedules and last month's failures looked through."),
        ("CHG-01", "Branch rules of all repositories compared with the baseline."),
    ):
        control = stored(ref)
        actions.review(control, actor=control.owner or compliance, note=note)


def stored(ref: str) -> Control:
    """The control as it is stored now."""
    return Control.objects.select_related("owner").get(ref=ref)


def from_today(days: int) -> str:
    """A day as a sheet writes it."""
    return (today() + datetime.timedelta(days=days)).isoformat()


def read(name: str) -> list[dict[str, str]]:
    """The rows of a starter file."""
    with (STARTER / name).open(newline="", encoding="utf-8") as text:
        return list(csv.DictReader(text))
