"""What the clock asks of the store."""

from datetime import timedelta

from django.utils import timezone

from foundation.files.sweep import sweep
from foundation.jobs.job import Progress, job

PATIENCE = timedelta(days=1)  # longer than any request or job that stores a file first and its record afterwards


@job()
def sweep_files(progress: Progress) -> None:
    """Remove what has lain in the store for a day without a record."""
    sweep(timezone.now() - PATIENCE)
