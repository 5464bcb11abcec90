"""How the audience of a policy stands with its acknowledgement: a tab of the policy's page."""

import datetime
from typing import Any

from django.urls import reverse

from evidence.models import Evidence, EvidenceLink
from evidence.own import OURS
from foundation.accounts.access import can, verbs_on, visible
from foundation.accounts.models import User
from foundation.pages.panels import Panel, Tab
from foundation.trail.asof import rows, thaw
from policies.acknowledging.owed import DUE, LATE, ORDER, TONES, Owed, counted, owed
from policies.acknowledging.reach import whose
from policies.acknowledging.results import SIGNED
from policies.detail import Missing
from policies.models import Part, Policy, PolicyControl
from policies.results import REGISTER, ties_of

SHOWN = 200  # people on the tab, the late ones first; the CSV has them all
LAST_SIGNED = 3


def standings(user: User, policy: Any, moment: datetime.datetime | None) -> list[Owed]:
    """How everybody whom this person sees stands with a policy, the late ones first. Constant queries."""
    found = owed(whose(user, moment), moment, policies=[policy.pk])
    return sorted(found, key=lambda one: (ORDER.index(one.standing), one.due_on))


def acknowledgements_panel(user: User, policy: Policy, moment: datetime.datetime | None) -> Panel | None:
    """The counts, and who stands how, as far as this person sees people."""
    found = standings(user, policy, moment)
    asked = moment is None and bool(found)
    verbs = verbs_on(user, ("record_acknowledgements", "remind"), policy) if asked else set()
    may, counts = "record_acknowledgements" in verbs, counted(found)
    missing = untied(user, policy) if may else None
    shown = {
        "lines": [line_of(one) for one in found[:SHOWN]], "more": len(found) - SHOWN,
        "counts": [(one, count, TONES[one] if count else "mute") for one, count in counts.items()],
        "total": len(found), "may_record": may and missing is None, "missing": missing,
        "may_remind": "remind" in verbs and bool(counts[LATE] or counts[DUE]),
        "signed": signed(user, policy, moment),
    }  # fmt: skip
    return Panel("policies/acknowledging_panel.html", shown)


def line_of(one: Owed) -> tuple[str, bool, str, str, str, str, str]:
    """One person as the tab tells of them: who, whether without an account, where, how they stand, by when, and what
    they acknowledged when.
    """
    given = f"{one.acknowledged} on {one.last.day.isoformat()}" if one.last else ""
    person, standing = one.person, one.standing
    due = one.due_on.isoformat()
    return person.name, person.user_id is None, person.department, TONES[standing], standing, due, given


def untied(user: User, policy: Policy) -> Missing | None:
    """What to say to whoever would sign for a policy on which no control rests; None where one does. Two queries."""
    if ties_of(policy.pk, Part.ACKNOWLEDGEMENT).filter(control__archived_at=None).exists():
        return None
    url = reverse("policies:policy-link-control", args=[policy.pk]) if can(user, "link_control", policy) else ""
    words = "What is signed is evidence for a control: link the one of which its acknowledgement proves something."
    return Missing("No control is linked for its acknowledgement.", words, url, "Link a control")


def signed(user: User, policy: Any, moment: datetime.datetime | None) -> list[Evidence]:
    """The last results that were signed of a policy, as far as this person sees evidence. One query."""
    tied = rows(PolicyControl, moment).filter(policy_id=policy.pk, part=Part.ACKNOWLEDGEMENT)
    proofs = rows(EvidenceLink, moment).filter(control_id__in=tied.values("control_id"))
    found = visible(user, rows(Evidence, moment), moment).filter(
        id__in=proofs.values("evidence_id"), connector=f"{OURS}: {REGISTER}",
        query__startswith=f"{SIGNED} {policy.ref} ",
    )  # fmt: skip
    return [thaw(one) for one in found.order_by("-captured_at", "-id")[:LAST_SIGNED]]


TAB = Tab("acknowledgements", "Acknowledgements", [acknowledgements_panel])
