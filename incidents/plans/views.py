"""The register of plans, the one of their versions, and the verbs on both."""

import datetime
from typing import Any, ClassVar

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_safe

from foundation.accounts.access import are_apart, get_allowed, get_shown, verbs_on, visible
from foundation.accounts.duties import PLAN_APPROVAL
from foundation.accounts.models import User
from foundation.pages.act import VerbPage, act
from foundation.pages.forms import RegisterForm, user_of
from foundation.pages.history import Link
from foundation.pages.moment import at, day_of
from foundation.pages.pages import Pages
from foundation.pages.paper import Paper, PaperRefused
from foundation.pages.sheets import file_name
from foundation.trail.asof import rows, thaw
from foundation.trail.leaf import canonical
from foundation.trail.record import record
from incidents.models import (
    VERSION_TONES,
    PlanContact,
    PlanReview,
    PlanRole,
    PlanSeverity,
    PlanVersion,
    Playbook,
    ResponsePlan,
    VersionState,
)
from incidents.plans import approving, writing
from incidents.plans.columns import (
    PLAN_COLUMNS,
    PLAN_FACTS,
    VERSION_COLUMNS,
    VERSION_FACTS,
    PlanVersionFilter,
    ResponsePlanFilter,
    attach_plan,
    attach_version,
)
from incidents.plans.comparing import Difference, compared
from incidents.plans.content import parts_of
from incidents.plans.forms import (
    ApproveForm,
    ChangeContactForm,
    ChangePlaybookForm,
    ChangeRoleForm,
    ContactForm,
    DraftForm,
    PlanVersionForm,
    PlaybookForm,
    ResponsePlanForm,
    ReviewForm,
    RoleForm,
    SeverityForm,
    SubmitForm,
)
from incidents.plans.showing import shown_of

PLAN_VERBS = ("draft", "review")
VERSION_VERBS = ("change", "submit", "approve", "return", "withdraw", "download")


class ResponsePlanPages(Pages):
    """Response plans. What one says stands in its versions; one of them is in force."""

    model = ResponsePlan
    form_class, filter_class = ResponsePlanForm, ResponsePlanFilter
    columns, facts, related, ordering = PLAN_COLUMNS, PLAN_FACTS, ("owner",), ("id",)
    left_out: ClassVar = ("detail",)  # its page is printed too: see urls
    links = (Link("Version", PlanVersion, "plan"), Link("Review", PlanReview, "plan"))
    intro = "Who does what when something happens, in versions that another person approves. Keep it on paper."
    verbs: ClassVar = (
        VerbPage("draft", writing.draft, "Draft new version", "A draft is begun.", DraftForm, path="versions/new"),
        VerbPage("review", approving.review, "Reviewed, no change", "The review of {0.ref} is signed.", ReviewForm),
    )
    attach = staticmethod(attach_plan)

    def keep(self, form: RegisterForm, participle: str) -> Any:
        """A new plan begins with the starter text as its first draft."""
        if participle == "created":
            return writing.begin(form.save(commit=False), actor=self.user)
        return super().keep(form, participle)

    def detail_context(self, target: Any, moment: datetime.datetime | None) -> dict[str, Any]:
        """What is in force, word for word; its versions and reviews; and the verbs that make sense now."""
        found = visible(self.user, rows(PlanVersion, moment), moment).filter(plan_id=target.pk)
        versions = [thaw(row) for row in found.select_related("approved_by").order_by("-number")]
        signed = visible(self.user, rows(PlanReview, moment), moment).filter(plan_id=target.pk)
        reviews = [thaw(row) for row in signed.select_related("by", "edition").order_by("-id")]
        holds = next((one for one in versions if one.state == VersionState.APPROVED), None)
        draft = next((one for one in versions if one.state in writing.OPEN), None)
        given = verbs_on(self.user, PLAN_VERBS, target) if moment is None and not target.archived_at else set()
        return {
            "versions": [(one, VERSION_TONES[one.state]) for one in versions],
            "reviews": reviews,
            "holds": holds,
            "draft": draft,
            "shown": shown_of(holds, moment) if holds else None,
            "late": target.next_review_on is not None and target.next_review_on < day_of(moment),
            "verbs": {"draft": "draft" in given and draft is None, "review": "review" in given and holds is not None},
        }


class PlanVersionPages(Pages):
    """The versions of plans: written as a draft, approved by another person, in force, superseded."""

    model = PlanVersion
    form_class, filter_class = PlanVersionForm, PlanVersionFilter
    columns, facts, ordering = VERSION_COLUMNS, VERSION_FACTS, ("-id",)
    related = ("plan", "drafted_by", "approver", "submitted_by", "approved_by", "evidence")
    left_out: ClassVar = ("create", "detail", "archive", "restore")  # its page is printed too: see urls
    links = (
        Link("Role", PlanRole, "edition"),
        Link("Contact", PlanContact, "edition"),
        Link("Severity", PlanSeverity, "edition"),
        Link("Playbook", Playbook, "edition"),
    )
    intro = "Every version of every plan, with who wrote it, who approved it and when."
    verbs: ClassVar = (
        VerbPage("change", writing.add_role, "Add role", "The role is written.", RoleForm, name="add-role",
                 path="roles/new"),
        VerbPage("change", writing.add_contact, "Add contact", "The contact is written.", ContactForm,
                 name="add-contact", path="contacts/new"),
        VerbPage("change", writing.add_playbook, "Add playbook", "The playbook is written.", PlaybookForm,
                 name="add-playbook", path="playbooks/new"),
        VerbPage("submit", approving.submit, "Submit for approval", "{0.approver} decides on it.", SubmitForm),
        VerbPage("approve", approving.approve, "Approve plan", "It is in force, and locked.", ApproveForm),
        VerbPage("return", approving.give_back, "Return plan", "It is a draft again.", tone="danger"),
        VerbPage("withdraw", approving.withdraw, "Withdraw draft", "It is withdrawn.", tone="danger"),
    )  # fmt: skip
    attach = staticmethod(attach_version)

    @classmethod
    def title(cls) -> str:
        return "Versions of response plans"

    def keep(self, form: RegisterForm, participle: str) -> Any:
        """Only a draft is written."""
        return writing.rewrite(form.save(commit=False), actor=self.user)

    def act_on(self, target: Any, verb: VerbPage) -> HttpResponse:
        """Only its approver approves and returns; before submitting and approving, people read what blocks it.

        Before approving they read the text that they put their name to, too, with its hash.
        """
        if verb.verb in ("approve", "return") and target.approver_id != self.user.pk:
            raise PermissionDenied("The approver whom it names does this.")
        shown: dict[str, Any] = {}
        if verb.verb in ("submit", "approve"):
            parts = parts_of(target)
            shown["blocks"] = approving.blocks(target, parts)
        if verb.verb == "approve" and target.state == VersionState.SUBMITTED:
            shown["shown"], shown["text_sha256"] = shown_of(target, None, parts), approving.text_sha256(target, parts)
            shown["comparable"] = self.earlier(target, None).exists()
        return act(self.request, type(self), target, verb, **shown)

    def detail_context(self, target: Any, moment: datetime.datetime | None) -> dict[str, Any]:
        """The whole text; for a draft what blocks it, and the verbs that make sense now."""
        verbs = self.verbs_now(target) if moment is None else {}
        return {
            "shown": shown_of(target, moment, target.parts),
            "text_sha256": approving.text_sha256(target, target.parts) if target.submitted_at else "",
            "tone": VERSION_TONES[target.state],
            "blocks": approving.blocks(target, target.parts) if verbs.get("write") else [],
            "verbs": verbs,
            "comparable": self.earlier(target, moment).exists(),
        }

    def earlier(self, target: Any, moment: datetime.datetime | None) -> Any:
        """The versions before this one that the person sees."""
        found = visible(self.user, rows(PlanVersion, moment), moment)
        return found.filter(plan_id=target.plan_id, number__lt=target.number)

    def verbs_now(self, target: PlanVersion) -> dict[str, bool]:
        """Which verbs this person may do now."""
        given = verbs_on(self.user, VERSION_VERBS, target)
        drafted, waits = target.state == VersionState.DRAFT, target.state == VersionState.SUBMITTED
        named = waits and target.approver_id == self.user.pk
        if named and "approve" in given:
            named = are_apart(self.user, writing.authors(target), PLAN_APPROVAL, target)
        return {
            "write": "change" in given and drafted,
            "submit": "submit" in given and drafted,
            "approve": "approve" in given and named,
            "return": "return" in given and named,
            "withdraw": "withdraw" in given and (drafted or waits),
            "download": "download" in given and bool(target.sha256),
        }


# ---- parts of a draft ------------------------------------------------------------------------------------------------

EDITED: dict[str, tuple[Any, VerbPage]] = {
    "planrole": (PlanRole, VerbPage("change", writing.change_part, "Change role", "{} is changed.", ChangeRoleForm)),
    "plancontact": (
        PlanContact, VerbPage("change", writing.change_part, "Change contact", "{} is changed.", ChangeContactForm)
    ),
    "planseverity": (
        PlanSeverity, VerbPage("change", writing.change_part, "Change severity", "{} is changed.", SeverityForm)
    ),
    "playbook": (
        Playbook, VerbPage("change", writing.change_part, "Change playbook", "{} is changed.", ChangePlaybookForm)
    ),
}  # fmt: skip
REMOVED = VerbPage("archive", writing.remove_part, "Take out of the draft", "{} is taken out.", tone="danger")


def change_part(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    """Change a role, contact, severity or playbook of a draft; `pk` is the row's."""
    model, page = EDITED[kind]
    row = get_allowed(user_of(request), "change", model.objects.select_related("edition__plan"), pk)
    return act(request, PlanVersionPages, row, page)


def remove_part(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    """Take a role, contact or playbook out of a draft; `pk` is the row's."""
    model, _ = EDITED[kind]
    row = get_allowed(user_of(request), "archive", model.objects.select_related("edition__plan"), pk)
    return act(request, PlanVersionPages, row, REMOVED)


# ---- what changed, paper, file ---------------------------------------------------------------------------------------


@require_safe
def changes(request: HttpRequest, pk: int) -> HttpResponse:
    """What a version says otherwise than an earlier one: the last before it, or the one that `against` numbers."""
    pages = PlanVersionPages(request)
    moment = pages.moment()
    target = pages.fetch(pk, moment)
    found = visible(pages.user, rows(PlanVersion, moment), moment).filter(plan_id=target.plan_id).exclude(id=pk)
    others = [thaw(row) for row in found.select_related("plan").order_by("-number")]
    asked = request.GET.get("against", "")
    before = next((one for one in others if str(one.number) == asked), None)
    before = before or next((one for one in others if one.number < target.number), None)
    differences: list[Difference] = []
    if before is not None:
        differences = compared(before, parts_of(before, moment), target, parts_of(target, moment))
    context = {
        "pages": pages, "object": target, "moment": moment, "at": at(moment), "others": others, "before": before,
        "differences": differences,
    }  # fmt: skip
    return render(request, "incidents/planversion_changes.html", context)


def version_paper(user: User, params: QueryDict, moment: datetime.datetime | None, /, pk: int) -> Paper:
    """A version on paper, made for the night: whom to call and what to do first stand on the first page."""
    seen = rows(PlanVersion, moment).select_related("plan", "approved_by", "submitted_by")
    return paper_of(thaw(get_allowed(user, "view", seen, pk, moment)), moment)


def plan_paper(user: User, params: QueryDict, moment: datetime.datetime | None, /, pk: int) -> Paper:
    """The version of a plan that is in force, on paper. Raises PaperRefused where none is."""
    plan = get_allowed(user, "view", rows(ResponsePlan, moment), pk, moment)
    found = visible(user, rows(PlanVersion, moment), moment).filter(plan_id=plan.id, state=VersionState.APPROVED)
    version = found.select_related("plan", "approved_by", "submitted_by").first()
    if version is None:
        raise PaperRefused("No version of this plan is in force. Print the draft from its own page.")
    return paper_of(thaw(version), moment)


def paper_of(version: Any, moment: datetime.datetime | None) -> Paper:
    """The document of one version."""
    return Paper(
        title=version.plan.title, template="pdf/response_plan.html",
        context={"object": version, "shown": shown_of(version, moment)},
        scope=(f"Version {version.number}: {version.get_state_display().lower()}",), as_of=moment,
    )  # fmt: skip


@require_safe
def version_json(request: HttpRequest, pk: int) -> HttpResponse:
    """An approved version as the JSON that was hashed: whoever hashes the file finds the number on the page."""
    user = user_of(request)
    version = get_shown(user, "download", PlanVersion, pk, "plan")
    if not version.sha256:
        raise PermissionDenied("Only an approved version is handed out as a file.")
    with transaction.atomic():
        record("planversion.downloaded", user, version, refs={"format": "json", "sha256": version.sha256})
    name = file_name(f"{version.plan.ref}-version-{version.number}", "json")
    return HttpResponse(
        canonical(approving.result_of(PlanVersion.objects.select_related("plan").get(pk=pk))),
        content_type="application/json",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        },
    )  # fmt: skip


changes.pages = PlanVersionPages  # type: ignore[attr-defined]
version_json.pages = PlanVersionPages  # type: ignore[attr-defined]
