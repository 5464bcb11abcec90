"""The API of response plans and their versions. What signs a person does, and no token."""

from rest_framework.serializers import CharField, DateTimeField, IntegerField, JSONField

from foundation.pages.api.register import RegisterApi
from incidents.plans.views import PlanVersionPages, ResponsePlanPages


class ResponsePlanApi(RegisterApi):
    """Response plans: which version is in force, and when each is looked at again."""

    pages = ResponsePlanPages
    computed = {
        "ref": CharField(help_text="As RP-1."),
        "version_in_force": IntegerField(allow_null=True, help_text="The number of the version in force."),
        "approved_at": DateTimeField(allow_null=True, help_text="When that was approved."),
    }


class PlanVersionApi(RegisterApi):
    """Versions of response plans, with the verbs on one; what a version says is whole where one alone is read."""

    pages = PlanVersionPages
    computed = {
        "ref": CharField(help_text="As PV-3."),
        "said": JSONField(help_text="Roles, contacts, severities and playbooks; empty in a list."),
    }
