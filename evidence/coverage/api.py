"""The API of the coverage grid and the readiness: the same figures as on the pages."""

from collections.abc import Mapping as ReadOnly
from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import (
    BooleanField,
    CharField,
    DateField,
    DictField,
    IntegerField,
    ListField,
    Serializer,
)

from controls.models import Control, Criterion
from evidence.coverage.forms import CoverageFilter, PeriodFilter
from evidence.coverage.grid import Grid
from evidence.coverage.readiness import Readiness
from evidence.coverage.words import STANDINGS
from evidence.models import Occurrence
from foundation.accounts.access import require
from foundation.pages.api.base import AS_OF, FIELDS, PAGE, PAGE_SIZE, Api, ask
from foundation.pages.api.errors import refused

DATE = {"type": "string", "format": "date"}
FROM = ask("from", "The first day of the period; without it, of the programme's year.", DATE)
TO = ask("to", "The last day of the period; without it, of the programme's year.", DATE)
COUNTS = "How many stand how, by state: " + ", ".join(STANDINGS) + "."


class OccurrenceShape(Serializer[Any]):
    """One occurrence."""

    starts_on = DateField()
    ends_on = DateField()
    due_on = DateField(help_text="The last day of grace.")
    event = CharField(help_text="The event's key in its population, if it is one.")
    state = CharField(source="standing", help_text="One of " + ", ".join(STANDINGS) + ".")
    why = CharField(help_text="What is lacking, as a key.")
    waiting = BooleanField(help_text="Whether evidence for it waits to be judged.")
    evidence = IntegerField(allow_null=True, help_text="The item that decides it.")


class CoverageControl(Serializer[Any]):
    """One control with its occurrences of the period."""

    id = IntegerField()
    ref = CharField()
    name = CharField()
    owner = CharField()
    frequency = CharField()
    counts = DictField(source="tally.counts", child=IntegerField(), help_text=COUNTS)
    words = CharField(source="tally.words", help_text="The counts as a sentence.")
    occurrences = ListField(source="squares", child=OccurrenceShape())


class CoverageApi(Api):
    """The coverage grid: controls with their occurrences in a period, the worst first."""

    summary: ClassVar[ReadOnly[str, str]] = {"read_all": "Read the coverage grid"}

    def read_all(self, request: Request) -> Response:
        """Controls with their occurrences in the period, the worst first; live or as it stood."""
        require(self.user, "view", Occurrence)
        params, moment = self.asked(), self.moment(Control)
        filter_ = CoverageFilter(params, self.user, moment)
        if not filter_.is_valid():
            raise refused(filter_.form)
        left_out = self.chosen(CoverageControl)
        grid = Grid(self.user, filter_.period, filter_.narrowed, moment)
        ids, around = self.numbered(grid.ids)
        return Response({**around, "results": self.shaped(CoverageControl, grid.lines(ids), left_out)})

    def parameters(self) -> list[OpenApiParameter]:
        """The grid's filters."""
        filters = [ask(name, f"As on the page: {name}.") for name in ("category", "owner", "state", "q")]
        return [FROM, TO, *filters, AS_OF, FIELDS, PAGE, PAGE_SIZE]

    def gives(self) -> type[Serializer[Any]]:
        """A control."""
        return CoverageControl


class Lack(Serializer[Any]):
    """A control that holds a criterion back."""

    id = IntegerField()
    ref = CharField()
    state = CharField()
    words = CharField(source="tally.words")


class ReadinessCriterion(Serializer[Any]):
    """One criterion in scope."""

    id = IntegerField()
    code = CharField()
    title = CharField()
    series = CharField()
    category = CharField()
    state = CharField(help_text="gap, lacking, unexpected, late, early or ready.")
    counts = DictField(child=IntegerField(), help_text=COUNTS)
    words = CharField(help_text="The counts as a sentence.")
    controls = IntegerField(source="size", help_text="How many controls in scope are linked to it.")
    held_back_by = ListField(source="holding_back", child=Lack())


class ReadinessApi(Api):
    """How far the evidence of a period goes, criterion by criterion: a count, and no opinion."""

    summary: ClassVar[ReadOnly[str, str]] = {"read_all": "Read the readiness"}

    def read_all(self, request: Request) -> Response:
        """The criteria in scope in their order, each with its state and what holds it back."""
        require(self.user, "view", Criterion)
        require(self.user, "view", Occurrence)
        params, moment = self.asked(), self.moment(Control)
        filter_ = PeriodFilter(params, self.user, moment)
        if not filter_.is_valid():
            raise refused(filter_.form)
        left_out = self.chosen(ReadinessCriterion)
        found = Readiness(self.user, filter_.period, filter_.form.cleaned_data["category"], moment)
        page, around = self.numbered(found.criteria)
        return Response({**around, "results": self.shaped(ReadinessCriterion, page, left_out)})

    def parameters(self) -> list[OpenApiParameter]:
        """Its filters."""
        return [FROM, TO, ask("category", "As on the page: category."), AS_OF, FIELDS, PAGE, PAGE_SIZE]

    def gives(self) -> type[Serializer[Any]]:
        """A criterion."""
        return ReadinessCriterion
