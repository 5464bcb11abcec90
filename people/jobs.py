"""Thin jobs of the people app."""

from foundation.jobs.job import Progress, job
from people.actions import tie_accounts
from people.runs import keep_runs


@job()
def tie_people_to_accounts(progress: Progress) -> None:
    """Tie people to the accounts that were made, or had their address changed, since they were saved."""
    tie_accounts()


@job()
def start_checklists(progress: Progress) -> None:
    """Start the checklists of joiners and leavers, and move those whose day changed."""
    keep_runs()
