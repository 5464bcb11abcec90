"""The risks that a control lowers: as its own page shows them, and as the matrix's column “risk”."""

import datetime
from collections import defaultdict
from collections.abc import Mapping as ReadOnly
from collections.abc import Sequence

from controls.models import Control
from foundation.accounts.access import visible
from foundation.accounts.models import User
from foundation.pages.panels import Panel
from foundation.trail.asof import rows, thaw
from risks.columns import attach_day, score_words, standing_words
from risks.models import COUNTED, Effectiveness, Method, Risk, RiskControl, in_force
from risks.standing import standing_of

MOST = 20  # on the page; the list has them all


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
