"""The register of requests with its verbs; taking links away; the bytes of what was handed in."""

import datetime
from dataclasses import replace
from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.http import require_safe

from audits.models.requests import (
    REQUEST_MOVES,
    RUNNING,
    TO_ANSWER,
    Request,
    RequestComment,
    RequestControl,
    RequestCriterion,
    RequestEvidence,
    RequestState,
)
from audits.models.testing import AuditSample
from audits.requests import actions
from audits.requests.columns import COLUMNS, FACTS, attach_day
from audits.requests.filters import RequestFilter
from audits.requests.forms import (
    AssignForm,
    CommentForm,
    LinkControlForm,
    LinkCriterionForm,
    NoteForm,
    RequestForm,
    RespondForm,
    ReturnForm,
    SubmitForm,
    WithdrawForm,
)
from audits.requests.imports import RequestImporter
from controls.models import Control
from evidence.views import opens_withdrawn
from foundation.accounts.access import can, get_allowed, get_shown, verbs_on, visible, which
from foundation.accounts.models import User
from foundation.accounts.roles import Role
from foundation.files.download import open_file
from foundation.pages.act import VerbPage, act
from foundation.pages.forms import user_of
from foundation.pages.history import Link
from foundation.pages.pages import Pages
from foundation.trail.asof import rows, thaw

VERBS: Final = ("respond", "accept", "return", "withdraw", "comment", "assign", "remind", "link", "change")


def answered_words(request: Request) -> str:
    """What is said after an answer."""
    if request.state == RequestState.SUBMITTED:
        return f"{request.ref} is submitted: the auditor looks at it."
    return f"It is kept on {request.ref}. Submit it when it is whole."


def assigned_words(request: Request) -> str:
    """What is said after a request was given to somebody."""
    return (
        f"{request.owner} answers {request.ref} by {request.due_on}."
        if request.owner
        else f"{request.ref} is nobody's."
    )


class RequestPages(Pages):
    """What the auditors ask for. Nothing is archived: what is not needed any more is withdrawn."""

    model = Request
    form_class, filter_class, importer = RequestForm, RequestFilter, RequestImporter
    columns, facts = COLUMNS, FACTS
    related = ("owner", "engagement")
    facts_related = ("raised_by", "submitted_by", "judged_by")
    ordering = ("due_on", "id")
    left_out = ("archive", "restore")
    prefilled = ("engagement", "kind")
    links = (
        Link("Control", RequestControl, "request"),
        Link("Criterion", RequestCriterion, "request"),
        Link("Evidence", RequestEvidence, "request"),
        Link("Comment", RequestComment, "request"),
    )
    intro = "What the auditors ask for: whose turn it is, by when, and what was handed in."
    verbs = (
        VerbPage(
            "respond", actions.respond, "Answer request", answered_words, RespondForm, scope=None
        ),
        VerbPage(
            "respond", actions.submit, "Submit", "{0.ref} is submitted: the auditor looks at it.", SubmitForm,
            name="submit",
        ),
        VerbPage("accept", actions.accept, "Accept answer", "{0.ref} is accepted.", NoteForm),
        VerbPage("return", actions.give_back, "Return request", "{0.ref} is returned.", ReturnForm, tone="danger"),
        VerbPage(
            "withdraw", actions.withdraw, "Withdraw request", "{0.ref} is withdrawn.", WithdrawForm, tone="danger"
        ),
        VerbPage("comment", actions.comment, "Comment", "Your comment is on {0.ref}.", CommentForm),
        VerbPage("assign", actions.assign, "Assign request", assigned_words, AssignForm),
        VerbPage("remind", actions.remind, "Remind owner", "{0.owner} is reminded of {0.ref}.", NoteForm),
        VerbPage(
            "link", actions.link_control, "Link control", "The control is linked.", LinkControlForm,
            name="link-control",
        ),
        VerbPage(
            "link", actions.link_criterion, "Link criterion", "The criterion is linked.", LinkCriterionForm,
            name="link-criterion",
        ),
    )  # fmt: skip
    attach = staticmethod(attach_day)

    def keep(self, form: Any, participle: str) -> Request:
        """A new one is asked; one that is there is changed."""
        request: Request = form.save(commit=False)
        if participle == "updated":
            return actions.change(request, actor=self.user)
        said = form.cleaned_data
        return actions.ask(request, actor=self.user, controls=said["controls"], criteria=said["criteria"])

    def edit_refused(self, target: Request) -> str:
        """Why what is over is not changed."""
        if target.state not in RUNNING or target.engagement.is_over:
            return f"{target.ref} is over: it stays as it was asked."
        return ""

    def act_on(self, target: Request, verb: VerbPage) -> HttpResponse:
        """An answer to a comment carries its number from the address on; whoever judges sees what was handed in."""
        asked = self.request.GET.get("answers", "")
        if verb.verb == "comment" and asked.isascii() and asked.isdigit() and len(asked) < 19:
            return act(self.request, type(self), target, answering(verb, int(asked)))
        if verb.verb in ("accept", "return"):
            return act(self.request, type(self), target, verb, evidence=self.handed_in(target, None))
        return super().act_on(target, verb)

    def handed_in(self, target: Request, moment: datetime.datetime | None) -> list[tuple[Any, bool]]:
        """What was handed in, and whether this person opens the item's own page. Constant queries."""
        links = self.linked(RequestEvidence, target, moment, "evidence")
        opened = which(self.user, "view", [link.evidence for link in links])
        return [(link, link.evidence_id in opened) for link in links]

    def detail_context(self, target: Request, moment: datetime.datetime | None) -> dict[str, Any]:
        """What it is about, what was handed in and said, and what this person may do now."""
        given = verbs_on(self.user, VERBS, target, moment) if moment is None else set()
        verbs = verbs_for(self.user, target, given)
        return {
            "controls": self.linked(RequestControl, target, moment, "control"),
            "criteria": self.linked(RequestCriterion, target, moment, "criterion"),
            "evidence": self.handed_in(target, moment),
            "sees_controls": can(self.user, "view", Control),
            "sees_engagement": can(self.user, "view", target.engagement, moment),
            "threads": threads(self.user, target, moment),
            "verbs": verbs,
            "sample": AuditSample.objects.filter(request=target.pk).first() if target.kind == "sample" else None,
            "late": target.is_late(target.seen_on),  # type: ignore[attr-defined]  # put there by `attach`
            "comment_form": CommentForm(target=target) if verbs["comment"] else None,
        }

    def linked(self, model: Any, target: Request, moment: datetime.datetime | None, other: str) -> list[Any]:
        """The live links of one kind, as this person sees them. One query."""
        found = visible(self.user, rows(model, moment), moment).filter(request_id=target.pk, archived_at=None)
        return [thaw(row) for row in found.select_related(other).order_by("id")]


def answering(verb: VerbPage, number: int) -> VerbPage:
    """The verb with a form that answers the comment of this number."""

    def form(*args: Any, **kwargs: Any) -> CommentForm:
        kwargs["initial"] = {"answers": number} | (kwargs.get("initial") or {})
        return CommentForm(*args, **kwargs)

    return replace(verb, form=form)  # type: ignore[arg-type]  # made like the class


def threads(user: User, target: Request, moment: datetime.datetime | None) -> list[tuple[Any, list[Any]]]:
    """Each comment with its answers, in the order in which they were written. One query."""
    found = visible(user, rows(RequestComment, moment), moment).filter(request_id=target.pk)
    said = [thaw(row) for row in found.select_related("by").order_by("id")]
    return [(one, [other for other in said if other.answers_id == one.pk]) for one in said if one.answers_id is None]


def verbs_for(user: User, target: Request, given: set[str]) -> dict[str, bool]:
    """Which verbs this person may do now: of those that the role gives, what the state makes sense of."""
    if target.engagement.is_over:
        given = set()
    moves, theirs = REQUEST_MOVES[target.state], target.state in TO_ANSWER
    his = user.role != Role.AUDITOR or target.raised_by_id == user.pk
    return {
        "respond": theirs and "respond" in given,
        "accept": RequestState.ACCEPTED in moves and "accept" in given,
        "return": RequestState.RETURNED in moves and "return" in given,
        "withdraw": RequestState.WITHDRAWN in moves and "withdraw" in given and his,
        "comment": "comment" in given,
        "assign": theirs and "assign" in given,
        "remind": theirs and target.owner_id is not None and "remind" in given,
        "link": target.state in RUNNING and "link" in given,
        "change": target.state in RUNNING and "change" in given,
    }


# ---- links ---------------------------------------------------------------------------------------------------------

UNLINK: Final = VerbPage("unlink", actions.unlink, "Unlink", "{} is unlinked.", tone="danger")


def unlink(request: HttpRequest, pk: int, model: Any) -> HttpResponse:
    """Take a link away, with a reason."""
    found = get_allowed(user_of(request), "unlink", model.objects.select_related("request__engagement"), pk)
    return act(request, RequestPages, found, UNLINK)


unlink.pages = RequestPages  # type: ignore[attr-defined]


@require_safe
def download(request: HttpRequest, pk: int) -> HttpResponseBase:
    """An item that was handed in for a request, for whoever sees the request; the trail says who had it.

    The row of the link is asked, not the item: the auditor reads what was handed in for him, whatever control it is
    linked to. What was withdrawn or taken back is not handed out here.
    """
    user = user_of(request)
    link = get_shown(user, "download", RequestEvidence, pk, "evidence")
    if link.archived_at is not None:
        raise Http404
    if not opens_withdrawn(user, link.evidence):
        raise PermissionDenied("It was withdrawn: only the compliance manager opens it.")
    return open_file(user, link.evidence, name=link.evidence.name)


download.pages = RequestPages  # type: ignore[attr-defined]
