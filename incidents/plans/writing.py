"""How a version of a plan is written: begun, copied from the one before, changed while it is a draft."""

from typing import Any, Final, TypeVar

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max

from foundation.accounts.models import User
from foundation.trail.keep import save
from foundation.trail.steps import locked, say
from incidents.models import PlanContact, PlanRole, PlanSeverity, PlanVersion, Playbook, ResponsePlan, VersionState
from incidents.plans.content import ALL_TEXTS, PARTS, parts_of
from incidents.plans.starter import starter
from incidents.rows import after, change, put, take_away

Row = TypeVar("Row", bound="PlanRole | PlanContact | PlanSeverity | Playbook")
NOT_DRAFT: Final = "Only a draft is written: this version is {}."
OPEN: Final = (VersionState.DRAFT, VersionState.SUBMITTED)


@transaction.atomic
def begin(plan: ResponsePlan, *, actor: User) -> ResponsePlan:
    """Store a new plan with the starter text as the draft of its first version."""
    text = starter()
    plan.summary = plan.summary or text["summary"]
    plan = save(plan, actor=actor, verb="responseplan.created")
    first = PlanVersion(plan=plan, number=1, drafted_by=actor, change_note="The first version.", **text["text"])
    first = save(first, actor=actor, verb="planversion.created", refs={"responseplan": plan.pk})
    for name, (model, _) in PARTS.items():
        for position, values in enumerate(text[name], start=1):
            place = {} if name == "severities" else {"position": position}
            put(model(edition=first, **place, **values), actor=actor, refs=of(first))
    return plan


@transaction.atomic
def draft(plan: ResponsePlan, *, actor: User, change_note: str) -> PlanVersion:
    """Begin a new version as a copy of the one in force, or else of the last one. Raises Stale, ValidationError."""
    plan = locked(plan)
    say(change_note, "Say what is going to change.")
    if PlanVersion.objects.filter(plan=plan, state__in=OPEN).exists():
        raise ValidationError("There is a draft of this plan already.")
    known = PlanVersion.objects.filter(plan=plan)
    source = known.filter(state=VersionState.APPROVED).first() or known.order_by("-number").first()
    number = (known.aggregate(last=Max("number"))["last"] or 0) + 1
    texts = {name: getattr(source, name) for name in ALL_TEXTS} if source else {}
    new = PlanVersion(plan=plan, number=number, drafted_by=actor, change_note=change_note.strip(), **texts)
    new = save(new, actor=actor, verb="planversion.created", refs={"responseplan": plan.pk})
    for name, found in (parts_of(source) if source else {}).items():
        model, fields = PARTS[name]
        for row in found:
            values = {field: getattr(row, field) for field in fields}
            put(model(edition=new, **values), actor=actor, refs=of(new))
    return new


@transaction.atomic
def rewrite(version: PlanVersion, *, actor: User) -> PlanVersion:
    """Keep the texts of a draft as they were changed. Raises Stale, ValidationError."""
    drafted(PlanVersion.objects.select_for_update().get(pk=version.pk))
    return save(version, actor=actor, verb="planversion.updated")


# ---- parts -----------------------------------------------------------------------------------------------------------


@transaction.atomic
def add_role(version: PlanVersion, *, actor: User, **said: Any) -> PlanRole:
    """Write one more role into a draft, after those that are there. Raises Stale, ValidationError."""
    return add_part(PlanRole, version, actor, said)


@transaction.atomic
def add_contact(version: PlanVersion, *, actor: User, **said: Any) -> PlanContact:
    """Write one more contact into a draft, after those that are there. Raises Stale, ValidationError."""
    return add_part(PlanContact, version, actor, said)


@transaction.atomic
def add_playbook(version: PlanVersion, *, actor: User, **said: Any) -> Playbook:
    """Write one more playbook into a draft, after those that are there. Raises Stale, ValidationError."""
    return add_part(Playbook, version, actor, said)


@transaction.atomic
def change_part(row: Row, *, actor: User, **said: Any) -> Row:
    """Say something else in a part of a draft. Raises Stale, ValidationError."""
    version = drafted(PlanVersion.objects.select_for_update().get(pk=row.edition_id))
    return change(row, said, actor=actor, refs=of(version))


@transaction.atomic
def remove_part(row: Row, *, actor: User, reason: str) -> Row:
    """Take a part out of a draft, with a reason. Raises Stale, ValidationError."""
    version = drafted(PlanVersion.objects.select_for_update().get(pk=row.edition_id))
    return take_away(row, actor=actor, reason=reason, refs=of(version))


def add_part(model: type[Row], version: PlanVersion, actor: User, said: dict[str, Any]) -> Row:
    """Write one more part of this kind into a draft, after those that are there."""
    version = drafted(locked(version))
    place = after(model.objects.filter(edition=version))
    return put(model(edition=version, position=place, **said), actor=actor, refs=of(version))


def of(version: PlanVersion) -> dict[str, int]:
    """What the trail says beside each part: whose it is."""
    return {"planversion": version.pk}


def drafted(version: PlanVersion) -> PlanVersion:
    """The version, if it is a draft. Raises ValidationError."""
    if version.state != VersionState.DRAFT:
        raise ValidationError(NOT_DRAFT.format(version.get_state_display().lower()))
    return version


# ---- who wrote -------------------------------------------------------------------------------------------------------


def authors(version: PlanVersion) -> set[int]:
    """Everybody who ever wrote any of a version: began it, changed a text or a part, or submitted it. Seven queries.

    Moving it (returned, withdrawn) is not writing. Giving a draft away makes nobody another person; nor does taking
    over the words of one that was withdrawn, while none was ever approved.
    """
    earlier = PlanVersion.objects.filter(plan=version.plan_id, number__lt=version.number)
    approved = earlier.filter(state__in=(VersionState.APPROVED, VersionState.SUPERSEDED)).exists()
    ids = [version.pk, *(() if approved else earlier.values_list("pk", flat=True))]
    found = {version.drafted_by_id, version.submitted_by_id}
    before: tuple[str, ...] | None = None
    wrote = ("history_user_id", "submitted_by_id", "id", "change_note", *ALL_TEXTS)
    for user, submitter, *texts in (
        PlanVersion.history.filter(id__in=ids).order_by("id", "history_id").values_list(*wrote)
    ):
        found.add(submitter)
        if tuple(texts) != before:
            found.add(user)
        before = tuple(texts)
    for model, _ in PARTS.values():
        wrote_parts = model.history.filter(edition_id__in=ids)
        found |= set(wrote_parts.order_by().values_list("history_user_id", flat=True).distinct())
    return {number for number in found if number is not None}
