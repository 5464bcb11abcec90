"""The register of engagements, and admitting auditors to one."""

import datetime
from typing import Any, ClassVar

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from audits import actions, fieldwork
from audits.forms import AdmissionForm, EngagementFilter, EngagementForm, IssueForm
from audits.guards import ISSUED
from audits.models import Engagement, Status
from audits.requests.panel import MOST, unfinished
from audits.testing.panel import running
from audits.texts.showing import lacking
from audits.texts.views import TAKE_OVER
from controls.models import Category
from foundation.accounts import fresh
from foundation.accounts.access import can, get_allowed, verbs_on
from foundation.accounts.models import User
from foundation.pages.act import VerbPage, act
from foundation.pages.columns import Column
from foundation.pages.forms import VerbForm
from foundation.pages.pages import Pages

TONES: dict[str, str] = {
    Status.PLANNED: "mute",
    Status.FIELDWORK: "info",
    Status.REPORTING: "warn",
    Status.CLOSED: "ok",
}

# From each status, the pages that lead on or back, and the verb that each asks for.
STEPS: dict[str, dict[str, str]] = {
    Status.PLANNED: {"begin_fieldwork": "begin_fieldwork"},
    Status.FIELDWORK: {"begin_reporting": "begin_reporting", "return_to_planning": "begin_fieldwork"},
    Status.REPORTING: {"issue_report": "issue_report", "resume_fieldwork": "begin_reporting"},
    Status.CLOSED: {},
}


class EngagementPages(Pages):
    """Engagements. Their windows follow them; one whose auditors still have access is not archived."""

    model = Engagement
    form_class, filter_class = EngagementForm, EngagementFilter
    columns: ClassVar = (
        Column("name", "Engagement", sort="name", kind="title"),
        Column("type", "Type", sort="type"),
        Column("time", "Covers"),
        Column("scope_words", "Categories"),
        Column("firm", "Audit firm", sort="firm", empty="Not chosen"),
        Column("status", "Status", sort="status", kind="badge", tones=TONES),
    )
    facts: ClassVar = (
        *columns[1:],
        Column("report_date", "Report dated", kind="date"),
        Column("opinion", "Opinion in the report"),
        Column(
            "report",
            "Report kept as",
            get=lambda row: row.report and row.report.ref,
            url=lambda row: row.report.get_absolute_url() if row.report else "",
        ),
        Column("issued_by", "Closed by"),
        Column("notes", "Notes"),
    )
    facts_related = ("report", "issued_by")
    verbs: ClassVar = (
        VerbPage(
            "begin_fieldwork", fieldwork.begin_fieldwork, "Begin fieldwork",
            "Fieldwork has begun: the scope is frozen.", VerbForm,
        ),
        VerbPage(
            "begin_fieldwork", fieldwork.refreeze_scope, "Freeze scope anew", "The scope is frozen anew.",
            name="refreeze-scope",
        ),
        VerbPage(
            "begin_fieldwork", fieldwork.return_to_planning, "Return to planning", "The scope can be changed again.",
            tone="danger", name="return-to-planning",
        ),
        VerbPage(
            "begin_reporting", fieldwork.begin_reporting, "Begin reporting", "The report is being written.", VerbForm
        ),
        VerbPage(
            "begin_reporting", fieldwork.resume_fieldwork, "Resume fieldwork", "It is in fieldwork again.",
            name="resume-fieldwork",
        ),
        VerbPage(
            "issue_report", fieldwork.issue_report, "Close with the issued report",
            "{0.name} is closed, and frozen as it stands.", IssueForm,
        ),
        TAKE_OVER,
    )  # fmt: skip
    ordering: ClassVar = ("-id",)
    left_out: ClassVar = ("detail", "description", "tests")  # urls.py has them, printable
    intro = "The examinations by a CPA firm: what each covers, and which auditors may look, from when to when."

    @staticmethod
    def attach(found: list[Any], user: User, moment: datetime.datetime | None) -> None:  # noqa: ARG004 - the same at any moment
        """The categories by name, in one query."""
        names = dict(Category.objects.values_list("slug", "name"))
        for engagement in found:
            engagement.scope_words = [names.get(slug, slug) for slug in engagement.categories]

    def detail_context(self, target: Engagement, moment: datetime.datetime | None) -> dict[str, Any]:
        """The windows as they are now, for whoever may open and close them, and the form to admit somebody."""
        steps = self.steps(target) if moment is None else ()
        if moment is not None or not can(self.user, "admit_auditor", target):
            return {"windows": None, "steps": steps}
        return {
            "steps": steps,
            "windows": list(actions.windows_of(target)),
            "now": timezone.now(),
            "admit_form": AdmissionForm(initial=fresh.typed(self.request)),
        }

    def steps(self, target: Engagement) -> set[str]:
        """Where it can go from here, for whoever may take it there."""
        if target.archived_at is not None:
            return set()
        given = verbs_on(self.user, {step for steps in STEPS.values() for step in steps.values()}, target)
        return {to for to, verb in STEPS[target.status].items() if verb in given}

    def act_on(self, target: Engagement, verb: VerbPage) -> HttpResponse:
        """Closing tells which requests and tests are still open and what management's texts lack, and refuses nothing:
        they stay as they are from then on.
        """
        if verb.verb != "issue_report":
            return act(self.request, type(self), target, verb)
        left = unfinished(target)
        told: dict[str, Any] = {"left": left[:MOST], "left_count": len(left), "lacking": lacking(target)}
        return act(self.request, type(self), target, verb, running=running(target), **told)

    def edit_refused(self, target: Engagement) -> str:
        """One whose report is issued stays as it is (R2.3)."""
        return ISSUED if target.status == Status.CLOSED else ""

    def keep(self, form: Any, participle: str) -> Engagement:
        """Windows follow their engagement in the same transaction."""
        return actions.keep_engagement(form.save(commit=False), actor=self.user)

    @transaction.atomic
    def put_away(self, target: Engagement, participle: str, reason: str) -> Engagement:
        """Not archived while an auditor still has access, whoever asks."""
        if participle == "archived":
            actions.hold_for_archiving(target)
        return super().put_away(target, participle, reason)

    @transaction.atomic
    def archive_page(self, pk: int) -> HttpResponse:
        """Refused while an auditor still has access: end that first, with its own reason."""
        engagement = get_allowed(self.user, "archive", Engagement, pk)
        try:
            actions.hold_for_archiving(engagement)
        except ValidationError as refused:
            messages.error(self.request, " ".join(refused.messages))
            return redirect(engagement)
        return super().archive_page(pk)


@require_POST
def admit(request: HttpRequest, pk: int) -> HttpResponse:
    """Admit an auditor to an engagement."""
    engagement = get_allowed(request.user, "admit_auditor", Engagement, pk)
    fresh.require(request, "admit_auditor", engagement, back=engagement.get_absolute_url())
    form = AdmissionForm(request.POST)
    if form.is_valid():
        try:
            window = actions.admit_auditor(engagement, actor=request.user, **form.cleaned_data)
        except ValidationError as refused:
            form.add_error(None, refused.messages)
        else:
            messages.success(request, f"{window.user} can read this engagement.")
            return redirect(engagement)
    return EngagementPages.again(request, engagement, admit_form=form)


END_ACCESS = VerbPage(
    "end_access",
    actions.end_access,
    "End access",
    "{0.user} no longer has access.",
    tone="danger",
    template="audits/end_access.html",
)


def end_access(request: HttpRequest, pk: int, window_pk: int) -> HttpResponse:
    """Ask why, then shut an auditor's window."""
    engagement = get_allowed(request.user, "end_access", Engagement, pk)
    window = get_object_or_404(actions.windows_of(engagement), pk=window_pk)
    fresh.require(request, "end_access", engagement)  # it is the engagement's verb
    home = engagement.get_absolute_url()
    return act(request, EngagementPages, window, END_ACCESS, home=home, object=engagement, window=window)
