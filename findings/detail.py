"""What a finding's page shows beside its facts: links, corrective actions, its decisions, and the verbs offered now."""

import datetime
from typing import Any

from evidence.models import Evidence
from findings.actions import removers
from findings.models import MOVES, CorrectiveAction, Finding, FindingControl, FindingEvidence, Part, Status
from foundation.accounts.access import are_apart, verbs_on, visible
from foundation.accounts.duties import FINDING_ACCEPTANCE, FINDING_VERIFICATION
from foundation.accounts.models import User
from foundation.pages.history import Version, timeline
from foundation.pages.moment import day_of
from foundation.trail.asof import rows, thaw

TOLD = {"Status", "Acceptance reason", "Severity", "Due"}  # whose changes are decisions

VERBS = (
    "update_status", "verify", "reopen", "request_acceptance", "accept", "plan_action", "link_control", "add_evidence",
)  # fmt: skip


def links_of(finding: Finding, user: User, moment: datetime.datetime | None) -> dict[str, Any]:
    """The controls and the evidence that it is linked to, and its corrective actions, as far as `user` sees them."""
    tied = seen(FindingControl, finding, user, moment).select_related("control").order_by("control__ref")
    controls = [thaw(row) for row in tied]
    proofs = [thaw(row) for row in seen(FindingEvidence, finding, user, moment).order_by("id")]
    wanted = [proof.evidence_id for proof in proofs]
    items = {item.id: thaw(item) for item in visible(user, rows(Evidence, moment), moment).filter(id__in=wanted)}
    day = day_of(moment)
    todo = [
        thaw(row)
        for row in seen(CorrectiveAction, finding, user, moment).select_related("owner").order_by("due_on", "id")
    ]
    return {
        "affected": [one for one in controls if one.part == Part.AFFECTED],
        "compensating": [one for one in controls if one.part == Part.COMPENSATING],
        "proofs": [(proof, items.get(proof.evidence_id)) for proof in proofs],
        "todo": [(action, action.standing(day)) for action in todo],
    }


def seen(model: type[Any], finding: Finding, user: User, moment: datetime.datetime | None) -> Any:
    """The rows of a link model that stand, and that `user` may see."""
    return visible(user, rows(model, moment), moment).filter(finding_id=finding.pk, archived_at=None)


def decisions_of(finding: Finding, user: User, moment: datetime.datetime | None) -> list[Version]:
    """What was decided about it and why, the newest first: the versions in which that changed."""
    return [
        version
        for version in timeline(finding, user, moment=moment)
        if version.first or any(change.label in TOLD for change in version.changes)
    ]


def verbs_for(user: User, finding: Finding) -> dict[str, bool]:
    """Which verbs this person may do now: what the role allows and the finding's state makes sense of."""
    if finding.archived_at:
        return {}
    given = verbs_on(user, VERBS, finding)
    may = {verb: verb in given for verb in VERBS}
    onward = MOVES[finding.status]
    asked = finding.awaits_acceptance
    judging = may["verify"] and finding.status == Status.FIXED
    people = [finding.acceptance_requested_by_id, finding.owner_id]
    return {
        "start": may["update_status"] and Status.IN_PROGRESS in onward,
        "fix": may["update_status"] and Status.FIXED in onward,
        "verify": judging and are_apart(user, removers(finding), FINDING_VERIFICATION, finding),
        "return": judging,
        "reopen": may["reopen"] and finding.status in (Status.VERIFIED, Status.ACCEPTED),
        "request_acceptance": may["request_acceptance"] and Status.ACCEPTED in onward and not asked,
        "accept": may["accept"] and asked and are_apart(user, people, FINDING_ACCEPTANCE, finding),
        "decline": may["accept"] and asked,
        "plan_action": may["plan_action"],
        "link_control": may["link_control"],
        "add_evidence": may["add_evidence"],
    }
