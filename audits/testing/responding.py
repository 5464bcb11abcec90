"""Management's words about the exceptions of a test: another row than the auditor's, which no auditor ever writes."""

import datetime

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from audits.models.testing import ControlTest, ManagementResponse, TestState
from audits.requests.actions import running
from audits.testing.testing import counted
from foundation.accounts.models import User
from foundation.accounts.roles import Role
from foundation.trail.keep import Stale, save


@transaction.atomic
def respond(
    test: ControlTest, *, actor: User, cause: str, impact: str, fix: str, fix_by: datetime.date | None = None,
    answered: int | None = None,
) -> ManagementResponse:  # fmt: skip
    """Say why there were exceptions, what they meant, what is done, and by when (R2.2); or say it anew.

    answered: the version of the response that its writer saw, None for none. Raises PermissionDenied for an auditor,
    whatever the caller asked before; Stale where a colleague wrote meanwhile; ValidationError where there is no
    exception, or another test has superseded this one.
    """
    if actor.role == Role.AUDITOR:
        raise PermissionDenied("Management responds; the auditor never does.")
    running(test.engagement_id)
    test = ControlTest.objects.select_for_update(of=("self",)).select_related("sample").get(pk=test.pk)
    if hasattr(test, "superseded_by"):
        raise ValidationError(f"{test.superseded_by.ref} has superseded this test: respond there.")
    exceptions = test.exceptions if test.state == TestState.CONCLUDED else counted(test).exceptions
    if not exceptions:
        raise ValidationError("No exception is written here: there is nothing to respond to.")
    row = ManagementResponse.objects.filter(test=test).first()
    if row is not None and row.version != answered:
        raise Stale(row)
    if row is None:
        row = ManagementResponse(test=test)
    said = {"cause": cause.strip(), "impact": impact.strip(), "fix": fix.strip()}
    for name, words in said.items():
        if not words:
            raise ValidationError({name: "Say something here."})
        setattr(row, name, words)
    verb = "managementresponse.updated" if row.pk else "managementresponse.created"
    row.fix_by, row.written_by, row.written_at = fix_by, actor, timezone.now()
    return save(row, actor=actor, verb=verb, refs={"controltest": test.pk, "control": test.control_id})
