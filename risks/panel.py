"""What a risk's tab shows of vendors and findings; the risks that come with a vendor, as its page shows them; and those
that a control lowers: as its own page shows them, and as the matrix's column “risk”.
"""

import datetime
from collections import defaultdict
from collections.abc import Mapping as ReadOnly
from collections.abc import Sequence
from typing import Any

from controls.models import Control
from findings.models import Finding
from foundation.accounts.access import verbs_on, visible
from foundation.accounts.models import User
from foundation.pages.moment import at
from foundation.pages.panels import Panel
from foundation.trail.asof import rows, thaw
from risks.columns import attach_day, score_words, standing_words
from risks.models import COUNTED, Effectiveness, Method, Risk, RiskControl, RiskFinding, RiskVendor, in_force
from risks.standing import standing_of
from vendors.models import Vendor

MOST = 20  # on the page; the list has them all


def ties_panel(user: User, risk: Risk, moment: datetime.datetime | None) -> Panel:
    """Its vendors and findings, in words to who sees those and by their numbers to others. Constant queries."""

    def tied(model: type[Any]) -> list[Any]:
        links = visible(user, rows(model, moment), moment).filter(risk_id=risk.pk, archived_at=None)
        return [thaw(row) for row in links.order_by("id")]

    def named(model: type[Any], ids: list[int]) -> dict[int, Any]:
        return {row.id: thaw(row) for row in visible(user, rows(model, moment), moment).filter(id__in=ids)}

    vendors, findings = tied(RiskVendor), tied(RiskFinding)
    known = named(Vendor, [link.vendor_id for link in vendors]), named(Finding, [link.finding_id for link in findings])
    shown = {
        "vendors": [(link, known[0].get(link.vendor_id)) for link in vendors],
        "findings": [(link, known[1].get(link.finding_id)) for link in findings],
        "at": at(moment), "may_link": moment is None and not risk.archived_at and bool(verbs_on(user, ("link",), risk)),
    }  # fmt: skip
    return Panel("risks/ties_panel.html", shown)


def risks_panel(user: User, control: Control, moment: datetime.datetime | None) -> Panel | None:
    """What this person sees of its risks, the worst first; None where there is none. Constant queries."""
    links = visible(user, rows(RiskControl, moment), moment).filter(control_id=control.pk, archived_at=None)
    effects = dict(links.values_list("risk_id", "effectiveness"))
    if not effects:
        return None
    seen = visible(user, rows(Risk, moment), moment).filter(id__in=effects, archived_at=None)
    found = [thaw(row) for row in seen.order_by("-residual_score", "id")[: MOST + 1]]
    attach_day(found, user, moment)
    inherent, residual = score_words("inherent"), score_words("residual")
    lines = [
        (one, str(Effectiveness(effects[one.pk]).label), inherent(one), residual(one), standing_words(one))
        for one in found[:MOST]
    ]
    fails = standing_of([control.pk], moment).words(control.pk)
    return Panel("risks/panel.html", {"lines": lines, "more": len(found) > MOST, "fails": fails}) if lines else None


def vendor_panel(user: User, vendor: Vendor, moment: datetime.datetime | None) -> Panel | None:
    """What this person sees of the risks that come with a vendor, the worst first; None where there is none."""
    links = visible(user, rows(RiskVendor, moment), moment).filter(vendor_id=vendor.pk, archived_at=None)
    why = dict(links.values_list("risk_id", "reason"))
    if not why:
        return None
    seen = visible(user, rows(Risk, moment), moment).filter(id__in=why, archived_at=None)
    found = [thaw(row) for row in seen.order_by("-residual_score", "id")[: MOST + 1]]
    attach_day(found, user, moment)
    residual = score_words("residual")
    lines = [(one, why[one.pk], residual(one), standing_words(one)) for one in found[:MOST]]
    shown = {"lines": lines, "more": len(found) > MOST, "at": at(moment)}
    return Panel("risks/vendor_panel.html", shown) if lines else None


def risk_cells(user: User, controls: Sequence[int], moment: datetime.datetime | None) -> ReadOnly[int, str]:
    """For the matrix: the risks that each control lowers and that count, with what remains, the worst first."""
    links = visible(user, rows(RiskControl, moment), moment).filter(control_id__in=controls, archived_at=None)
    pairs = list(links.values_list("control_id", "risk_id"))
    if not pairs:
        return {}
    seen = visible(user, rows(Risk, moment), moment).filter(archived_at=None, status__in=COUNTED)
    known = {
        pk: (score or 0, title)
        for pk, score, title in seen.filter(id__in=links.values("risk_id")).values_list("id", "residual_score", "title")
    }
    method, found = in_force(moment), defaultdict(list)
    for control, risk in pairs:
        if risk in known:
            found[control].append(risk)
    return {
        control: "; ".join(words(method, pk, known) for pk in worst(some, known)) for control, some in found.items()
    }


def worst(some: list[int], known: ReadOnly[int, tuple[int, str]]) -> list[int]:
    """The worst first."""
    return sorted(some, key=lambda pk: (-known[pk][0], pk))


def words(method: Method, pk: int, known: ReadOnly[int, tuple[int, str]]) -> str:
    """One risk: its reference, title, and what remains."""
    score, title = known[pk]
    band = method.band(score)
    return f"{Risk.ref_of(pk)} {title} ({band.label.lower() if band else 'not rated'})"
