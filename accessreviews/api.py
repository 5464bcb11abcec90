"""The API of campaigns and reviews. What decides, signs and approves a person does on screen, and no token."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import CharField, IntegerField

from accessreviews.models import Choice, Decision, Review, ReviewItem
from accessreviews.views import CampaignPages, ReviewPages
from foundation.accounts.access import get_allowed
from foundation.pages.api.base import AS_OF, FIELDS, PAGE, PAGE_SIZE, Api, ask
from foundation.pages.api.errors import Problem
from foundation.pages.api.register import RegisterApi
from foundation.trail.asof import rows, thaw


class CampaignApi(RegisterApi):
    """Campaigns of access reviews, with the verbs on one."""

    pages = CampaignPages
    computed = {
        "ref": CharField(help_text="As AR-3."),
        "approved_words": CharField(help_text="How many systems are approved, of how many."),
        "accounts": IntegerField(help_text="On all listings."),
    }


class ReviewApi(RegisterApi):
    """Reviews: one system in a campaign."""

    pages, writes = ReviewPages, False
    computed = {
        "decided": IntegerField(help_text="On how many accounts is decided."),
        "flagged": IntegerField(help_text="How many accounts are flagged."),
    }


class ReviewedAccountShape(serializers.Serializer[Any]):
    """One account of a review, with the flags and what was decided on it."""

    id = IntegerField()
    account = CharField(source="account.key", help_text="What the source calls it.")
    name = CharField(source="account.name")
    email = CharField(source="account.email")
    roles = serializers.ListField(source="account.roles", child=CharField())
    standing = CharField(source="account.standing", help_text="To whom it belongs, by the roster.")
    flags = serializers.SerializerMethodField(help_text="Which flags it carries.")
    reviewer = IntegerField(source="assignment.reviewer_id", help_text="The number of the reviewer's account.")
    choice = CharField(source="said.choice", help_text="keep, change or remove; empty while undecided.")
    roles_after = serializers.ListField(source="said.roles_after", child=CharField())
    reason = CharField(source="said.reason")
    decided_by = IntegerField(source="said.decided_by_id", allow_null=True)
    decided_at = serializers.DateTimeField(source="said.decided_at", allow_null=True)

    def get_flags(self, item: ReviewItem) -> list[str]:
        """The flags without their reasons."""
        return [flag for flag, _ in item.account.flags]


class ReviewAccountsApi(Api):
    """The accounts of one review with what was decided on each."""

    pages = ReviewPages
    summary = {"read_all": "List the accounts of a review"}

    def read_all(self, request: Request, pk: int) -> Response:
        """Every account of the listing that the review was launched from, as decided now or at a moment."""
        asked = self.asked()
        moment = self.moment(Review)
        get_allowed(self.user, "view", rows(Review, moment), pk, moment)
        found = ReviewItem.objects.filter(review=pk).select_related("account", "assignment")
        decisions = rows(Decision, moment).filter(item_id__in=ReviewItem.objects.filter(review=pk).values("pk"))
        if choice := asked.get("choice", ""):
            if choice not in Choice.values:
                raise Problem(400, errors={"choice": [f"One of: {', '.join(Choice.values)}."]})
            found = found.filter(pk__in=decisions.filter(choice=choice).values("item_id"))
        left_out = self.chosen(ReviewedAccountShape)
        items, around = self.numbered(found.order_by("account__line", "id"))
        known = {one.item_id: thaw(one) for one in decisions.filter(item_id__in=[item.pk for item in items])}
        for item in items:
            item.said = known.get(item.pk) or Decision()
        return Response({**around, "results": self.shaped(ReviewedAccountShape, items, left_out)})

    def parameters(self) -> list[OpenApiParameter]:
        return [ask("choice", "Only what was decided so: keep, change, remove."), AS_OF, FIELDS, PAGE, PAGE_SIZE]

    def gives(self) -> Any:
        return ReviewedAccountShape
