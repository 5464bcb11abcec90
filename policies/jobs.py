"""What runs by the clock: approved versions come into force on their day, exceptions lapse. Both can run again."""

from foundation.jobs.job import Progress, job
from policies.approval import put_due_into_force
from policies.exceptions import lapse_exceptions


@job()
def put_policies_into_force(progress: Progress, /) -> None:
    """Put the approved versions into force whose day has come."""
    put_due_into_force()


@job()
def lapse_policy_exceptions(progress: Progress, /) -> None:
    """Write down that exceptions from policies are over whose last day has passed."""
    lapse_exceptions()
