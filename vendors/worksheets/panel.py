"""What other pages show of worksheets: a control what vendors expect of it, a vendor and a report who read it."""

import datetime

from django.urls import reverse

from controls.models import Control
from foundation.accounts.access import can, visible
from foundation.accounts.models import User
from foundation.pages.panels import Panel
from foundation.trail.asof import rows, thaw
from vendors.models import SOC_REPORTS, Cuec, Vendor, VendorDocument, Worksheet
from vendors.worksheets.columns import OPINION_TONES, STATE_TONES, age_words, attach_standing
from vendors.worksheets.filters import in_force
from vendors.worksheets.forms import reports_of

MOST = 20  # on the page; the list has them all


def cuecs_panel(user: User, control: Control, moment: datetime.datetime | None) -> Panel | None:
    """The user controls of approved worksheets that this control meets, as far as this person sees them. One query."""
    seen = visible(user, rows(Cuec, moment), moment).filter(control_id=control.pk)
    found = in_force(seen, moment).select_related("worksheet__vendor").order_by("worksheet__vendor__name", "id")
    lines = [thaw(row) for row in found[: MOST + 1]]
    shown = {"lines": lines[:MOST], "more": len(lines) > MOST}
    return Panel("vendors/cuecs_panel.html", shown) if lines else None


def worksheets_panel(user: User, vendor: Vendor, moment: datetime.datetime | None) -> Panel | None:
    """The worksheets of a vendor's reports, the newest first. Two queries."""
    return panel_of(user, moment, {"vendor_id": vendor.pk}, "")


def readings_panel(user: User, document: VendorDocument, moment: datetime.datetime | None) -> Panel | None:
    """The worksheets of one SOC report, and the way to begin one; None for any other document. Three queries."""
    if document.kind not in SOC_REPORTS:
        return None
    live = moment is None and document.archived_at is None
    may = live and can(user, "add", Worksheet) and reports_of(user).filter(pk=document.pk).exists()
    begin = f"{reverse('vendors:worksheet-create')}?document={document.pk}" if may else ""
    return panel_of(user, moment, {"document_id": document.pk}, begin)


def panel_of(user: User, moment: datetime.datetime | None, of: dict[str, int], begin: str) -> Panel:
    """The worksheets of one vendor or document. begin: the address at which one is begun, or ""."""
    seen = visible(user, rows(Worksheet, moment), moment).filter(**of).order_by("-id")
    found = [thaw(row) for row in seen.select_related("approver")[: MOST + 1]]
    attach_standing(found, user, moment)
    lines = [(one, age_words(one), STATE_TONES[one.state], OPINION_TONES[one.opinion]) for one in found[:MOST]]
    return Panel("vendors/worksheets_panel.html", {"lines": lines, "begin": begin, "more": len(found) > MOST})
