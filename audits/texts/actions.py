"""What management does about its texts: one function a verb, each one transaction and its trail.

Who may do it is asked before, in access.py; what is legal at all is asked here, on the rows as they are stored. Once
the report is issued, or the engagement is archived, nothing of its texts changes any more.
"""

from typing import Any, Final

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from audits.models import Engagement
from audits.models.texts import (
    ASSERTION_MOVES,
    SIGNING_TIME,
    Assertion,
    AssertionState,
    DescriptionSection,
    EngagementText,
    Method,
    SubserviceControl,
    SubserviceOrganisation,
    UserEntityControl,
    codes_of,
)
from audits.texts import news
from audits.texts.reading import Texts, bound_hash, bound_lines, texts_of
from audits.texts.template import is_adapted, refusal
from evidence.own import keep_record
from foundation.accounts.access import apart, refs_of
from foundation.accounts.duties import ASSERTION_SIGNATURE
from foundation.accounts.models import User
from foundation.accounts.roles import Role
from foundation.trail.keep import save
from foundation.trail.record import record
from foundation.trail.steps import locked, move, say
from risks.models import Executive

OVER: Final = "The report is issued, or the engagement is archived: nothing of its texts changes any more."
OTHER: Final = "A text stays in its engagement."
NO_EXECUTIVE: Final = "Only a manager who is named as executive signs for management."
HAS_CSOCS: Final = "Archive what is assumed at it first: it has CSOCs."


# ---- the description, and what it assumes of others -----------------------------------------------------------------


@transaction.atomic
def keep_text(text: Any, *, actor: User, participle: str = "updated", reason: str = "") -> Any:
    """Store a section, a CUEC, a subservice organisation or a CSOC, new or changed, archived or restored.

    Raises Stale, ValidationError once the report is issued, or for what is not legal.
    """
    if isinstance(text, SubserviceControl):
        text.engagement_id = text.organisation.engagement_id
    engagement = changeable(text.engagement_id)
    before = type(text).objects.filter(pk=text.pk).first()
    if before is not None and before.engagement_id != text.engagement_id:
        raise ValidationError(OTHER)
    if isinstance(text, DescriptionSection):
        _check_section(engagement, text)
    _check_ends(text)
    text.full_clean()
    verb = f"{text._meta.model_name}.{participle}"
    return save(text, actor=actor, verb=verb, reason=reason, refs={"engagement": engagement.pk})


def changeable(engagement_id: int) -> Engagement:
    """The engagement, locked before any of its texts. Raises ValidationError where they do not change any more."""
    engagement = Engagement.objects.select_for_update().get(pk=engagement_id)
    if engagement.is_over:
        raise ValidationError(OVER)
    return engagement


def _check_section(engagement: Engagement, section: DescriptionSection) -> None:
    if section.code not in codes_of(engagement):
        raise ValidationError({"code": "A description as of one day (Type I) has no section about changes."})
    if words := refusal(section.text):
        raise ValidationError({"text": words})


def _check_ends(text: Any) -> None:
    """What hangs on another stands no longer than that: a CSOC needs its organisation, carved out; that goes, or is
    treated otherwise, after its CSOCs.
    """
    csocs = SubserviceControl.objects.live().filter(organisation=text.pk)
    if isinstance(text, SubserviceOrganisation) and csocs.exists():
        if text.archived_at is not None:
            raise ValidationError(HAS_CSOCS)
        if text.method != Method.CARVE_OUT:
            raise ValidationError({"method": HAS_CSOCS})
    if isinstance(text, SubserviceControl) and text.archived_at is None:
        if text.organisation.archived_at is not None:
            raise ValidationError({"organisation": "This organisation is archived. Restore it first."})
        if text.organisation.method != Method.CARVE_OUT:
            raise ValidationError({"organisation": "This organisation is not carved out: nothing is assumed at it."})


# ---- taking over ----------------------------------------------------------------------------------------------------


@transaction.atomic
def take_over(engagement: Engagement, *, actor: User, source: Engagement, reason: str) -> Engagement:
    """Copy the texts of an earlier engagement, as drafts to be adapted: only sections that are empty here, and CUECs,
    subservice organisations and CSOCs only where there is none of their kind yet. Its assertion is never copied.

    Raises ValidationError without a reason, for the same engagement, or where there is nothing to take.
    """
    say(reason, "Say why they hold here too.")
    if source.pk == engagement.pk:
        raise ValidationError({"source": "Choose another engagement."})
    engagement = changeable(engagement.pk)
    found = texts_of([engagement.pk, source.pk])
    here, there = found[engagement.pk], found[source.pk]
    why = f"Taken over from {source.name}: {reason}"
    count = _copy_sections(engagement, here, there, actor, why)
    if not here.cuecs:
        count += sum(1 for one in there.cuecs if _copied(one, engagement, actor, why))
    if not here.organisations:
        count += _copy_organisations(engagement, there, actor, why)
    if not count:
        raise ValidationError("There is nothing to take over: it says nothing, or it is written here already.")
    refs = {"source": source.pk, "taken": count}
    record("engagement.texts_taken_over", actor, engagement, reason=reason, refs=refs)
    return engagement


def _copy_sections(engagement: Engagement, here: Texts, there: Texts, actor: User, why: str) -> int:
    count = 0
    for code in codes_of(engagement):
        theirs, ours = there.sections.get(code), here.sections.get(code)
        if theirs is None or not theirs.text.strip() or (ours is not None and ours.text.strip()):
            continue
        section = ours or DescriptionSection(engagement=engagement, code=code)
        section.text = theirs.text
        keep_text(section, actor=actor, participle="updated" if ours else "created", reason=why)
        count += 1
    return count


def _copy_organisations(engagement: Engagement, there: Texts, actor: User, why: str) -> int:
    made = {one.pk: _copied(one, engagement, actor, why) for one in there.organisations}
    for one in there.csocs:
        if one.organisation_id in made:
            _copied(one, engagement, actor, why, organisation=made[one.organisation_id])
    return len(made)


def _copied(row: EngagementText, engagement: Engagement, actor: User, why: str, **other: Any) -> Any:
    """A new row of this engagement that says the same."""
    names = {
        UserEntityControl: ("what", "why", "criteria", "controls"),
        SubserviceOrganisation: ("name", "vendor", "services", "method", "criteria", "monitoring"),
        SubserviceControl: ("what", "criteria"),
    }[type(row)]
    model: Any = type(row)
    said = {name: getattr(row, name) for name in names} | other
    return keep_text(model(engagement=engagement, **said), actor=actor, participle="created", reason=why)


# ---- the assertion --------------------------------------------------------------------------------------------------


@transaction.atomic
def keep_assertion(assertion: Assertion, *, actor: User) -> Assertion:
    """Store a new or changed draft. A new one takes the place of the signed one, if there is one, with a reason.

    Raises Stale; ValidationError for what is no draft any more, a signatory who is no executive, or an issued report.
    """
    changeable(assertion.engagement_id)
    before = Assertion.objects.select_for_update().filter(pk=assertion.pk).first()
    if before is not None and before.engagement_id != assertion.engagement_id:
        raise ValidationError(OTHER)
    if before is not None and before.state != AssertionState.DRAFT:
        raise ValidationError(f"{before.ref} is no draft any more: {before.get_state_display().lower()}.")
    if before is None:
        signed = Assertion.objects.filter(engagement=assertion.engagement_id, state=AssertionState.SIGNED)
        assertion.supersedes = signed.order_by("-id").first()
    if words := refusal(assertion.text):
        raise ValidationError({"text": words})
    if assertion.supersedes_id is not None:
        say_why(assertion.reason)
    if not is_signatory(assertion.signatory):
        raise ValidationError({"signatory": NO_EXECUTIVE})
    assertion.adapted = is_adapted(assertion.text)
    assertion.full_clean()
    verb = "assertion.updated" if before else "assertion.created"
    refs = {"engagement": assertion.engagement_id}
    return save(assertion, actor=actor, verb=verb, reason=assertion.reason if before is None else "", refs=refs)


def say_why(reason: str) -> None:
    """Raise ValidationError, beside its field, without a reason."""
    if not reason.strip():
        raise ValidationError({"reason": "Say why it takes the place of the signed one."})


def signatories() -> QuerySet[User]:
    """Who can sign for management: managers with an active account who are named as executives."""
    return User.objects.in_role(Role.MANAGER).filter(pk__in=Executive.objects.live().values("user"))


def is_signatory(user: User) -> bool:
    """Whether this person can sign for management. One query."""
    return signatories().filter(pk=user.pk).exists()


@transaction.atomic
def submit(assertion: Assertion, *, actor: User, note: str = "") -> Assertion:
    """Ask the signatory to sign it. Raises Stale; ValidationError where something of the template is left."""
    assertion = _taken(assertion)
    move(assertion, AssertionState.SUBMITTED, ASSERTION_MOVES, "state")
    if not assertion.adapted:
        raise ValidationError("Something of the template is still to be filled in: adapt it first.")
    if not is_signatory(assertion.signatory):
        raise ValidationError(NO_EXECUTIVE)
    assertion.answer = ""
    save(assertion, actor=actor, verb="assertion.submitted", reason=note)
    news.submitted.tell(assertion, actor=actor)
    return assertion


@transaction.atomic
def give_back(assertion: Assertion, *, actor: User, reason: str) -> Assertion:
    """Make it a draft again, with a reason: the signatory does not sign it so, or it was asked too early."""
    say(reason, "Say what is to be mended.")
    assertion = _taken(assertion)
    move(assertion, AssertionState.DRAFT, ASSERTION_MOVES, "state")
    assertion.answer = reason
    return save(assertion, actor=actor, verb="assertion.returned", reason=reason)


@transaction.atomic
def sign(assertion: Assertion, *, actor: User, statement: str, seen: str) -> Assertion:
    """Sign it for management, once its report is being prepared and before it is issued: it is frozen, and bound to the
    description as it stands.

    seen: the hash over what the signatory was shown. Raises PermissionDenied for anybody but its signatory, for one who
    is no executive any more, and for its sole author; ValidationError before fieldwork, without a statement, or where
    any of it changed since it was shown; Stale.
    """
    engagement = changeable(assertion.engagement_id)
    assertion = locked(assertion)
    say(statement, "State what you sign.")
    if actor.pk != assertion.signatory_id or not is_signatory(actor):
        raise PermissionDenied("The executive whom it names signs it.")
    exception = apart(actor, sole_author(assertion), ASSERTION_SIGNATURE, assertion)
    move(assertion, AssertionState.SIGNED, ASSERTION_MOVES, "state")
    if engagement.status not in SIGNING_TIME:
        raise ValidationError("It is signed during fieldwork or reporting.")
    texts = texts_of([engagement.pk])[engagement.pk]
    assertion.sha256 = bound_hash(engagement, texts, assertion)
    if seen != assertion.sha256:
        raise ValidationError("The description was changed while you were reading. Read it again, then sign.")
    assertion.signed_by, assertion.signed_at = actor, timezone.now()
    assertion.evidence = keep_record(
        {"format": "countersign signed assertion 1", "sha256": assertion.sha256, "statement": statement,
         "signed_by": actor.pk, "lines": bound_lines(engagement, texts, assertion)},
        links=[], register="audits", query=f"Assertion {assertion.ref} of {engagement.name}",
        title=f"Management's assertion {assertion.ref}: {engagement.name}", name=f"{assertion.ref}.json",
        signed_by=actor, at=assertion.signed_at,
    )  # fmt: skip
    refs = {"sha256": assertion.sha256, "evidence": assertion.evidence_id, **refs_of(exception)}
    return save(assertion, actor=actor, verb="assertion.signed", reason=statement, refs=refs)


def sole_author(assertion: Assertion) -> list[int | None]:
    """Who wrote every wording of it, if that is one person; else nobody. One query."""
    said, authors = None, set()
    versions = Assertion.history.filter(id=assertion.pk).order_by("history_id")
    for text, who in versions.values_list("text", "history_user_id"):
        if text != said:
            said = text
            authors.add(who)
    return [*authors] if len(authors) == 1 else []


def _taken(assertion: Assertion) -> Assertion:
    """The assertion, locked in an engagement whose texts still change. Raises Stale, ValidationError."""
    changeable(assertion.engagement_id)
    return locked(assertion)
