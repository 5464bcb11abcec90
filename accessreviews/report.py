"""The report “User access review”: each system in each quarter of a period, with dates, counts, removals and lateness.

A line for each review, and one for each quarter in which a system should have been reviewed and was not. The same
number of queries whatever the period and however many systems there are.
"""

import datetime
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.urls import URLPattern, path
from django.views.decorators.http import require_safe

from accessreviews.models import Assignment, CampaignState, Choice, Decision, Removal, Review, ReviewState
from accessreviews.quarters import EVERY, Quarter, is_due, quarters
from accessreviews.standing import days_late
from accessreviews.views import ReviewPages
from foundation.accounts.access import require, visible
from foundation.accounts.models import User
from foundation.organisation.models import day_at, today
from foundation.pages.exports import Form, Table, send
from foundation.pages.fields import day_field
from foundation.pages.forms import user_of
from foundation.pages.moment import at, day_of
from foundation.pages.paper import Paper, PaperRefused
from foundation.trail.asof import rows, thaw
from foundation.trail.record import record
from systems.models import System

TITLE: Final = "User access review"
LONGEST: Final = 5 * 366  # days
NEVER: Final = (CampaignState.DRAFT, CampaignState.CANCELLED)
TONES: Final = {"Approved": "ok", "Missing": "bad", "Omitted": "mute", "Not yet reviewed": "mute"}
HEADER: Final = (
    "System", "Name", "Quarter", "State", "Campaign", "Due", "Launched", "Signed", "Approved", "Days late", "Accounts",
    "Flagged", "Kept", "Changed", "Removed", "Removals", "Proved", "Removals late", "Longest late (days)",
    "Omitted because",
)  # fmt: skip


class PeriodForm(forms.Form):
    """Over which days, and of which system. Empty: this quarter and the three before it, all systems."""

    first = day_field(required=False, label="From")
    last = day_field(required=False, label="To")
    system = forms.ModelChoiceField(System.objects.none(), required=False, empty_label="All")

    def __init__(self, data: Any, *, user: User, day: datetime.date) -> None:
        self.day = day
        super().__init__(data)
        chosen: Any = self.fields["system"]
        chosen.queryset = visible(user, System).order_by("name", "id")

    def clean(self) -> dict[str, Any]:
        """A period that ends after it begins, and is not endless."""
        said = super().clean() or self.cleaned_data
        now = Quarter.of(self.day)
        said["first"], said["last"] = said.get("first") or now.after(-3).first, said.get("last") or now.last
        if not 0 <= (said["last"] - said["first"]).days <= LONGEST:
            raise ValidationError("A period ends after it begins, and is five years long at most.")
        return said


@dataclass
class Line:
    """One system in one quarter. `late`: days from the deadline to the approval, or to now."""

    system: System
    quarter: Quarter
    state: str
    review: Any = None
    signed: datetime.datetime | None = None
    late: int = 0
    flagged: int = 0
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(Choice.values, 0))
    removals: int = 0
    proved: int = 0
    removals_late: int = 0
    longest: int = 0

    @property
    def tone(self) -> str:
        """Of its state."""
        return TONES.get(self.state, "info")

    def row(self) -> list[Any]:
        """As a row of the CSV."""
        review = self.review
        if review is None:
            return [self.system.ref, self.system.name, str(self.quarter), self.state, *[""] * (len(HEADER) - 4)]
        campaign = review.campaign
        return [
            self.system.ref, self.system.name, str(self.quarter), self.state, campaign.ref, campaign.due_on,
            campaign.launched_at, self.signed, review.approved_at, self.late, review.item_count, self.flagged,
            self.counts[Choice.KEEP], self.counts[Choice.CHANGE], self.counts[Choice.REMOVE], self.removals,
            self.proved, self.removals_late, self.longest, review.omitted_reason,
        ]  # fmt: skip


@dataclass(frozen=True)
class Report:
    """What is reported, and the period in words."""

    first: datetime.date
    last: datetime.date
    lines: list[Line]

    @property
    def period(self) -> str:
        """The days."""
        return f"{self.first} to {self.last}"

    @property
    def totals(self) -> dict[str, int]:
        """What stands above the table."""
        reviewed = [one for one in self.lines if one.state == ReviewState.APPROVED.label]
        return {
            "approved": len(reviewed),
            "late": sum(one.late > 0 for one in self.lines),
            "missing": sum(one.state == "Missing" for one in self.lines),
            "omitted": sum(one.state == ReviewState.OMITTED.label for one in self.lines),
            "accounts": sum(one.review.item_count for one in reviewed),
            "removals": sum(one.removals for one in self.lines),
            "proved": sum(one.proved for one in self.lines),
            "removals_late": sum(one.removals_late for one in self.lines),
        }


def report_of(user: User, said: dict[str, Any], moment: datetime.datetime | None) -> Report:
    """The report as this person may see it, live or at a moment."""
    first, last, chosen = said["first"], said["last"], said["system"]
    systems = visible(user, rows(System, moment), moment)
    found = visible(user, rows(Review, moment), moment).exclude(campaign__state__in=NEVER)
    if chosen is not None:
        systems, found = systems.filter(id=chosen.pk), found.filter(system_id=chosen.pk)
    before = Quarter.of(first).after(-max(EVERY.values())).first  # as far back as one review can reach
    found = found.filter(campaign__period_to__gte=before, campaign__period_to__lte=Quarter.of(last).last)
    reviews = [thaw(row) for row in found.select_related("campaign", "system").order_by("campaign__period_to", "id")]
    done = [one for one in told(reviews) if one.campaign.period_to >= Quarter.of(first).first]
    lines = [line_of(one, day_of(moment)) for one in done]
    add_decisions(lines, moment)
    add_removals(lines, moment)
    known = [thaw(row) for row in systems]
    lines += missing(known, reviews, list(quarters(first, last)), day_of(moment))
    lines.sort(key=lambda one: (one.system.name.casefold(), one.system.pk, one.quarter))
    return Report(first, last, lines)


def told(reviews: list[Any]) -> list[Any]:
    """All but the omissions of systems that another campaign reviews in the same quarter."""
    inside = {(one.system_id, Quarter.of(one.campaign.period_to)) for one in reviews if not omitted(one)}
    whose = ((one, (one.system_id, Quarter.of(one.campaign.period_to))) for one in reviews)
    return [one for one, when in whose if not omitted(one) or when not in inside]


def omitted(review: Any) -> bool:
    """Whether a campaign left the system out."""
    return str(review.state) == ReviewState.OMITTED


def line_of(review: Any, day: datetime.date) -> Line:
    """A review as a line, with how late it was signed off."""
    quarter = Quarter.of(review.campaign.period_to)
    line = Line(review.system, quarter, str(review.get_state_display()), review)
    if review.state != ReviewState.OMITTED:
        ended = day_at(review.approved_at) if review.approved_at else day
        line.late = max(0, (ended - review.campaign.due_on).days)
    return line


def add_decisions(lines: Iterable[Line], moment: datetime.datetime | None) -> None:
    """The flagged accounts, the last signature and the decisions of each line. Two queries."""
    by_review = {line.review.pk: line for line in lines}
    parts = rows(Assignment, moment).filter(review_id__in=by_review)
    whose: dict[int, Line] = {}
    for part, review, flagged, signed in parts.values_list("id", "review_id", "flagged_count", "signed_at"):
        line = whose[part] = by_review[review]
        line.flagged += flagged
        line.signed = max(filter(None, (line.signed, signed)), default=None)
    said = rows(Decision, moment).filter(assignment_id__in=whose).exclude(choice="").order_by()
    for part, choice, count in said.values_list("assignment_id", "choice").annotate(count=Count("id")):
        whose[part].counts[choice] += count


def add_removals(lines: Iterable[Line], moment: datetime.datetime | None) -> None:
    """What follows from each line: how many, how many of them proved, and late. One query."""
    by_review, day = {line.review.pk: line for line in lines}, day_of(moment)
    found = rows(Removal, moment).filter(review_id__in=by_review, archived_at=None)
    for row in found.select_related("shown_by"):
        removal, line = thaw(row), by_review[row.review_id]
        late = days_late(removal, day)
        line.removals += 1
        line.proved += removal.proved_at is not None
        line.removals_late += late > 0
        line.longest = max(line.longest, late)


def missing(
    systems: Iterable[System], reviews: Iterable[Any], asked: Iterable[Quarter], day: datetime.date
) -> Iterator[Line]:
    """A line for each quarter in which a system in scope should have been reviewed, and no review of it was begun."""
    reviewed: dict[int, set[Quarter]] = defaultdict(set)
    named: dict[int, set[Quarter]] = defaultdict(set)
    for review in reviews:
        quarter = Quarter.of(review.campaign.period_to)
        named[review.system_id].add(quarter)
        if review.state != ReviewState.OMITTED:
            reviewed[review.system_id].add(quarter)
    for system in systems:
        began = Quarter.of(day_at(system.created_at))
        for quarter in asked:
            expected = system.in_scope and system.archived_at is None and began <= quarter <= Quarter.of(day)
            if not expected or quarter in named[system.pk]:
                continue
            if is_due(system.review_cadence, quarter, reviewed[system.pk]):
                yield Line(system, quarter, "Missing" if quarter.last < day else "Not yet reviewed")


# ---- pages ---------------------------------------------------------------------------------------------------------


class Asked:
    """The form as the filters of a list are drawn."""

    def __init__(self, params: QueryDict, user: User, moment: datetime.datetime | None) -> None:
        self.form = PeriodForm(params, user=user, day=day_of(moment) if moment else today())
        self.valid = self.form.is_valid()

    @property
    def active(self) -> list[tuple[str, str]]:
        """Which system was chosen."""
        system = self.form.cleaned_data.get("system") if self.valid else None
        return [("System", system.name)] if system else []


@require_safe
def access_report(request: HttpRequest) -> HttpResponse:
    """The report on screen."""
    user = user_of(request)
    require(user, "view", Review)
    pages = ReviewPages(request)
    moment = pages.moment()
    asked = Asked(request.GET, user, moment)
    report = report_of(user, asked.form.cleaned_data, moment) if asked.valid else None
    context = {"pages": pages, "moment": moment, "filter": asked, "report": report, "at": at(moment)}
    return render(request, "accessreviews/report.html", context, status=200 if asked.valid else 422)


def report_paper(user: User, params: QueryDict, moment: datetime.datetime | None, /) -> Paper:
    """The report on paper."""
    require(user, "view", Review)
    asked = Asked(params, user, moment)
    if not asked.valid:
        raise PaperRefused("The period cannot be read. Set it again, then print.")
    report = report_of(user, asked.form.cleaned_data, moment)
    return Paper(
        title=TITLE,
        template="pdf/access_report.html",
        context={"report": report},
        scope=tuple(f"{label}: {value}" for label, value in asked.active),
        period=report.period,
        as_of=moment,
        landscape=True,
        rows=len(report.lines),
    )


access_report.paper = report_paper  # type: ignore[attr-defined]
access_report.pages = ReviewPages  # type: ignore[attr-defined]


@require_safe
def access_report_export(request: HttpRequest, form: Form) -> HttpResponseBase:
    """The report as a file, a row for each system in each quarter."""
    user = user_of(request)
    require(user, "view", Review)
    try:
        table = report_table(user, request.GET, ReviewPages(request).moment())
    except PaperRefused:
        return access_report(request)  # which says what is wrong; an empty file would not
    with transaction.atomic():
        record("accessreport.exported", user, refs={"format": form}, private={"query": request.GET.urlencode()})
    return send(table, form, user)


def report_table(user: User, params: QueryDict, moment: datetime.datetime | None, /) -> Table:
    """The report, for a file. Raises PaperRefused for a period that cannot be read."""
    require(user, "view", Review)
    asked = Asked(params, user, moment)
    if not asked.valid:
        raise PaperRefused("The period cannot be read. Set it again.")
    report = report_of(user, asked.form.cleaned_data, moment)
    return Table(
        title=TITLE,
        name=f"user-access-review-{report.first}-{report.last}",
        header=HEADER,
        chunks=[[one.row() for one in report.lines]],
        filters=asked.active,
        period=report.period,
        as_of=moment,
    )


access_report_export.table = report_table  # type: ignore[attr-defined]


def report_routes() -> list[URLPattern]:
    """The report's addresses."""
    return [
        path("report/", access_report, name="report"),
        path("report.csv", access_report_export, {"form": "csv"}, name="report-csv"),
        path("report.json", access_report_export, {"form": "json"}, name="report-json"),
    ]
