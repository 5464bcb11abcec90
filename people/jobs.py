"""Thin jobs of the roster."""

from foundation.jobs.job import Progress, job
from people.actions import tie_accounts


@job()
def tie_people_to_accounts(progress: Progress) -> None:
    """Tie people to the accounts that were made, or had their address changed, since they were saved."""
    tie_accounts()
