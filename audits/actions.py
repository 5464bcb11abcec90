"""What is done to engagements: changing them with their windows, admitting auditors, ending their access."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from django.contrib.auth.models import Permission
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from audits.guards import ISSUED
from audits.models import Engagement, EngagementGrant, Status
from controls.models import Category
from foundation.accounts.models import AuditorWindow, User
from foundation.accounts.roles import Role
from foundation.trail.keep import Stale, save
from foundation.trail.record import record

FROZEN: Final = "Fieldwork has begun: the scope is frozen. Return to planning to change it."


def scope_of(chosen: Iterable[str]) -> list[str]:
    """The category slugs of an engagement, in the framework's order: the chosen ones and always Security (R1.1).

    Raises ValidationError for a category that does not exist.
    """
    wanted, found = set(chosen), []
    for slug, required in Category.objects.order_by("framework_id", "position").values_list("slug", "required"):
        if (required or slug in wanted) and slug not in found:
            found.append(slug)
    if unknown := wanted - set(found):
        raise ValidationError({"categories": f"There is no category {', '.join(sorted(unknown))}."})
    return found


@transaction.atomic
def keep_engagement(engagement: Engagement, *, actor: object, reason: str = "") -> Engagement:
    """Store a new or changed engagement; its windows that are not over follow it at once, each with its own entry.

    Raises Stale if somebody stored it meanwhile; ValidationError for an impossible time or category, for another scope
    once fieldwork has begun, and for any change of one whose report is issued (R2.3).
    """
    engagement.categories = scope_of(engagement.categories)
    _check_frozen(engagement)
    engagement.full_clean()
    verb = "engagement.updated" if engagement.pk else "engagement.created"
    save(engagement, actor=actor, verb=verb, reason=reason)
    for window in windows_of(engagement).filter(closes_at__gt=timezone.now()):
        _describe(window, engagement)
        save(window, actor=actor, verb="auditorwindow.updated", reason=reason)
    return engagement


@transaction.atomic
def admit_auditor(
    engagement: Engagement, user: User, *, opens_at: datetime, closes_at: datetime, actor: object, reason: str
) -> AuditorWindow:
    """Let an auditor read one engagement between two moments.

    An auditor has one window at a time: the account's row is locked, so that of two admissions at once the second sees
    the first. Raises ValidationError for an account that is no active auditor's, an overlap, or times out of order.
    """
    stored = Engagement.objects.select_for_update().get(pk=engagement.pk)
    auditor = User.objects.select_for_update().get(pk=user.pk)
    _check_admission(stored, auditor, opens_at, closes_at)
    if not reason.strip():
        raise ValidationError({"reason": "Say why."})
    window = AuditorWindow(user=auditor, engagement_id=stored.pk, opens_at=opens_at, closes_at=closes_at)
    _describe(window, stored)
    save(window, actor=actor, verb="auditorwindow.created", reason=reason)
    grant = EngagementGrant(user=auditor, content_object=stored, permission=_sight(), reason=reason)
    grant.opens_at, grant.expires_at, grant.granted_by_id = opens_at, closes_at, getattr(actor, "pk", None)
    save(grant, actor=actor, verb="engagementgrant.created", reason=reason)
    refs = {"user": auditor.pk, "window": window.pk, "grant": grant.pk}
    record("engagement.auditor_admitted", actor, stored, reason=reason, refs=refs)
    return window


@transaction.atomic
def end_access(window: AuditorWindow, *, actor: object, reason: str) -> AuditorWindow:
    """Shut an auditor's window now, and with it the sight of the engagement.

    Raises ValidationError if it is over, Stale if somebody changed it meanwhile.
    """
    if not reason.strip():
        raise ValidationError({"reason": "Say why."})
    now, stored = timezone.now(), AuditorWindow.objects.select_for_update().get(pk=window.pk)
    if stored.closes_at <= now:
        raise ValidationError("This access has ended already.")
    stored.version, stored.closes_at = window.version, max(now, stored.opens_at)
    save(stored, actor=actor, verb="auditorwindow.closed", reason=reason)
    engagement = Engagement.objects.get(pk=stored.engagement_id)
    for grant in EngagementGrant.objects.filter(user=stored.user_id, content_object=engagement, expires_at__gt=now):
        grant.expires_at = max(now, grant.opens_at)
        save(grant, actor=actor, verb="engagementgrant.ended", reason=reason)
    refs = {"user": stored.user_id, "window": stored.pk}
    record("engagement.access_ended", actor, engagement, reason=reason, refs=refs)
    return stored


def hold_for_archiving(engagement: Engagement) -> None:
    """Lock an engagement that is about to be archived, so that nobody is admitted to it meanwhile.

    Call it in the transaction that archives. Raises ValidationError while an auditor still has access, now or later.
    """
    Engagement.objects.select_for_update().get(pk=engagement.pk)
    if windows_of(engagement).filter(closes_at__gt=timezone.now()).exists():
        raise ValidationError("End the auditors' access first.")


def windows_of(engagement: Engagement) -> QuerySet[AuditorWindow]:
    """Every window of an engagement: over, open and to come."""
    return AuditorWindow.objects.filter(engagement_id=engagement.pk).select_related("user")


def _check_frozen(engagement: Engagement) -> None:
    """What fieldwork froze stays, and all of what an issued report is about. Raises Stale, ValidationError."""
    stored = Engagement.objects.select_for_update().filter(pk=engagement.pk).first()
    if engagement.status != (stored.status if stored else Status.PLANNED):
        raise ValidationError({"status": "The engagement cannot go there this way: audits.fieldwork has its steps."})
    if stored is None:
        return
    if stored.version != engagement.version:
        raise Stale(stored)
    if stored.status == Status.CLOSED:
        raise ValidationError(ISSUED)
    changed = [name for name in Engagement.SCOPE if getattr(stored, name) != getattr(engagement, name)]
    if stored.status != Status.PLANNED and changed:
        raise ValidationError(dict.fromkeys(changed, FROZEN))


def _describe(window: AuditorWindow, engagement: Engagement) -> None:
    """Copy into the window what access.py must know of the engagement."""
    window.category_codes = list(engagement.categories)
    window.period_from, window.period_to = engagement.days


def _check_admission(engagement: Engagement, auditor: User, opens_at: datetime, closes_at: datetime) -> None:
    if engagement.archived_at is not None:
        raise ValidationError("This engagement is archived.")
    if auditor.role != Role.AUDITOR or not auditor.is_active:
        raise ValidationError({"user": "Only an active account with the role Auditor can be admitted."})
    if closes_at <= opens_at:
        raise ValidationError({"closes_at": "The access ends before it begins."})
    if closes_at <= timezone.now():
        raise ValidationError({"closes_at": "This time is over."})
    if AuditorWindow.objects.filter(user=auditor, opens_at__lt=closes_at, closes_at__gt=opens_at).exists():
        raise ValidationError({"opens_at": "This auditor already has access to an engagement in that time."})


def _sight() -> Permission:
    return Permission.objects.get(content_type__app_label="audits", codename="view_engagement")
