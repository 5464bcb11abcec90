"""The columns of plans and their versions, the facts on their pages, and what the lists can be narrowed to."""

import datetime
from operator import attrgetter
from typing import Any

import django_filters
from django.db.models import QuerySet

from foundation.accounts.models import User
from foundation.pages.columns import Column
from foundation.pages.filters import RegisterFilter
from foundation.pages.moment import day_of
from foundation.pages.people import owner_words
from foundation.trail.asof import rows, thaw
from incidents.models import VERSION_TONES, PlanVersion, ResponsePlan, VersionState
from incidents.plans.content import content, parts_of


def attach_plan(found: list[Any], user: User, moment: datetime.datetime | None) -> None:
    """The version in force of each plan and its open draft, and the day on which dates are judged. One query."""
    states = (VersionState.APPROVED, VersionState.DRAFT, VersionState.SUBMITTED)
    inside = rows(PlanVersion, moment).filter(plan_id__in=[one.pk for one in found], state__in=states)
    versions = [thaw(row) for row in inside.select_related("approved_by", "approver").order_by("number")]
    for one in found:
        mine = [version for version in versions if version.plan_id == one.pk]
        one.seen_on = day_of(moment)
        one.in_force = next((version for version in mine if version.state == VersionState.APPROVED), None)
        one.open_draft = next((version for version in mine if version.state != VersionState.APPROVED), None)
        one.version_in_force = one.in_force.number if one.in_force else None
        one.approved_at = one.in_force.approved_at if one.in_force else None


def attach_version(found: list[Any], user: User, moment: datetime.datetime | None) -> None:
    """The parts of a version, where one alone is looked at. Four queries, or none."""
    for one in found:
        one.parts, one.said = {}, {}
        if len(found) == 1:
            one.parts = parts_of(one, moment)
            one.said = {name: rows for name, rows in content(one, one.parts).items() if name != "texts"}


def due_words(one: Any) -> str:
    """The day of the next review, with a word when it has passed."""
    if one.next_review_on is None:
        return ""
    return f"{one.next_review_on.isoformat()}{' overdue' if one.next_review_on < one.seen_on else ''}"


class ResponsePlanFilter(RegisterFilter):
    """Response plans."""

    search_fields = ("title", "summary")

    review = django_filters.ChoiceFilter(
        method="by_review", label="Review", empty_label="Any", choices=[("overdue", "Overdue")]
    )

    class Meta:
        model = ResponsePlan
        fields = ()

    def by_review(self, queryset: QuerySet[Any], _name: str, _value: str) -> QuerySet[Any]:
        """Those that should have been looked at."""
        return queryset.filter(next_review_on__lt=day_of(self.moment))


class PlanVersionFilter(RegisterFilter):
    """Versions of response plans."""

    search_fields = ("plan__title", "change_note")
    archives = False

    state = django_filters.ChoiceFilter(choices=VersionState.choices, empty_label="Any")

    class Meta:
        model = PlanVersion
        fields = ("state",)


PLAN_COLUMNS = (
    Column("ref", "Ref", sort="id", kind="ref"),
    Column("title", "Plan", sort="title", kind="title"),
    Column("version_in_force", "In force", kind="number", empty="No version"),
    Column("approved_at", "Approved", kind="moment"),
    Column("owner", "Owner", sort="owner__name", kind="person", get=owner_words, empty="No owner"),
    Column("last_reviewed_on", "Last reviewed", sort="last_reviewed_on", kind="date"),
    Column("next_review_on", "Next review", sort="next_review_on", kind="date", get=due_words,
           data=attrgetter("next_review_on")),
)  # fmt: skip
PLAN_FACTS = (
    Column("summary", "Summary"),
    Column("owner", "Owner", kind="person", get=owner_words, empty="No owner"),
    Column("last_reviewed_on", "Last reviewed", kind="date"),
    Column("next_review_on", "Next review", kind="date", get=due_words),
)
VERSION_COLUMNS = (
    Column("ref", "Ref", sort="id", kind="ref"),
    Column("title", "Version", kind="title", get=str),
    Column("state", "State", sort="state", kind="badge", tones=VERSION_TONES),
    Column("change_note", "What changes"),
    Column("drafted_by", "Drafted by", sort="drafted_by__name", kind="person"),
    Column("approver", "Approver", sort="approver__name", kind="person", more=True),
    Column("approved_by", "Approved by", sort="approved_by__name", kind="person"),
    Column("approved_at", "Approved", sort="approved_at", kind="moment"),
    Column("superseded_at", "Superseded", sort="superseded_at", kind="moment", more=True),
    Column("sha256", "SHA-256", more=True),
)
VERSION_FACTS = (
    Column("plan", "Plan", url=lambda one: one.plan.get_absolute_url()),
    Column("change_note", "What changes"),
    Column("drafted_by", "Drafted by", kind="person"),
    Column("approver", "Approver", kind="person"),
    Column("submitted_by", "Submitted by", kind="person"),
    Column("submitted_at", "Submitted", kind="moment"),
    Column("returned_note", "Why it came back, or was withdrawn"),
    Column("approved_by", "Approved by", kind="person"),
    Column("approved_at", "Approved", kind="moment"),
    Column("approval_statement", "Statement"),
    Column("superseded_at", "Superseded", kind="moment"),
    Column("sha256", "SHA-256 of the approved record"),
    Column("evidence", "Kept as", url=lambda one: one.evidence.get_absolute_url() if one.evidence else ""),
)
