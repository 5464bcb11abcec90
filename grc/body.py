"""What a request brings, all of it: a body that ends before its announced length is an error and not a shorter body.

gunicorn hands over what had arrived when a connection was cut. A form would then be read as if it held no more: the
first of two files, half of a paragraph. Django answers an error of the stream with a refusal, and keeps nothing.
"""

from collections.abc import Callable, Iterable
from typing import Any


class CutOff(OSError):
    """The connection was cut before the whole body had arrived."""


class WholeBody:
    """`wsgi.input` of a body of `length` bytes. Raises CutOff where it ends sooner."""

    def __init__(self, stream: Any, length: int) -> None:
        self._stream, self._left = stream, length

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes; all that is left for a negative one."""
        wanted = self._left if size < 0 else min(size, self._left)
        data: bytes = self._stream.read(wanted) if wanted else b""
        self._left -= len(data)
        if len(data) < wanted:
            raise CutOff("The connection was cut before the whole request had arrived.")
        return data

    def readline(self, size: int = -1) -> bytes:
        """Up to the end of a line, and no more than `size` bytes."""
        wanted = self._left if size < 0 else min(size, self._left)
        data: bytes = self._stream.readline(wanted) if wanted else b""
        self._left -= len(data)
        if len(data) < wanted and not data.endswith(b"\n"):
            raise CutOff("The connection was cut before the whole request had arrived.")
        return data


def whole(application: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    """A WSGI application that is given whole bodies."""

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        length = environ.get("CONTENT_LENGTH") or ""
        if length.isascii() and length.isdigit():
            environ["wsgi.input"] = WholeBody(environ["wsgi.input"], int(length))
        return application(environ, start_response)

    return answer
