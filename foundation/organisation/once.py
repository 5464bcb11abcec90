"""What one request reads once, because a page asks it many times: the organisation, its numbers, windows, grants."""

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

Read = TypeVar("Read")
_kept: ContextVar[dict[Hashable, Any] | None] = ContextVar("kept", default=None)  # None outside a request


@contextmanager
def reading_once() -> Iterator[None]:
    """Keep what `once` reads until the end of the block: one request."""
    token = _kept.set({})
    try:
        yield
    finally:
        _kept.reset(token)


def once(key: Hashable, read: Callable[[], Read]) -> Read:
    """What `read` gives: asked at most once a request for the same `key`, and every time outside of one."""
    kept = _kept.get()
    if kept is None:
        return read()
    if key not in kept:
        kept[key] = read()
    found: Read = kept[key]
    return found


def forget(key: Hashable) -> None:
    """Read it anew the next time, because it was changed."""
    (_kept.get() or {}).pop(key, None)
