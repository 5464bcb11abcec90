"""Who is told by mail that a version of a response plan waits for them."""

from foundation.pages.telling import Telling, asked_to_approve, news
from incidents.models import PlanVersion
from incidents.plans.work import to_approve


@news("emails/approval")
def submitted(number: int) -> Telling | None:
    """It was submitted: its approver."""
    version = PlanVersion.objects.select_related("plan", "approver", "submitted_by").get(pk=number)
    what = f"Version {version.number} of {version.plan.ref}"
    return asked_to_approve(
        version, [version.approver], to_approve, what=what, title=version.plan.title, by=version.submitted_by
    )
