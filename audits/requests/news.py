"""What people are told of requests by mail as it happens. Whom it concerns is asked again when each mail is sent."""

from typing import Any

from django.utils import timezone

from audits.models.requests import Request, RequestState
from audits.requests.reminders import waiting
from foundation.accounts.models import User
from foundation.accounts.roles import Role
from foundation.pages.telling import Telling, news


@news("emails/request_assigned")
def assigned(number: int) -> Telling | None:
    """It was given to somebody: whoever owns it now."""
    return to_owner(number)


@news("emails/request_returned")
def returned(number: int) -> Telling | None:
    """The auditor returned it: whoever owns it."""
    return to_owner(number)


@news("emails/request_waits")
def reminded(number: int) -> Telling | None:
    """The compliance manager reminds of it: whoever owns it."""
    return to_owner(number)


@news("emails/request_submitted")
def submitted(number: int) -> Telling | None:
    """It waits for the auditors: those of the engagement whose window is open."""
    request = Request.objects.select_related("engagement").get(pk=number)
    if request.state != RequestState.SUBMITTED:
        return None
    now = timezone.now()
    open_now = {"windows__engagement_id": request.engagement_id, "windows__opens_at__lte": now}
    auditors = User.objects.in_role(Role.AUDITOR).filter(**open_now, windows__closes_at__gt=now).distinct()
    return Telling(request, auditors, said_of(request))


def to_owner(number: int) -> Telling | None:
    """What its owner is told while it is theirs to answer."""
    request = waiting().select_related("owner", "engagement").filter(pk=number).first()
    if request is None or request.owner is None:
        return None
    return Telling(request, [request.owner], said_of(request))


def said_of(request: Request) -> dict[str, Any]:
    """What a mail says of a request: its reference, title and day, never what the auditor wrote about it."""
    return {
        "ref": request.ref, "title": " ".join(request.title.split()), "due_on": request.due_on,
        "engagement": request.engagement.name, "link": request.get_absolute_url(),
    }  # fmt: skip
