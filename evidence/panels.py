"""What a control's page shows of its evidence: what is asked for, what there is, what is excepted."""

import datetime
from typing import Any

from controls.models import Control
from evidence.models import Evidence, EvidenceLink, Exemption, Requirement
from foundation.accounts.access import can, visible
from foundation.accounts.models import User
from foundation.pages.panels import Panel
from foundation.trail.asof import rows, thaw

MOST = 8  # items on a control's page; all of them are one click away


def evidence_panel(user: User, control: Control, moment: datetime.datetime | None) -> Panel | None:
    """The requirements of a control, its newest items and its exemptions, and what this person may do about them."""
    if not can(user, "view", Requirement):
        return None
    live = moment is None and control.archived_at is None
    links = latest(user, control, moment)
    submits = live and can(user, "submit_evidence", control)
    return Panel(
        "evidence/control_panel.html",
        {
            "requirements": of(user, Requirement, control, moment),
            "exemptions": of(user, Exemption, control, moment),
            "links": links[:MOST],
            "more": len(links) > MOST,
            "may_submit": submits,
            "may_require": live and can(user, "add", Requirement),
            "may_except": submits and can(user, "add", Exemption),
        },
    )


def of(user: User, model: type[Any], control: Control, moment: datetime.datetime | None) -> list[Any]:
    """The rows of a register about this control that this person sees, archived ones left out."""
    found = visible(user, rows(model, moment), moment).filter(control_id=control.pk, archived_at=None)
    return [thaw(row) for row in found.order_by("id")]


def latest(user: User, control: Control, moment: datetime.datetime | None) -> list[Any]:
    """Links to the newest versions of this control's items, the latest first, one more than is shown."""
    found = visible(user, rows(EvidenceLink, moment), moment).filter(control_id=control.pk, archived_at=None)
    superseded = rows(Evidence, moment).filter(supersedes__isnull=False).values("supersedes_id")
    found = found.exclude(evidence_id__in=superseded).select_related("evidence__submitted_by")
    return list(found.order_by("-evidence_id")[: MOST + 1])
