"""The API of risks, their treatment actions and acceptances. What signs (approving) a person does, and no token."""

from rest_framework.serializers import CharField, ListField

from foundation.pages.api.register import RegisterApi
from risks.acceptance_views import AcceptancePages
from risks.treatment_views import TreatmentActionPages
from risks.views import RiskPages


class RiskApi(RegisterApi):
    """Risks, with the verbs on one."""

    pages = RiskPages
    computed = {
        "ref": CharField(help_text="As R-12."),
        "flags": ListField(child=CharField(), help_text="What is wrong with what holds it down."),
    }


class TreatmentActionApi(RegisterApi):
    """Steps of treatment plans: planned on their risk, done here."""

    pages, writes = TreatmentActionPages, False
    computed = {"ref": CharField(help_text="As TA-3.")}


class AcceptanceApi(RegisterApi):
    """Acceptances: asked for on their risk."""

    pages, writes = AcceptancePages, False
    computed = {"ref": CharField(help_text="As RA-3.")}
