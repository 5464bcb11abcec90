"""The register of rounds, the page to work through their risks, and the verbs on participants and linked controls."""

import datetime
from collections.abc import Callable
from typing import Any, ClassVar

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from foundation.accounts.access import are_apart, can, get_allowed, verbs_on, visible
from foundation.accounts.duties import ASSESSMENT_APPROVAL
from foundation.pages.act import VerbPage, act
from foundation.pages.forms import RegisterForm, VerbForm, user_of
from foundation.pages.history import Link
from foundation.pages.moment import at, day_of
from foundation.pages.pages import Pages
from foundation.trail.asof import rows, thaw
from risks.assessments import closing, rounds
from risks.assessments.blocks import blocks, came_up, changed_since, moved, notes, todo, unrated
from risks.assessments.columns import COLUMNS, FACTS, AssessmentFilter, attach_progress, late
from risks.assessments.forms import (
    ApproveForm,
    AssessmentForm,
    ConsiderForm,
    LinkControlForm,
    ParticipantForm,
    PutRiskForm,
    SubmitForm,
)
from risks.models import (
    ASSESSMENT_MOVES,
    ASSESSMENT_TONES,
    AssessedRisk,
    Assessment,
    AssessmentControl,
    AssessmentState,
    Participant,
    Risk,
    in_force,
)

SHOWS: dict[str, tuple[str, Callable[[datetime.datetime | None], Q]]] = {
    "todo": ("To consider", todo),
    "moved": ("Rated anew", moved),
    "unrated": ("Not rated", unrated),
    "done": ("Considered", lambda _: Q(considered_at__isnull=False)),
    "all": ("All", lambda _: Q()),
}
SIZES = (25, 50, 100)
NAMED = 50  # risks that changed since a round was submitted: more are counted
VERBS = ("consider", "take_part", "change", "name_participant", "link_control", "submit", "approve", "return", "cancel")


class AssessmentPages(Pages):
    """Rounds of risk assessment: what is looked at, by whom, and how far it has come."""

    model = Assessment
    form_class, filter_class = AssessmentForm, AssessmentFilter
    columns, facts, ordering = COLUMNS, FACTS, ("-starts_on", "-id")
    related, facts_related = ("lead", "approver"), ("submitted_by", "approved_by", "method", "evidence")
    links = (
        Link("Participant", Participant, "assessment"),
        Link("Control", AssessmentControl, "assessment"),
    )
    left_out: ClassVar = ("archive", "restore")
    intro = "Rounds in which the risks are looked at together: each ends as an approved snapshot that nobody changes."
    verbs: ClassVar = (
        VerbPage(
            "change", rounds.put_risk, "Put risk in", "The risk is in it.", PutRiskForm,
            name="put-risk", path="risks/new",
        ),
        VerbPage(
            "change", rounds.put_new, "Put new risks in", "They are in it.", VerbForm,
            name="put-new", path="risks/put-new",
        ),
        VerbPage(
            "name_participant", rounds.name_participant, "Name participant", "Named: they confirm it themselves.",
            ParticipantForm, path="participants/new",
        ),
        VerbPage(
            "take_part", rounds.take_part, "I took part", "It is recorded that you took part in {0.ref}.", VerbForm,
            scope=None,
        ),
        VerbPage(
            "link_control", rounds.link_control, "Link control", "The control is linked.", LinkControlForm,
            path="controls/new",
        ),
        VerbPage(
            "submit", rounds.submit, "Submit for approval", "{0.approver} decides on {0.ref}.", SubmitForm, scope=None
        ),
        VerbPage("approve", closing.approve, "Approve and close", "{0.ref} is closed, and locked.", ApproveForm),
        VerbPage("return", closing.give_back, "Return to the lead", "{0.ref} is open again.", tone="danger"),
        VerbPage("cancel", rounds.cancel, "Cancel assessment", "{0.ref} is cancelled.", tone="danger"),
    )  # fmt: skip
    attach = staticmethod(attach_progress)

    def keep(self, form: RegisterForm, participle: str) -> Assessment:
        """A new round begins with the risks of its kind."""
        if participle == "created":
            return rounds.begin(form.save(commit=False), actor=self.user)
        kept: Assessment = super().keep(form, participle)
        return kept

    def act_on(self, target: Assessment, verb: VerbPage) -> HttpResponse:
        """Only the approver approves and returns, only a participant confirms: nobody else is shown the form."""
        if verb.verb in ("approve", "return") and target.approver_id != self.user.pk:
            raise PermissionDenied("The approver whom it names does this.")
        if verb.verb == "take_part" and not part_of(self.user, target).exists():
            raise PermissionDenied("Only whoever was named as a participant confirms having taken part.")
        if verb.verb == "approve" and target.state == AssessmentState.SUBMITTED:
            return act(self.request, type(self), target, verb, **since_submitted(target, self.user))
        return super().act_on(target, verb)

    def detail_context(self, target: Any, moment: datetime.datetime | None) -> dict[str, Any]:
        """Its participants and controls, what blocks it, and the verbs that make sense now."""
        named = visible(self.user, rows(Participant, moment), moment).filter(assessment_id=target.pk, archived_at=None)
        tied = visible(self.user, rows(AssessmentControl, moment), moment)
        tied = tied.filter(assessment_id=target.pk, archived_at=None).select_related("control")
        participants = [thaw(row) for row in named.select_related("user").order_by("id")]
        waiting = {one.user_id for one in participants if one.confirmed_at is None}
        verbs = {} if moment else self.verbs_now(target, waiting)
        leads = bool(verbs.get("submit"))
        came = came_up(target) if leads else {}
        blocked = blocks(target, len(participants) - len(waiting), came) if leads else []
        return {
            "participants": participants,
            "links": [thaw(row) for row in tied.order_by("control__ref")],
            "blocks": blocked,
            "notes": notes(target, came["all"], len(waiting)) if leads else [],
            "late": late(target, day_of(moment)),
            "tone": ASSESSMENT_TONES[target.state],
            "verbs": verbs | ({"submit": not blocked} if leads else {}),
        }

    def verbs_now(self, target: Assessment, waiting: set[int]) -> dict[str, bool]:
        """Which verbs this person may do now: what the role allows and the state makes sense of.

        `waiting`: the numbers of those who have not confirmed that they took part.
        """
        given, onward = verbs_on(self.user, VERBS, target), ASSESSMENT_MOVES[target.state]
        running = target.state == AssessmentState.OPEN
        approves = target.state == AssessmentState.SUBMITTED and self.user.pk == target.approver_id
        approves = approves and are_apart(self.user, closing.involved(target), ASSESSMENT_APPROVAL)
        return {
            "consider": "consider" in given and running and self.user.pk != target.approver_id,
            "take_part": running and "take_part" in given and self.user.pk in waiting,
            "put_risk": "change" in given and running,
            "name_participant": "name_participant" in given and running,
            "link_control": "link_control" in given and bool(onward),
            "submit": "submit" in given and running and self.user.pk != target.approver_id,
            "approve": "approve" in given and approves,
            "return": "return" in given and approves,
            "cancel": "cancel" in given and AssessmentState.CANCELLED in onward,
        }


def since_submitted(assessment: Assessment, user: Any) -> dict[str, Any]:
    """What the approver is to know: what blocks approving now, and which risks changed since it was submitted."""
    changed = visible(user, changed_since(assessment))
    return {"blocks": blocks(assessment), "changed": list(changed[:NAMED]), "changed_count": changed.count()}


def part_of(user: Any, assessment: Assessment) -> Any:
    """The person's own part in a round."""
    return Participant.objects.live().filter(assessment=assessment, user=user.pk)


# ---- the risks of a round ------------------------------------------------------------------------------------------


@require_safe
def assessment_risks(request: HttpRequest, pk: int) -> HttpResponse:
    """The risks of a round, to work through: what is to be considered first, with ratings before and now."""
    pages = AssessmentPages(request)
    moment = pages.moment()
    target = pages.fetch(pk, moment)
    inside = visible(pages.user, rows(AssessedRisk, moment), moment).filter(assessment_id=target.pk)
    conditions = {show: condition(moment) for show, (_, condition) in SHOWS.items()}
    counts = inside.aggregate(**{show: Count("id", filter=condition) for show, condition in conditions.items()})
    asked = request.GET.get("show", "")
    show = asked if asked in SHOWS else "todo" if counts["todo"] else "all"
    found = inside.filter(conditions[show]).select_related("considered_by").order_by("risk_id")
    size = request.GET.get("per_page", "")
    page = Paginator(found, int(size) if size in map(str, SIZES) else SIZES[0]).get_page(request.GET.get("page"))
    considers = moment is None and target.state == AssessmentState.OPEN and pages.user.pk != target.approver_id
    considers = considers and can(pages.user, "consider", target)
    context = {
        "pages": pages, "object": target, "moment": moment, "tab": "risks", "page": page, "show": show, "sizes": SIZES,
        "shows": [(name, words, counts[name]) for name, (words, _) in SHOWS.items()],
        "lines": lines_of([thaw(row) for row in page.object_list], moment),
        "considers": considers, "at": at(moment), "counts": counts,
    }  # fmt: skip
    return render(request, "risks/assessment_risks.html", context)


def lines_of(items: list[Any], moment: datetime.datetime | None) -> list[tuple[Any, Any, Any, Any]]:
    """Each row of a round with its risk as it stands, and the bands of what remained before and remains now."""
    found = rows(Risk, moment).filter(id__in=[item.risk_id for item in items]).select_related("owner")
    risks, method = {row.id: thaw(row) for row in found}, in_force(moment)
    return [
        (item, risk, method.band(item.residual_before), method.band(risk.residual_score))
        for item, risk in ((item, risks[item.risk_id]) for item in items)
    ]


assessment_risks.pages = AssessmentPages  # type: ignore[attr-defined]

CONSIDER = VerbPage("consider", rounds.consider, "Consider risk", "{0.risk.ref} is considered.", ConsiderForm)
END = VerbPage("end", rounds.end_participant, "Take participant off", "They are off it.", tone="danger")
UNLINK = VerbPage("unlink", rounds.unlink_control, "Unlink", "It is unlinked.", tone="danger")


def consider(request: HttpRequest, pk: int) -> HttpResponse:
    """Say what was found of one risk in a round, then go on with the next; `pk` is the row's in the round."""
    user = user_of(request)
    related = ("assessment", "risk__owner", "risk__method", "considered_by")
    item = get_allowed(user, "view", AssessedRisk.objects.select_related(*related), pk)
    get_allowed(user, "consider", Assessment, item.assessment_id)
    if user.pk == item.assessment.approver_id:
        raise PermissionDenied("Who approves the assessment considers no risk in it.")
    waiting = visible(user, AssessedRisk).filter(todo(), assessment=item.assessment_id).exclude(pk=item.pk)
    onward = waiting.filter(risk_id__gt=item.risk_id).order_by("risk_id").first() or waiting.order_by("risk_id").first()
    home = reverse("risks:assessment-risks", args=[item.assessment_id])
    method = in_force()
    shown = {
        "risk": item.risk, "assessment": item.assessment, "left": waiting.count(),
        "links": item.risk.control_links.filter(archived_at=None).select_related("control").order_by("control__ref"),
        "bands": {
            "inherent": method.band(item.risk.inherent_score), "residual": method.band(item.risk.residual_score),
            "inherent_before": method.band(item.inherent_before), "residual_before": method.band(item.residual_before),
        },
    }  # fmt: skip
    home = reverse("risks:assessedrisk-consider", args=[onward.pk]) if onward else home
    return act(request, AssessmentPages, item, CONSIDER, home=home, **shown)


def end_participant(request: HttpRequest, pk: int) -> HttpResponse:
    """Take somebody off a round; `pk` is the participant's."""
    row = get_allowed(user_of(request), "end", Participant.objects.select_related("assessment", "user"), pk)
    return act(request, AssessmentPages, row, END)


def unlink_control(request: HttpRequest, pk: int) -> HttpResponse:
    """Take the link of a round to a control away; `pk` is the link's."""
    found = AssessmentControl.objects.select_related("assessment", "control")
    link = get_allowed(user_of(request), "unlink", found, pk)
    return act(request, AssessmentPages, link, UNLINK)
