"""The columns of the list of exercises, the facts on their pages, and what the list can be narrowed to."""

import datetime
from typing import Any

import django_filters
from django.db.models import Count, Q

from foundation.accounts.access import visible
from foundation.accounts.models import User
from foundation.pages.columns import Column
from foundation.pages.filters import RegisterFilter, Span, day_filter
from foundation.pages.people import owner_choices
from foundation.trail.asof import rows
from incidents.models import (
    EXERCISE_TONES,
    Exercise,
    ExerciseAttendee,
    ExerciseFinding,
    ExerciseKind,
    ExerciseState,
    Incident,
)


def attach_exercise(found: list[Any], user: User, moment: datetime.datetime | None) -> None:
    """How many took part by their own word and how many gaps showed; the real incident, where one sees it. Three
    queries.
    """
    ids = [one.pk for one in found]
    named = rows(ExerciseAttendee, moment).filter(exercise_id__in=ids, archived_at=None).order_by()
    took = Count("id", filter=Q(confirmed_at__isnull=False))
    people = {row["exercise_id"]: row for row in named.values("exercise_id").annotate(all=Count("id"), took=took)}
    linked = rows(ExerciseFinding, moment).filter(exercise_id__in=ids, archived_at=None).order_by()
    gaps = dict(linked.values_list("exercise_id").annotate(all=Count("id")))
    real = [one.incident_id for one in found if one.incident_id]
    seen = visible(user, rows(Incident, moment), moment).filter(id__in=real) if real else None
    told = dict(seen.values_list("id", "title")) if seen is not None else {}
    for one in found:
        who = people.get(one.pk, {"all": 0, "took": 0})
        one.attendee_count, one.confirmed, one.gap_count = who["all"], who["took"], gaps.get(one.pk, 0)
        one.real = f"{Incident.ref_of(one.incident_id)} {told[one.incident_id]}" if one.incident_id in told else ""
        one.real_unseen = one.incident_id is not None and not one.real


def people_words(one: Any) -> str:
    """How many of those who were named confirmed having taken part."""
    return f"{one.confirmed} of {one.attendee_count}"


def real_words(one: Any) -> str:
    """The real incident that counts as this exercise, for who may see it."""
    return "An incident that is closed to you" if one.real_unseen else one.real


def real_url(one: Any) -> str:
    """Its page, for who may see it."""
    return Incident(pk=one.incident_id).get_absolute_url() if one.real else ""


class ExerciseFilter(RegisterFilter):
    """Exercises of the response plan."""

    search_fields = ("title", "scenario", "place")
    archives = False
    span = Span("since", "until", "exercises of its days")

    state = django_filters.ChoiceFilter(choices=ExerciseState.choices, empty_label="Any")
    kind = django_filters.ChoiceFilter(choices=ExerciseKind.choices, empty_label="Any")
    facilitator = django_filters.ChoiceFilter(
        empty_label="Anybody", choices=lambda: owner_choices(Exercise, "facilitator")
    )
    since = day_filter("Held since", field_name="held_on", lookup_expr="gte")
    until = day_filter("Held until", field_name="held_on", lookup_expr="lte")

    class Meta:
        model = Exercise
        fields = ("state", "kind", "facilitator")


COLUMNS = (
    Column("ref", "Ref", sort="id", kind="ref"),
    Column("title", "Exercise", sort="title", kind="title"),
    Column("kind", "Kind", sort="kind"),
    Column("held_on", "Day", sort="held_on", kind="date"),
    Column("state", "State", sort="state", kind="badge", tones=EXERCISE_TONES),
    Column("edition", "Plan version", get=lambda one: str(one.edition), more=True),
    Column("attendees", "Took part", get=people_words),
    Column("gap_count", "Gaps", kind="number"),
    Column("facilitator", "Facilitator", sort="facilitator__name", kind="person"),
    Column("approver", "Approver", sort="approver__name", kind="person", more=True),
    Column("approved_at", "Approved", sort="approved_at", kind="moment", more=True),
)
FACTS = (
    Column("kind", "Kind"),
    Column("held_on", "Day", kind="date"),
    Column("place", "Place"),
    Column("edition", "Plan version", url=lambda one: one.edition.get_absolute_url()),
    Column("real", "Real incident", get=real_words, url=real_url),
    Column("facilitator", "Facilitator", kind="person"),
    Column("approver", "Approver", kind="person"),
    Column("note", "Why it came back, or was cancelled"),
    Column("signed_at", "Signed", kind="moment"),
    Column("statement", "The facilitator's statement"),
    Column("approved_at", "Approved", kind="moment"),
    Column("approved_by", "Approved by", kind="person"),
    Column("approval_statement", "The approver's statement"),
    Column("sha256", "SHA-256 of the record"),
    Column("evidence", "Kept as", url=lambda one: one.evidence.get_absolute_url() if one.evidence else ""),
)
