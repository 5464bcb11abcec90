"""The columns of the list of rounds, the facts on their pages, and what the list can be narrowed to."""

import datetime
from operator import attrgetter
from typing import Any

import django_filters
from django.db.models import Count, Q, QuerySet

from foundation.accounts.models import User
from foundation.pages.columns import Column
from foundation.pages.filters import RegisterFilter
from foundation.pages.moment import day_of
from foundation.trail.asof import rows
from risks.models import ASSESSMENT_TONES, AssessedRisk, Assessment, AssessmentKind, AssessmentState, Participant

RUNNING = (AssessmentState.OPEN, AssessmentState.SUBMITTED)


def attach_progress(found: list[Any], user: User, moment: datetime.datetime | None) -> None:
    """How many risks of each round are considered, how many people took part, and the day. Two queries."""
    ids = [one.pk for one in found]
    inside = rows(AssessedRisk, moment).filter(assessment_id__in=ids).order_by()
    done = Count("id", filter=Q(considered_at__isnull=False))
    risks = {row["assessment_id"]: row for row in inside.values("assessment_id").annotate(all=Count("id"), done=done)}
    named = rows(Participant, moment).filter(assessment_id__in=ids, archived_at=None).order_by()
    took = Count("id", filter=Q(confirmed_at__isnull=False))
    people = {row["assessment_id"]: row for row in named.values("assessment_id").annotate(all=Count("id"), took=took)}
    none = {"all": 0, "done": 0, "took": 0}
    for one in found:
        counts, who = risks.get(one.pk, none), people.get(one.pk, none)
        one.seen_on, one.considered, one.risk_count = day_of(moment), counts["done"], counts["all"]
        one.participant_count, one.confirmed = who["all"], who["took"]


def late(one: Any, day: datetime.date) -> bool:
    """Whether its day has passed and it runs still."""
    return one.state in RUNNING and one.due_on < day


def due_words(one: Any) -> str:
    """The deadline, with a word when it has passed."""
    return f"{one.due_on.isoformat()}{' overdue' if late(one, one.seen_on) else ''}"


def considered_words(one: Any) -> str:
    """How many of its risks are considered."""
    return f"{one.considered} of {one.risk_count}"


def people_words(one: Any) -> str:
    """How many of those who were named confirmed having taken part."""
    return f"{one.confirmed} of {one.participant_count}"


class AssessmentFilter(RegisterFilter):
    """Rounds of risk assessment."""

    search_fields = ("title", "scope", "trigger")
    archives = False

    state = django_filters.ChoiceFilter(choices=AssessmentState.choices, empty_label="Any")
    kind = django_filters.ChoiceFilter(choices=AssessmentKind.choices, empty_label="Any")
    late = django_filters.ChoiceFilter(
        method="by_late", label="Deadline", empty_label="Any", choices=[("late", "Overdue")]
    )

    class Meta:
        model = Assessment
        fields = ("state", "kind")

    def by_late(self, queryset: QuerySet[Any], _name: str, _value: str) -> QuerySet[Any]:
        """Those that should be closed."""
        return queryset.filter(state__in=RUNNING, due_on__lt=day_of(self.moment))


COLUMNS = (
    Column("ref", "Ref", sort="id", kind="ref"),
    Column("title", "Assessment", sort="title", kind="title"),
    Column("kind", "Kind", sort="kind"),
    Column("state", "State", sort="state", kind="badge", tones=ASSESSMENT_TONES),
    Column("considered", "Considered", get=considered_words),
    Column("participants", "Took part", get=people_words),
    Column("starts_on", "Starts", sort="starts_on", kind="date"),
    Column("due", "Due", sort="due_on", kind="date", get=due_words, data=attrgetter("due_on")),
    Column("lead", "Lead", sort="lead__name", kind="person"),
    Column("approver", "Approver", sort="approver__name", kind="person", more=True),
    Column("approved_at", "Closed", sort="approved_at", kind="moment", more=True),
    Column("line_count", "Risks in the snapshot", sort="line_count", kind="number", more=True),
)
FACTS = (
    Column("kind", "Kind"),
    Column("scope", "Scope"),
    Column("trigger", "Prompted by"),
    Column("starts_on", "Starts", kind="date"),
    Column("due", "Due", kind="date", get=due_words),
    Column("lead", "Lead", kind="person"),
    Column("approver", "Approver", kind="person"),
    Column("conclusion", "Conclusion"),
    Column("submitted_at", "Submitted", kind="moment"),
    Column("submitted_by", "Submitted by", kind="person"),
    Column("approved_at", "Approved", kind="moment"),
    Column("approved_by", "Approved by", kind="person"),
    Column("approval_statement", "Statement"),
    Column("method", "Rating method", url=lambda one: one.method.get_absolute_url() if one.method else ""),
    Column("line_count", "Risks in the snapshot", kind="number"),
    Column("sha256", "SHA-256 of the snapshot"),
    Column("evidence", "Kept as", url=lambda one: one.evidence.get_absolute_url() if one.evidence else ""),
)
