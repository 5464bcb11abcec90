"""The register of findings, the verbs on one, and the ageing report."""

import datetime
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_safe

from findings import actions, follow_up
from findings.ageing import BUCKETS, ageing, open_ones
from findings.columns import COLUMNS, FACTS, attach_day, standing_words
from findings.detail import decisions_of, links_of, verbs_for
from findings.filters import FindingFilter
from findings.forms import (
    AcceptanceForm,
    AcceptForm,
    AddEvidenceForm,
    FindingForm,
    FixForm,
    LinkControlForm,
    NoteForm,
    PlanActionForm,
    SeenForm,
)
from findings.imports import FindingImporter
from findings.models import CorrectiveAction, Finding, FindingControl, FindingEvidence
from foundation.accounts.access import get_allowed, require
from foundation.accounts.models import User
from foundation.accounts.scopes import TokenScope
from foundation.pages.act import VerbPage, act
from foundation.pages.exports import Form, Table, send
from foundation.pages.forms import RegisterForm, user_of
from foundation.pages.history import Link
from foundation.pages.moment import day_of
from foundation.pages.pages import Pages
from foundation.pages.paper import Paper
from foundation.trail.asof import thaw
from foundation.trail.record import record

AGEING = "Findings ageing"
UNRESOLVED = "Unresolved: open, in progress, reopened, and accepted ones whose acceptance has ended."
HEADER = ("Severity", *(bucket.words for bucket in BUCKETS), "All", "Overdue")


class FindingPages(Pages):
    """The pages that every register has, for findings."""

    model = Finding
    form_class, filter_class, importer = FindingForm, FindingFilter, FindingImporter
    columns, facts, related, ordering = COLUMNS, FACTS, ("owner",), ("due_on",)
    links = (
        Link("Control", FindingControl, "finding"),
        Link("Evidence", FindingEvidence, "finding"),
        Link("Corrective action", CorrectiveAction, "finding"),
    )
    intro = "Deviations, exceptions, failed checks, vulnerabilities and audit findings, each with its deadline."
    verbs = (
        VerbPage(
            "update_status", actions.start, "Start work", "{0.ref} is in progress.", NoteForm,
            name="start", scope=TokenScope.WRITE_STATUS,
        ),
        VerbPage(
            "update_status", actions.fix, "Mark as fixed", "{0.ref} is fixed; another person verifies it.", FixForm,
            name="fix", scope=TokenScope.WRITE_STATUS,
        ),
        VerbPage("verify", actions.verify, "Verify and close", "{0.ref} is verified and closed.", SeenForm),
        VerbPage("verify", actions.return_fix, "Not fixed", "{0.ref} is open again.", name="return"),
        VerbPage("reopen", actions.reopen, "Reopen", "{0.ref} is open again."),
        VerbPage(
            "request_acceptance", actions.request_acceptance, "Ask to accept",
            "Another person decides whether {0.ref} is accepted.", AcceptanceForm, path="acceptance",
        ),
        VerbPage(
            "accept", actions.accept, "Accept finding", "{0.ref} is accepted until {0.acceptance_until}.", AcceptForm,
            path="acceptance/approve",
        ),
        VerbPage(
            "accept", actions.decline_acceptance, "Decline to accept", "{0.ref} is not accepted.",
            name="decline", path="acceptance/decline",
        ),
        VerbPage(
            "plan_action", follow_up.plan_action, "Plan corrective action", "A corrective action is planned.",
            PlanActionForm, path="actions/new",
        ),
        VerbPage(
            "link_control", follow_up.link_control, "Link control", "The control is linked.", LinkControlForm,
            path="controls/new",
        ),
        VerbPage(
            "add_evidence", follow_up.add_evidence, "Link proof", "The evidence is linked.", AddEvidenceForm,
            path="evidence/new",
        ),
    )  # fmt: skip
    attach = staticmethod(attach_day)

    def detail_context(self, target: Any, moment: datetime.datetime | None) -> dict[str, Any]:
        """Its links, corrective actions and decisions, and the verbs that this person may do now."""
        return {
            **links_of(target, self.user, moment),
            "decisions": decisions_of(target, self.user, moment),
            "verbs": {} if moment else verbs_for(self.user, target),
            "standing": target.standing(day_of(moment)),
            "overdue": target.is_overdue(day_of(moment)),
        }

    def keep(self, form: RegisterForm, participle: str) -> Finding:
        """A new finding is raised; its deadline follows its rating."""
        if participle == "created":
            return actions.register(form.save(commit=False), actor=self.user)
        kept: Finding = super().keep(form, participle)
        return kept


# ---- verbs on one link ------------------------------------------------------------------------------------------


UNLINK = VerbPage("unlink", follow_up.unlink, "Unlink", "It is unlinked.", tone="danger")


def unlink_control(request: HttpRequest, pk: int) -> HttpResponse:
    """Take the link to a control away; `pk` is the link's."""
    return act(request, FindingPages, get_allowed(user_of(request), "unlink", FindingControl, pk), UNLINK)


def unlink_evidence(request: HttpRequest, pk: int) -> HttpResponse:
    """Take the link to evidence away; `pk` is the link's."""
    return act(request, FindingPages, get_allowed(user_of(request), "unlink", FindingEvidence, pk), UNLINK)


# ---- ageing --------------------------------------------------------------------------------------------------------


@require_safe
def ageing_page(request: HttpRequest) -> HttpResponse:
    """How old the unresolved findings are, by severity."""
    user = user_of(request)
    require(user, "view", Finding)
    pages = FindingPages(request)
    moment = pages.moment()
    day = day_of(moment)
    context = {"pages": pages, "moment": moment, "day": day, "buckets": BUCKETS, "lines": ageing(user, moment, day)}
    return render(request, "findings/ageing.html", context)


def ageing_paper(user: User, params: QueryDict, moment: datetime.datetime | None, /) -> Paper:
    """The same on paper, with each unresolved finding, the most urgent first."""
    require(user, "view", Finding)
    day = day_of(moment)
    found = open_ones(user, moment, day).select_related("owner").order_by("due_on", "id")

    def table() -> list[Any]:
        ready = [thaw(row) for row in found]
        attach_day(ready, user, moment)
        return [(one, one.is_overdue(day), (day - one.first_detected_on).days, standing_words(one)) for one in ready]

    return Paper(
        title=AGEING,
        template="pdf/ageing.html",
        context={"buckets": BUCKETS, "lines": ageing(user, moment, day), "table": table, "day": day},
        scope=(UNRESOLVED,),
        as_of=moment,
        landscape=True,
        rows=found.count(),
    )


ageing_page.paper = ageing_paper  # type: ignore[attr-defined]
ageing_page.pages = FindingPages  # type: ignore[attr-defined]


@require_safe
def ageing_export(request: HttpRequest, form: Form) -> HttpResponseBase:
    """The counts, a row for each severity."""
    user = user_of(request)
    require(user, "view", Finding)
    moment = FindingPages(request).moment()
    day = day_of(moment)
    lines = [
        [one.words, *(count for _, count in one.counts), one.total, one.overdue] for one in ageing(user, moment, day)
    ]
    with transaction.atomic():
        record("ageing.exported", user, refs={"format": form}, private={"query": request.GET.urlencode()})
    table = Table(AGEING, f"findings-ageing-{day}", HEADER, [lines], scope=(UNRESOLVED,), as_of=moment)
    return send(table, form, user)
