"""The coverage's work in the background: computing all of it anew, for who doubts what is kept."""

from django.db import transaction
from django.urls import reverse

from evidence.coverage.keep import rebuild
from evidence.coverage.tally import count_missing
from foundation.jobs.job import Progress, job
from foundation.trail.record import record


@job()
def rebuild_coverage(progress: Progress) -> None:
    """Compute every occurrence of every control anew; its rows are the same as those kept up to date."""
    count = rebuild(lambda done, total: progress.set(done, total + 1, f"{done:,} of {total:,} controls"))
    with transaction.atomic():
        record("coverage.rebuilt", progress.actor, refs={"controls": count})
    progress.link(reverse("coverage"))
    progress.set(count + 1, count + 1, f"The occurrences of {count:,} controls are computed anew.")


@job()
def tally_readiness(progress: Progress, /) -> None:
    """Count the readiness at the ends of the last months that were not counted yet."""
    count_missing()
