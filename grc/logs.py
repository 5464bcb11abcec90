"""What the log says, and what it must not: a line for each request, and failures without what their exceptions say.

Who did what belongs to the trail. The log is read by whoever runs the machine, so no name, address, token or typed word
may reach it: of an exception only its class and frames, of a request only its route, of a record only numbers.
"""

import logging
import os
import re
import traceback
from collections.abc import Iterator
from typing import Any, Final

from gunicorn.glogging import Logger
from pythonjsonlogger.json import JsonFormatter

from foundation.trail.origin import current

LINE: Final = "%(asctime)s %(levelname)s %(name)s [%(request_id)s]: %(message)s"
JSON: Final = "%(asctime)s %(levelname)s %(name)s %(request_id)s %(message)s"
SAID: Final = ("method", "route", "status", "ms", "user")  # what a line about a request carries besides its message
STANDARD: Final = {*vars(logging.makeLogRecord({})), "message", "asctime", "request_id", *SAID}
OF_A_REQUEST: Final = ("Error handling request", "Invalid request")
ADDRESS: Final = re.compile(r"[^\s@<>\"'=/?&]+@[^\s@<>\"'/?&]+\.[A-Za-z]{2,}")


class Safe(logging.Filter):
    """Strips a record, whoever wrote it, of whatever may be a personal value or a secret; adds the request's number."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record in place; every record passes."""
        record.request_id = current().request_id
        if record.exc_info and record.exc_info[1]:
            record.exc_text = "\n".join(frames(record.exc_info[1]))
        record.exc_info = record.stack_info = None
        if "request" in vars(record):  # Django's own: their message is the path or what the exception said
            record.msg, record.args = f"{getattr(record, 'status_code', '')} at {route_of(vars(record)['request'])}", ()
        elif record.name.startswith("gunicorn"):  # what follows is an address, a path, or a header as it was sent
            begun = next((words for words in OF_A_REQUEST if str(record.msg).startswith(words)), None)
            record.msg, record.args = (begun, ()) if begun else (record.msg, record.args)
        record.msg, record.args = said(record), ()
        for name in set(vars(record)) - STANDARD:
            delattr(record, name)
        return True


def said(record: logging.LogRecord) -> str:
    """The message: exceptions among its arguments become the names of their classes, addresses disappear."""
    if isinstance(record.args, tuple):
        record.args = tuple(kind(arg) if isinstance(arg, BaseException) else arg for arg in record.args)
    return ADDRESS.sub("(address)", record.getMessage())


def route_of(request: Any) -> str:
    """The name of a request's route: it tells the page, and nothing that stands in the address."""
    match = getattr(request, "resolver_match", None)
    return match.view_name if match else "no route"


def kind(error: BaseException) -> str:
    """The name of an exception's class."""
    return f"{type(error).__module__}.{type(error).__qualname__}"


def frames(error: BaseException) -> Iterator[str]:
    """Class and frames of an exception and of those it came from, without what they say."""
    seen: set[int] = set()
    found: BaseException | None = error
    while found is not None and id(found) not in seen:
        seen.add(id(found))
        yield kind(found)
        yield from (line.rstrip() for line in traceback.format_tb(found.__traceback__))
        found = found.__cause__ or (None if found.__suppress_context__ else found.__context__)


def formatter(form: str = "json") -> logging.Formatter:
    """`json`: one object a line, for a collector; `line`: for a person at a terminal."""
    if form == "line":
        return logging.Formatter(LINE)
    return JsonFormatter(JSON, rename_fields={"asctime": "at", "levelname": "level", "name": "logger"})


class GunicornLog(Logger):
    """gunicorn's own lines in the same form, under the same rules (gunicorn.conf.py names this class)."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "grc.settings")
        from django.conf import settings  # only now: a test or a tool may import this module without any

        for handler in self.error_log.handlers:
            handler.setFormatter(formatter(settings.LOG_FORMAT))
            handler.addFilter(Safe())
