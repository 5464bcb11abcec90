"""What takes the files of a request as they arrive: none of them ever lies on a disk in the clear."""

from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, MemoryFileUploadHandler

from foundation.files.forms import megabytes
from foundation.files.spool import Oversized, SealedUpload, Spool

ANONYMOUS_MOST = 5 * 1024**2  # bytes of a request with files from somebody who is not signed in


class TooLargeRequest(RequestDataTooBig):
    """The whole request is larger than `most` bytes."""

    def __init__(self, most: int) -> None:
        self.most = most
        super().__init__(f"The request is larger than {most} bytes.")


def too_much(error: BaseException | None) -> str:
    """What people are told when a request holds more than is taken at once; "" for every other error."""
    match error:
        case TooManyFilesSent():
            most = settings.DATA_UPLOAD_MAX_NUMBER_FILES
            return f"These are more than {most} files; {most} go at once. Send them in several goes."
        case TooManyFieldsSent():
            most = settings.DATA_UPLOAD_MAX_NUMBER_FIELDS
            return f"These are more than {most:,} fields; {most:,} go at once."
        case RequestDataTooBig():
            most = getattr(error, "most", settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
            what = "All of it together is" if isinstance(error, TooLargeRequest) else "The text of this form is"
            return f"{what} larger than {megabytes(most)}, the most that goes at once."
        case _:
            return ""


class LimitedRequest(FileUploadHandler):
    """Refuses a request with files (413) before a byte of its body is read when it announces more than the limit.

    Nobody signed in: no more than a form may hold; else anybody could fill the disk.
    """

    def handle_raw_input(self, input_data: Any, META: dict[str, Any], content_length: int, *args: Any) -> None:  # noqa: N803 - Django's name
        """Raise TooLargeRequest above settings.REQUEST_MAX_BYTES (bytes)."""
        known = sender_of(self.request) is not None
        most = settings.REQUEST_MAX_BYTES if known else min(ANONYMOUS_MOST, settings.REQUEST_MAX_BYTES)
        if content_length > most:
            raise TooLargeRequest(most)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        """Pass each chunk on to the handlers that keep it."""
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """Keep nothing: the next handlers make the file."""


class InMemory(MemoryFileUploadHandler):
    """Files of small requests (settings.FILE_UPLOAD_MAX_MEMORY_SIZE): they never reach a disk before the store."""

    def file_complete(self, file_size: int) -> UploadedFile | None:
        file = super().file_complete(file_size)
        if file is not None:
            file.sender = sender_of(self.request)  # type: ignore[attr-defined]
        return file


class Sealing(FileUploadHandler):
    """Seals a file while it arrives. Whatever happens before the store takes it, the request's end discards it.

    The request holds as `arriving` the one whose end has not come: when a connection is cut, its end never comes.
    """

    file: Spool | SealedUpload  # by this name Django finds what to close when it stops an upload

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.file = self.spool = self.request.arriving = Spool()  # type: ignore[union-attr]  # of a real request

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Beyond the limit only count on: the form then says clearly what was wrong."""
        if start + len(raw_data) <= settings.FILE_MAX_BYTES:
            self.spool.write(raw_data)

    def file_complete(self, file_size: int) -> UploadedFile:
        name = self.file_name or ""
        self.request.arriving = None  # type: ignore[union-attr]
        if file_size > settings.FILE_MAX_BYTES:
            self.spool.discard()
            return Oversized(name, file_size)
        self.spool.finish()
        self.file = SealedUpload(self.spool, name, sender=sender_of(self.request))
        return self.file

    def upload_interrupted(self) -> None:
        if hasattr(self, "spool"):
            self.spool.discard()


def sender_of(request: Any) -> int | None:
    """The number of the account that sends a request; None for nobody signed in."""
    user = getattr(request, "user", None)
    number: int | None = user.pk if user is not None and user.is_authenticated else None
    return number
