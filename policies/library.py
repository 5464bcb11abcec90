"""The library: starter texts in our own words. What is added is a template, and counts nowhere until it is adapted."""

from collections.abc import Collection, Iterable

from django.core.exceptions import ValidationError
from django.db import transaction

from controls.models import Control
from foundation.accounts.models import User
from foundation.trail.keep import save
from foundation.trail.steps import locked, move, say
from policies.actions import tie_control
from policies.drafting import begin
from policies.models import MOVES, Part, Policy, Status
from policies.text.starters import Starter, starters

SUGGESTED = "Suggested by the library for this policy."
WHO_KNOWS = "Who acknowledged this policy, and who is late."


@transaction.atomic
def adapt(policy: Policy, *, actor: User, note: str) -> Policy:
    """Make a template the company's own: a draft with the starter text, which counts once it is approved.

    Raises ValidationError without a note or an owner, or for a policy that is no template.
    """
    policy = locked(policy)
    say(note, "Say how it concerns this company.")
    if policy.status != Status.TEMPLATE:
        raise ValidationError(f"{policy.ref} is the company's own already.")
    if policy.owner_id is None:
        raise ValidationError("Name an owner first: somebody has to answer for it.")
    move(policy, Status.DRAFT, MOVES)
    policy.status_note = note
    save(policy, actor=actor, verb="policy.adapted", reason=note)
    begin(policy, actor=actor, text=starters()[policy.starter_key].text)
    return policy


def added(keys: Collection[str]) -> set[str]:
    """Those of the starter texts that are in the register already, archived or not."""
    return set(Policy.objects.filter(starter_key__in=keys).values_list("starter_key", flat=True))


@transaction.atomic
def add_templates(keys: Iterable[str], *, actor: User) -> list[Policy]:
    """Put these starter texts into the register as templates, with links to the suggested controls that exist.

    All or none: raises ValidationError for none at all, for an unknown key, and for one that was added before.
    """
    wanted = list(dict.fromkeys(keys))
    if not wanted:
        raise ValidationError("Choose at least one text.")
    if unknown := [key for key in wanted if key not in starters()]:
        raise ValidationError(f"There is no text {unknown[0][:40]} in the library.")
    if twice := sorted(added(wanted)):
        raise ValidationError(f"Added already: {', '.join(starters()[key].title for key in twice)}.")
    refs = {ref for key in wanted for ref in starters()[key].suggested}
    controls = {one.ref: one for one in Control.objects.live().filter(ref__in=refs)}
    return [template(starters()[key], controls, actor) for key in wanted]


def template(starter: Starter, controls: dict[str, Control], actor: User) -> Policy:
    """One starter text as a policy that is not the company's own yet."""
    policy = Policy(title=starter.title, summary=starter.summary, starter_key=starter.key, status=Status.TEMPLATE)
    save(policy, actor=actor, verb="policy.created", reason="From the library.")
    parts = ((starter.controls, Part.APPROVAL, SUGGESTED), (starter.acknowledgement, Part.ACKNOWLEDGEMENT, WHO_KNOWS))
    for refs, part, reason in parts:
        for ref in refs:
            if ref in controls:
                tie_control(policy, controls[ref], part, reason, actor=actor)
    return policy


def shelf(chosen: Collection[str] = ()) -> list[tuple[Starter, bool, bool]]:
    """The starter texts: each, whether it was added, and whether it is chosen. One query."""
    there = added(list(starters()))
    return [(one, one.key in there, one.key in chosen) for one in starters().values()]
