"""The columns of the lists of worksheets and of user controls, and the facts on a worksheet's page."""

import datetime
from operator import attrgetter
from typing import Any

from controls.models import Control
from controls.models.control import operating as operates_on
from findings.models import Finding
from foundation.accounts.access import visible
from foundation.accounts.models import User
from foundation.organisation.settings import setting
from foundation.pages.columns import Column
from foundation.pages.moment import at, day_of
from foundation.pages.people import called
from foundation.trail.asof import rows
from vendors.models import Vendor, WorksheetState, Yes
from vendors.worksheets.standing import standing_of

STATE_TONES: dict[str, str] = {
    WorksheetState.OPEN: "info",
    WorksheetState.SUBMITTED: "warn",
    WorksheetState.APPROVED: "ok",
    WorksheetState.CANCELLED: "mute",
}
OPINION_TONES = {"unqualified": "ok", "qualified": "warn", "adverse": "bad", "disclaimer": "bad", "": "mute"}
MET, GAP, WEAK, NOT_OURS, OPEN = (
    "Met", "Gap", "Control does not operate", "Does not apply", "Not answered",
)  # fmt: skip
CUEC_TONES = {MET: "ok", GAP: "warn", WEAK: "bad", NOT_OURS: "mute", OPEN: "warn"}


def vendor_choices(user: User, model: type[Any], path: str) -> list[tuple[str, str]]:
    """The vendors that a register's rows name and that this person sees, for a filter. One query."""
    held = Vendor.objects.filter(pk__in=model._default_manager.order_by().values(path))
    return [(str(pk), name) for pk, name in visible(user, held).order_by("name").values_list("pk", "name")]


def attach_standing(found: list[Any], user: User, moment: datetime.datetime | None) -> None:
    """How each report stands on the day that is looked at. One query: the setting."""
    day, stale = day_of(moment), setting("report_stale_days")
    for one in found:
        one.stands = standing_of(one, day, stale)


def attach_cuec(found: list[Any], user: User, moment: datetime.datetime | None) -> None:
    """The finding of each gap, where this person sees it, and whether its control meets it then. Two queries."""
    controls = rows(Control, moment).filter(id__in={pk for one in found if (pk := getattr(one, "control_id", None))})
    operates = set(controls.filter(operates_on(day_of(moment))).values_list("id", flat=True))
    wanted = [one.finding_id for one in found if one.finding_id]
    seen = visible(user, rows(Finding, moment), moment).filter(id__in=wanted)
    known = set(seen.values_list("id", flat=True)) if wanted else set()
    for one in found:
        one.gap_url = Finding(pk=one.finding_id).get_absolute_url() if one.finding_id in known else ""
        one.moment_kept, one.is_met = at(moment), getattr(one, "control_id", None) in operates


def age_words(worksheet: Any) -> str:
    """The gap and whether it is stale, for a list."""
    if worksheet.stands.gap is None:
        return ""
    words = f"{worksheet.stands.gap} days"
    return f"{words}, stale" if worksheet.stands.stale else words


def bridge_words(worksheet: Any) -> str:
    """What covers the time since the period."""
    return str(worksheet.stands.bridge_words)


def person(path: str) -> Any:
    """How a person of a worksheet is called."""

    def words(one: Any) -> str:
        who = getattr(one, path)
        return called(str(who), who.is_active) if who else ""

    return words


def state_words(cuec: Any) -> str:
    """What meets a user control, in a word."""
    if cuec.applies == Yes.NO:
        return NOT_OURS
    if cuec.finding_id is not None:
        return GAP
    if cuec.applies == Yes.UNKNOWN or cuec.control_id is None:
        return OPEN
    return MET if cuec.is_met else WEAK


COLUMNS = (
    Column("ref", "Ref", sort="id", kind="ref"),
    Column("vendor_name", "Vendor", sort="vendor__name", kind="title", get=attrgetter("vendor.name")),
    Column("service", "Service used", sort="service"),
    Column("report_kind", "Report", sort="report_kind"),
    Column("opinion", "Opinion", sort="opinion", kind="badge", tones=OPINION_TONES),
    Column("period_to", "Period to", sort="period_to", kind="date"),
    Column("age", "Since then", sort="period_to", get=age_words),
    Column("state", "State", sort="state", kind="badge", tones=STATE_TONES),
    Column("reviewer", "Reviewer", sort="reviewer__name", kind="person", get=person("reviewer"), more=True),
    Column("approver", "Approver", sort="approver__name", kind="person", get=person("approver"), more=True),
    Column("bridge_words", "Bridge letter", get=bridge_words, more=True),
    Column("next_due_on", "Next report due", sort="next_due_on", kind="date", more=True),
    Column("approved_at", "Approved", sort="approved_at", kind="moment", more=True),
)
FACTS = (
    Column("vendor_name", "Vendor", get=attrgetter("vendor.name"), url=lambda one: one.vendor.get_absolute_url()),
    Column("document", "Report on file", url=lambda one: one.document.get_absolute_url()),
    Column("service", "Service used", empty="Not said"),
    Column("report_kind", "Report"),
    Column("categories", "Categories", empty="Not said"),
    Column("auditor", "Auditor", empty="Not said"),
    Column("auditor_known", "Auditor licensed and known"),
    Column("opinion", "Opinion", kind="badge", tones=OPINION_TONES),
    Column("opinion_basis", "What that rests on"),
    Column("period_from", "Covers from", kind="date"),
    Column("period_to", "Covers to", kind="date", empty="Not said"),
    Column("issued_on", "Issued", kind="date", empty="Not said"),
    Column("gap", "Time since", get=lambda one: one.stands.gap_words),
    Column("bridge_words", "Covered by", get=bridge_words),
    Column("in_scope", "Our service inside its scope"),
    Column("response_quality", "Management's responses"),
    Column("conclusion", "Conclusion", empty="Not said"),
    Column("next_due_on", "Next report due", kind="date", empty="Not said"),
    Column("reviewer", "Reviewer", kind="person", get=person("reviewer")),
    Column("approver", "Approver", kind="person", get=person("approver")),
)
CUEC_COLUMNS = (
    Column("reference", "Reference", sort="reference"),
    Column("what", "Expected of us", sort="what", kind="title"),
    Column("vendor_name", "Vendor", sort="worksheet__vendor__name", get=attrgetter("worksheet.vendor.name")),
    Column("met", "State", kind="badge", tones=CUEC_TONES, get=state_words),
    Column(
        "control_ref", "Our control", sort="control__ref", get=lambda one: one.control.ref if one.control else "",
        url=lambda one: f"{one.control.get_absolute_url()}{one.moment_kept}" if one.control else "",
    ),
    Column(
        "gap", "Finding", get=lambda one: Finding.ref_of(one.finding_id) if one.finding_id else "",
        url=attrgetter("gap_url"),
    ),
    Column("note", "Note", more=True),
    Column("worksheet_ref", "Worksheet", sort="worksheet_id", get=attrgetter("worksheet.ref"), more=True),
    Column("period_to", "Report's period to", kind="date", get=attrgetter("worksheet.period_to"), more=True),
)  # fmt: skip
CUEC_FACTS = (
    *CUEC_COLUMNS[:-2],
    Column(
        "worksheet_ref", "Worksheet", get=attrgetter("worksheet.ref"),
        url=lambda one: f"{one.worksheet.get_absolute_url()}{one.moment_kept}",
    ),
    CUEC_COLUMNS[-1],
)  # fmt: skip
