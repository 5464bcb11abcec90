"""The registers of evidence, requirements and exemptions, and the verbs on them."""

import dataclasses
import datetime
from collections.abc import Collection
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from controls.models import Control
from evidence import actions
from evidence.actions import SameBytes, may_judge
from evidence.columns import COLUMNS, EXEMPTIONS, FACTS, REQUIREMENTS, attach_links
from evidence.filters import EvidenceFilter, ExemptionFilter, RequirementFilter
from evidence.forms import (
    AcceptForm,
    ApprovalForm,
    ConfirmForm,
    EvidenceForm,
    ExemptionForm,
    GiveBackForm,
    LinkForm,
    NewVersionForm,
    RefusalForm,
    RequirementForm,
    SubmitForm,
)
from evidence.models import MOVES, Evidence, EvidenceLink, Exemption, ExemptionState, Population, Requirement, State
from evidence.preview import NoPreview, look, picture, shown_as
from evidence.sampling.actions import FILE_NAME
from foundation.accounts import fresh
from foundation.accounts.access import allowed, are_apart, can, get_allowed, get_shown, require, verbs_on, visible
from foundation.accounts.duties import EVIDENCE_REVIEW, EXEMPTION
from foundation.accounts.models import User
from foundation.accounts.roles import Role
from foundation.files.download import HEADERS, open_file, previewed
from foundation.pages.act import VerbPage, act, put_onto
from foundation.pages.columns import Column
from foundation.pages.forms import sent, user_of
from foundation.pages.history import Link
from foundation.pages.pages import Pages
from foundation.trail.asof import rows, thaw

VERBS = ("review", "supersede", "link", "withdraw", "download")
PREFILLED = ("requirement", "occurrence", "event", "period_from", "period_to", "title", "source_system")


class EvidencePages(Pages):
    """Evidence. A new record is files handed in for a control; nothing is archived: it is withdrawn."""

    model = Evidence
    form_class, filter_class = EvidenceForm, EvidenceFilter
    columns, facts = COLUMNS, FACTS
    related: ClassVar = ("submitted_by", "collected_by")
    facts_related: ClassVar = ("reviewer", "reviewed_by", "withdrawn_by")
    ordering: ClassVar = ("-captured_at",)
    links: ClassVar = (Link("Control", EvidenceLink, "evidence"),)
    left_out: ClassVar = ("archive", "restore")
    intro = "What proves that controls operated: from which system, when, for which time, and who looked at it."
    verbs: ClassVar = (
        VerbPage("review", actions.accept, "Accept evidence", "{0.ref} is accepted.", AcceptForm, name="accept"),
        VerbPage(
            "review", actions.give_back, "Return evidence", "{0.ref} is returned to who submitted it.", GiveBackForm,
            name="give-back", path="return",
        ),
        VerbPage(
            "withdraw", actions.withdraw, "Withdraw evidence", "{0.ref} is withdrawn: it counts for nothing now.",
            tone="danger",
        ),
        VerbPage(
            "supersede", actions.send_version, "Send a new version", "A new version follows {0.ref}.", NewVersionForm,
            path="version", scope=None,
        ),
        VerbPage("link", actions.link_to, "Link to a control", "{0.ref} is linked.", LinkForm),
    )  # fmt: skip
    attach = staticmethod(attach_links)

    def detail_context(self, target: Evidence, moment: datetime.datetime | None) -> dict[str, Any]:
        """Its versions, what it is for, and what this person may do now."""
        links = visible(self.user, rows(EvidenceLink, moment), moment).filter(evidence_id=target.pk, archived_at=None)
        every = visible(self.user, rows(Evidence, moment), moment)
        begun = target.first_id or target.pk
        versions = every.filter(Q(id=begun) | Q(first_id=begun)).select_related("submitted_by")
        lists = visible(self.user, rows(Population, moment), moment).filter(evidence_id=target.pk)
        listed = lists.first() if target.name == FILE_NAME else None
        given = verbs_on(self.user, VERBS, target, moment)
        opens = "download" in given and opens_withdrawn(self.user, target)
        found = [thaw(row) for row in links.select_related("control", "requirement").order_by("control__ref")]
        return {
            "population": thaw(listed) if listed else None,
            "links": found,
            "waiting": [link for link in found if link.waits(target)],
            "versions": [thaw(row) for row in versions.order_by("-number")],
            "shown_as": shown_as(target.content_type) if opens else "",
            "may_open": opens,
            "sees_controls": can(self.user, "view", Control),
            "verbs": {} if moment else verbs_for(self.user, target, given),
        }

    def create_page(self) -> HttpResponse:
        """Hand in files for a control: which one, then what they are."""
        require(self.user, "add", Evidence)
        mine = allowed(self.user, "submit_evidence", Control).filter(archived_at=None).order_by("ref")
        number = self.request.GET.get("control", "")
        if not number and self.request.method != "POST":
            return self.render("choose", controls=list(mine))
        if not (number.isascii() and number.isdigit() and len(number) < 19):
            raise Http404("No control was chosen.")
        control = get_object_or_404(mine, pk=number)
        initial = {name: self.request.GET[name] for name in PREFILLED if name in self.request.GET}
        form = SubmitForm(*sent(self.request), user=self.user, control=control, initial=initial)
        if form.is_valid() and (items := self.submitted(form)):
            return self.handed_in(items, control)
        status = 413 if form.too_large else 422 if form.errors else 200
        return self.render("submit", form=form, control=control, back=self.way_back(control), status=status)

    def submitted(self, form: SubmitForm) -> list[Evidence]:
        """The items, all of them; or none, and the form says why."""
        try:
            return actions.record_many(
                form.cleaned_data["file"], actor=self.user, source=form.source(self.user), links=[form.link()],
                another=form.cleaned_data["another"], **form.told(),
            )  # fmt: skip
        except SameBytes as refused:
            form.offer(refused.evidence)
            seen = can(self.user, "view", refused.evidence)
            form.add_error("file", refused.messages[0] if seen else "These bytes are kept already, as another item.")
            form.same = refused.evidence if seen else None
        except ValidationError as refused:
            put_onto(form, refused)
        return []

    def handed_in(self, items: list[Evidence], control: Control) -> HttpResponse:
        """Say what was kept, and show it: the item, or the list of them."""
        words = items[0].ref if len(items) == 1 else f"{items[0].ref} to {items[-1].ref}"
        messages.success(self.request, f"{words} submitted for {control.ref}. Somebody else judges it.")
        if len(items) == 1:
            return redirect(items[0])
        return redirect(f"{self.url('list')}?{urlencode({'control': control.ref})}")

    def way_back(self, control: Control) -> str:
        """Where the form was asked for: the control, for who sees it."""
        return control.get_absolute_url() if can(self.user, "view", control) else self.url("list")

    def keep(self, form: Any, participle: str) -> Evidence:
        """What is said anew of an item."""
        return actions.change_evidence(form.save(commit=False), actor=self.user)

    def act_on(self, target: Evidence, verb: VerbPage) -> HttpResponse:
        """Only whose it is to judge judges it; and it is linked to the controls that one submits to."""
        if verb.verb == "review" and not may_judge(self.user, target):
            raise PermissionDenied("Somebody else was asked to judge it.")
        if verb.verb == "link":
            verb = dataclasses.replace(verb, form=self.link_form)  # type: ignore[arg-type]  # made like the class
        return super().act_on(target, verb)

    def link_form(self, *args: Any, **kwargs: Any) -> LinkForm:
        """The form of a link with this person's controls."""
        return LinkForm(*args, **kwargs).limit(self.user, self.request.GET.get("control", ""))


def opens_withdrawn(user: User, item: Evidence) -> bool:
    """Whether its state keeps nothing from this person: a withdrawn item only the compliance manager opens."""
    return item.state != State.WITHDRAWN or user.role == Role.COMPLIANCE_MANAGER


def verbs_for(user: User, item: Evidence, given: Collection[str]) -> dict[str, bool]:
    """Which verbs this person may do now: of those that the role gives what the item's state makes sense of."""
    newest = getattr(item, "followed_by", None) is None
    waits = item.state == State.SUBMITTED and newest
    judges = item.state in (State.SUBMITTED, State.ACCEPTED) and "review" in given and may_judge(user, item)
    judges = judges and are_apart(user, [item.submitted_by_id, item.collected_by_id], EVIDENCE_REVIEW, item)
    standing = item.state != State.WITHDRAWN
    return {
        "accept": judges and waits,
        "give_back": judges and waits,
        "confirm": judges and item.state == State.ACCEPTED,
        "supersede": standing and newest and "supersede" in given,
        "link": standing and "link" in given,
        "withdraw": State.WITHDRAWN in MOVES[item.state] and "withdraw" in given,
    }


# ---- verbs on one link ---------------------------------------------------------------------------------------------


CONFIRM = VerbPage("review", actions.confirm_link, "Confirm link", "{}: it counts now.", ConfirmForm)
UNLINK = VerbPage("link", actions.unlink_evidence, "Unlink evidence", "{} is unlinked.", tone="danger")


def unlink(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a link away: it takes the right to link the item."""
    found = get_allowed(user_of(request), "view", EvidenceLink.objects.select_related("evidence", "control"), pk)
    require(user_of(request), "link", found.evidence)
    return act(request, EvidencePages, found, UNLINK)


def confirm(request: HttpRequest, pk: int) -> HttpResponse:
    """See that an item accepted before proves what it was linked for later: it takes the right to judge the item."""
    found = get_allowed(user_of(request), "view", EvidenceLink.objects.select_related("evidence", "control"), pk)
    require(user_of(request), "review", found.evidence)
    if not may_judge(user_of(request), found.evidence):
        raise PermissionDenied("Somebody else was asked to judge it.")
    fresh.require(request, "review", found.evidence)  # it signs as accepting does; `act` asks for the link's own verbs
    return act(request, EvidencePages, found, CONFIRM)


# ---- the bytes -----------------------------------------------------------------------------------------------------


@require_safe
def download(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The file as it came; the trail says who had it."""
    item = opened(request, pk)
    return open_file(user_of(request), item, name=item.name)


@require_safe
def preview(request: HttpRequest, pk: int) -> HttpResponse:
    """The beginning of a text or table, escaped; or a page around the picture drawn anew."""
    item = opened(request, pk)
    kind = shown_as(item.content_type)
    if not kind:
        raise Http404("This kind of file is not shown here.")
    looked = look(previewed(user_of(request), item)) if kind == "text" else None
    context = {"pages": EvidencePages(request), "object": item, "tab": "content", "looked": looked}
    return render(request, "evidence/evidence_content.html", context)


@require_safe
def picture_of(request: HttpRequest, pk: int) -> HttpResponse:
    """The picture drawn anew, under a policy by which no browser runs anything in it."""
    item = opened(request, pk)
    if shown_as(item.content_type) != "picture":
        raise Http404("This is no picture.")
    try:
        drawn = picture(previewed(user_of(request), item))
    except NoPreview as refused:
        raise Http404(str(refused)) from refused
    return HttpResponse(drawn, content_type="image/png", headers=HEADERS)


def opened(request: HttpRequest, pk: int) -> Evidence:
    """The item, if this person may have its bytes."""
    user = user_of(request)
    item = get_shown(user, "download", Evidence, pk, "submitted_by")
    if not opens_withdrawn(user, item):
        raise PermissionDenied("It was withdrawn: only the compliance manager opens it.")
    return item


for _view in (download, preview, picture_of):
    _view.pages = EvidencePages  # type: ignore[attr-defined]


# ---- requirements --------------------------------------------------------------------------------------------------


class RequirementPages(Pages):
    """What each control has to be proved with. One that changes ends on a day, and another begins."""

    model = Requirement
    form_class, filter_class = RequirementForm, RequirementFilter
    columns: ClassVar = REQUIREMENTS
    facts: ClassVar = (*REQUIREMENTS[1:], Column("example", "What a good one looks like", empty="Not said"))
    related: ClassVar = ("control",)
    ordering: ClassVar = ("control__ref", "effective_from")
    prefilled: ClassVar = ("control",)
    intro = "What each control has to be proved with, from a day on: it guides owners, and decides what is done."

    def keep(self, form: RequirementForm, participle: str) -> Requirement:  # type: ignore[override]  # its own form
        """In place, or from a later day on in the place of the present one."""
        row: Requirement = form.save(commit=False)
        if participle == "created" or row.effective_from == form.begun:
            return actions.write_requirement(row, participle, actor=self.user)
        earlier = Requirement.objects.get(pk=row.pk)
        earlier.version = row.version
        names = ("control", "title", "source", "example", "kinds", "effective_from", "effective_to")
        return actions.replace_requirement(
            Requirement(**{name: getattr(row, name) for name in names}), earlier, actor=self.user
        )

    def put_away(self, target: Requirement, participle: str, reason: str) -> Requirement:
        """Archived, it is asked for no more; what it asked of the past stays asked. Coverage is computed anew."""
        return actions.write_requirement(target, participle, actor=self.user, reason=reason)


# ---- exemptions ----------------------------------------------------------------------------------------------------


class ExemptionPages(Pages):
    """Excepted occurrences: asked for, and decided by somebody else; never edited or archived."""

    model = Exemption
    form_class, filter_class = ExemptionForm, ExemptionFilter
    columns: ClassVar = EXEMPTIONS
    facts: ClassVar = (
        *EXEMPTIONS[1:],
        Column("decided_at", "Decided", kind="moment"),
        Column("decision", "What was said"),
    )
    related: ClassVar = ("control", "requested_by", "decided_by")
    ordering: ClassVar = ("-id",)
    prefilled: ClassVar = ("control", "starts_on", "ends_on")
    left_out: ClassVar = ("edit", "archive", "restore")
    verbs: ClassVar = (
        VerbPage("approve", actions.approve_exemption, "Approve exemption", "{} is approved.", ApprovalForm),
        VerbPage("decline", actions.decline_exemption, "Decline exemption", "{} is declined.", RefusalForm, "danger"),
    )
    intro = "Occurrences that nothing proves: why, who asked to except them, and who agreed. They never count as done."

    def detail_context(self, target: Exemption, moment: datetime.datetime | None) -> dict[str, Any]:
        """The verbs that make sense now and that this person may do."""
        if moment is not None or target.state != ExemptionState.REQUESTED:
            return {}
        approves = can(self.user, "approve", target)
        return {
            "may_approve": approves and are_apart(self.user, [target.requested_by_id], EXEMPTION, target),
            "may_decline": can(self.user, "decline", target),
        }

    def keep(self, form: Any, participle: str) -> Exemption:
        """A new one is only asked for."""
        return actions.request_exemption(form.save(commit=False), actor=self.user)
