"""The API of findings and corrective actions. What signs (verify, accept) is done on screen."""

from rest_framework.serializers import CharField

from findings import actions, follow_up
from findings.corrective_views import CorrectiveActionPages
from findings.forms import (
    AcceptanceForm,
    AddEvidenceForm,
    CompleteForm,
    FixForm,
    LinkControlForm,
    NoteForm,
    PlanActionForm,
)
from findings.views import FindingPages
from foundation.accounts.scopes import TokenScope
from foundation.pages.api.register import RegisterApi, Verb
from foundation.pages.forms import ReasonForm


class FindingApi(RegisterApi):
    """Findings, with the verbs that need no signature."""

    pages = FindingPages
    computed = {"ref": CharField(help_text="As F-12.")}
    verbs = (
        Verb("start", "update_status", NoteForm, actions.start, TokenScope.WRITE_STATUS, name="start"),
        Verb("fix", "update_status", FixForm, actions.fix, TokenScope.WRITE_STATUS, name="fix"),
        Verb("reopen", "reopen", ReasonForm, actions.reopen),
        Verb("acceptance", "request_acceptance", AcceptanceForm, actions.request_acceptance),
        Verb("actions", "plan_action", PlanActionForm, follow_up.plan_action),
        Verb("controls", "link_control", LinkControlForm, follow_up.link_control),
        Verb("evidence", "add_evidence", AddEvidenceForm, follow_up.add_evidence),
    )


class CorrectiveActionApi(RegisterApi):
    """Corrective actions: planned on their finding, done here."""

    pages, writes = CorrectiveActionPages, False
    computed = {"ref": CharField(help_text="As CA-3.")}
    verbs = (Verb("complete", "complete", CompleteForm, follow_up.complete, TokenScope.WRITE_STATUS),)
