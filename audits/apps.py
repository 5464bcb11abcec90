from django.apps import AppConfig

from audits.requests.guards import REQUEST_GUARDS


class AuditsConfig(AppConfig):
    name = "audits"
    guards = REQUEST_GUARDS
