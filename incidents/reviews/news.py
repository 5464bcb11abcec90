"""Who is told by mail that a post-incident review waits for them."""

from foundation.pages.telling import Telling, asked_to_approve, news
from incidents.models import PostIncidentReview
from incidents.reviews.people import to_approve


@news("emails/approval")
def submitted(number: int) -> Telling | None:
    """It was submitted: its approver. Of a restricted incident's review its number, and neither title nor author."""
    review = PostIncidentReview.objects.select_related("incident", "approver", "submitted_by").get(pk=number)
    if review.incident.restricted:
        return asked_to_approve(review, [review.approver], to_approve, what=review.ref)
    what = f"{review.ref}, the review of {review.incident.ref}"
    return asked_to_approve(
        review, [review.approver], to_approve, what=what, title=review.incident.title, by=review.submitted_by
    )
