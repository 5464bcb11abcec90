"""The full list of a signed review as files: every account with its decision, and the exact lines that were hashed.

Both are streamed, whatever their size, and end like any list: nothing is summed up or left out.
"""

import datetime
import json
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from accessreviews.hashing import CHUNK, items_of, lines
from accessreviews.models import Choice, Flag, Known, Review, SignIn, Standing

FORMAT: Final = "countersign access review decisions 1"
HEADER: Final = (
    "Line", "Account", "Name", "E-mail", "Roles", "Enabled", "MFA", "Last sign-in", "Belongs to", "Person", "Flags",
    "Flagged", "Privileged", "Decision", "Roles that remain", "Reason", "Decided by", "Decided at", "In bulk",
    "Reviewer",
)  # fmt: skip


KNOWN, SIGN_IN, STANDING, FLAGS, CHOICE = (
    {one.value: str(one.label) for one in words} for words in (Known, SignIn, Standing, Flag, Choice)
)
ROW: Final = (
    "account__line", "account__key", "account__name", "account__email", "account__roles", "account__enabled",
    "account__mfa", "account__last_sign_in", "account__sign_in", "account__standing", "account__person__name",
    "account__flags", "flagged", "privileged", "decision__choice", "decision__roles_after", "decision__reason",
    "decision__decided_by__name", "decision__decided_at", "decision__in_bulk", "assignment__reviewer__name",
)  # fmt: skip


def chunks(review: Review) -> Iterator[list[list[Any]]]:
    """The rows of the CSV, CHUNK at a time. One query, as plain values: objects would take many times as long."""
    found = items_of(review=review.pk).values_list(*ROW).iterator(chunk_size=CHUNK)
    while some := list(islice(found, CHUNK)):
        yield [row_of(*values) for values in some]


def row_of(  # noqa: PLR0913, PLR0917 - the columns of ROW
    line: int, key: str, name: str, email: str, roles: list[str], enabled: str, mfa: str,
    signed_in: datetime.date | None, sign_in: str, standing: str, person: str | None, flags: list[list[str]],
    flagged: bool, privileged: bool, choice: str | None, remain: list[str] | None, reason: str | None,
    decided_by: str | None, decided_at: datetime.datetime | None, in_bulk: bool | None, reviewer: str,
) -> list[Any]:  # fmt: skip
    """One account as a row, in words."""
    return [
        line, key, name, email, ", ".join(roles), KNOWN[enabled], KNOWN[mfa], signed_in or SIGN_IN[sign_in],
        STANDING[standing], person, "; ".join(f"{FLAGS[flag]}: {why}" for flag, why in flags), flagged, privileged,
        CHOICE.get(choice or "", ""), ", ".join(remain or ()), reason, decided_by, decided_at, bool(in_bulk), reviewer,
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
