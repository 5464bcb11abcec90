"""Who acknowledged a policy, against the roster of a day: signed, and kept as evidence for its controls.

A compliance manager signs it whenever a control's frequency asks for it (a year, a quarter); nothing closes by itself,
and signing it ends nothing: who is late stays late.
"""

import datetime
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from evidence.models import Evidence, State
from evidence.own import OURS, keep_result, proofs
from foundation.accounts.models import User
from foundation.organisation.models import day_at
from foundation.trail.leaf import canonical, sha256
from foundation.trail.record import record
from foundation.trail.steps import locked
from people.models import Person
from policies.acknowledging.owed import Days, Owed, counted, days_of, owed
from policies.models import ExceptionState, Part, Policy, PolicyException
from policies.results import REGISTER, ties_of

SIGNED: Final = "Acknowledgement of"  # the query of each result opens with it, and goes on with the version


@transaction.atomic
def record_acknowledgements(policy: Policy, *, actor: User, note: str = "") -> Evidence:
    """Sign how everybody in the audience stands today. One person does that alone: another judges the item (R3.4).

    Raises Stale, and ValidationError for a policy that nobody is asked to acknowledge, or that is linked to no control
    for it, and where the very same was signed already.
    """
    policy = locked(policy)
    now = timezone.now()
    day = day_at(now)
    ties = ties_of(policy.pk, Part.ACKNOWLEDGEMENT)
    if not proofs(ties, day):
        raise ValidationError("Link a control first for which its acknowledgement is evidence.")
    found = owed(Person.objects.all(), policies=[policy.pk], day=day)
    if not found:
        raise ValidationError("Nobody is asked to acknowledge this policy today.")
    asked = found[0].asked
    what, result = f"{SIGNED} {asked.ref} on {day}", result_of(policy, found, day, note)
    check_new(what, result)
    days = [one.last.day for one in found if one.last is not None]
    item = keep_result(
        result, ties, day, what=what, register=REGISTER, title=f"{what}: {asked.title}",
        name=f"{asked.ref.replace(' ', '-')}-acknowledgement-{day}.json",
        signed_by=actor, at=now, alone=True, rows=len(found), period=(min([*days, day]), day),
    )  # fmt: skip
    refs = {"evidence": item.pk, "policyversion": asked.version}
    record("policy.acknowledgements_recorded", actor, policy, reason=note, refs=refs)
    return item


def check_new(what: str, result: dict[str, Any]) -> None:
    """What was signed is not signed again while it is for somebody to judge, or accepted: a button pressed twice."""
    same = Evidence.objects.filter(source_system=OURS, query=what, sha256=sha256(canonical(result)))
    if found := same.filter(state__in=(State.SUBMITTED, State.ACCEPTED)).first():
        raise ValidationError(f"This is signed already, as {found.ref}.")


def result_of(policy: Policy, found: list[Owed], day: datetime.date, note: str) -> dict[str, Any]:
    """What is kept: the population, and how each of it stands; people by their numbers on the roster."""
    asked = found[0].asked
    excepted = PolicyException.objects.filter(policy=policy, state=ExceptionState.APPROVED, until__gte=day)
    return {
        "format": "countersign policy acknowledgement 1",
        "policy": policy.pk,
        "number": asked.number,
        "title": asked.title,
        "day": day.isoformat(),
        "note": note.strip(),
        "settings": settings_of(days_of(None)),
        "counts": counted(found),
        "exceptions": [
            {"ref": PolicyException.ref_of(pk), "until": until.isoformat()}
            for pk, until in excepted.order_by("id").values_list("id", "until")
        ],
        "people": [
            {
                "person": one.person.pk,
                "account": one.person.user_id,
                "standing": one.standing,
                "asked_since": one.entered_on.isoformat(),
                "due_on": one.due_on.isoformat(),
                "acknowledged": one.acknowledged,
                "acknowledged_on": one.last.day.isoformat() if one.last else "",
            }
            for one in found
        ],
    }


def settings_of(days: Days) -> dict[str, int]:
    """The days that were asked for then."""
    return {"joining": days.joining, "change": days.change, "again": days.again}
