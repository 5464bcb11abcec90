"""The API of the heatmap: the same figures as on its page."""

from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import CharField, DictField, IntegerField, ListField, Serializer

from foundation.accounts.access import require
from foundation.pages.api.base import AS_OF, FIELDS, PAGE, PAGE_SIZE, Api
from risks.heatmap.counts import Heatmap, heatmaps
from risks.models import LEVELS, Risk, in_force
from risks.views import RiskPages


class SquareShape(Serializer[Any]):
    """One square of a map."""

    likelihood = IntegerField()
    impact = IntegerField()
    band = CharField()
    risks = IntegerField()


class HeatmapShape(Serializer[Any]):
    """One of the two maps."""

    map = CharField(help_text="inherent or residual.")
    method = IntegerField(help_text="The version of the method by which bands are drawn.")
    rated = IntegerField()
    unrated = IntegerField()
    bands = DictField(child=IntegerField(), help_text="How many risks lie in each band.")
    squares = ListField(child=SquareShape())


class HeatmapApi(Api):
    """The heatmap: the same figures as on its page."""

    pages = RiskPages
    summary: ClassVar = {"read_all": "Read the risk heatmap"}

    def read_all(self, request: Request) -> Response:
        """Inherent and residual, live or as it stood."""
        require(self.user, "view", Risk)
        self.asked()
        moment = self.moment(Risk)
        method = in_force(moment)
        left_out = self.chosen(HeatmapShape)
        found, around = self.numbered([told(one, method.number) for one in heatmaps(self.user, moment, method)])
        return Response({**around, "results": self.shaped(HeatmapShape, found, left_out)})

    def parameters(self) -> list[OpenApiParameter]:
        return [AS_OF, FIELDS, PAGE, PAGE_SIZE]

    def gives(self) -> Any:
        return HeatmapShape


def told(one: Heatmap, method: int) -> dict[str, Any]:
    """One map as plain data."""
    squares = [
        {"likelihood": line.level, "impact": impact, "band": cell.band, "risks": cell.count}
        for line in reversed(one.lines)
        for impact, cell in zip(LEVELS, line.cells, strict=True)
    ]
    bands = {band: count for band, _, count, _ in one.bands}
    return {
        "map": one.part, "method": method, "rated": one.rated, "unrated": one.unrated, "bands": bands,
        "squares": squares,
    }  # fmt: skip
