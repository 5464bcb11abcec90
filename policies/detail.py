"""What the pages of policies and of their versions show beside their facts, and the verbs offered now."""

import datetime
from dataclasses import dataclass
from typing import Any, Final

from django.urls import reverse

from controls.models import Control
from foundation.accounts.access import can, verbs_on, visible
from foundation.accounts.models import User
from foundation.organisation.catalogue import CATALOGUE
from foundation.trail.asof import rows, thaw
from people.models import Person
from policies.acknowledging.owed import LATE, Owed, owed
from policies.columns import attach_exception, exception_words
from policies.content import in_words, promises_of, values_of
from policies.drafting import authors_of, blocks
from policies.models import (
    BINDING,
    STATUS_TONES,
    VERSION_TONES,
    Policy,
    PolicyApproval,
    PolicyApprover,
    PolicyAuthor,
    PolicyControl,
    PolicyException,
    PolicyReview,
    PolicyVersion,
    Status,
    VersionState,
)
from policies.people import may_review
from policies.promises import held, settings_at
from policies.text.render import to_html

Moment = datetime.datetime | None
POLICY_VERBS: Final = (
    "adapt", "amend", "review", "retire", "change_audience", "name_approver", "link_control", "request_exception",
)  # fmt: skip
# What keeps a version from being submitted is mended on its policy, by these verbs: the page and its words.
MENDS: Final = {
    "change": ("policies:policy-edit", "Name an owner"),
    "name_approver": ("policies:policy-name-approver", "Name an approver"),
}
VERSION_VERBS: Final = ("write", "submit", "approve", "return", "withdraw")


@dataclass(frozen=True)
class Missing:
    """What has to be there before a verb can be done: said before its form. url: the page that mends it, or ""."""

    title: str
    words: str
    url: str = ""
    action: str = ""


def seen(model: type[Any], user: User, moment: Moment, **where: Any) -> Any:
    """The rows that `user` may see, live or at the moment, and that stand."""
    return visible(user, rows(model, moment), moment).filter(archived_at=None, **where)


# ---- a policy ------------------------------------------------------------------------------------------------------


def policy_detail(policy: Any, user: User, moment: Moment) -> dict[str, Any]:
    """The context of a policy's page, live or at a moment, as far as `user` may see it. Constant queries."""
    versions = versions_of(policy, user, moment)
    bound = next((one for one in versions if one.state == VersionState.IN_FORCE), None)
    begun = next((one for one in versions if one.state in ("draft", "in_review", "approved")), None)
    shown = bound or begun
    if shown is not None:
        shown.text = rows(PolicyVersion, moment).filter(id=shown.pk).values_list("text", flat=True).get()
    exceptions = [thaw(row) for row in exceptions_of(policy, user, moment)]
    attach_exception(exceptions, user, moment)
    named = seen(PolicyApprover, user, moment, policy_id=policy.pk).select_related("user").order_by("id")
    reviews = seen(PolicyReview, user, moment, policy_id=policy.pk).select_related("reviewer").order_by("-id")
    return {
        "tone": STATUS_TONES[policy.status],
        "versions": [(one, VERSION_TONES[one.state]) for one in versions],
        "bound": bound,
        "begun": begun,
        "shown": shown,
        "html": to_html(shown.text, values_of(shown)) if shown is not None else "",
        "approvers": [thaw(row) for row in named],
        "reviews": [thaw(row) for row in reviews],
        "exceptions": [(one, exception_words(one)) for one in exceptions],
        "controls": controls_of(policy, user, moment),
        "previous": next((one for one in versions if one.state in BINDING and one is not bound), None),
        "verbs": {} if moment else policy_verbs(user, policy, begun),
        "mine": None if moment or bound is None else owed_by(user, policy),
        "LATE": LATE,
    }


def owed_by(user: User, policy: Policy) -> Owed | None:
    """How this person stands with a policy in force that asks them to acknowledge it; None where it does not. Five
    queries.
    """
    if not policy.acknowledged or policy.archived_at or not can(user, "acknowledge", PolicyVersion):
        return None
    return next(iter(owed(Person.objects.filter(user=user.pk), policies=[policy.pk])), None)


def versions_of(policy: Any, user: User, moment: Moment) -> list[PolicyVersion]:
    """Its versions without their texts, the newest first."""
    found = seen(PolicyVersion, user, moment, policy_id=policy.pk).defer("text")
    return [thaw(row) for row in found.order_by("-id")]


def exceptions_of(policy: Any, user: User, moment: Moment) -> Any:
    """Exceptions from it, the newest first."""
    found = seen(PolicyException, user, moment, policy_id=policy.pk)
    return found.select_related("requested_by", "decided_by").order_by("-id")


def controls_of(policy: Any, user: User, moment: Moment) -> list[tuple[Any, Any]]:
    """Its links to controls, each with the control for whoever sees that."""
    tied = [thaw(row) for row in seen(PolicyControl, user, moment, policy_id=policy.pk).order_by("id")]
    ids = [one.control_id for one in tied]
    known = (
        {row.id: thaw(row) for row in visible(user, rows(Control, moment), moment).filter(id__in=ids)} if ids else {}
    )
    return [(one, known.get(one.control_id)) for one in tied]


def policy_verbs(user: User, policy: Policy, begun: PolicyVersion | None) -> dict[str, bool]:
    """Which verbs this person may do now: what the role allows and the policy's state makes sense of."""
    if policy.archived_at:
        return {}
    given = verbs_on(user, POLICY_VERBS, policy)
    may = {verb: verb in given for verb in POLICY_VERBS}
    bound, template = policy.status == Status.IN_FORCE, policy.status == Status.TEMPLATE
    settled = begun is None or begun.state != VersionState.IN_REVIEW
    return {
        "adapt": may["adapt"] and template,
        "amend": may["amend"] and not template and begun is None,
        "review": may["review"] and bound and may_review(user, policy),
        "retire": may["retire"] and bound and begun is None,
        "change_audience": may["change_audience"],
        "name_approver": may["name_approver"] and settled,
        "link_control": may["link_control"],
        "request_exception": may["request_exception"] and bound,
    } | (version_verbs(user, begun) if begun is not None else {})


def unowned(user: User, policy: Policy) -> Missing | None:
    """What to say to whoever would adapt a template that nobody owns; None where somebody does."""
    if policy.owner_id is not None:
        return None
    url = reverse("policies:policy-edit", args=[policy.pk]) if can(user, "change", policy) else ""
    return Missing("Nobody owns it yet.", "Name an owner first: somebody has to answer for it.", url, "Name an owner")


# ---- a version -----------------------------------------------------------------------------------------------------


def version_detail(version: Any, user: User, moment: Moment) -> dict[str, Any]:
    """The context of a version's page, live or at a moment. Constant queries."""
    signed = seen(PolicyApproval, user, moment, policy_version_id=version.pk).select_related(
        "approver", "approved_under"
    )
    wrote = seen(PolicyAuthor, user, moment, policy_version_id=version.pk).select_related("user").order_by("id")
    named = seen(PolicyApprover, user, moment, policy_id=version.policy_id).select_related("user").order_by("id")
    approvals = [thaw(row) for row in signed.order_by("id")]
    given = {one.approver_id for one in approvals if one.submission == version.submission}
    in_review = version.state == VersionState.IN_REVIEW
    promised = version.promises if version.sha256 else promises_of(version.text)
    return {
        "tone": VERSION_TONES[version.state],
        "html": to_html(version.text, values_of(version)),
        "approvals": [(one, one.submission != version.submission or not version.sha256) for one in approvals],
        "authors": [row.user for row in wrote],
        "waiting": [row.user for row in named if row.user_id not in given] if in_review else [],
        "promises": held(promised, settings_at(moment)),
        "compared": beside(version, versions_of(version.policy, user, moment)),
        "verbs": {} if moment else version_verbs(user, version),
        "blocks": [] if moment or version.state != VersionState.DRAFT else blocks_for(user, version),
    }


def beside(version: Any, versions: list[PolicyVersion]) -> tuple[PolicyVersion, PolicyVersion, str] | None:
    """The older and the newer of a version and the one it is compared with, and the number of that one.

    versions: the policy's that the person sees, the newest first. It is the one before it that held, else any before
    it; of a first version the newest. None where there is no other.
    """
    others = [one for one in versions if one.pk != version.pk]
    if not others:
        return None
    earlier = [one for one in others if one.pk < version.pk]
    other = next((one for one in earlier if one.state in BINDING), earlier[0] if earlier else others[0])
    return (other, version, other.number) if other.pk < version.pk else (version, other, other.number)


def in_force_of(version: PolicyVersion, user: User) -> PolicyVersion | None:
    """The version in force that another one would replace, for whoever sees it. One query."""
    found = visible(user, PolicyVersion.objects.in_force().filter(policy=version.policy_id)).exclude(pk=version.pk)
    bound: PolicyVersion | None = found.defer("text", "promises").first()
    return bound


def blocks_for(user: User, version: PolicyVersion) -> list[tuple[str, str, str]]:
    """What keeps a draft from being submitted, for whoever could submit it: words, and where this person mends it."""
    if "submit" not in verbs_on(user, ("submit",), version):
        return []
    found = blocks(version)
    may = verbs_on(user, tuple(MENDS), version.policy) if any(one.mend for one in found) else set()
    return [
        (one.words, reverse(MENDS[one.mend][0], args=[version.policy_id]), MENDS[one.mend][1])
        if one.mend in may
        else (one.words, "", "")
        for one in found
    ]


def version_verbs(user: User, version: PolicyVersion) -> dict[str, bool]:
    """Which verbs this person may do with a version now."""
    given = verbs_on(user, VERSION_VERBS, version)
    may, state = {verb: verb in given for verb in VERSION_VERBS}, version.state
    in_review = state == VersionState.IN_REVIEW
    signs = in_review and may["approve"] and waits_for(user, version)
    return {
        "write": may["write"] and state in (VersionState.DRAFT, VersionState.IN_REVIEW),
        "submit": may["submit"] and state == VersionState.DRAFT,
        "approve": signs,
        "return": may["return"] and in_review,
        "withdraw": may["withdraw"] and state in ("draft", "in_review", "approved"),
    }


def waits_for(user: User, version: PolicyVersion) -> bool:
    """Whether a version in review waits for this person's approval. Two queries."""
    named = PolicyApprover.objects.live().filter(policy=version.policy_id, user=user.pk).exists()
    done = PolicyApproval.objects.filter(policy_version=version.pk, submission=version.submission, approver=user.pk)
    return named and not done.exists()


def settings_for_text() -> list[tuple[str, str, str]]:
    """Every number that a text can promise: its key, what it is, and how it would stand there now."""
    today = {key: {"value": number, "unit": CATALOGUE[key].unit} for key, number in settings_at(None).items()}
    words = in_words(today)
    return [(key, f"{item.words}: {item.reader}", words[key]) for key, item in CATALOGUE.items()]


def alone(version: PolicyVersion, user: User) -> bool:
    """Whether this person wrote at the version, so that their approval never suffices."""
    return user.pk in authors_of(version)
