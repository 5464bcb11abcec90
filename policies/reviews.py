"""“Reviewed, no change”: a dated, signed event that moves the next review of a policy (R8.2)."""

from typing import Final

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from foundation.accounts.models import User
from foundation.organisation.models import day_at, today
from foundation.trail.keep import save
from foundation.trail.steps import locked, say
from policies.models import Policy, PolicyReview, PolicyVersion, Status
from policies.people import may_review
from policies.results import keep_review

STATEMENT: Final = "I have reviewed {version}, and it needs no change."


@transaction.atomic
def review(policy: Policy, *, actor: User, note: str) -> PolicyReview:
    """Sign that the version in force was looked at and stays as it is; the next review is due from today.

    Raises PermissionDenied for anybody but its owner and compliance managers; ValidationError without a note, or where
    nothing is in force.
    """
    policy = locked(policy)
    say(note, "Say what was looked at.")
    if not may_review(actor, policy):
        raise PermissionDenied("Its owner or a compliance manager reviews it.")
    if policy.status != Status.IN_FORCE or policy.next_review_on is None:
        raise ValidationError(f"{policy.ref} is {policy.get_status_display().lower()}: there is nothing to review.")
    version = PolicyVersion.objects.in_force().get(policy=policy)
    now = timezone.now()
    signed = PolicyReview(
        policy=policy, policy_version=version, reviewer=actor, reviewed_at=now, reviewed_on=day_at(now),
        statement=STATEMENT.format(version=f"{version.ref}, “{version.title}”,"), note=note.strip(),
        due_on=policy.next_review_on, next_review_on=policy.next_review(today()), sha256=version.sha256,
    )  # fmt: skip
    signed.evidence = keep_review(signed, signed_by=actor)
    refs = {"policy": policy.pk, "policyversion": version.pk, "sha256": version.sha256, "evidence": signed.evidence_id}
    save(signed, actor=actor, verb="policyreview.created", reason=note, refs=refs)
    policy.last_reviewed_on, policy.next_review_on = signed.reviewed_on, signed.next_review_on
    save(policy, actor=actor, verb="policy.reviewed", reason=note, refs={"policyreview": signed.pk})
    return signed
