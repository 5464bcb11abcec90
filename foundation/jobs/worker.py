"""The loop that runs jobs. Tests call `run_all()`; `manage.py worker` runs `Worker` until it is told to stop."""

import uuid

from foundation.jobs.queue import claim, run


def run_all(limit: int = 1000) -> int:
    """Run every job that is due now, in this process, one after the other; return how many ran."""
    worker_id = f"here-{uuid.uuid4().hex[:12]}"
    for ran in range(limit):
        job = claim(worker_id)
        if job is None:
            return ran
        run(job)
    raise RuntimeError(f"More than {limit} jobs: do they enqueue themselves?")
