"""What the registers hand to the pages that read all of them: a thing that waits for somebody, and a search hit."""

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


@dataclass(frozen=True, slots=True)
class SearchHit:
    """One record that matches a search, already passed through `visible()` by the register that found it."""

    register: str
    ref: str
    title: str
    url: str
