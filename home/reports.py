"""Reports: everything that the company hands out on paper or as a file, in one place, asked for by one form.

No report is made here. Each is the printed or exported form of a page that exists, with that page's own rules about who
sees what of it; the form turns a period, a day and a scope into that page's query. The wiring writes the list.
"""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

from django import forms
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from audits.models import Engagement
from controls.filters import taxonomy_choices
from foundation.accounts.access import can, open_window, visible
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.pages import jobs
from foundation.pages.fields import LONGEST_NUMBER, day_field
from foundation.pages.forms import user_of
from foundation.pages.moment import EARLIEST
from foundation.pages.paper import PaperRefused, paper_for

FORMATS: Final = [("pdf", "PDF"), ("csv", "CSV"), ("json", "JSON")]
ENGAGEMENTS: Final = 10  # offered as a shortcut, the newest


@dataclass(frozen=True)
class Report:
    """One report. page, csv, json: names of routes. needs: the registers that one must be able to view, all of them.

    period: what that page calls the first and the last day; None for a report on how things stand on one day.
    over: what belongs to a period, in words. category: what the page calls the category; "" if it knows none.
    asked: what is always asked of the page. files: what is asked of the page that the files come from, if another.
    """

    slug: str
    title: str
    words: str
    needs: tuple[type[models.Model], ...]
    page: str
    csv: str
    json: str
    period: tuple[str, str] | None = None
    over: str = ""
    category: str = ""
    asked: Mapping[str, str | Sequence[str]] = field(default_factory=dict)

    def is_for(self, user: User) -> bool:
        """Whether this person may see any of it."""
        return all(can(user, "view", model) for model in self.needs)

    def address(self, said: Mapping[str, Any]) -> str:
        """The address of the page, or of the file, that answers what the form said."""
        name = {"pdf": self.page, "csv": self.csv, "json": self.json}[said["format"]]
        return f"{reverse(name)}?{urlencode(self.query(said), doseq=True)}"

    def query(self, said: Mapping[str, Any]) -> dict[str, Any]:
        """The period, the day and the scope in the words of the page. A standing report is as of the period's end."""
        query: dict[str, Any] = dict(self.asked)
        if self.period:
            query |= {name: day for name, day in zip(self.period, (said["first"], said["last"]), strict=True) if day}
        as_of = said["as_of"] or (None if self.period else said["last"])
        if as_of and as_of < today():
            query["as_of"] = as_of
        if said["category"]:
            query[self.category] = said["category"]
        return query


class ReportForm(forms.Form):
    """Which report, over which days, as of when, of what, and in which form."""

    report = forms.ChoiceField(widget=forms.RadioSelect)
    first = day_field(required=False, label="From")
    last = day_field(required=False, label="To")
    as_of = day_field(
        required=False,
        label="As of",
        help_text="What was on record at the end of this day. Empty: now; for how things stand, the last day above.",
    )
    category = forms.ChoiceField(required=False, label="Scope")
    format = forms.ChoiceField(choices=FORMATS, initial="pdf", widget=forms.RadioSelect)

    def __init__(self, *args: Any, user: User, known: Sequence[Report], **kwargs: Any) -> None:
        self.known, self.window = {one.slug: one for one in known}, open_window(user)
        super().__init__(*args, **kwargs)
        for name, choices in (
            ("report", [(one.slug, one.title) for one in known]),
            ("category", [("", "All categories in scope"), *taxonomy_choices(user, None)[0]]),
        ):
            chosen: Any = self.fields[name]
            chosen.choices = choices

    def clean(self) -> dict[str, Any]:
        """Days in their order and within an auditor's period, and a scope that the report knows."""
        said: dict[str, Any] = super().clean() or self.cleaned_data
        first, last = said.get("first"), said.get("last")
        if first and last and last < first:
            self.add_error("last", "The period ends before it begins.")
        if said.get("as_of") and said["as_of"].year < EARLIEST:
            self.add_error("as_of", "Nothing was recorded that long ago.")
        if self.window is not None:
            for name in ("first", "last", "as_of"):
                if said.get(name) and not self.window.period_from <= said[name] <= self.window.period_to:
                    words = f"Your access is to {self.window.period_from} to {self.window.period_to}."
                    self.add_error(name, f"{words} Choose a day within it.")
        report = self.known.get(said.get("report", ""))
        if report and said.get("category") and not report.category:
            self.add_error("category", f"{report.title} is not kept by category. Choose all categories.")
        return said

    @property
    def chosen(self) -> Report:
        """The report that was asked for, of a form that is valid."""
        return self.known[self.cleaned_data["report"]]


@require_http_methods(["GET", "HEAD", "POST"])
def reports(request: HttpRequest, reports: Sequence[Report]) -> HttpResponse:
    """Every report that this person may see. Sent, the form leads to the file, or to the job that makes the PDF."""
    user = user_of(request)
    known = [one for one in reports if one.is_for(user)]
    if not known:
        raise Http404("No report for this person.")
    engagements = engagements_for(user)
    begun = {"report": known[0].slug, "format": "pdf", **prefilled(request, user, known, engagements)}
    form = ReportForm(request.POST if request.method == "POST" else None, user=user, known=known, initial=begun)
    if form.is_valid() and (answer := answered(request, user, form)):
        return answer
    context = {"form": form, "reports": known, "engagements": engagements, "chosen": form["report"].value()}
    return render(request, "home/reports.html", context, status=422 if form.errors else 200)


def answered(request: HttpRequest, user: User, form: ReportForm) -> HttpResponse | None:
    """Where what was asked for is to be had; None, with the reason on the form, where it cannot be."""
    report, said = form.chosen, form.cleaned_data
    address = report.address(said)
    if said["format"] != "pdf":
        return redirect(address)
    try:
        paper = paper_for(address, user)
    except PaperRefused as error:
        form.add_error(None, str(error))
        return None
    except (Http404, PermissionDenied):
        form.add_error(None, "You see nothing of this on that day.")
        return None
    return redirect(jobs.print_page.enqueue(actor=user, title=f"PDF: {paper.title}", page=address, user_id=user.pk))


def engagements_for(user: User) -> list[Engagement]:
    """The newest engagements that this person sees: their days are a shortcut to a period."""
    if not can(user, "view", Engagement):
        return []
    return list(visible(user, Engagement).filter(archived_at=None).order_by("-id")[:ENGAGEMENTS])


def prefilled(
    request: HttpRequest, user: User, known: Sequence[Report], engagements: Sequence[Engagement]
) -> dict[str, Any]:
    """What the form begins with: the report in the address; an engagement's days, or those of an auditor's access."""
    begun: dict[str, Any] = {}
    if (slug := request.GET.get("report")) in {one.slug for one in known}:
        begun["report"] = slug
    number = request.GET.get("engagement", "")
    numbered = {str(one.pk): one for one in engagements if len(number) <= LONGEST_NUMBER}
    window = open_window(user)
    days: tuple[datetime.date, datetime.date] | None = None
    if number in numbered:
        days = numbered[number].days
    elif window is not None:
        days = window.period_from, window.period_to
    return begun | ({"first": days[0], "last": days[1]} if days else {})
