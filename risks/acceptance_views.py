"""The register of acceptances, and the verbs on one. They are asked for on their risk's page."""

from typing import Any, ClassVar

from django.http import HttpResponse

from foundation.accounts.access import verbs_on, visible
from foundation.pages.act import VerbPage, act
from foundation.pages.forms import RegisterForm
from foundation.pages.pages import Pages
from risks import acceptance
from risks.columns import (
    ACCEPTANCE_COLUMNS,
    ACCEPTANCE_FACTS,
    acceptance_words,
    attach_named_risk,
    attach_risk,
    level_words,
)
from risks.detail import controls_of
from risks.filters import AcceptanceFilter
from risks.forms import ApproveForm
from risks.models import Acceptance, AcceptanceState, Risk

DECIDING = ("approve", "decline")


class AcceptancePages(Pages):
    """Acceptances of risks: asked, decided, in force, ended."""

    model = Acceptance
    form_class, filter_class = RegisterForm, AcceptanceFilter
    columns, facts, ordering = ACCEPTANCE_COLUMNS, ACCEPTANCE_FACTS, ("-id",)
    related = ("risk", "requested_by", "decided_by", "owner")
    left_out: ClassVar = ("create", "edit", "archive", "restore")
    intro = "Who asked to live with which risk, who agreed by which line of the table, and until when."
    verbs: ClassVar = (
        VerbPage("approve", acceptance.approve, "Accept risk", "The risk is accepted until {0.until}.", ApproveForm),
        VerbPage("decline", acceptance.decline, "Decline to accept", "{0.ref} is declined."),
        VerbPage("withdraw", acceptance.withdraw, "Withdraw request", "{0.ref} is withdrawn."),
        VerbPage("end", acceptance.end, "End acceptance", "The risk is open again.", tone="danger"),
    )
    attach = staticmethod(attach_named_risk)

    def act_on(self, target: Any, verb: VerbPage) -> HttpResponse:
        """Only whom its band names decides: anybody else is told so before any form."""
        if verb.verb in DECIDING:
            acceptance.require_line(self.user, target)
        return act(self.request, type(self), target, verb, **self.of_risk(target))

    def of_risk(self, target: Any) -> dict[str, Any]:
        """The ratings in words and the controls of the risk that is decided about, to whoever sees it."""
        risk = visible(self.user, Risk.objects.select_related("owner", "method")).filter(pk=target.risk_id).first()
        if risk is None:
            return {}
        attach_risk([risk], self.user, None)
        kinds = ("inherent", "residual")
        ratings = [(kind.capitalize(), level_words(kind)(risk) or "Not rated") for kind in kinds]
        return {"risk": risk, "ratings": ratings, "controls": controls_of(risk, self.user, None)}

    def detail_context(self, target: Any, moment: Any) -> dict[str, Any]:
        """The verbs that make sense now and that this person may do."""
        shown: dict[str, Any] = {"standing": acceptance_words(target)}
        shown["who"] = acceptance.approvers_in_words(target.band)
        if moment:
            return {**shown, "verbs": {}}
        shown["named"] = acceptance.approvers_of(target) if target.state == AcceptanceState.REQUESTED else []
        given = verbs_on(self.user, ("approve", "decline", "withdraw", "end"), target)
        waits, line = target.state == AcceptanceState.REQUESTED, acceptance.line_for(self.user, target)
        verbs = {
            "approve": waits and "approve" in given and acceptance.may_approve(self.user, target),
            "decline": waits and "decline" in given and bool(line),
            "withdraw": waits and "withdraw" in given,
            "end": target.state == AcceptanceState.APPROVED and "end" in given,
        }
        return {**shown, "verbs": verbs}
