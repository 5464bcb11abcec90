"""What the registers hand to My work: a thing that waits for somebody."""

import datetime
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WorkItem:
    """One thing that waits for the person who is signed in.

    `due` is a day in the organisation's time zone, or None when nothing sets a date. `kind` says in a few words what
    is wanted ("Review overdue"); `action` is the verb on the button and `action_url` the page or form that does it.
    """

    register: str
    ref: str
    title: str
    url: str
    kind: str
    action: str
    action_url: str
    due: datetime.date | None = None
