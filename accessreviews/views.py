"""The pages of campaigns, and of the reviews of single systems in them."""

import datetime
from typing import Any, ClassVar

from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from accessreviews import campaigns, signing
from accessreviews.columns import (
    COLUMNS,
    FACTS,
    REVIEW_COLUMNS,
    REVIEW_FACTS,
    attach_decided,
    attach_progress,
    open_removals,
)
from accessreviews.corrections import correct
from accessreviews.filters import CampaignFilter, ReviewFilter
from accessreviews.forms import (
    AddendumForm,
    ApproveForm,
    CampaignForm,
    IncludeForm,
    LaunchForm,
    LinkControlForm,
    ReviewerForm,
)
from accessreviews.models import (
    CAMPAIGN_MOVES,
    REVIEW_MOVES,
    REVIEW_TONES,
    Addendum,
    Assignment,
    Campaign,
    CampaignControl,
    CampaignState,
    Removal,
    Review,
    ReviewState,
)
from accessreviews.pace import pace_words
from accessreviews.progress import counts_at
from accessreviews.standing import waits
from foundation.accounts.access import are_apart, get_allowed, verbs_on, visible
from foundation.accounts.duties import ACCESS_APPROVAL
from foundation.pages.act import VerbPage, act
from foundation.pages.forms import RegisterForm, user_of
from foundation.pages.history import Link
from foundation.pages.moment import day_of
from foundation.pages.pages import Pages
from foundation.trail.asof import rows, thaw
from foundation.trail.steps import untie


class CampaignPages(Pages):
    """Campaigns: what is reviewed in a period, and how far it has come."""

    model = Campaign
    form_class, filter_class = CampaignForm, CampaignFilter
    columns, facts, related, ordering = COLUMNS, FACTS, ("approver", "launched_by"), ("-period_to", "-id")
    links = (
        Link("System", Review, "campaign"),
        Link("Control", CampaignControl, "campaign"),
    )
    left_out: ClassVar = ("archive", "restore")
    intro = "Who has access to what, looked at system by system, decided account by account, and signed by two people."
    verbs: ClassVar = (
        VerbPage("launch", campaigns.launch, "Launch campaign", "{0.ref} is open: reviewers can decide.", LaunchForm),
        VerbPage("cancel", campaigns.cancel, "Cancel campaign", "{0.ref} is cancelled.", tone="danger"),
        VerbPage(
            "change", campaigns.include, "Add system", "The system is in the campaign.", IncludeForm,
            name="include", path="systems/new", scope=None,
        ),
        VerbPage(
            "link_control", campaigns.link_control, "Link control", "The control is linked.", LinkControlForm,
            path="controls/new",
        ),
    )  # fmt: skip
    attach = staticmethod(attach_progress)

    def keep(self, form: RegisterForm, participle: str) -> Campaign:
        """A new campaign is planned: it takes in every system in scope."""
        if participle == "created":
            return campaigns.plan(form.save(commit=False), actor=self.user)
        kept: Campaign = super().keep(form, participle)
        return kept

    def detail_context(self, target: Any, moment: datetime.datetime | None) -> dict[str, Any]:
        """Its systems with their progress, its controls, its open removals, and the verbs offered now."""
        seen = visible(self.user, rows(Review, moment), moment).filter(campaign_id=target.pk)
        reviews = [
            thaw(row) for row in seen.select_related("system", "reviewer", "listing").order_by("system__name", "id")
        ]
        attach_decided(reviews, self.user, moment)
        links = visible(self.user, rows(CampaignControl, moment), moment).filter(
            campaign_id=target.pk, archived_at=None
        )
        given = set() if moment else verbs_on(self.user, ("launch", "cancel", "change", "link_control"), target)
        onward = CAMPAIGN_MOVES[target.state]
        draft = target.state == CampaignState.DRAFT
        return {
            "reviews": [(one, REVIEW_TONES[one.state]) for one in reviews],
            "links": links.select_related("control").order_by("control__ref"),
            "open_removals": open_removals(target, moment),
            "late": target.is_late(day_of(moment)),
            "lacking": list(campaigns.lacking(target, reviews)) if draft and "launch" in given else [],
            "verbs": {
                "launch": "launch" in given and CampaignState.OPEN in onward,
                "cancel": "cancel" in given and CampaignState.CANCELLED in onward,
                "include": "change" in given and draft,
                "link_control": "link_control" in given and target.evidence_id is None,
                "unlink": "link_control" in given and target.evidence_id is None,
            },
        }


class ReviewPages(Pages):
    """Reviews: one system in a campaign, with its reviewers' parts and both signatures."""

    model = Review
    form_class, filter_class = RegisterForm, ReviewFilter
    columns, facts = REVIEW_COLUMNS, REVIEW_FACTS
    related: ClassVar = (
        "campaign",
        "campaign__approver",
        "system",
        "reviewer",
        "listing",
        "listing__system",
        "approved_by",
    )
    ordering: ClassVar = ("-campaign_id", "system__name")
    left_out: ClassVar = ("create", "edit", "archive", "restore")
    links: ClassVar = (Link("Part", Assignment, "review"), Link("Addendum", Addendum, "review"))
    intro = "Each system in each campaign: from which listing, decided by whom, signed and approved when."
    verbs: ClassVar = (
        VerbPage(
            "choose_reviewer", campaigns.set_reviewer, "Choose reviewer", "{} has a reviewer.", ReviewerForm,
            path="reviewer", scope=None,
        ),
        VerbPage("omit", campaigns.omit, "Omit system", "{} is omitted."),
        VerbPage("omit", campaigns.take_in, "Review after all", "{} is reviewed after all.", name="take-in"),
        VerbPage("approve", signing.approve, "Approve review", "{} is approved, and locked.", ApproveForm),
        VerbPage("return", signing.give_back, "Return to reviewers", "{} is open for decisions again.", tone="danger"),
        VerbPage(
            "correct", correct, "Add correction", "The correction stands beside {}.", AddendumForm, path="addenda/new"
        ),
    )  # fmt: skip
    attach = staticmethod(attach_decided)

    def detail_context(self, target: Any, moment: datetime.datetime | None) -> dict[str, Any]:
        """Its parts with progress and pace, removals, addenda, and the verbs that make sense now."""
        found = visible(self.user, rows(Assignment, moment), moment).filter(review_id=target.pk)
        parts = [thaw(row) for row in found.select_related("reviewer", "delegate", "signed_by").order_by("id")]
        counts = counts_at(parts, moment)
        addenda = visible(self.user, rows(Addendum, moment), moment).filter(review_id=target.pk)
        removals = visible(self.user, rows(Removal, moment), moment).filter(review_id=target.pk, archived_at=None)
        return {
            "parts": [(part, counts[part.pk], pace_words(part.pace)) for part in parts],
            "addenda": [thaw(row) for row in addenda.select_related("author").order_by("id")],
            **removals.aggregate(asked=Count("id"), unsettled=Count("id", filter=waits(day_of(moment)))),
            "campaign": target.campaign,
            "tone": REVIEW_TONES[target.state],
            "verbs": {} if moment else self.verbs_now(target, parts),
        }

    def act_on(self, target: Review, verb: VerbPage) -> HttpResponse:
        """Only the campaign's approver approves and returns: nobody else is shown the form."""
        if verb.verb in ("approve", "return") and target.campaign.approver_id != self.user.pk:
            raise PermissionDenied("The campaign's approver does this.")
        return super().act_on(target, verb)

    def verbs_now(self, target: Review, parts: list[Assignment]) -> dict[str, bool]:
        """Which verbs this person may do now: what the role allows and the state makes sense of."""
        given = verbs_on(self.user, ("choose_reviewer", "omit", "approve", "return", "correct"), target)
        onward, approver = REVIEW_MOVES[target.state], self.user.pk == target.campaign.approver_id
        draft = target.campaign.state == CampaignState.DRAFT
        independent = approver and target.state == ReviewState.SIGNED
        independent = independent and are_apart(self.user, signing.involved(parts), ACCESS_APPROVAL)
        return {
            "reviewer": "choose_reviewer" in given and target.state == ReviewState.DRAFT,
            "omit": "omit" in given and ReviewState.OMITTED in onward,
            "take_in": "omit" in given and draft and target.state == ReviewState.OMITTED,
            "approve": "approve" in given and independent,
            "return": "return" in given and independent,
            "correct": "correct" in given and target.state == ReviewState.APPROVED,
        }


UNLINK = VerbPage("unlink", untie, "Unlink", "It is unlinked.", tone="danger")


def unlink_control(request: HttpRequest, pk: int) -> HttpResponse:
    """Take the link of a campaign to a control away; `pk` is the link's."""
    link = get_allowed(user_of(request), "unlink", CampaignControl.objects.select_related("campaign"), pk)
    home = reverse("accessreviews:campaign-detail", args=[link.campaign_id])
    return act(request, CampaignPages, link, UNLINK, home=home)
