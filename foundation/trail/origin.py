"""Where an action comes from: door, request, address. Ambient, set once a request or job; the actor never is."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Origin:
    """`via` is the door: page, api, job, command or import. Address and user agent are personal: they stay erasable.

    `told`, where somebody wants to know, collects the verbs of the entries written from here. `token`: the number of
    the API token by which the account acts, if it is not there in person.
    """

    via: str = "command"
    request_id: str = ""
    ip: str = ""
    user_agent: str = ""
    told: list[str] | None = None
    token: int | None = None


_current: ContextVar[Origin] = ContextVar("trail_origin", default=Origin())  # noqa: B039 - frozen


def current() -> Origin:
    """The origin in force here."""
    return _current.get()


@contextmanager
def origin(**changes: Any) -> Iterator[Origin]:
    """Change parts of the origin for a block; all else stays."""
    token = _current.set(replace(_current.get(), **changes))
    try:
        yield _current.get()
    finally:
        _current.reset(token)


def acting_by_token(number: int) -> None:
    """From here to the end of the block that `origin` opened (a request's), the account acts by this API token."""
    _current.set(replace(_current.get(), token=number))
