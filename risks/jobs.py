"""What runs by the clock: acceptances end on their day."""

from foundation.jobs.job import Progress, job
from risks.acceptance import lapse_acceptances


@job()
def lapse_risk_acceptances(progress: Progress) -> None:
    """Open again what was accepted until a day that has passed. Pages show it so from that day on in any case."""
    lapse_acceptances()
