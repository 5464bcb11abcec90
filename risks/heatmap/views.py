"""The pages of the overview and of the heatmap, and both as CSV, as JSON and on paper."""

import datetime
from typing import Any, Final

from django import forms
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.urls import URLPattern, path
from django.views.decorators.http import require_safe

from foundation.accounts.access import moment_for, require
from foundation.accounts.models import User
from foundation.pages.exports import Form, Table, send
from foundation.pages.fields import day_field
from foundation.pages.forms import user_of
from foundation.pages.moment import asked_moment, at, day_of
from foundation.trail.record import record
from risks.heatmap.counts import Heatmap, heatmaps, movement
from risks.heatmap.overview import sees_all, stats, top
from risks.heatmap.paper import register_paper
from risks.heatmap.trend import Trend, trend
from risks.models import LEVELS, Band, Method, Risk, in_force
from risks.views import RiskPages

HEADER: Final = ("Map", "Likelihood", "Likelihood name", "Impact", "Impact name", "Score", "Band", "Risks")


class SinceForm(forms.Form):
    """Since which day movement is shown."""

    since = day_field(required=False, label="Movement since")


def since_of(user: User, params: QueryDict, moment: datetime.datetime | None) -> tuple[SinceForm, Any]:
    """The form, and the moment since which movement is asked for; None for none, or one that is not past."""
    form = SinceForm(params or None)
    if not form.is_valid() or form.cleaned_data["since"] is None:
        return form, None
    try:
        asked = asked_moment(form.cleaned_data["since"].isoformat())
    except ValueError as refused:
        form.add_error("since", str(refused))
        return form, None
    if asked is None or (moment is not None and asked >= moment):
        form.add_error("since", "Movement is shown since a day that is over.")
        return form, None
    since = moment_for(user, asked, Risk)
    return form, since


def trend_for(user: User, maps: list[Heatmap], moment: datetime.datetime | None) -> Trend | None:
    """The trend, for whoever sees every risk: the tallies count them all."""
    residual = maps[1]
    if not sees_all(residual.rated + residual.unrated, moment):
        return None
    return trend(user, residual.squares, moment)


def shown(request: HttpRequest) -> tuple[RiskPages, datetime.datetime | None, Method, list[Heatmap]]:
    """What both pages show: the moment, the method in force then, and the maps. Raises Http404, 403."""
    require(user_of(request), "view", Risk)
    pages = RiskPages(request)
    moment = pages.moment()
    method = in_force(moment)
    return pages, moment, method, heatmaps(pages.user, moment, method)


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """What is worst, what is late, and how it has gone over a year."""
    pages, moment, method, maps = shown(request)
    context = {
        "pages": pages, "moment": moment, "at": at(moment), "day": day_of(moment), "maps": maps, "method": method,
        "stats": stats(pages.user, moment), "top": top(pages.user, moment, method), "bands": Band.choices,
        "trend": trend_for(pages.user, maps, moment),
    }  # fmt: skip
    return render(request, "risks/overview.html", context)


@require_safe
def heatmap(request: HttpRequest) -> HttpResponse:
    """Both maps, and what moved since a day."""
    pages, moment, method, maps = shown(request)
    form, since = since_of(pages.user, request.GET, moment)
    context = {
        "pages": pages, "moment": moment, "at": at(moment), "day": day_of(moment), "maps": maps, "method": method,
        "form": form, "since": since, "movement": movement(pages.user, since, moment) if since else None,
    }  # fmt: skip
    return render(request, "risks/heatmap.html", context, status=422 if form.errors else 200)


for page in (overview, heatmap):
    page.paper = register_paper  # type: ignore[attr-defined]
    page.pages = RiskPages  # type: ignore[attr-defined]


@require_safe
def heatmap_export(request: HttpRequest, form: Form) -> HttpResponseBase:
    """The counts, a row for each square of each map."""
    pages, moment, method, maps = shown(request)
    with transaction.atomic():
        record("heatmap.exported", pages.user, refs={"format": form}, private={"query": request.GET.urlencode()})
    lines = [[row for one in maps for row in rows_of(one, method)]]
    table = Table("Risk heatmap", f"risk-heatmap-{day_of(moment)}", HEADER, lines, scope=(f"{method}",), as_of=moment)
    return send(table, form, pages.user)


def rows_of(one: Heatmap, method: Method) -> list[list[Any]]:
    """The rows of one map, the mildest square first; and one for what is not rated."""
    found: list[list[Any]] = []
    for line in reversed(one.lines):
        for impact, cell in zip(LEVELS, line.cells, strict=True):
            name = method.impact[impact - 1]["name"]
            found.append([one.title, line.level, line.name, impact, name, line.level * impact, cell.label, cell.count])
    return [*found, [one.title, "", "", "", "", "", "Not rated", one.unrated]]


def heatmap_routes() -> list[URLPattern]:
    """Beside the pages of risks."""
    return [
        path("overview/", overview, name="overview"),
        path("heatmap/", heatmap, name="heatmap"),
        path("heatmap/export.csv", heatmap_export, {"form": "csv"}, name="heatmap-csv"),
        path("heatmap/export.json", heatmap_export, {"form": "json"}, name="heatmap-json"),
    ]
