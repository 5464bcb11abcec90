"""What kind of file it is, by its bytes; the name only tells apart what looks alike. What a sender says is ignored."""

from collections.abc import Iterable
from pathlib import PurePath
from typing import Final

HEAD: Final = 4096  # bytes that are looked at
UNKNOWN: Final = "application/octet-stream"
OFFICE = "application/vnd.openxmlformats-officedocument."
OPEN = "application/vnd.oasis.opendocument."

SIGNATURES: Final = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"\x1f\x8b", "application/gzip"),
)
ARCHIVES: Final = {  # all of them are ZIP inside
    ".xlsx": f"{OFFICE}spreadsheetml.sheet",
    ".docx": f"{OFFICE}wordprocessingml.document",
    ".pptx": f"{OFFICE}presentationml.presentation",
    ".odt": f"{OPEN}text",
    ".ods": f"{OPEN}spreadsheet",
    ".odp": f"{OPEN}presentation",
}
COMPOUND: Final = {  # Microsoft's compound files
    ".doc": "application/msword",
    ".xls": "application/vnd.ms-excel",
    ".ppt": "application/vnd.ms-powerpoint",
    ".msg": "application/vnd.ms-outlook",
}
# Markup is plain text here: no browser may ever be told that a file of somebody's is a page or a picture with scripts.
TEXTS: Final = {
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".json": "application/json",
    ".eml": "message/rfc822",
}
MARKS: Final = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")  # of UTF-8 and UTF-16
WORDS: Final = {
    "application/pdf": "PDF",
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/gif": "GIF",
    "image/webp": "WebP",
    "application/gzip": "gzip archive",
    "application/zip": "ZIP archive",
    "text/plain": "text",
    "text/csv": "CSV",
    "text/tab-separated-values": "tab-separated text",
    "application/json": "JSON",
    "message/rfc822": "e-mail",
    **{kind: f"{ending[1:].upper()} document" for ending, kind in {**ARCHIVES, **COMPOUND}.items()},
}
# What a register may take unless it says otherwise: documents, pictures, tables, text, archives; no programs.
USUAL: Final = tuple(WORDS)


def kind_of(head: bytes, name: str) -> str:
    """The content type of a file that begins with `head` (HEAD bytes, or all of it); UNKNOWN for all others."""
    ending = PurePath(name).suffix.lower()
    for start, kind in SIGNATURES:
        if head.startswith(start):
            return kind
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "image/webp"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return ARCHIVES.get(ending, "application/zip")
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return COMPOUND.get(ending, UNKNOWN)
    return TEXTS.get(ending, "text/plain") if is_text(head) else UNKNOWN


def is_text(head: bytes) -> bool:
    """Whether this is the beginning of a text: marked as Unicode, or without control characters that no text has."""
    if head.startswith(MARKS):
        return True
    return not any(byte < 32 and byte not in b"\t\n\r\f\x1b" for byte in head)


def plain_name(name: str) -> str:
    """What a sender called a file, to be shown: the last part of a path, without what cannot be seen or turns the order
    of reading round (so that “exe.pdf” is no “fdp.exe”); at most 200 letters, never empty.
    """
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(letter for letter in last if letter.isprintable()).strip()[-200:] or "file"


def in_words(kinds: Iterable[str]) -> str:
    """The kinds as people call them."""
    return ", ".join(dict.fromkeys(WORDS.get(kind, kind) for kind in kinds))
