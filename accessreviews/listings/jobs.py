"""What runs by the clock: the product lists its own accounts at the beginning of each quarter."""

from accessreviews.listings.own import list_once_a_quarter
from foundation.jobs.job import Progress, job


@job()
def list_own_accounts_once_a_quarter(progress: Progress) -> None:
    """Looks every day; the first look in a quarter lists them."""
    list_once_a_quarter()
