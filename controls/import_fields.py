"""What a file can say about a control, by which headings it is recognised, and how its words are understood."""

import datetime
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from controls.models import Criterion, Frequency, Kind, Nature, Status
from foundation.pages.imports.importer import ImportField, choice, day
from foundation.pages.imports.people import person

if TYPE_CHECKING:
    from controls.imports import ControlImporter

OFTEN = {
    "yearly": "annual", "annually": "annual", "once a year": "annual", "every year": "annual", "12 months": "annual",
    "semi-annual": "semiannual", "semi-annually": "semiannual", "half-yearly": "semiannual", "biannual": "semiannual",
    "each quarter": "quarterly", "every quarter": "quarterly", "every month": "monthly", "every week": "weekly",
    "every day": "daily", "ongoing": "continuous", "always": "continuous", "real time": "continuous",
    "as needed": "per_event", "ad hoc": "per_event", "on demand": "per_event", "event-driven": "per_event",
    "on event": "per_event", "when it happens": "per_event",
}  # fmt: skip
STANDS = {
    "not started": "planned", "open": "planned", "to do": "planned", "draft": "planned", "ongoing": "in_progress",
    "in implementation": "in_progress", "partially implemented": "in_progress", "done": "implemented",
    "complete": "implemented", "completed": "implemented", "active": "implemented", "operating": "implemented",
    "n/a": "not_applicable",
}  # fmt: skip
STATUS: Callable[[str, Any], str] = choice(Status, aliases=STANDS)


def criteria(text: str, importer: "ControlImporter") -> tuple[Criterion, ...]:
    """Criteria by their ids, separated by spaces, commas, semicolons or lines; in the framework's order, none twice."""
    found = []
    for code in filter(None, re.split(r"[\s,;|]+", text)):
        known = importer.criteria.get(code.upper(), [])
        if not known:
            raise ValueError(f"“{code[:40]}” is no criterion of a framework that is loaded here.")
        if len(known) > 1:
            full = f"{known[0].framework.slug}:{known[0].code}"
            raise ValueError(f"“{code[:40]}” is in several frameworks. Write it as {full}.")
        found.append(known[0])
    return tuple(sorted(set(found), key=lambda criterion: (criterion.framework_id, criterion.position)))


def status(text: str, importer: Any) -> str:
    """A status by value or words; nothing means planned. Our own export adds when a proposal waits."""
    return STATUS(text.split(", proposed", maxsplit=1)[0], importer) or Status.PLANNED


def review_day(text: str, importer: Any) -> datetime.date | None:
    """A day; our own export says when it has passed."""
    return day(text.removesuffix(" overdue"), importer)


FIELDS = (
    ImportField(
        "ref",
        "Reference",
        required=True,
        help="Short and lasting, such as IAM-03. Finds the control again.",
        aliases=(
            "id",
            "control id",
            "control ref",
            "control number",
            "control no",
            "number",
            "no",
            "code",
        ),
    ),
    ImportField(
        "name",
        "Name",
        required=True,
        aliases=("title", "control", "control name", "control title", "short name"),
        help="What people call it, up to 200 characters.",
    ),
    ImportField(
        "objective",
        "Objective",
        help="What is true when the control works.",
        aliases=("control objective", "description", "control description", "goal", "purpose"),
    ),
    ImportField(
        "criteria",
        "Criteria",
        parse=criteria,
        link=True,
        help="Ids such as CC6.1 CC6.2, separated by spaces or commas. The list replaces the one that stands. "
        "A link that it adds has no rationale: write it on the control.",
        aliases=(
            "criteria ids",
            "criterion",
            "tsc",
            "tsc criteria",
            "trust services criteria",
            "soc 2",
            "soc 2 criteria",
            "soc2 criteria",
            "mapping",
            "mappings",
            "mapped criteria",
            "criteria codes",
        ),
    ),
    ImportField(
        "kind",
        "Type",
        parse=choice(Kind, aliases={"preventative": "preventive", "detecting": "detective"}),
        help="Preventive, detective or corrective.",
        aliases=("control type", "kind", "category of control"),
    ),
    ImportField(
        "nature",
        "Nature",
        help="Manual, automated or hybrid.",
        aliases=("control nature", "automation", "method"),
        parse=choice(
            Nature, aliases={"automatic": "automated", "semi-automated": "hybrid", "it-dependent manual": "hybrid"}
        ),
    ),
    ImportField(
        "frequency",
        "Frequency",
        parse=choice(Frequency, aliases=OFTEN),
        aliases=("control frequency", "cadence", "interval"),
        help="Continuous, daily, weekly, monthly, quarterly, twice a year, annual or per event.",
    ),
    ImportField(
        "owner",
        "Owner",
        parse=person,
        help="E-mail address of the account that answers for it; the name will do where it is unique.",
        aliases=("control owner", "owner email", "owner e-mail", "owner mail", "responsible", "accountable"),
    ),
    ImportField(
        "operator",
        "Operator",
        parse=person,
        help="E-mail address of who carries it out, when that is somebody else.",
        aliases=("control operator", "operator email", "performer", "performed by"),
    ),
    ImportField(
        "owner_role",
        "Owner's role",
        help="The job that should own it, as text.",
        aliases=("role", "owner role", "department", "team"),
    ),
    ImportField(
        "expected_evidence",
        "Expected evidence",
        help="What would prove that it operated.",
        aliases=("evidence", "evidence required", "evidence examples", "proof"),
    ),
    ImportField(
        "automatable_source",
        "Evidence could come from",
        help="Which system could deliver that evidence.",
        aliases=("automatable source", "source", "evidence source", "could come from"),
    ),
    ImportField(
        "status",
        "Status",
        parse=status,
        created_only=True,
        aliases=("implementation status", "state", "control status"),
        help="Planned, in progress or implemented. Only for new controls: existing ones keep theirs.",
    ),
    ImportField(
        "operates_from",
        "Operates since",
        parse=day,
        created_only=True,
        aliases=("operating since", "operational since", "implemented on", "implementation date"),
        help="A day as 2026-11-21: from it on, evidence is expected. Only for new controls that are implemented.",
    ),
    ImportField(
        "review_date",
        "Next review",
        parse=review_day,
        aliases=("review date", "next review date", "review due", "due"),
        help="A day as 2026-11-21.",
    ),
    ImportField(
        "who", "Wording: who", link=True, help="Who acts. The four parts of a wording go together.", aliases=("actor",)
    ),
    ImportField(
        "what",
        "Wording: what",
        link=True,
        help="What is done, in the present tense.",
        aliases=("activity", "control activity"),
    ),
    ImportField("how_often", "Wording: how often", link=True, help="How often or when.", aliases=("timing",)),
    ImportField(
        "on_what",
        "Wording: on what",
        link=True,
        help="On what, with its preposition.",
        aliases=("object", "population"),
    ),
    ImportField(
        "effective_from",
        "Wording: in force from",
        parse=day,
        link=True,
        help="A day as 2026-11-21; empty means today.",
        aliases=("effective date", "effective from", "valid from"),
    ),
)
