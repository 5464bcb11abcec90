"""What a vendor's page shows beside its facts: why its tier, what blocks its approval, conditions, exit, verbs."""

import datetime
from typing import Any

from foundation.accounts.access import allowed, verbs_on, visible
from foundation.accounts.models import User
from foundation.pages.moment import day_of
from foundation.trail.asof import rows, thaw
from vendors.approval import blocks, doubts
from vendors.columns import TIER_TONES
from vendors.models import IN_USE, MOVES, Condition, ExitStep, Status, Vendor
from vendors.models.vendor import TONES
from vendors.tiering import tier_words
from vendors.work_columns import condition_state, step_state

VERBS = (
    "assess", "approve", "raise_tier", "offboard", "end", "add_condition", "link_finding", "add_document",
    "add_contract", "begin_review",
)  # fmt: skip


def shown_of(vendor: Vendor, user: User, moment: datetime.datetime | None) -> dict[str, Any]:
    """All of it, live or at a moment, in a constant number of queries."""
    given = set() if moment or vendor.archived_at else verbs_on(user, VERBS, vendor)
    conditions = belonging(Condition, vendor, user, moment, "due_on")
    steps = belonging(ExitStep, vendor, user, moment, "id")
    judged = moment is None and vendor.status in (Status.ASSESSING, Status.CONDITIONAL)
    found = blocks(vendor) if judged else []
    if found and vendor.status == Status.CONDITIONAL:
        given -= {"approve"}  # it is approved as far as it can be
    return {
        "why": tier_words(vendor, vendor.raised_to, vendor.raised_reason),
        "tier_tone": TIER_TONES[vendor.tier],
        "tone": TONES[vendor.status],
        "overdue": vendor.is_due(day_of(moment)),
        "conditions": [(one, condition_state(one)) for one in conditions],
        "steps": [(one, step_state(one)) for one in steps],
        "settling": may_settle(steps, user, moment),
        "unsettled": sum(one.done_on is None for one in steps),
        "blocks": found,
        "judged": judged,
        "doubts": doubts(vendor) if moment is None and vendor.status in IN_USE and not judged else [],
        "verbs": verbs_for(user, vendor, given),
    }


def may_settle(steps: list[Any], user: User, moment: datetime.datetime | None) -> set[int]:
    """The steps, by number, that this person may settle now. One query at most."""
    left = [one.pk for one in steps if one.done_on is None]
    if moment is not None or not left:
        return set()
    return set(allowed(user, "complete", ExitStep).filter(pk__in=left).values_list("pk", flat=True))


def belonging(model: Any, vendor: Vendor, user: User, moment: datetime.datetime | None, order: str) -> list[Any]:
    """The live rows of a model that belong to the vendor and that this person sees, with the day they are judged on."""
    seen = visible(user, rows(model, moment), moment).filter(vendor_id=vendor.pk, archived_at=None)
    found = [thaw(row) for row in seen.select_related("owner").order_by(order, "id")]
    for one in found:
        one.seen_on = day_of(moment)
    return found


def verbs_for(user: User, vendor: Vendor, given: set[str]) -> dict[str, bool]:
    """Which verbs this person may do now: what the role allows and the vendor's status makes sense of."""
    onward = MOVES[vendor.status]
    approves = "approve" in given and vendor.approver_id == user.pk and vendor.owner_id != user.pk
    return {
        "assess": "assess" in given and Status.ASSESSING in onward,
        "propose": "assess" in given and vendor.status == Status.ENDED,
        "approve": approves and vendor.status in (Status.ASSESSING, Status.CONDITIONAL),
        "approve_conditionally": approves and Status.CONDITIONAL in onward and vendor.status != Status.OFFBOARDING,
        "return": approves and vendor.status == Status.ASSESSING,
        "raise_tier": "raise_tier" in given,
        "offboard": "offboard" in given and Status.OFFBOARDING in onward,
        "keep": "offboard" in given and vendor.status == Status.OFFBOARDING,
        "end": "end" in given and Status.ENDED in onward,
        "add_condition": "add_condition" in given and vendor.status != Status.ENDED,
        "begin_review": "begin_review" in given and vendor.status != Status.ENDED,
    }
