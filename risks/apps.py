from django.apps import AppConfig

from risks.guards import RISK_GUARDS


class RisksConfig(AppConfig):
    name = "risks"
    guards = RISK_GUARDS
