"""What stands on an incident's page and its tabs: the timeline, people and data, links; and incidents on the pages of
controls, risks, vendors, findings and systems.
"""

import datetime
from collections.abc import Callable
from typing import Any, Final

from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet
from django.http import QueryDict

from controls.models import Control
from findings.models import Finding
from foundation.accounts.access import verbs_on, visible
from foundation.accounts.models import User
from foundation.pages.fields import LONGEST_NUMBER
from foundation.pages.moment import at
from foundation.pages.panels import Panel, PanelOf
from foundation.trail.asof import rows, thaw
from foundation.trail.changes import zoned
from incidents.columns import SEVERITY_TONES, data_words
from incidents.command import responds
from incidents.detail import may_add, verbs_for
from incidents.models import (
    Incident,
    IncidentControl,
    IncidentFinding,
    IncidentPerson,
    IncidentRisk,
    IncidentSystem,
    IncidentVendor,
    TimelineEntry,
)
from incidents.models.incident import TONES
from risks.models import Risk
from systems.models import System
from vendors.models import Vendor

LATE: Final = datetime.timedelta(minutes=5)  # an entry that was written later than that says when
LATEST: Final = 15  # entries on the overview
A_PAGE: Final = 50  # on the tab
ORPHANS: Final = 12  # so few more stand on the last page: whoever opens the newest finds more than a line
MOST_INCIDENTS: Final = 20  # on another record's tab
ENTRY_TONES: Final = {
    "decision": "info", "status": "ok", "severity": "warn", "clock": "warn", "notification": "warn", "file": "mute",
}  # fmt: skip


def latest_panel(user: User, incident: Any, moment: datetime.datetime | None) -> Panel:
    """The last entries, the newest first."""
    entries = entries_of(user, incident, moment)
    found = [thaw(row) for row in entries.order_by("-happened_at", "-id")[: LATEST + 1]]
    return timeline_panel_of(user, incident, found[:LATEST], moment, more=len(found) > LATEST)


def timeline_panel(user: User, incident: Any, moment: datetime.datetime | None, asked: QueryDict) -> Panel:
    """The timeline in the order of time, page by page: the newest, or the `page` or `entry` that is asked for.

    Two queries more than a page's own for an entry, one otherwise.
    """
    entries = entries_of(user, incident, moment).order_by("happened_at", "id")
    pages = Paginator(entries, A_PAGE, orphans=ORPHANS)
    page = pages.get_page(asked.get("page") or page_of(entries, pages.num_pages, asked.get("entry", "")))
    found = [thaw(row) for row in page.object_list]
    return timeline_panel_of(user, incident, found, moment, page=page)


def page_of(entries: QuerySet[Any], last: int, entry: str) -> int:
    """The page on which an entry stands, by its number; the newest where there is none. Two queries at most."""
    known = entry.isdecimal() and len(entry) <= LONGEST_NUMBER
    one = entries.filter(id=int(entry)).values("happened_at", "id").first() if known else None
    if one is None:
        return last
    before = Q(happened_at__lt=one["happened_at"]) | Q(happened_at=one["happened_at"], id__lt=one["id"])
    return min(entries.filter(before).count() // A_PAGE + 1, last)


def entries_of(user: User, incident: Any, moment: datetime.datetime | None) -> Any:
    """The entries that this person sees."""
    found = visible(user, rows(TimelineEntry, moment), moment).filter(incident_id=incident.pk)
    return found.select_related("by", "about")


def timeline_panel_of(
    user: User, incident: Any, found: list[Any], moment: datetime.datetime | None, *, more: bool = False,
    page: Page[Any] | None = None,
) -> Panel:  # fmt: skip
    """Entries with their times here and in UTC, and which of them were corrected by which. Three queries at most.

    page: of the whole timeline; None for the last entries, the newest first, of which there are perhaps `more`.
    """
    ids = [entry.pk for entry in found]
    later = rows(TimelineEntry, moment).filter(incident_id=incident.pk, corrects_id__in=ids)
    corrected = dict(later.values_list("corrects_id", "id"))
    adds = may_add(user, incident, moment)
    lines = [
        {
            "entry": entry, "local": zoned(entry.happened_at, "%Y-%m-%d %H:%M"),
            "utc": entry.happened_at.astimezone(datetime.UTC).strftime("%Y-%m-%d %H:%M:%S UTC"),
            "late": entry.at - entry.happened_at > LATE,
            "written": zoned(entry.at, "%Y-%m-%d %H:%M"), "corrected_by": corrected.get(entry.pk),
            "tone": ENTRY_TONES.get(entry.kind, "mute"),
            "may_correct": adds and entry.is_said and entry.pk not in corrected,
        }
        for entry in found
    ]  # fmt: skip
    here = at(moment)
    shown = {
        "lines": lines, "more": more, "page": page, "at": here, "may_add": adds,
        "to_entry": f"{incident.get_absolute_url()}timeline/{here}{'&' if here else '?'}entry=",
    }  # fmt: skip
    return Panel("incidents/timeline_panel.html", shown)


def people_panel(user: User, incident: Any, moment: datetime.datetime | None) -> Panel:
    """Who is named in it, and whom and what it hit."""
    named = visible(user, rows(IncidentPerson, moment), moment).filter(incident_id=incident.pk, archived_at=None)
    verbs = {} if moment else verbs_for(user, incident)
    shown = {
        "people": [thaw(row) for row in named.select_related("user").order_by("id")],
        "verbs": verbs, "data": data_words(incident), "may_end": bool(verbs.get("name_person")),
    }  # fmt: skip
    return Panel("incidents/people_panel.html", shown)


# Link model, the field of its other end, that end's model, and the verb pages: in the order in which they are shown.
ENDS: Final = (
    ("Systems", IncidentSystem, "system", System),
    ("Controls", IncidentControl, "control", Control),
    ("Risks", IncidentRisk, "risk", Risk),
    ("Vendors", IncidentVendor, "vendor", Vendor),
    ("Findings", IncidentFinding, "finding", Finding),
)


def linked(user: User, incident: Any, moment: datetime.datetime | None) -> list[dict[str, Any]]:
    """What it is linked to, by kind: in words to whoever sees that, by its number to others. Constant queries."""
    parts = []
    for label, link, name, model in ENDS:
        found = visible(user, rows(link, moment), moment).filter(incident_id=incident.pk, archived_at=None)
        links = [thaw(row) for row in found.order_by("id")]
        ids = [getattr(one, f"{name}_id") for one in links]
        seen = {row.id: thaw(row) for row in visible(user, rows(model, moment), moment).filter(id__in=ids)}
        lines = [(one, seen.get(getattr(one, f"{name}_id")), unseen(model, name, one)) for one in links]
        parts.append({"label": label, "name": name, "noun": label[:-1].lower(), "lines": lines})
    return parts


def links_panel(user: User, incident: Any, moment: datetime.datetime | None) -> Panel:
    """What it is linked to. Constant queries."""
    parts = linked(user, incident, moment)
    may_link = moment is None and responds(user, incident) and bool(verbs_on(user, ("link",), incident))
    return Panel("incidents/links_panel.html", {"parts": parts, "may_link": may_link, "at": at(moment)})


def unseen(model: Any, name: str, link: Any) -> str:
    """What a record is called that the reader does not see."""
    number = getattr(link, f"{name}_id")
    ref_of: Callable[[int], str] | None = getattr(model, "ref_of", None)
    return ref_of(number) if ref_of else f"{model._meta.verbose_name} {number}"


def incidents_panel(link: Any, name: str) -> PanelOf:
    """The panel of incidents that are linked to a record by this link model, in its column of this name."""

    def panel(user: User, target: Any, moment: datetime.datetime | None) -> Panel | None:
        """The incidents of the record that this person sees, the newest first; None where there is none."""
        links = visible(user, rows(link, moment), moment).filter(**{f"{name}_id": target.pk}, archived_at=None)
        reasons = dict(links.values_list("incident_id", "reason"))
        if not reasons:
            return None
        seen = visible(user, rows(Incident, moment), moment).filter(id__in=reasons).order_by("-id")
        found = [thaw(row) for row in seen[: MOST_INCIDENTS + 1]]
        lines = [
            (one, TONES[one.state], SEVERITY_TONES.get(one.severity, "mute"), reasons[one.pk])
            for one in found[:MOST_INCIDENTS]
        ]
        more, here = len(found) > MOST_INCIDENTS, at(moment)
        return Panel("incidents/panel.html", {"lines": lines, "more": more, "at": here}) if lines else None

    return panel


of_control = incidents_panel(IncidentControl, "control")
of_risk = incidents_panel(IncidentRisk, "risk")
of_vendor = incidents_panel(IncidentVendor, "vendor")
of_finding = incidents_panel(IncidentFinding, "finding")
of_system = incidents_panel(IncidentSystem, "system")
