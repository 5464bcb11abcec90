"""What runs by the clock: each day that is over is counted once."""

from foundation.jobs.job import Progress, job
from risks.heatmap.tally import count_missing


@job()
def count_risks(progress: Progress, /) -> None:
    """Count the risks of each day that is over and was not counted yet."""
    count_missing()
