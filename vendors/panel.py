"""What a vendor's tabs show: papers, reviews, findings; and what a control's tab shows of the work with vendors."""

import datetime
from typing import Any

from controls.models import Control
from findings.columns import attach_day as attach_finding_day
from findings.columns import due_words, standing_words
from findings.models import Finding
from foundation.accounts.access import can, verbs_on, visible
from foundation.accounts.models import User
from foundation.organisation.once import once
from foundation.pages.moment import at
from foundation.pages.panels import Panel
from foundation.trail.asof import rows, thaw
from vendors.columns import attach_day
from vendors.models import (
    SOC_REPORTS,
    Contract,
    Status,
    Vendor,
    VendorAlias,
    VendorControl,
    VendorDocument,
    VendorFinding,
    VendorReview,
    Worksheet,
)
from vendors.paper_columns import (
    STATE_TONES,
    attach_newer,
    covers,
    document_state,
    ends_words,
    terms_words,
)
from vendors.review_columns import STATE_TONES as STATE_TONES_OF_REVIEWS

OFFERED = ("add_document", "add_contract", "begin_review", "link_finding")  # asked at once for all panels of a tab
MOST = 50  # of one kind on a tab; the list has them all


def listed(model: Any, vendor: Vendor, user: User, moment: datetime.datetime | None, order: str) -> list[Any]:
    """The newest live rows of a model that belong to the vendor, as far as this person sees them."""
    seen = visible(user, rows(model, moment), moment).filter(vendor_id=vendor.pk, archived_at=None)
    return [thaw(row) for row in seen.order_by(order, "-id")[:MOST]]


def offered(user: User, verb: str, vendor: Vendor, moment: datetime.datetime | None) -> bool:
    """Whether this person may do something with the vendor now."""
    if moment is not None or vendor.archived_at:
        return False
    return verb in once(("vendor", user.pk, vendor.pk), lambda: verbs_on(user, OFFERED, vendor))


def documents_panel(user: User, vendor: Vendor, moment: datetime.datetime | None) -> Panel | None:
    """What is on file of it, the newest first."""
    found = listed(VendorDocument, vendor, user, moment, "-id")
    attach_day(found, user, moment)
    attach_newer(found, moment)
    lines = [(one, covers(one), document_state(one), STATE_TONES[document_state(one)]) for one in found]
    may_add = offered(user, "add_document", vendor, moment)
    shown = {
        "lines": lines, "at": at(moment), "may_add": may_add, "may_open": can(user, "download", VendorDocument),
        "reports": SOC_REPORTS if may_add and can(user, "add", Worksheet) else (),
    }  # fmt: skip
    return Panel("vendors/documents_panel.html", shown)


def contracts_panel(user: User, vendor: Vendor, moment: datetime.datetime | None) -> Panel | None:
    """What was agreed with it, the newest first."""
    found = listed(Contract, vendor, user, moment, "-starts_on")
    attach_day(found, user, moment)
    lines = [(one, ends_words(one), terms_words(one)) for one in found]
    may_add = offered(user, "add_contract", vendor, moment)
    return Panel("vendors/contracts_panel.html", {"lines": lines, "at": at(moment), "may_add": may_add})


def findings_panel(user: User, vendor: Vendor, moment: datetime.datetime | None) -> Panel | None:
    """The findings about it; those that this person does not see stand there by their numbers."""
    links = visible(user, rows(VendorFinding, moment), moment).filter(vendor_id=vendor.pk, archived_at=None)
    ties = [thaw(row) for row in links.order_by("-id")]
    ids = [one.finding_id for one in ties]
    seen = [thaw(row) for row in visible(user, rows(Finding, moment), moment).filter(id__in=ids)]
    attach_finding_day(seen, user, moment)
    known = {one.pk: (one, standing_words(one), due_words(one)) for one in seen}
    lines = [(tie, Finding.ref_of(tie.finding_id), known.get(tie.finding_id)) for tie in ties]
    shown = {
        "lines": lines, "at": at(moment), "may_add": offered(user, "link_finding", vendor, moment),
        "may_unlink": moment is None and can(user, "unlink", VendorFinding),
    }  # fmt: skip
    return Panel("vendors/findings_panel.html", shown)


def reviews_panel(user: User, vendor: Vendor, moment: datetime.datetime | None) -> Panel | None:
    """Its reviews, the newest first."""
    seen = visible(user, rows(VendorReview, moment), moment).filter(vendor_id=vendor.pk, archived_at=None)
    found = [thaw(row) for row in seen.select_related("reviewer").order_by("-due_on", "-id")[:MOST]]
    may_begin = vendor.status != Status.ENDED and offered(user, "begin_review", vendor, moment)
    lines = [(one, STATE_TONES_OF_REVIEWS[one.state]) for one in found]
    return Panel("vendors/reviews_panel.html", {"lines": lines, "at": at(moment), "may_begin": may_begin})


def aliases_panel(user: User, vendor: Vendor, moment: datetime.datetime | None) -> Panel | None:
    """The other names under which it was found on lists; None where there is none."""
    found = listed(VendorAlias, vendor, user, moment, "name")
    may = bool(found) and moment is None and not vendor.archived_at and can(user, "archive", VendorAlias)
    return Panel("vendors/aliases_panel.html", {"lines": found, "may_take_off": may}) if found else None


def control_panel(user: User, control: Control, moment: datetime.datetime | None) -> Panel | None:
    """What the work with vendors proves about a control; None where it proves nothing."""
    seen = visible(user, rows(VendorControl, moment), moment).filter(control_id=control.pk, archived_at=None)
    lines = [thaw(row) for row in seen.order_by("part", "id")]
    return Panel("vendors/control_panel.html", {"lines": lines, "at": at(moment)}) if lines else None
