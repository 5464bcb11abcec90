"""Who is told by mail that an exercise waits for them."""

from foundation.pages.telling import Telling, asked_to_approve, news
from incidents.exercises.work import to_approve
from incidents.models import Exercise


@news("emails/approval")
def signed(number: int) -> Telling | None:
    """Its facilitator signed the record: its approver."""
    exercise = Exercise.objects.select_related("approver", "signed_by").get(pk=number)
    return asked_to_approve(
        exercise, [exercise.approver], to_approve, what=exercise.ref, title=exercise.title, by=exercise.signed_by
    )
