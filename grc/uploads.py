"""Files that people send: how much at once, and that they are kept where no URL leads."""

from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.storage import FileSystemStorage
from django.core.files.uploadhandler import FileUploadHandler


class LimitedRequest(FileUploadHandler):
    """Refuses a request with files (400) before a byte of its body is read when it announces more than the limit."""

    def handle_raw_input(self, input_data: Any, META: dict[str, Any], content_length: int, *args: Any) -> None:  # noqa: N803 - Django's name
        """Raise RequestDataTooBig above settings.REQUEST_MAX_BYTES (bytes)."""
        if content_length > settings.REQUEST_MAX_BYTES:
            raise RequestDataTooBig(f"The request is larger than {settings.REQUEST_MAX_BYTES} bytes.")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        """Pass each chunk on to the handlers that keep it."""
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """Keep nothing: the next handlers make the file."""


class PrivateFiles(FileSystemStorage):
    """A folder without a URL: a file leaves only through a view that asks foundation.accounts.access."""

    def url(self, name: str | None) -> str:
        raise ValueError("Private files are not accessible via a URL.")
