from django.apps import AppConfig

from audits.guards import AUDIT_GUARDS
from audits.requests.guards import REQUEST_GUARDS
from audits.testing.guards import TESTING_GUARDS
from audits.texts.guards import TEXT_GUARDS


class AuditsConfig(AppConfig):
    name = "audits"
    guards = (*AUDIT_GUARDS, *REQUEST_GUARDS, *TESTING_GUARDS, *TEXT_GUARDS)
