"""The register of policies, with the verbs on one."""

import datetime
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse

from foundation.accounts.access import get_allowed
from foundation.organisation.models import today
from foundation.pages.act import VerbPage, act
from foundation.pages.forms import RegisterForm, VerbForm, user_of
from foundation.pages.history import Link
from foundation.pages.pages import Pages
from policies import actions, approval, drafting, exceptions, library, reviews
from policies.acknowledging.reminding import owing, remind, reminded_words, why_not
from policies.columns import COLUMNS, FACTS, attach_policy
from policies.detail import policy_detail, unowned
from policies.filters import PolicyFilter
from policies.forms import (
    AmendForm,
    ApproverForm,
    AudienceForm,
    LinkControlForm,
    NoteForm,
    PolicyExceptionForm,
    PolicyForm,
)
from policies.models import (
    Policy,
    PolicyApprover,
    PolicyControl,
    PolicyException,
    PolicyGroup,
    PolicyReview,
    PolicyVersion,
)


class PolicyPages(Pages):
    """The pages that every register has, for policies."""

    model = Policy
    form_class, filter_class = PolicyForm, PolicyFilter
    columns, facts, related, ordering = COLUMNS, FACTS, ("owner",), ("title",)
    left_out = ("detail",)  # in urls.py, with its paper
    links = (
        Link("Version", PolicyVersion, "policy"),
        Link("Review", PolicyReview, "policy"),
        Link("Exception", PolicyException, "policy"),
        Link("Group", PolicyGroup, "policy"),
        Link("Approver", PolicyApprover, "policy"),
        Link("Control", PolicyControl, "policy"),
    )
    intro = "What the company binds itself to: written, approved by another person, read by everybody whom it is for."
    verbs = (
        VerbPage("adapt", library.adapt, "Adapt template", "{0.ref} is the company's own now: write it.", NoteForm),
        VerbPage("amend", drafting.amend, "Amend policy", "The next version is begun: write it.", AmendForm),
        VerbPage(
            "review", reviews.review, "Review without change", "{0.ref} stays as it is; next on {0.next_review_on}.",
            NoteForm,
        ),
        VerbPage("retire", approval.retire, "Retire policy", "{0.ref} is retired.", tone="danger"),
        VerbPage(
            "change_audience", actions.change_audience, "Change audience", "{0.ref} is for them now.", AudienceForm,
            path="audience",
        ),
        VerbPage(
            "name_approver", actions.name_approver, "Name approver", "The approver is named.", ApproverForm,
            path="approvers/new",
        ),
        VerbPage(
            "link_control", actions.link_control, "Link control", "The control is linked.", LinkControlForm,
            path="controls/new",
        ),
        VerbPage(
            "request_exception", exceptions.request_exception, "Ask for exception",
            "Another person decides about the exception.", PolicyExceptionForm, path="exceptions/new",
        ),
        VerbPage(
            "remind", remind, "Remind who owes it", reminded_words, VerbForm, path="acknowledgements/remind",
            tab="acknowledgements", template="policies/acknowledging_remind.html",
        ),
    )  # fmt: skip
    attach = staticmethod(attach_policy)
    exceptions = PolicyException  # to whose list this one leads whoever may view it

    def detail_context(self, target: Any, moment: datetime.datetime | None) -> dict[str, Any]:
        """Its text, versions, approvers, reviews, exceptions and controls, and the verbs that make sense now."""
        return policy_detail(target, self.user, moment)

    def act_on(self, target: Policy, verb: VerbPage) -> HttpResponse:
        """What has to be there before a template is adapted, and whom a reminder reaches, is said before the form."""
        if verb.verb == "remind":
            found = owing(target.pk, today())
            return act(self.request, type(self), target, verb, owing=found, refused=why_not(target, found))
        missing = unowned(self.user, target) if verb.verb == "adapt" else None
        return act(self.request, type(self), target, verb, missing=missing)

    def keep(self, form: RegisterForm, participle: str) -> Policy:
        """A new policy gets a draft; another cadence moves its next review."""
        policy: Policy = form.save(commit=False)
        if participle == "created":
            return drafting.register(policy, actor=self.user)
        return actions.change(policy, actor=self.user)

    @transaction.atomic
    def put_away(self, target: Policy, participle: str, reason: str) -> Any:
        """What is in force, or waits for approval, is not archived."""
        if participle == "archived":
            approval.check_put_away(target)
        return super().put_away(target, participle, reason)


# ---- verbs on one link ---------------------------------------------------------------------------------------------


REMOVE_APPROVER = VerbPage(
    "unlink", actions.remove_approver, "Take approver off", "The approver is off.", tone="danger"
)
UNLINK_CONTROL = VerbPage("unlink", actions.unlink_control, "Unlink", "It is unlinked.", tone="danger")


def remove_approver(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an approver off a policy; `pk` is the link's."""
    return act(request, PolicyPages, get_allowed(user_of(request), "unlink", PolicyApprover, pk), REMOVE_APPROVER)


def unlink_control(request: HttpRequest, pk: int) -> HttpResponse:
    """Take the link to a control away; `pk` is the link's."""
    return act(request, PolicyPages, get_allowed(user_of(request), "unlink", PolicyControl, pk), UNLINK_CONTROL)
