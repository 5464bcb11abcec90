"""The API of findings and corrective actions. What signs (verify, accept) a person does, and no token."""

from rest_framework.serializers import CharField

from findings.corrective_views import CorrectiveActionPages
from findings.views import FindingPages
from foundation.pages.api.register import RegisterApi


class FindingApi(RegisterApi):
    """Findings, with the verbs on one."""

    pages = FindingPages
    computed = {"ref": CharField(help_text="As F-12.")}


class CorrectiveActionApi(RegisterApi):
    """Corrective actions: planned on their finding, done here."""

    pages, writes = CorrectiveActionPages, False
    computed = {"ref": CharField(help_text="As CA-3.")}
