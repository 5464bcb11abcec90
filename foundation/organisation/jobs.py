"""Background work that follows the organisation's settings."""

from foundation.jobs import files
from foundation.jobs.job import Progress, job
from foundation.organisation.settings import setting


@job()
def expire_job_files(progress: Progress) -> None:
    """Remove files of jobs that are older than the organisation wants to keep them."""
    files.expire(setting("job_file_days"))
