from django.apps import AppConfig

from policies.guards import POLICY_GUARDS


class PoliciesConfig(AppConfig):
    name = "policies"
    guards = POLICY_GUARDS
