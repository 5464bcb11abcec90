"""The API of controls, criteria, what ties them, and the matrix."""

from collections.abc import Mapping as ReadOnly
from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BooleanField, CharField, DateField, IntegerField, ListField, Serializer

from controls.filters import CriterionFilter, MappingFilter, MatrixFilter
from controls.matrix import Cells, asked_of, build
from controls.models import Control, Criterion, Mapping
from controls.views import ControlPages
from foundation.accounts.access import require
from foundation.pages.api.base import AS_OF, FIELDS, PAGE, PAGE_SIZE, Api, ask
from foundation.pages.api.errors import refused
from foundation.pages.api.register import RegisterApi
from foundation.pages.columns import Column
from foundation.pages.pages import Pages


class ControlApi(RegisterApi):
    """Controls, with the verbs on one control."""

    pages = ControlPages
    computed = {"criteria": ListField(source="criteria_codes", child=CharField(), help_text="Their ids, as CC6.1.")}


class CriterionRows(Pages):
    """Criteria as rows: they have no list of their own on screen, the matrix and the scope show them."""

    model = Criterion  # type: ignore[assignment]  # loaded from a file, never archived; its filter knows
    filter_class = CriterionFilter
    columns = (Column("code", "Criterion", sort="position"), Column("title", "Title", sort="title"))
    related, ordering = ("category", "series"), ("framework_id", "position")


class CriterionApi(RegisterApi):
    """The criteria and how each applies."""

    pages, writes = CriterionRows, False
    computed = {
        "category_slug": CharField(source="category.slug"),
        "series_code": CharField(source="series.code"),
        "in_scope": BooleanField(source="category.in_scope", help_text="Whether its category is in scope now."),
    }


class MappingRows(Pages):
    """Which control meets which criterion, and why, as rows: on screen a control's page shows them."""

    model = Mapping
    filter_class = MappingFilter
    columns = (
        Column("control", "Control", sort="control__ref"),
        Column("criterion", "Criterion", sort="criterion__position"),
    )
    related, ordering = ("control", "criterion"), ("criterion__framework_id", "criterion__position", "control__ref")


class MappingApi(RegisterApi):
    """Links are changed on the control's page, with a reason for all that change together."""

    pages, writes = MappingRows, False
    computed = {"control_ref": CharField(source="control.ref"), "criterion_code": CharField(source="criterion.code")}


class MatrixControl(Serializer[Any]):
    """A control beside a criterion. `lacks`: owner, review or wording."""

    id = IntegerField()
    ref = CharField()
    name = CharField()
    objective = CharField()
    risk = CharField()
    evidence = CharField()
    status = CharField()
    owner = CharField()
    owner_role = CharField()
    review_date = DateField(allow_null=True)
    lacks = ListField(child=CharField())


class MatrixLine(Serializer[Any]):
    """One row of the matrix: a criterion with one of its controls, or without any."""

    series = CharField(source="group.code")
    criterion = IntegerField(source="criterion.id")
    code = CharField(source="criterion.code")
    title = CharField(source="criterion.title")
    category = CharField(source="criterion.category")
    state = CharField(source="criterion.state", help_text="gap, weak, covered, not_relevant or out_of_scope.")
    control = MatrixControl(allow_null=True)


class MatrixApi(Api):
    """The control matrix, row by row as in its CSV: a gap is a row without a control."""

    summary: ClassVar[ReadOnly[str, str]] = {"read_all": "Read the control matrix"}

    def read_all(self, request: Request, columns: ReadOnly[str, Cells]) -> Response:
        """Criteria in their order, each with its controls; live or as it stood."""
        require(self.user, "view", Control)
        params = self.asked()
        found = build(self.user, asked_of(params), self.moment(Control), columns)
        judged = MatrixFilter(params, found)
        if not judged.form.is_valid():
            raise refused(judged.form)
        left_out = self.chosen(MatrixLine)
        rows = [{"group": group, "criterion": line, "control": control} for group, line, control in found.lines()]
        page, around = self.numbered(rows)
        return Response({**around, "results": self.shaped(MatrixLine, page, left_out)})

    def parameters(self) -> list[OpenApiParameter]:
        """The matrix's filters."""
        filters = [ask(name, f"As on the page: {name}.") for name in ("category", "series", "owner", "state", "show")]
        return [*filters, AS_OF, FIELDS, PAGE, PAGE_SIZE]

    def gives(self) -> type[Serializer[Any]]:
        """A row."""
        return MatrixLine
