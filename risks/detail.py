"""What a risk's page shows beside its facts: controls, treatment, acceptances, and the verbs offered now."""

import datetime
from typing import Any

from foundation.accounts.access import verbs_on, visible
from foundation.accounts.models import User
from foundation.pages.moment import day_of
from foundation.trail.asof import rows, thaw
from risks.acceptance import may_approve
from risks.columns import acceptance_words, action_words, standing_words
from risks.models import (
    MOVES,
    Acceptance,
    AcceptanceState,
    Risk,
    RiskControl,
    Status,
    TreatmentAction,
)
from risks.models.method import TONES

VERBS = ("adapt", "rate", "treat", "review", "request_acceptance", "close", "reopen", "plan_action", "link")
OVER = (Status.TEMPLATE, Status.CLOSED)


def detail_of(risk: Any, user: User, moment: datetime.datetime | None) -> dict[str, Any]:
    """The context of a risk's page, live or at a moment, as far as `user` may see it. Constant queries."""
    day = day_of(moment)
    steps = seen(TreatmentAction, risk, user, moment).select_related("owner").order_by("due_on", "id")
    asked = seen(Acceptance, risk, user, moment).select_related("requested_by", "decided_by", "owner").order_by("-id")
    todo, acceptances = [thaw(row) for row in steps], [thaw(row) for row in asked]
    for one in (*todo, *acceptances):
        one.seen_on = day
    current = next(
        (one for one in acceptances if one.state in (AcceptanceState.REQUESTED, AcceptanceState.APPROVED)), None
    )
    return {
        "controls": controls_of(risk, user, moment),
        "todo": [(one, action_words(one)) for one in todo],
        "acceptances": [(one, acceptance_words(one)) for one in acceptances],
        "current": current,
        "verbs": {} if moment else verbs_for(user, risk, current, day),
        "standing": standing_words(risk),
        "ratings": ratings_of(risk),
    }


def seen(model: type[Any], risk: Risk, user: User, moment: datetime.datetime | None) -> Any:
    """The rows about a risk that stand, and that `user` may see."""
    return visible(user, rows(model, moment), moment).filter(risk_id=risk.pk, archived_at=None)


def controls_of(risk: Any, user: User, moment: datetime.datetime | None) -> list[tuple[Any, str]]:
    """The links to its controls, each with why its control fails ("" while it holds)."""
    tied = seen(RiskControl, risk, user, moment).select_related("control").order_by("control__ref")
    return [(thaw(row), risk.stands.failing.get(row.control_id, "")) for row in tied]


def ratings_of(risk: Any) -> list[tuple[str, int | None, str, str]]:
    """Each rating: its word, score, band and tone."""
    found = []
    for kind in ("inherent", "residual", "target"):
        score = getattr(risk, f"{kind}_score")
        band = risk.read_by.band(score)
        found.append((kind.capitalize(), score, band.label if band else "", TONES[band] if band else "mute"))
    return found


def verbs_for(user: User, risk: Risk, current: Any, day: datetime.date) -> dict[str, bool]:
    """Which verbs this person may do now: what the role allows and the risk's state makes sense of."""
    if risk.archived_at:
        return {}
    given = verbs_on(user, VERBS, risk)
    may = {verb: verb in given for verb in VERBS}
    status = risk.standing(day)
    onward, template = MOVES[status], status == Status.TEMPLATE
    asked = current is not None and current.state == AcceptanceState.REQUESTED
    return {
        "adapt": may["adapt"] and template,
        "rate": may["rate"] and status not in OVER,
        "treat": may["treat"] and (Status.TREATING in onward or status == Status.TREATING),
        "review": may["review"] and status not in OVER,
        "request_acceptance": may["request_acceptance"] and Status.ACCEPTED in onward and not asked,
        "close": may["close"] and Status.CLOSED in onward,
        "reopen": may["reopen"] and status == Status.CLOSED,
        "plan_action": may["plan_action"] and status not in OVER,
        "link": may["link"],
        "approve": asked and may_approve(user, current),
    }
