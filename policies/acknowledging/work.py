"""What waits for a person among the policies: those that they have to read."""

from foundation.accounts.models import User
from foundation.pages.work import WorkItem
from policies.acknowledging.giving import person_of
from policies.acknowledging.owed import LATE, of_person
from policies.acknowledging.paths import reading_url, to_read_url


def acknowledging_work(user: User) -> list[WorkItem]:
    """One item for all that is to be read, due when the first of it is. One query, and those of `owed` for who is on
    the roster.
    """
    person = person_of(user)
    found = sorted((one for one in of_person(person) if one.is_open), key=lambda one: one.due_on) if person else []
    if not found:
        return []
    first, more = found[0], len(found) - 1
    url = to_read_url() if more else reading_url(first.asked.version)
    title = f"{first.asked.title} and {more} more" if more else first.asked.title
    kind = "Acknowledgement overdue" if first.standing == LATE else "To read and acknowledge"
    return [WorkItem("Policies", first.asked.ref, title, url, kind, "Read", url, first.due_on)]
