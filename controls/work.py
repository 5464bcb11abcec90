"""What waits for a person among the controls."""

import datetime
from collections.abc import Iterator

from django.db.models import Q, QuerySet
from django.urls import reverse

from controls.models import IN_SCOPE, PROPOSED, UNOWNED, Control, ControlQuerySet, Status
from foundation.accounts.access import allowed, which
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.organisation.settings import setting
from foundation.pages.work import WorkItem

UNFINISHED = Q(status__in=(Status.PLANNED, Status.IN_PROGRESS))


def controls_work(user: User) -> list[WorkItem]:
    """One's own controls that are not implemented or whose review comes due, and those of one's team that are not
    implemented; and what waits for a second person or an owner, for whoever may decide that. Constant queries.
    """
    day = today()
    soon = day + datetime.timedelta(days=setting("review_due_soon_days"))
    return [*own(user, day, soon), *of_team(user), *to_decide(user), *without_owner(user)]


def own(user: User, day: datetime.date, soon: datetime.date) -> Iterator[WorkItem]:
    """The controls that this person owns or operates and may update: to be implemented, or to be reviewed."""
    due = UNFINISHED | Q(review_date__lte=soon)
    found = list(live(allowed(user, "update_status", Control)).filter(IN_SCOPE, due).owned_by(user))
    reviewing = which(user, "review", found)
    for control in found:
        if control.status != Status.IMPLEMENTED:
            words = f"{control.get_status_display()}: to be implemented"
            yield item(control, words, "Update status", "update-status")
        if control.review_date and control.review_date <= soon and control.pk in reviewing:
            words = "Review overdue" if control.review_date < day else "Review due"
            yield item(control, words, "Record review", "review", control.review_date)


def of_team(user: User) -> Iterator[WorkItem]:
    """The unfinished controls of the people whom this person manages, as far as the role may update them."""
    team = Q(owner__manager=user.pk, owner__is_active=True) | Q(operator__manager=user.pk, operator__is_active=True)
    found = live(allowed(user, "update_status", Control)).filter(IN_SCOPE, UNFINISHED, team)
    for control in found.exclude(pk__in=Control.objects.owned_by(user)).select_related("owner", "operator"):
        words = f"{control.get_status_display()} with {control.owner or control.operator}"
        yield item(control, words, "Update status", "update-status")


def to_decide(user: User) -> Iterator[WorkItem]:
    """Colleagues' proposals that this person may decide."""
    waiting = live(allowed(user, "approve_not_applicable", Control)).filter(PROPOSED).exclude(proposed_by=user.pk)
    for control in waiting:
        words = f"{control.proposed_by} proposes: not applicable"
        yield item(control, words, "Decide", "detail")  # the page has the reason, and both answers


def without_owner(user: User) -> Iterator[WorkItem]:
    """How many controls in scope nobody owns, as one thing to do for whoever may assign one."""
    count = allowed(user, "assign_owner", Control).filter(IN_SCOPE, UNOWNED).count()
    if count:
        address = f"{reverse('controls:control-list')}?gap=owner"
        words = f"{count} control{'s have' if count > 1 else ' has'} no owner"
        yield WorkItem("Controls", "Owners", words, address, "To be assigned", "Assign owners", address)


def live(found: QuerySet[Control]) -> ControlQuerySet:
    """The live rows, with who proposed what."""
    shown: ControlQuerySet = found.filter(archived_at=None).select_related("proposed_by").order_by("ref")  # type: ignore[assignment]
    return shown


def item(control: Control, kind: str, action: str, page: str, due: datetime.date | None = None) -> WorkItem:
    """A control as something to do."""
    return WorkItem.on(control, "Controls", control.name, kind, action, f"controls:control-{page}", due)
