"""Who is told by mail that a version of a policy waits for them."""

from foundation.pages.telling import Telling, asked_to_approve, news
from policies.models import PolicyVersion
from policies.people import approvers_of
from policies.work import to_approve


@news("emails/approval")
def submitted(number: int) -> Telling | None:
    """It was submitted: everybody who is named to approve it and has not yet."""
    version = PolicyVersion.objects.select_related("submitted_by").defer("text", "promises").get(pk=number)
    return asked_to_approve(
        version, approvers_of(version.policy_id), to_approve, what=version.ref, title=version.title,
        by=version.submitted_by,
    )  # fmt: skip
