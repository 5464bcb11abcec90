"""The register of post-incident reviews, the verbs on one, and its paper. A review is begun on its incident."""

import datetime
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse, QueryDict

from controls.models import Control
from evidence.models import Evidence
from findings.models import Finding
from foundation.accounts.access import are_apart, get_allowed, verbs_on, visible
from foundation.accounts.duties import INCIDENT_REVIEW_APPROVAL
from foundation.accounts.models import User
from foundation.pages.act import VerbPage, act
from foundation.pages.forms import RegisterForm, user_of
from foundation.pages.history import Link
from foundation.pages.pages import Pages
from foundation.pages.paper import Paper
from foundation.trail.asof import rows, thaw
from incidents.command import REFUSED, require_response, responds
from incidents.models import REVIEW_TONES, PostIncidentReview, ReviewControl, ReviewFinding, ReviewState
from incidents.paper import about_incident, facts_of
from incidents.reviews import actions
from incidents.reviews.blocks import blocks, warnings
from incidents.reviews.columns import COLUMNS, FACTS, SECTIONS, attach_review
from incidents.reviews.filters import ReviewFilter
from incidents.reviews.forms import ApproveForm, FailedControlForm, FindingForm, ReviewForm, SubmitForm
from incidents.reviews.people import writers

OF_OTHERS = ("approve", "return", "cancel")  # who need not respond to the incident
VERBS = ("change", "submit", "approve", "return", "cancel", "link_control", "raise_finding")


class PostIncidentReviewPages(Pages):
    """What was learnt from incidents: written by one, approved by another."""

    model = PostIncidentReview
    form_class, filter_class = ReviewForm, ReviewFilter
    columns, facts, ordering = COLUMNS, FACTS, ("-id",)
    related = ("author", "approver", "submitted_by", "approved_by")
    links = (Link("Failed control", ReviewControl, "review"), Link("Finding", ReviewFinding, "review"))
    left_out: ClassVar = ("create", "archive", "restore", "detail")  # its page is printed too: see urls
    intro = "What happened, why, what worked and what follows: written by one person, approved by another."
    verbs: ClassVar = (
        VerbPage("submit", actions.submit, "Submit review", "{0.ref} waits for {0.approver}.", SubmitForm),
        VerbPage("approve", actions.approve, "Approve review", "{0.ref} is approved and locked.", ApproveForm),
        VerbPage("return", actions.give_back, "Return review", "{0.ref} is returned to {0.author}."),
        VerbPage("cancel", actions.cancel, "Call off review", "{0.ref} is called off.", tone="danger"),
        VerbPage(
            "link_control", actions.link_control, "Note failed control", "The control is noted.", FailedControlForm,
            path="controls/new",
        ),
        VerbPage(
            "raise_finding", actions.raise_finding, "Raise finding", "The finding is raised.", FindingForm,
            path="findings/new",
        ),
    )  # fmt: skip
    attach = staticmethod(attach_review)

    def keep(self, form: RegisterForm, participle: str) -> PostIncidentReview:
        """Only whoever responds, and does not approve it, writes it."""
        return actions.change(form.save(commit=False), actor=self.user)

    def edit_refused(self, target: PostIncidentReview) -> str:
        """Whoever only reported the incident reads it, and its approver judges it."""
        if not responds(self.user, target.incident):
            return REFUSED
        apart = are_apart(self.user, [target.approver_id], INCIDENT_REVIEW_APPROVAL, target)
        return "" if apart else INCIDENT_REVIEW_APPROVAL.rule

    def detail_context(self, target: Any, moment: datetime.datetime | None) -> dict[str, Any]:
        """What it says, what blocks it and what warns, and the verbs that make sense now."""
        live = moment is None
        verbs = verbs_for(self.user, target) if live else {}
        being_written = live and target.state == ReviewState.DRAFT
        return {
            **content(target, self.user, moment),
            "verbs": verbs,
            "blocks": blocks(target) if being_written else [],
            "warnings": warnings(target) if being_written or (live and target.state == ReviewState.SUBMITTED) else [],
            "may_unlink": being_written and bool(verbs.get("link_control")),
        }

    def act_on(self, target: Any, verb: VerbPage) -> HttpResponse:
        """No form for whoever only reported the incident; whoever signs reads the whole review beside it."""
        if verb.verb not in OF_OTHERS:
            require_response(self.user, target.incident)
        shown = content(target, self.user, None) if verb.verb in ("approve", "submit") else {}
        return act(self.request, type(self), target, verb, **shown)


def content(target: Any, user: User, moment: datetime.datetime | None) -> dict[str, Any]:
    """What the page and the paper show of a review beside its facts. Five queries.

    A control or finding that this person does not see stands there without its words.
    """
    failed = visible(user, rows(ReviewControl, moment), moment).filter(review_id=target.pk, archived_at=None)
    raised = visible(user, rows(ReviewFinding, moment), moment).filter(review_id=target.pk, archived_at=None)
    seen = visible(user, rows(Evidence, moment), moment).filter(id=target.evidence_id)
    gone, made = list(failed.order_by("id")), list(raised.order_by("finding_id"))
    controls = named(Control, [row.control_id for row in gone], user, moment)
    findings = named(Finding, [row.finding_id for row in made], user, moment, "owner")
    return {
        "sections": [(label, getattr(target, name)) for name, label in SECTIONS],
        "failed": [(thaw(row), controls.get(row.control_id)) for row in gone],
        "raised": [(thaw(row), findings.get(row.finding_id), Finding.ref_of(row.finding_id)) for row in made],
        "state_tone": REVIEW_TONES[target.state],
        "sees_evidence": target.evidence_id is not None and seen.exists(),
    }


def named(
    model: type[Any], ids: list[int], user: User, moment: datetime.datetime | None, *related: str
) -> dict[int, Any]:
    """Those of these records that this person sees, by number. One query."""
    seen = visible(user, rows(model, moment), moment).filter(id__in=ids).select_related(*related)
    return {row.id: thaw(row) for row in seen}


def verbs_for(user: User, target: PostIncidentReview) -> dict[str, bool]:
    """Which verbs this person may do now: the role, the part in the incident, and the review's state."""
    given = verbs_on(user, VERBS, target)
    being_written, waits = target.state == ReviewState.DRAFT, target.state == ReviewState.SUBMITTED
    writes = being_written and target.approver_id != user.pk and responds(user, target.incident)
    judging = waits and target.approver_id == user.pk
    return {
        **{verb: writes and verb in given for verb in ("change", "submit", "link_control", "raise_finding")},
        "approve": judging
        and "approve" in given
        and are_apart(user, writers(target), INCIDENT_REVIEW_APPROVAL, target),
        "return": judging and "return" in given,
        "cancel": (being_written or waits) and "cancel" in given,
    }


def review_paper(user: User, params: QueryDict, moment: datetime.datetime | None, /, pk: int) -> Paper:
    """The review on paper: what happened, why, what follows, and who signed."""
    seen = rows(PostIncidentReview, moment).select_related(*PostIncidentReviewPages.related)
    target = thaw(get_allowed(user, "view", seen, pk, moment))
    attach_review([target], user, moment)
    said, about = content(target, user, moment), about_incident(user, target.incident_id, moment)
    return Paper(
        title=f"Post-incident review {target.ref}",
        template="pdf/incident_review.html",
        context={
            "object": target,
            "facts": [(label, cell) for label, cell in facts_of(target, FACTS) if label != "Incident" or not about],
            **about,
            **said,
        },
        scope=(target.about_words, target.get_state_display()),
        as_of=moment,
        rows=len(said["failed"]) + len(said["raised"]),
    )


UNLINK = VerbPage("unlink", actions.unlink_control, "Take off", "The control is taken off.", tone="danger")


def unlink_control(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a failed control off a review; `pk` is the link's."""
    link = get_allowed(user_of(request), "unlink", ReviewControl, pk)
    require_response(user_of(request), link.review.incident)
    return act(request, PostIncidentReviewPages, link, UNLINK)
