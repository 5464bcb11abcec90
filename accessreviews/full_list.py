"""The full list of a signed review as files: every account with its decision, and the exact lines that were hashed.

Both are streamed, whatever their size, and end like any list: nothing is summed up or left out.
"""

import datetime
import json
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from django.http import StreamingHttpResponse

from accessreviews.hashing import CHUNK, items_of, lines
from accessreviews.models import Decision, Flag, Review, ReviewItem
from foundation.pages.sheets import file_name

FORMAT: Final = "countersign access review decisions 1"
HEADER: Final = (
    "Line", "Account", "Name", "E-mail", "Roles", "Enabled", "MFA", "Last sign-in", "Belongs to", "Person", "Flags",
    "Flagged", "Privileged", "Decision", "Roles that remain", "Reason", "Decided by", "Decided at", "In bulk",
    "Reviewer",
)  # fmt: skip


def chunks(review: Review) -> Iterator[list[list[Any]]]:
    """The rows of the CSV, CHUNK at a time. One query."""
    related = ("account__person", "decision__decided_by", "assignment__reviewer")
    found = items_of(review=review.pk).select_related("account", "decision", *related).iterator(chunk_size=CHUNK)
    while some := list(islice(found, CHUNK)):
        yield [row_of(item) for item in some]


def row_of(item: ReviewItem) -> list[Any]:
    """One account as a row."""
    account, decision = item.account, getattr(item, "decision", None) or Decision(choice="")
    signed_in: datetime.date | str | None = account.last_sign_in or account.get_sign_in_display()
    return [
        account.line, account.key, account.name, account.email, ", ".join(account.roles),
        account.get_enabled_display(), account.get_mfa_display(), signed_in, account.get_standing_display(),
        str(account.person or ""), "; ".join(f"{Flag(flag).label}: {why}" for flag, why in account.flags),
        item.flagged, item.privileged, decision.get_choice_display(), ", ".join(decision.roles_after),
        decision.reason, str(decision.decided_by) if decision.decided_by_id else "", decision.decided_at,
        decision.in_bulk, str(item.assignment.reviewer),
    ]  # fmt: skip


def document(review: Review) -> Iterator[bytes]:
    """The JSON: each part with the lines that its hash is over, in their order, one to a line of the file."""
    listing: Any = review.listing
    head = {
        "format": FORMAT, "campaign": review.campaign.ref, "system": review.system.ref, "listing": listing.sha256,
        "decisions_sha256": review.decisions_sha256, "approved_by": review.approved_by_id,
        "approved_at": review.approved_at.isoformat() if review.approved_at else "",
    }  # fmt: skip
    yield json.dumps(head, ensure_ascii=False)[:-1].encode() + b', "parts": ['
    for number, part in enumerate(review.assignments.order_by("id")):
        said = {"number": part.pk, "signed_by": part.signed_by_id, "decisions_sha256": part.decisions_sha256}
        yield (b",\n" if number else b"\n") + json.dumps(said)[:-1].encode() + b', "lines": ['
        before = b"\n"
        for line in lines(part):
            yield before + line.rstrip(b"\n")
            before = b",\n"
        yield b"\n]}"
    yield b"\n]}\n"


def as_download(name: str, content: Iterator[bytes]) -> StreamingHttpResponse:
    """A JSON file, sent in pieces that are worth sending."""
    return StreamingHttpResponse(
        gathered(content),
        content_type="application/json",
        headers={
            "Content-Disposition": f'attachment; filename="{file_name(name, "json")}"',
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        },
    )


def gathered(content: Iterator[bytes]) -> Iterator[bytes]:
    """Many small pieces as few."""
    while some := list(islice(content, CHUNK)):
        yield b"".join(some)
