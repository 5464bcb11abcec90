"""The register of reviews with the verbs on one, its report, and the controls for which reviews are evidence."""

import datetime
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_safe

from findings.models import Finding
from foundation.accounts.access import get_allowed, get_shown, moment_for, verbs_on, visible
from foundation.accounts.models import User
from foundation.pages.act import VerbPage, act
from foundation.pages.forms import RegisterForm, user_of
from foundation.pages.history import Link
from foundation.pages.moment import at
from foundation.pages.pages import Pages
from foundation.pages.paper import Paper
from foundation.trail.asof import rows, thaw
from foundation.trail.keep import save
from vendors import proofs, reviews
from vendors.models import Answer, ReviewState, VendorControl, VendorReview, VendorReviewItem
from vendors.paper_columns import attach_vendor
from vendors.review_columns import COLUMNS, CONTROL_COLUMNS, CONTROL_FACTS, FACTS, STATE_TONES
from vendors.review_filters import ReviewFilter, VendorControlFilter
from vendors.review_forms import (
    AnswerForm,
    AnswersForm,
    ApproveForm,
    RaiseFindingForm,
    ReviewForm,
    SubmitForm,
    VendorControlForm,
)

VERBS = ("answer", "submit", "approve", "return", "cancel")
ANSWER_TONES: dict[str, str] = {Answer.YES: "ok", Answer.NO: "bad", Answer.NOT_APPLICABLE: "mute", Answer.OPEN: "mute"}


class VendorReviewPages(Pages):
    """Reviews of vendors: begun on the vendor's page, or by themselves before they are due."""

    model = VendorReview
    form_class, filter_class = ReviewForm, ReviewFilter
    columns, facts = COLUMNS, FACTS
    related: ClassVar = ("vendor", "reviewer", "approver")
    ordering: ClassVar = ("-due_on",)
    left_out: ClassVar = ("create", "archive", "restore")
    links: ClassVar = (Link("Question", VendorReviewItem, "review"),)
    intro = "Each look at a vendor: what its tier is asked, what was found, what remains, and who approved it."
    verbs: ClassVar = (
        VerbPage("answer", reviews.answer, "Answer question", "The question is answered.", AnswerForm),
        VerbPage(
            "answer", reviews.answer_all, "Answer questions", "The answers are saved.", AnswersForm, name="questions",
            scope=None, template="vendors/vendorreview_questions.html", part="vendors/questions_form.html",
        ),
        VerbPage(
            "answer", reviews.raise_finding, "Raise finding", "A finding is raised.", RaiseFindingForm,
            name="raise-finding", path="findings/new",
        ),
        VerbPage("submit", reviews.submit, "Submit review", "{0.ref} waits for {0.approver}.", SubmitForm),
        VerbPage("approve", reviews.approve, "Approve review", "{0.ref} is approved and locked.", ApproveForm),
        VerbPage("return", reviews.give_back, "Return review", "{0.ref} is returned to {0.reviewer}."),
        VerbPage("cancel", reviews.cancel, "Cancel review", "{0.ref} is called off.", tone="danger"),
    )  # fmt: skip
    attach = staticmethod(attach_vendor)

    def detail_context(self, target: Any, moment: datetime.datetime | None) -> dict[str, Any]:
        """Its questions with what was found, what blocks it, and the verbs offered now."""
        live = moment is None
        given = verbs_on(self.user, VERBS, target) if live else set()
        items = items_of(target, self.user, moment)
        return {
            "lines": items,
            "tone": STATE_TONES[target.state],
            "left": sum(1 for item, *_ in items if item.required and not item.answer),
            "blocks": reviews.blocks(target) if live and target.state in reviews.UNDER_WAY else [],
            "verbs": verbs_for(self.user, target, given),
        }

    def keep(self, form: RegisterForm, participle: str) -> VendorReview:
        """Its entry names the vendor."""
        review: VendorReview = form.save(commit=False)
        refs = {"vendor": review.vendor_id}
        return save(review, actor=self.user, verb=f"vendorreview.{participle}", refs=refs)

    def act_on(self, target: Any, verb: VerbPage) -> HttpResponse:
        """Before it is submitted or approved, people read what blocks it."""
        shown: dict[str, Any] = {}
        if verb.slug in ("submit", "approve"):
            shown["blocks"] = reviews.blocks(target)
        return act(self.request, type(self), target, verb, **shown)


def items_of(review: VendorReview, user: User, moment: datetime.datetime | None) -> list[tuple[Any, ...]]:
    """The questions of a review: each with the tone of its answer, and the finding that was raised from it."""
    found = visible(user, rows(VendorReviewItem, moment), moment).filter(review_id=review.pk)
    raised = reviews.findings_of(review)
    seen = set(visible(user, rows(Finding, moment), moment).filter(id__in=raised.values()).values_list("id", flat=True))
    lines = []
    for item in [thaw(row) for row in found.select_related("document").order_by("position")]:
        number = raised.get(item.key)
        url = Finding(pk=number).get_absolute_url() if number in seen else ""
        lines.append((item, ANSWER_TONES[item.answer], Finding.ref_of(number) if number else "", url))
    return lines


def verbs_for(user: User, review: VendorReview, given: set[str]) -> dict[str, bool]:
    """Which verbs this person may do now."""
    is_open, waits = review.state == ReviewState.OPEN, review.state == ReviewState.SUBMITTED
    other, named = review.approver_id != user.pk, review.approver_id == user.pk
    return {
        "answer": "answer" in given and is_open and other,
        "raise_finding": "answer" in given and (is_open or waits),
        "submit": "submit" in given and is_open and other,
        "approve": "approve" in given and waits and named,
        "return": "return" in given and waits and named,
        "cancel": "cancel" in given and (is_open or waits),
    }


# ---- the report ----------------------------------------------------------------------------------------------------


@require_safe
def report(request: HttpRequest, pk: int) -> HttpResponse:
    """One review as it is shown to an auditor: what was asked, found and concluded, by whom and when."""
    user = user_of(request)
    pages = VendorReviewPages(request)
    moment = pages.moment()
    review = pages.fetch(pk, moment)
    context = {"pages": pages, "object": review, "moment": moment, "at": at(moment), **told(review, user, moment)}
    return render(request, "vendors/review_report.html", context)


def report_paper(user: User, params: QueryDict, moment: datetime.datetime | None, /, pk: int) -> Paper:
    """The same on paper."""
    if moment is None:
        review = get_shown(user, "view", VendorReview, pk, "vendor", "reviewer", "approver")
        moment = moment_for(user, None, VendorReview)
    else:
        found = get_allowed(user, "view", rows(VendorReview, moment).select_related("vendor", "reviewer"), pk, moment)
        review = thaw(found)
    shown = told(review, user, moment)
    return Paper(
        title=f"Vendor review: {review.vendor.name}",
        template="pdf/vendor_review.html",
        context={"object": review, **shown},
        scope=(f"{review.ref}, {review.get_kind_display().lower()}", f"State: {review.get_state_display().lower()}"),
        as_of=moment,
        rows=len(shown["lines"]),
    )


def told(review: VendorReview, user: User, moment: datetime.datetime | None) -> dict[str, Any]:
    """What page and paper show of a review."""
    attach_vendor([review], user, moment)
    facts = [(fact.label, fact.cell(review)) for fact in FACTS]
    return {"facts": facts, "lines": items_of(review, user, moment)}


report.paper = report_paper  # type: ignore[attr-defined]
report.pages = VendorReviewPages  # type: ignore[attr-defined]


# ---- controls ------------------------------------------------------------------------------------------------------


class VendorControlPages(Pages):
    """For which controls the work with vendors is evidence."""

    model = VendorControl
    form_class, filter_class = VendorControlForm, VendorControlFilter
    columns, facts = CONTROL_COLUMNS, CONTROL_FACTS
    related: ClassVar = ("control",)
    ordering: ClassVar = ("part",)
    left_out: ClassVar = ("edit", "archive", "restore")
    intro = "For which controls the work with vendors is evidence: what is approved there fills their squares."
    verbs: ClassVar = (VerbPage("unlink", proofs.unlink_control, "Unlink", "It is unlinked.", tone="danger"),)

    def detail_context(self, target: Any, moment: datetime.datetime | None) -> dict[str, Any]:
        """Whether this person may unlink it."""
        live = moment is None and not target.archived_at
        return {"may_unlink": live and bool(verbs_on(self.user, ("unlink",), target))}

    def keep(self, form: RegisterForm, participle: str) -> VendorControl:
        """A link that was taken away comes back."""
        return proofs.link_control(form.save(commit=False), actor=self.user)
