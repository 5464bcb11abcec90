"""The registers of auditors' samples and of tests of controls; drawing, and the rows as files."""

import datetime
from typing import Any, ClassVar, Final

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_safe

from audits.models import Engagement, Status
from audits.models.requests import RUNNING, TO_ANSWER
from audits.models.testing import AuditSample, ControlTest, ItemEvidence, ItemResult, SampleItem, TestState
from audits.testing import columns as words
from audits.testing import drawing, lines, responding, testing
from audits.testing.forms import (
    AuditDrawForm,
    AuditSampleFilter,
    ConcludeForm,
    ControlTestFilter,
    ControlTestForm,
    HandInForm,
    ReopenForm,
    ReplaceForm,
    ResponseForm,
    ResultsForm,
)
from evidence.models import Sample
from evidence.sampling.actions import redrawn
from foundation.accounts.access import can, get_allowed, get_shown, open_window, require, verbs_on
from foundation.accounts.models import User
from foundation.files.download import open_file
from foundation.pages.act import VerbPage, act
from foundation.pages.forms import RegisterForm, user_of
from foundation.pages.history import Link
from foundation.pages.pages import Pages
from foundation.pages.sheets import stream
from foundation.trail.asof import rows, thaw
from foundation.trail.record import record

NO_EDITING: Final = ("create", "edit", "archive", "restore")


def is_shut(engagement: Engagement) -> bool:
    """Whether nothing is drawn, tested or answered: not yet, or not any more."""
    return engagement.status == Status.PLANNED or engagement.is_over


def opens_rows(user: User, ours: AuditSample) -> bool:
    """Whether this person may have every row of a sample's population, not its lines alone: who answers for the lines
    may see no more than those. The auditor drew from it.
    """
    return user.is_auditor or can(user, "download", ours.sample.population)


def lines_of(sample_id: int | None, moment: datetime.datetime | None) -> list[Any]:
    """The lines of a sample as they stood, each with `replaced`: the line that came in its place. One query."""
    if sample_id is None:
        return []
    found = rows(SampleItem, moment).filter(audit_sample_id=sample_id).select_related("item").order_by("number")
    drawn = [thaw(row) for row in found]
    instead = {one.replaces_id: one for one in drawn}
    for one in drawn:
        one.replaced = instead.get(one.pk)
    return drawn


class AuditSamplePages(Pages):
    """What auditors drew. A sample is never edited: an item is replaced by a further line, and says why."""

    model = AuditSample
    form_class, filter_class = RegisterForm, AuditSampleFilter
    columns: ClassVar = words.SAMPLE_COLUMNS
    facts: ClassVar = words.SAMPLE_FACTS
    related: ClassVar = words.SAMPLE_RELATED
    ordering: ClassVar = ("-id",)
    links: ClassVar = (Link("Item", SampleItem, "audit_sample"),)
    left_out: ClassVar = NO_EDITING
    intro = "What the auditors drew from frozen populations, and what was handed in for each item."
    attach = staticmethod(words.attach_samples)
    verbs: ClassVar = (
        VerbPage(
            "hand_in", lines.hand_in_for, "Hand in for items", "It is kept for these items of {0.ref}.", HandInForm,
            scope=None,
        ),
        VerbPage(
            "replace_item", drawing.replace_item, "Replace an item", "The item of {0.ref} is replaced.", ReplaceForm,
            tone="danger", scope=None,
        ),
    )  # fmt: skip

    def create_url(self) -> str:
        """Where one is drawn: beside the populations of the auditor's engagement."""
        window = open_window(self.user)
        return reverse("audits:engagement-tests", args=[window.engagement_id]) if window else self.list_url()

    def new_words(self) -> str:
        """What drawing is called."""
        return "Draw a sample"

    def detail_context(self, target: Any, moment: datetime.datetime | None) -> dict[str, Any]:
        """Its lines with what was handed in for each, and what this person may do."""
        drawn = lines_of(target.pk, moment)
        shown = lines.evidence_of(self.user, drawn, moment)
        given = verbs_on(self.user, ("hand_in", "replace_item", "download"), target) if moment is None else set()
        if is_shut(target.engagement):
            given &= {"download"}
        live = target.request.state
        return {
            "population": target.sample.population,
            "lines": [(one, shown[one.pk]) for one in drawn],
            "redrawn": redrawn(target.sample),
            "may_hand_in": "hand_in" in given and live in TO_ANSWER,
            "may_replace": "replace_item" in given and live in RUNNING,
            "may_download": "download" in given,
            "may_download_rows": "download" in given and opens_rows(self.user, target),
            "sees_engagement": can(self.user, "view", target.engagement, moment),
            "sees_population": can(self.user, "view", target.sample.population, moment),
            "sees_script": can(self.user, "view", Sample),
        }


class ControlTestPages(Pages):
    """Tests of controls: the “tests and results” table. The auditor writes them; management responds."""

    model = ControlTest
    form_class, filter_class = ControlTestForm, ControlTestFilter
    columns: ClassVar = words.TEST_COLUMNS
    facts: ClassVar = words.TEST_FACTS
    related: ClassVar = words.TEST_RELATED
    facts_related: ClassVar = ("concluded_by", "supersedes")
    ordering: ClassVar = ("control__ref", "id")
    prefilled: ClassVar = ("control", "sample")
    links: ClassVar = (Link("Result", ItemResult, "test"),)
    left_out: ClassVar = ("archive", "restore")
    intro = "What the auditors tested, on which items, and with which result. Management’s responses stand beside."
    attach = staticmethod(words.attach_tests)
    verbs: ClassVar = (
        VerbPage(
            "record", testing.record_results, "Write results", "The results of {0.ref} are kept.", ResultsForm,
            name="results", scope=None, template="audits/testing/results.html", part="audits/testing/results_form.html",
        ),
        VerbPage(
            "conclude", testing.conclude, "Conclude test", "{0.ref} is concluded and frozen.", ConcludeForm, scope=None
        ),
        VerbPage(
            "reopen", testing.reopen, "Open test again", "{0.ref} is opened again as another test.", ReopenForm,
            scope=None, leads=lambda test: str(test.superseded_by.get_absolute_url()),
        ),
        VerbPage(
            "respond", responding.respond, "Respond to exceptions", "Your response stands beside {0.ref}.",
            ResponseForm,
        ),
    )  # fmt: skip

    def keep(self, form: Any, participle: str) -> ControlTest:
        """A test is kept by its action, which asks who tests."""
        return testing.keep_test(form.save(commit=False), actor=self.user)

    def edit_refused(self, target: Any) -> str:
        """One that is concluded stays, and so do all of a closed engagement."""
        if target.state != TestState.RUNNING:
            return testing.FROZEN
        return "The engagement is not in fieldwork." if is_shut(target.engagement) else ""

    def detail_context(self, target: Any, moment: datetime.datetime | None) -> dict[str, Any]:
        """The grid of results, management's response, and what this person may do."""
        drawn = lines_of(target.sample_id, moment)
        shown = lines.evidence_of(self.user, drawn, moment)
        written = {}
        for row in rows(ItemResult, moment).filter(test_id=target.pk):
            written[(row.item_id, row.attribute)] = thaw(row)
        letters = target.lettered()
        grid: list[Any] = drawn if target.sample_id else [None]
        return {
            "letters": letters,
            "grid": [
                (
                    line,
                    [(letter, written.get((line and line.pk, letter))) for letter, _ in letters],
                    shown[line.pk] if line else [],
                )
                for line in grid
            ],
            "verbs": self.verbs_now(target) if moment is None else set(),
            "count_words": words.count_words(target),
            "sees_engagement": can(self.user, "view", target.engagement, moment),
            "following": None
            if moment
            else ControlTest.objects.filter(supersedes=target.pk).select_related("control").first(),
        }

    def verbs_now(self, target: Any) -> set[str]:
        """Which verbs make sense now, of those that the role gives."""
        given = verbs_on(self.user, ("record", "conclude", "reopen", "respond"), target)
        runs = target.state == TestState.RUNNING
        sensible = {
            "record": runs and bool(target.attributes), "conclude": runs, "reopen": not runs and not target.superseded,
            "respond": bool(target.count.exceptions) and not target.superseded,
        }  # fmt: skip
        return set() if is_shut(target.engagement) else {verb for verb in given if sensible[verb]}


# ---- drawing -------------------------------------------------------------------------------------------------------


def draw(request: HttpRequest, pk: int, population: int) -> HttpResponse:
    """An auditor draws from a population of his engagement; management never does (R3.3)."""
    user = user_of(request)
    engagement = get_allowed(user, "view", Engagement, pk)
    require(user, "add", AuditSample)
    if is_shut(engagement):
        raise PermissionDenied(drawing.NOT_YET if engagement.status == Status.PLANNED else "The engagement is closed.")
    found = get_object_or_404(drawing.populations_of(engagement), pk=population)
    if not found.row_count:
        raise PermissionDenied("This population is empty: there is nothing to draw.")
    made: list[AuditSample] = []

    def drawn(target: Any, **said: Any) -> None:
        made.append(drawing.draw_for(engagement, target, **said))

    page = VerbPage(
        "draw", drawn, "Draw a sample", lambda _: f"{made[0].ref} is drawn, and {made[0].request.ref} asks for it.",
        AuditDrawForm, template="audits/testing/draw.html", leads=lambda _: made[0].get_absolute_url(),
    )  # fmt: skip
    home = f"{engagement.get_absolute_url()}tests/"
    return act(request, AuditSamplePages, found, page, home=home, engagement=engagement)


draw.pages = AuditSamplePages  # type: ignore[attr-defined]


@require_safe
def lines_csv(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The lines as CSV: rows, what each replaces, and what was handed in for it."""
    user = user_of(request)
    ours = get_shown(user, "download", AuditSample, pk, "sample__population")
    with transaction.atomic():
        record("auditsample.downloaded", user, ours)
    drawn = lines_of(ours.pk, None)
    shown = lines.evidence_of(user, drawn, None)
    numbers = {one.pk: one.number for one in drawn}
    header = [
        "number", "position", "key", "day", *ours.sample.population.columns, "replaces", "reason", "replaced by",
        "evidence",
    ]  # fmt: skip
    body = [
        [
            one.number, one.item.position, one.item.key, one.item.day, *one.item.data,
            numbers.get(one.replaces_id, ""), one.reason, one.replaced.number if one.replaced else "",
            ", ".join(link.handed_in.evidence.ref for link in shown[one.pk]),
        ]
        for one in drawn
    ]  # fmt: skip
    return stream(f"{ours.ref}-lines", header, [body])


lines_csv.pages = AuditSamplePages  # type: ignore[attr-defined]


@require_safe
def population_csv(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The canonical rows that the sample was drawn from: with them, its seed and the script anybody draws it again."""
    user = user_of(request)
    ours = get_shown(user, "download", AuditSample, pk, "sample__population__evidence")
    if not ours.sample.population.file:
        raise Http404
    if not opens_rows(user, ours):
        raise PermissionDenied
    return open_file(user, ours.sample.population, name=f"population-{ours.sample.population_id}.csv")


population_csv.pages = AuditSamplePages  # type: ignore[attr-defined]

TAKE_BACK: Final = VerbPage(
    "unlink", lines.take_back, "Take back", "It does not show this item any more.", tone="danger"
)


def take_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Say that an item of evidence does not show a line after all."""
    found = get_allowed(user_of(request), "unlink", ItemEvidence.objects.select_related("item"), pk)
    return act(request, AuditSamplePages, found, TAKE_BACK)


take_back.pages = AuditSamplePages  # type: ignore[attr-defined]
