"""The demo company's past: its records say when things were done then; the trail keeps the real clock's times."""

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock


@contextmanager
def as_on(moment: datetime.datetime) -> Iterator[None]:
    """Do what is in the block as if it were `moment` (aware), as far as records say so.

    Django's clock, which all records go by, is set back. The trail and the histories have a clock of their own
    (R3.5): they tell that the demo was loaded now.
    """
    with mock.patch("django.utils.timezone.now", return_value=moment):
        yield
