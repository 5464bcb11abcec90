"""The registers of populations and samples, freezing a list, drawing from it, and drawing without the product."""

import datetime
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from evidence.actions import Source as Origin
from evidence.coverage.tiles import Days
from evidence.models import TONES, Evidence, Population, PopulationItem, PopulationLink, Sample, State
from evidence.sampling import actions
from evidence.sampling.forms import DrawForm, FreezeForm, PopulationFilter, SampleFilter
from evidence.sampling.rows import Listing, of_table
from evidence.sampling.sources import SYSTEM, Source
from foundation.accounts import fresh
from foundation.accounts.access import can, get_shown, require, visible
from foundation.accounts.models import User
from foundation.files.download import open_file
from foundation.files.forms import is_too_large
from foundation.pages.act import VerbPage, put_onto, where_from
from foundation.pages.columns import Column
from foundation.pages.forms import RegisterForm, sent, user_of
from foundation.pages.history import Link
from foundation.pages.imports.reading import read
from foundation.pages.imports.table import Unreadable
from foundation.pages.pages import Pages
from foundation.pages.sending import for_the_first_time
from foundation.pages.sheets import stream
from foundation.trail.asof import rows
from foundation.trail.record import record

SCRIPT = Path(__file__).parent.parent / "offline" / "draw_sample.py"
ROWS_A_PAGE = 50
STATE_TONES = {State(state).label: tone for state, tone in TONES.items()}
NO_EDITING = ("create", "edit", "archive", "restore")


def attach_states(found: list[Any], user: User, moment: datetime.datetime | None) -> None:
    """What became of each population's evidence, and its word: in one query."""
    wanted = rows(Evidence, moment).filter(id__in=[one.evidence_id for one in found])
    states = dict(wanted.values_list("id", "state"))
    for one in found:
        one.evidence_state = State(states[one.evidence_id]).label if one.evidence_id in states else ""


class PopulationPages(Pages):
    """Frozen lists. They are made by freezing, and never edited."""

    model = Population
    form_class, filter_class = RegisterForm, PopulationFilter
    columns: ClassVar = (
        Column("ref", "Population", sort="id", kind="ref"),
        Column("title", "Title", sort="title"),
        Column("kind", "Kind", sort="kind"),
        Column("period", "Period", sort="period_from", kind="period"),
        Column("row_count", "Rows", sort="row_count", kind="number"),
        Column("source_system", "Source", sort="source_system"),
        Column("evidence_state", "Evidence", kind="badge", tones=STATE_TONES),
        Column("created_at", "Frozen", sort="created_at", kind="moment"),
    )
    facts: ClassVar = (
        Column("kind", "Kind"),
        Column("period", "Period"),
        Column("frozen_by", "Frozen by", empty="Countersign"),
        Column("created_at", "Frozen", kind="moment"),
    )
    related: ClassVar = ("frozen_by", "evidence")
    ordering: ClassVar = ("-period_to", "-id")
    links: ClassVar = (Link("Control", PopulationLink, "population"),)
    verbs: ClassVar = (
        VerbPage(
            "draw", actions.draw, "Draw a sample", "A sample was drawn from {0.ref}.", DrawForm,
            template="evidence/draw.html", part="evidence/draw_form.html",
        ),
    )  # fmt: skip
    left_out: ClassVar = NO_EDITING
    intro = "Frozen lists of all of one kind in a period, each with the proof that it is whole. Samples come from them."
    attach = staticmethod(attach_states)

    def create_url(self) -> str:
        """Where one is frozen: a route that is handed the wiring's sources."""
        return reverse("population-freeze")

    def detail_context(self, target: Any, moment: datetime.datetime | None) -> dict[str, Any]:
        """The controls it serves, its rows page by page, and the samples drawn from it."""
        links = visible(self.user, rows(PopulationLink, moment), moment).filter(
            population_id=target.pk, archived_at=None
        )
        samples = visible(self.user, rows(Sample, moment), moment).filter(population_id=target.pk)
        found = target.items()
        # whoever sees it and may draw or download any may do so here: the table reaches as far as sight
        return {
            "links": links.select_related("control").order_by("control__ref"),
            "page": Paginator(found, ROWS_A_PAGE).get_page(self.request.GET.get("page")),
            "samples": samples.select_related("drawn_by").order_by("id"),
            "may_draw": moment is None and target.row_count > 0 and can(self.user, "draw", Population),
            "sees_evidence": can(self.user, "view", target.evidence),
            "may_download": can(self.user, "download", Population),
        }

    def act_on(self, target: Population, verb: VerbPage) -> HttpResponse:
        """Draw a sample, or only look at what would be drawn: that stands in the trail too."""
        if "preview" in self.request.POST:
            return previewed(self.request, target, verb)
        return super().act_on(target, verb)


class SamplePages(Pages):
    """Drawn samples. A sample is never edited: drawing again makes another."""

    model = Sample
    form_class, filter_class = RegisterForm, SampleFilter
    columns: ClassVar = (
        Column("ref", "Sample", sort="id", kind="ref"),
        Column("population", "Population", sort="population__title", url=lambda sample: sample.population_url),
        Column("purpose", "For", sort="purpose"),
        Column("method_words", "Method", sort="method"),
        Column("size_words", "Items", sort="size"),
        Column("drawn_by", "Drawn by", sort="drawn_by__name"),
        Column("drawn_at", "Drawn", sort="drawn_at", kind="moment"),
    )
    facts: ClassVar = (
        *columns[1:],
        Column("seed", "Seed", empty="None: a person picked"),
        Column("algorithm", "Algorithm", empty="None: a person picked"),
        Column("population_sha256", "Population's SHA-256"),
        Column("redraws", "Draws again", url=lambda one: one.redraws.get_absolute_url() if one.redraws else ""),
        Column("reason", "Reason"),
    )
    related: ClassVar = ("population", "drawn_by", "redraws", "redraws__population")
    ordering: ClassVar = ("-id",)
    left_out: ClassVar = NO_EDITING
    intro = "What was drawn from populations, by which rule and seed: anybody can draw the same again."

    @staticmethod
    def attach(found: list[Any], user: User, moment: datetime.datetime | None) -> None:  # noqa: ARG004
        """Where each one's population is: whoever sees a sample sees what it was drawn from."""
        for sample in found:
            sample.population_url = sample.population.get_absolute_url()

    def detail_context(self, target: Any, moment: datetime.datetime | None) -> dict[str, Any]:
        """Its items in the order of choosing, whether they can be drawn again, and the script that does so."""
        return {
            "population": target.population,
            "items": items_of(target),
            "redrawn": actions.redrawn(target),
            "script": SCRIPT.read_text(encoding="utf-8"),
        }


def items_of(sample: Sample) -> list[PopulationItem]:
    """The rows that were chosen, in the order of choosing."""
    places = [position for position, _ in sample.chosen]
    found = {item.position: item for item in sample.population.items().filter(position__in=places)}
    return [found[place] for place in places]


# ---- freezing ------------------------------------------------------------------------------------------------------


def freeze(request: HttpRequest, sources: Mapping[str, Source]) -> HttpResponse:
    """Freeze a file, an empty list, or a register of ours as a population."""
    user = user_of(request)
    require(user, "add", Population)
    fresh.require(request, "add", Population)
    start = {"controls": [request.GET["control"]] if request.GET.get("control", "").isdecimal() else []}
    form = FreezeForm(*sent(request), user=user, sources=sources, initial=start)
    if form.is_valid() and for_the_first_time(request, form):
        try:
            return redirect(frozen(form, user, sources))
        except Unreadable as error:
            form.add_error("file", str(error))
        except ValidationError as refused:
            put_onto(form, refused)
    context = {"form": form, "pages": PopulationPages(request)}
    status = 413 if is_too_large(form) else 422 if form.errors else 200
    return render(request, "evidence/freeze.html", context, status=status)


def frozen(form: FreezeForm, user: User, sources: Mapping[str, Source]) -> Population:
    """Freeze what the form says. Raises Unreadable, ValidationError."""
    said = form.cleaned_data
    period = Days(said["period_from"], said["period_to"])
    kept = {name: said[name] for name in ("title", "kind", "reason", "origin")}
    controls = list(said["controls"])
    if said["origin"] in sources:
        source = sources[said["origin"]]
        if period.last < period.first:
            raise ValidationError({"period_to": "The period ends before it begins."})
        listing = source.listed(user, period.first, period.last)
        origin = Origin(system=SYSTEM, environment=source.words, connector=f"{SYSTEM}: {said['origin']}", stamped=True)
    else:
        listing = listed(said)
        origin = Origin(system=said["source_system"], environment=said["environment"], collected_by=user)
    return actions.freeze(listing, actor=user, period=period, source=origin, controls=controls, **kept)


def listed(said: dict[str, Any]) -> Listing:
    """What a file, or an empty list, says. Raises Unreadable, ValidationError."""
    total, query = said["source_total"], said["query"]
    if said["origin"] == actions.EMPTY:
        return Listing((), (), total, query)
    table = read(said["file"].read(), encoding=said["encoding"], sheet=said["sheet"])
    key = said["key_column"] or table.header[0]
    columns, lines = of_table(table, key, said["day_column"])
    return Listing(columns, lines, total, query, key, said["day_column"])


@require_safe
def download(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The canonical CSV, as it was frozen and hashed."""
    population = get_shown(user_of(request), "download", Population, pk, "evidence")
    return open_file(user_of(request), population, name=f"population-{pk}.csv")


# ---- drawing -------------------------------------------------------------------------------------------------------


def previewed(request: HttpRequest, population: Population, verb: VerbPage) -> HttpResponse:
    """The form again, with what it would choose."""
    form, found = DrawForm(request.POST, target=population), None
    if form.is_valid():
        try:
            found = actions.preview(population, actor=user_of(request), **form.said())
        except ValidationError as refused:
            put_onto(form, refused)
    context = {
        "object": population, "title": verb.title, "tone": verb.tone, "part": verb.part, "verb": verb.verb,
        "pages": PopulationPages(request), "form": form, "found": found,
        "back": where_from(request, population.get_absolute_url()),
    }  # fmt: skip
    return render(request, verb.template, context, status=422 if form.errors else 200)


@require_safe
def sample_items(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The chosen rows as CSV."""
    sample = get_shown(user_of(request), "download", Sample, pk, "population")
    with transaction.atomic():
        record("sample.exported", user_of(request), sample)
    header = ["position", "key", "day", *sample.population.columns]
    body = [[item.position, item.key, item.day, *item.data] for item in items_of(sample)]
    return stream(f"sample-{sample.pk}", header, [body])


@require_safe
def script(request: HttpRequest) -> HttpResponse:
    """The script that draws the same keys without this product, for whoever sees samples."""
    require(user_of(request), "view", Sample)
    answer = HttpResponse(SCRIPT.read_bytes(), content_type="text/x-python; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="draw_sample.py"'
    return answer
