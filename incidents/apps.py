from django.apps import AppConfig

from incidents.guards import INCIDENT_GUARDS


class IncidentsConfig(AppConfig):
    name = "incidents"
    guards = INCIDENT_GUARDS
