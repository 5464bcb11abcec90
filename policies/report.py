"""Policies on paper: one version with all that is on record of it, and the handbook of everything in force."""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Sum
from django.db.models.functions import Length
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from foundation.accounts.access import get_allowed, require, visible
from foundation.accounts.models import User
from foundation.organisation.catalogue import CATALOGUE
from foundation.pages.forms import user_of
from foundation.pages.moment import at
from foundation.pages.paper import Paper, PaperRefused
from foundation.trail.asof import rows, thaw
from policies.content import amount, hash_of, values_of
from policies.models import BINDING, FROZEN, Policy, PolicyApproval, PolicyVersion, Status, VersionState
from policies.text.render import to_html
from policies.views import PolicyPages

Moment = datetime.datetime | None
MOST_LETTERS: Final = 3_000_000  # of all texts of a handbook: some 1,000 pages
MOST_VERSIONS: Final = 100  # in the table of a policy's versions


@dataclass(frozen=True)
class Printed:
    """One version as paper shows it. approvals: those that count, of the version as it was submitted last."""

    policy: Policy
    version: PolicyVersion
    approvals: list[PolicyApproval]
    html: SafeString
    numbers: list[tuple[str, str]]
    intact: bool


# ---- one version ---------------------------------------------------------------------------------------------------


def version_paper(user: User, params: QueryDict, moment: Moment, /, pk: int) -> Paper:
    """One version of a policy, whatever its state: its words, its numbers, its approvals, its hash, and those before.

    Raises Http404 and PermissionDenied as its page does.
    """
    version = thaw(get_allowed(user, "view", rows(PolicyVersion, moment), pk, moment))
    policy = thaw(rows(Policy, moment).select_related("owner").get(id=version.policy_id))
    return paper_of(user, policy, version, moment)


def policy_paper(user: User, params: QueryDict, moment: Moment, /, pk: int) -> Paper:
    """The version of a policy that is in force; where there is none, the newest that the person may see.

    Raises Http404 and PermissionDenied as the policy's page does, and Http404 where there is nothing to print.
    """
    policy = thaw(get_allowed(user, "view", rows(Policy, moment).select_related("owner"), pk, moment))
    versions = visible(user, rows(PolicyVersion, moment).filter(policy_id=policy.pk), moment)
    found = versions.filter(state=VersionState.IN_FORCE).first() or versions.order_by("-id").first()
    if found is None:
        raise Http404("The policy has no text yet.")
    return paper_of(user, policy, thaw(found), moment)


def paper_of(user: User, policy: Policy, version: PolicyVersion, moment: Moment) -> Paper:
    """What is printed of one version."""

    def said() -> Printed:
        return printed(policy, version, approvals_of(user, [version], moment).get(version.pk, []), top=2)

    def versions() -> list[Any]:
        found = visible(user, rows(PolicyVersion, moment).filter(policy_id=policy.pk, state__in=FROZEN), moment)
        return [thaw(one) for one in found.order_by("-major", "-minor", "-id")[:MOST_VERSIONS]]

    return Paper(
        title=version.title,
        template="pdf/policy.html",
        context={"said": said, "versions": versions, "version": version, "policy": policy, "state": standing(version)},
        scope=(f"{policy.ref}, version {version.number}",),
        as_of=moment,
        rows=1,
    )


def standing(version: PolicyVersion) -> str:
    """What a reader of paper has to know of a version that does not bind; "" of one in force."""
    if version.state == VersionState.IN_FORCE:
        return ""
    if version.state in BINDING:
        return f"It is no longer in force: {version.get_state_display().lower()} on {version.in_force_until}."
    if version.state == VersionState.APPROVED:
        return f"It is not in force yet: approved, from {version.effective_on} on."
    return f"It binds nobody: {version.get_state_display().lower()}, not approved."


# ---- the handbook --------------------------------------------------------------------------------------------------


def handbook(user: User, moment: Moment) -> list[tuple[Policy, PolicyVersion]]:
    """The policies in force that this person sees, by title, each with its version in force. Two queries."""
    found = visible(user, rows(Policy, moment).filter(status=Status.IN_FORCE, archived_at=None), moment)
    policies = {one.pk: one for one in map(thaw, found.select_related("owner").order_by("title", "id"))}
    bound = visible(user, rows(PolicyVersion, moment).filter(state=VersionState.IN_FORCE), moment)
    versions = {one.policy_id: one for one in map(thaw, bound.filter(policy_id__in=policies))}
    return [(policy, versions[pk]) for pk, policy in policies.items() if pk in versions]


def handbook_paper(user: User, params: QueryDict, moment: Moment, /) -> Paper:
    """Every policy in force that this person sees, as one book. Raises PaperRefused for more words than a PDF holds."""
    bound = visible(user, rows(PolicyVersion, moment).filter(state=VersionState.IN_FORCE), moment)
    if (bound.aggregate(letters=Sum(Length("text")))["letters"] or 0) > MOST_LETTERS:
        raise PaperRefused("The policies hold more words than one PDF can. Print them one by one.")
    found = handbook(user, moment)

    def policies() -> Iterator[Printed]:
        given = approvals_of(user, [version for _, version in found], moment)
        for policy, version in found:
            yield printed(policy, version, given.get(version.pk, []), top=3)

    count = len(found)
    return Paper(
        title="Policy handbook",
        template="pdf/policies.html",
        context={"found": found, "policies": policies},
        scope=(f"{count} polic{'y' if count == 1 else 'ies'} in force",),
        as_of=moment,
        rows=count,
    )


@require_safe
def handbook_page(request: HttpRequest) -> HttpResponse:
    """What the handbook holds for this person, and the way to have it on paper."""
    require(user_of(request), "view", Policy)
    pages = PolicyPages(request)
    moment = pages.moment()
    context = {"pages": pages, "moment": moment, "at": at(moment), "found": handbook(pages.user, moment)}
    return render(request, "policies/handbook.html", context)


handbook_page.paper = handbook_paper  # type: ignore[attr-defined]
handbook_page.pages = PolicyPages  # type: ignore[attr-defined]


# ---- shared --------------------------------------------------------------------------------------------------------


def printed(policy: Policy, version: PolicyVersion, approvals: list[PolicyApproval], top: int) -> Printed:
    """A version as paper shows it; `intact` is False where its words no longer give the hash that was approved."""
    return Printed(
        policy=policy,
        version=version,
        approvals=approvals,
        html=to_html(version.text, values_of(version), top),
        numbers=[
            (CATALOGUE[key].words if key in CATALOGUE else key, amount(key, told))
            for key, told in version.promises.items()
        ],
        intact=not version.sha256 or hash_of(version) == version.sha256,
    )


def approvals_of(user: User, versions: list[PolicyVersion], moment: Moment) -> dict[int, list[PolicyApproval]]:
    """The approvals that count of each of these versions, by its number. One query."""
    counts = {version.pk: version.submission for version in versions}
    given: dict[int, list[PolicyApproval]] = {}
    found = visible(user, rows(PolicyApproval, moment).filter(policy_version_id__in=counts), moment)
    for approval in map(thaw, found.select_related("approver", "approved_under").order_by("id")):
        if approval.submission == counts[approval.policy_version_id]:
            given.setdefault(approval.policy_version_id, []).append(approval)
    return given
