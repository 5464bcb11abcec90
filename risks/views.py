"""The register of risks, with the verbs on one."""

import datetime
from dataclasses import replace
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse

from foundation.accounts.access import get_allowed
from foundation.pages.act import VerbPage, act
from foundation.pages.forms import RegisterForm, user_of
from foundation.pages.history import Link
from foundation.pages.pages import Pages
from risks import acceptance, actions, treatment
from risks.columns import COLUMNS, FACTS, attach_risk
from risks.detail import detail_of
from risks.filters import RiskFilter
from risks.forms import (
    AcceptanceForm,
    LinkControlForm,
    LinkFindingForm,
    LinkVendorForm,
    NoteForm,
    PlanActionForm,
    RateForm,
    ReviewForm,
    RiskForm,
    TreatForm,
)
from risks.imports import RiskImporter
from risks.models import Acceptance, Risk, RiskControl, RiskFinding, RiskVendor, TreatmentAction
from risks.rating import rate


class RiskPages(Pages):
    """The pages that every register has, for risks."""

    model = Risk
    form_class, filter_class, importer = RiskForm, RiskFilter, RiskImporter
    columns, facts, ordering = COLUMNS, FACTS, ("-residual_score",)
    related, facts_related = ("owner",), ("method", "rated_by")
    links = (
        Link("Control", RiskControl, "risk"),
        Link("Vendor", RiskVendor, "risk"),
        Link("Finding", RiskFinding, "risk"),
        Link("Treatment action", TreatmentAction, "risk"),
        Link("Acceptance", Acceptance, "risk"),
    )
    intro = "What could keep the company from its commitments: rated before and after controls, treated or accepted."
    verbs = (
        VerbPage("adapt", actions.adapt, "Adapt template", "{0.ref} is the company's own now: rate it.", NoteForm),
        VerbPage("rate", rate, "Rate risk", "{0.ref} is rated.", RateForm),
        VerbPage("treat", treatment.treat, "Decide treatment", "{0.ref} is in treatment.", TreatForm),
        VerbPage("review", actions.review, "Review", "{0.ref} was looked at; next on {0.review_on}.", ReviewForm),
        VerbPage(
            "request_acceptance", acceptance.request_acceptance, "Ask to accept",
            "Another person decides whether {0.ref} is accepted.", AcceptanceForm, path="acceptance",
        ),
        VerbPage("close", actions.close, "Close risk", "{0.ref} is closed.", tone="danger"),
        VerbPage("reopen", actions.reopen, "Reopen", "{0.ref} is open again."),
        VerbPage(
            "plan_action", treatment.plan_action, "Plan treatment action", "A step is planned.", PlanActionForm,
            path="actions/new",
        ),
        VerbPage(
            "link", actions.link_control, "Link control", "The control is linked.", LinkControlForm,
            name="link-control", path="controls/new",
        ),
        VerbPage(
            "link", actions.link_vendor, "Link vendor", "The vendor is linked.", LinkVendorForm, name="link-vendor",
            path="vendors/new", tab="links",
        ),
        VerbPage(
            "link", actions.link_finding, "Link finding", "The finding is linked.", LinkFindingForm,
            name="link-finding", path="findings/new", tab="links",
        ),
    )  # fmt: skip
    attach = staticmethod(attach_risk)

    def detail_context(self, target: Any, moment: datetime.datetime | None) -> dict[str, Any]:
        """Its links, steps and acceptances, and the verbs that this person may do now."""
        return detail_of(target, self.user, moment)

    def keep(self, form: RegisterForm, participle: str) -> Risk:
        """A new risk gets the day of its first review; a change may make a request to accept it outdated."""
        if participle == "created":
            return actions.register(form.save(commit=False), actor=self.user)
        with transaction.atomic():
            kept: Risk = super().keep(form, participle)
            acceptance.after_change(kept, actor=self.user)
        return kept

    def put_away(self, target: Risk, participle: str, reason: str) -> Any:
        """What is accepted, or waits to be, is not archived."""
        with transaction.atomic():
            if participle == "archived":
                actions.check_put_away(target)
            return super().put_away(target, participle, reason)


# ---- verbs on one link ------------------------------------------------------------------------------------------


UNLINK = VerbPage("unlink", actions.unlink, "Unlink", "It is unlinked.", tone="danger")
UNLINK_TIE = replace(UNLINK, tab="links")  # which leads back to the risk's tab of vendors and findings


def unlink_control(request: HttpRequest, pk: int) -> HttpResponse:
    """Take the link to a control away; `pk` is the link's."""
    return act(request, RiskPages, get_allowed(user_of(request), "unlink", RiskControl, pk), UNLINK)


def unlink_vendor(request: HttpRequest, pk: int) -> HttpResponse:
    """Take the link to a vendor away; `pk` is the link's."""
    return act(request, RiskPages, get_allowed(user_of(request), "unlink", RiskVendor, pk), UNLINK_TIE)


def unlink_finding(request: HttpRequest, pk: int) -> HttpResponse:
    """Take the link to a finding away; `pk` is the link's."""
    return act(request, RiskPages, get_allowed(user_of(request), "unlink", RiskFinding, pk), UNLINK_TIE)
