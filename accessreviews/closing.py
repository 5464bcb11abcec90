"""What ends a campaign: its last approval makes its result evidence; its last settled removal closes it (R4.2)."""

from typing import Any

from django.utils import timezone

from accessreviews.models import CAMPAIGN_MOVES, Campaign, CampaignControl, CampaignState, Removal, ReviewState
from accessreviews.result import result_of
from accessreviews.standing import waits
from evidence.models import Evidence
from evidence.own import keep_record, proofs
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.trail.keep import save
from foundation.trail.steps import move


def sign_off(campaign: Campaign, *, actor: User) -> Campaign:
    """Make a campaign's result evidence once its last review is approved. Inside the approval's transaction.

    Until then nothing fills the square of a control: a quarter is reviewed when all its systems are.
    """
    campaign = Campaign.objects.select_for_update().get(pk=campaign.pk)
    if campaign.reviews.exclude(state__in=(ReviewState.APPROVED, ReviewState.OMITTED)).exists():
        return campaign
    move(campaign, CampaignState.SIGNED, CAMPAIGN_MOVES, "state")
    campaign.signed_at = timezone.now()
    campaign.evidence = as_evidence(campaign, actor)
    refs = {"evidence": campaign.evidence.pk}
    save(campaign, actor=actor, verb="campaign.signed", refs=refs)
    return close_if_settled(campaign, actor=actor)


def close_if_settled(campaign: Campaign, *, actor: Any) -> Campaign:
    """Close a signed campaign once each removal is proved by a later listing or excepted (R4.2)."""
    campaign = Campaign.objects.select_for_update().get(pk=campaign.pk)
    if (
        campaign.state != CampaignState.SIGNED
        or Removal.objects.filter(waits(today()), review__campaign=campaign).exists()
    ):
        return campaign
    move(campaign, CampaignState.CLOSED, CAMPAIGN_MOVES, "state")
    campaign.closed_at = timezone.now()
    return save(campaign, actor=actor, verb="campaign.closed")


def as_evidence(campaign: Any, approver: User) -> Evidence:
    """The campaign's result as an item of evidence for its controls, accepted by the approver's signature.

    It is the register's own record, made by nobody: reviewers and approver signed what is in it. It counts for the
    period that it is the review of; signed after the period's grace, it counts as late.
    """
    result = result_of(campaign)
    return keep_record(
        result, register="access reviews", query=f"Access review {campaign.ref}",
        links=proofs(
            CampaignControl.objects.filter(campaign=campaign), campaign.period_from, asked_on=campaign.period_to
        ),
        title=f"User access review: {campaign.name}", name=f"{campaign.ref}.json", signed_by=approver,
        at=campaign.signed_at, rows=sum(review["accounts"] for review in result["reviews"]),
    )  # fmt: skip
