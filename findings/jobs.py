"""What runs by the clock: acceptances end on their day."""

from findings.actions import reopen_lapsed
from foundation.jobs.job import Progress, job


@job()
def reopen_lapsed_findings(progress: Progress) -> None:
    """Open again what was accepted until a day that has passed. Pages show it so from that day on in any case."""
    reopen_lapsed()
