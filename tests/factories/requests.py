"""Requests of auditors, made for tests through the actions that everything uses."""

from typing import Any

from audits.models import Engagement
from audits.models.requests import Request
from audits.requests import actions
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.trail.keep import save
from tests.factories.people import UserFactory

COUNTED = iter(range(1, 10**6))


def a_request(
    engagement: Engagement, *, by: User | None = None, state: str = "open", auditor: User | None = None, **said: Any
) -> Request:
    """A request of this engagement, written by a compliance manager, in any state but withdrawn."""
    by = by or UserFactory(role="compliance_manager")
    controls = said.pop("controls", "")
    said = {"title": f"List of access grants {next(COUNTED)}", "due_on": today()} | said
    request = actions.ask(Request(engagement=engagement, **said), actor=by, controls=controls)
    if state == "open":
        return request
    request = actions.submit(request, actor=request.owner or by, note="Here it is.")
    if state == "accepted":
        return actions.accept(request, actor=auditor or UserFactory(role="auditor"))
    if state == "returned":
        return actions.give_back(request, actor=auditor or UserFactory(role="auditor"), reason="The period is missing.")
    return request


def closed(engagement: Engagement, by: User) -> Engagement:
    """The engagement, closed whatever state it was in."""
    engagement.refresh_from_db()
    engagement.status = "closed"
    return save(engagement, actor=by, verb="engagement.updated")
