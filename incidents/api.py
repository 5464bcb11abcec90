"""The API of events and incidents, with the verbs on one. Files are attached on screen."""

from rest_framework.serializers import BooleanField, CharField

from foundation.pages.api.register import RegisterApi
from incidents.views import IncidentPages


class IncidentApi(RegisterApi):
    """Events and incidents: reported, declared, led to their end."""

    pages = IncidentPages
    computed = {
        "ref": CharField(help_text="As INC-12."),
        "kind": CharField(help_text="Event or Incident."),
        "clock_late": BooleanField(help_text="Whether a notification clock of it is overdue."),
    }
