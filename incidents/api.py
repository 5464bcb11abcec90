"""The API of events and incidents, with the verbs on one and its timeline. Files are attached on screen."""

from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BooleanField, CharField

from foundation.accounts.access import get_allowed
from foundation.pages.api.base import AS_OF, FIELDS, PAGE, PAGE_SIZE, Api
from foundation.pages.api.register import RegisterApi
from foundation.pages.api.shapes import FileAddress, people_of, shape_of
from foundation.trail.asof import rows, thaw
from incidents.models import Incident, TimelineEntry
from incidents.panels import entries_of
from incidents.views import IncidentPages


class IncidentApi(RegisterApi):
    """Events and incidents: reported, declared, led to their end."""

    pages = IncidentPages
    computed = {
        "ref": CharField(help_text="As INC-12."),
        "kind": CharField(help_text="Event or Incident."),
        "clock_late": BooleanField(help_text="Whether a notification clock of it is overdue."),
    }


class TimelineApi(Api):
    """The timeline of one event or incident."""

    pages = IncidentPages
    summary: ClassVar = {"read_all": "List the timeline of an incident"}
    shape = shape_of(TimelineEntry, {"file": FileAddress("incidents:timelineentry-file")})

    def read_all(self, request: Request, pk: int) -> Response:
        """Every entry in the order in which it happened; `corrects` names the entry that it says anew."""
        self.asked()
        moment = self.moment(Incident)
        incident = thaw(get_allowed(self.user, "view", rows(Incident, moment), pk, moment))
        left_out = self.chosen(self.shape)
        entries = entries_of(self.user, incident, moment).select_related(*people_of(TimelineEntry))
        found, around = self.numbered(entries.order_by("happened_at", "id"))
        return Response({**around, "results": self.shaped(self.shape, [thaw(one) for one in found], left_out)})

    def parameters(self) -> list[OpenApiParameter]:
        return [AS_OF, FIELDS, PAGE, PAGE_SIZE]

    def gives(self) -> Any:
        return self.shape
