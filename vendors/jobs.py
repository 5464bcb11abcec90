"""What runs by the clock: recurring reviews are opened before they are due."""

from foundation.jobs.job import Progress, job
from foundation.organisation.models import today
from vendors.schedule import begin_due_reviews


@job()
def begin_vendor_reviews(progress: Progress, /) -> None:
    """Open the recurring reviews that are near; the same day again opens none twice."""
    begin_due_reviews(today())
