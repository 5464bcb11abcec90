"""The API of rounds of risk assessment, with the snapshot of a closed one. What signs a person does, and no token."""

from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import CharField, IntegerField, JSONField, Serializer

from foundation.accounts.access import get_allowed
from foundation.pages.api.base import AS_OF, FIELDS, PAGE, PAGE_SIZE, Api
from foundation.pages.api.register import RegisterApi
from foundation.trail.asof import rows, thaw
from risks.assessments.report import closed_one
from risks.assessments.views import AssessmentPages
from risks.models import Assessment, SnapshotLine


class AssessmentApi(RegisterApi):
    """Rounds of risk assessment, with the verbs on one."""

    pages = AssessmentPages
    computed = {
        "ref": CharField(help_text="As AS-3."),
        "considered": IntegerField(help_text="How many of its risks are considered."),
        "risk_count": IntegerField(help_text="How many risks it looks at."),
        "participant_count": IntegerField(help_text="How many people were named."),
        "confirmed": IntegerField(help_text="How many of them confirmed having taken part."),
    }


class SnapshotShape(Serializer[Any]):
    """One risk of a closed round's snapshot, as it was frozen."""

    position = IntegerField()
    risk = IntegerField(source="risk_id")
    status = CharField()
    inherent_score = IntegerField(allow_null=True)
    inherent_band = CharField()
    residual_score = IntegerField(allow_null=True)
    residual_band = CharField()
    facts = JSONField(help_text="Everything that the register said of it: what the hash is over.")


class SnapshotApi(Api):
    """The snapshot of a closed round."""

    pages = AssessmentPages
    summary: ClassVar = {"read_all": "List the snapshot of an assessment"}

    def read_all(self, request: Request, pk: int) -> Response:
        """Every risk of the snapshot, in the order of the hash."""
        self.asked()
        moment = self.moment(Assessment)
        closed_one(thaw(get_allowed(self.user, "view", rows(Assessment, moment), pk, moment)))
        left_out = self.chosen(SnapshotShape)
        found, around = self.numbered(SnapshotLine.objects.filter(assessment=pk).order_by("position"))
        return Response({**around, "results": self.shaped(SnapshotShape, found, left_out)})

    def parameters(self) -> list[OpenApiParameter]:
        return [AS_OF, FIELDS, PAGE, PAGE_SIZE]

    def gives(self) -> Any:
        return SnapshotShape
