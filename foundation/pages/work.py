"""What the registers hand to My work: a thing that waits for somebody."""

import datetime
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlencode

from django.urls import reverse


@dataclass(frozen=True, slots=True)
class WorkItem:
    """One thing that waits for the person who is signed in.

    `due` is a day in the organisation's time zone, or None when nothing sets a date. `kind` says in a few words what
    is wanted ("Review overdue"); `action` is the verb on the button and `action_url` the page or form that does it.
    `now`: it stands before everything else, whatever its date: somebody is in the middle of it.
    """

    register: str
    ref: str
    title: str
    url: str
    kind: str
    action: str
    action_url: str
    due: datetime.date | None = None
    now: bool = False

    @classmethod
    def on(
        cls, record: Any, register: str, title: str, kind: str, action: str, page: str = "",
        due: datetime.date | None = None, now: bool = False,
    ) -> Self:  # fmt: skip
        """`record` as something to do. page: the name of the route that does it, by its number; "" is its own page.

        Whoever does it comes back to My work.
        """
        home = record.get_absolute_url()
        does = f"{reverse(page, args=[record.pk]) if page else home}?{urlencode({'next': '/'})}"
        return cls(register, getattr(record, "ref", None) or str(record), title, home, kind, action, does, due, now)
