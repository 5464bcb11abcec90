"""The one door through which stored files leave: entry written, every chunk verified."""

from collections.abc import Iterator
from itertools import chain

from django.db import models, transaction
from django.http import Http404, StreamingHttpResponse
from django.utils.http import content_disposition_header

from foundation.accounts.models import User
from foundation.files.models import StoredFile
from foundation.files.reading import plain_chunks
from foundation.files.storage import stored_file
from foundation.trail.record import record

CHARACTERS = {ord(character): "_" for character in '/\\:*?"<>|'} | dict.fromkeys(range(32), "_")


def open_file(user: User, holder: models.Model, field: str = "file", *, name: str = "") -> StreamingHttpResponse:
    """The file that a record holds in `field`, as a download; the caller has asked whether this person may have it.

    Raises Http404 where it holds no file or its bytes are gone, Altered when the file was altered: then nothing is
    sent, or the connection is cut before the first wrong byte. The trail says `file.downloaded` before any byte leaves.
    `name`: what the download is called, else what the file was called. Ranges are not served: a part has no hash.
    """
    try:
        stored = stored_file(getattr(holder, field).name or "")
        chunks = plain_chunks(stored)
        first = next(chunks, b"")  # what is refused at its beginning is refused with a page
    except FileNotFoundError as missing:
        raise Http404("This file was removed.") from missing
    called = (name or stored.name).translate(CHARACTERS) or "file"
    with transaction.atomic():
        refs = {"file": str(stored.id), "sha256": stored.sha256, "size": stored.size}
        record("file.downloaded", user, holder, refs=refs, private={"name": called})
    response = StreamingHttpResponse(closing_chain(first, chunks), content_type=stored.content_type)
    for header, value in HEADERS.items():
        response[header] = value
    response["Content-Length"] = str(stored.size)
    response["Content-Disposition"] = content_disposition_header(True, called) or "attachment"
    return response


def previewed(user: User, target: models.Model, field: str = "file") -> StoredFile:
    """The stored file of a record whose content a page is about to show; the trail says so.

    The caller has asked whether this person may have it. Raises Http404 if its bytes are gone.
    """
    try:
        stored = stored_file(getattr(target, field).name or "")
    except FileNotFoundError as missing:
        raise Http404("This file was removed.") from missing
    with transaction.atomic():
        record("file.previewed", user, target, refs={"file": str(stored.id), "sha256": stored.sha256})
    return stored


# Whatever is in the file, no browser shows it as a page of ours, runs it, or keeps a copy for somebody else.
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cache-Control": "private, no-store",
    "Accept-Ranges": "none",
}


def closing_chain(first: bytes, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The first chunk and the others; whoever stops reading closes the file behind them."""
    try:
        yield from chain((first,), chunks)
    finally:
        chunks.close()  # type: ignore[attr-defined]  # a generator
