"""Many user controls at once: pasted from the report, one a line as “reference | text”; all of them or none."""

from collections.abc import Iterator
from typing import Final

from django.core.exceptions import ValidationError
from django.db import transaction

from foundation.accounts.models import User
from foundation.trail.keep import save_many
from vendors.models import Cuec, Worksheet
from vendors.worksheets.lines import writable

MOST_LINES: Final = 200
MOST_TOLD: Final = 20  # mistakes that are told at once
MOST_TEXT: Final = 2000  # characters of one user control
MOST_REFERENCE: Final = 60


@transaction.atomic
def paste_cuecs(worksheet: Worksheet, *, actor: User, pasted: str) -> int:
    """Note every line of a text as a user control. Returns how many.

    A line is “reference | text”, or text alone; empty ones are passed over. Raises ValidationError naming the lines
    that cannot be read, with nothing kept.
    """
    worksheet = writable(worksheet, actor)
    known = Cuec.objects.live().filter(worksheet=worksheet).exclude(reference="")
    found = read(pasted, set(known.values_list("reference", flat=True)))
    lines = [Cuec(worksheet=worksheet, reference=reference, what=what) for reference, what in found]
    created, _ = save_many(
        lines, actor=actor, verb_created="cuec.created", verb_updated="cuec.updated", reason="Pasted from the report.",
        refs={"worksheet": worksheet.pk},
    )  # fmt: skip
    return created


def read(pasted: str, known: set[str]) -> list[tuple[str, str]]:
    """(reference, text) of each line. known: references that the worksheet has already. Raises ValidationError."""
    seen = {reference.casefold(): "on the worksheet already" for reference in known}
    found, wrong = [], []
    for number, line in enumerate(pasted.splitlines(), 1):
        if not line.strip():
            continue
        reference, what = cut(line)
        if "|" not in line and "\t" not in line:
            wrong.append(f"Line {number}: write it as “reference | text”; a bar alone before the text if it has none.")
        wrong += [f"Line {number}: {words}" for words in mistakes(reference, what, seen)]
        if reference:
            seen.setdefault(reference.casefold(), f"on line {number} already")
        found.append((reference, what))
    if not found:
        wrong.append("Paste one user control a line, as “CC-1 | Restrict who may …”.")
    if len(found) > MOST_LINES:
        wrong.append(f"These are {len(found)} lines; {MOST_LINES} are taken at once.")
    if wrong:
        more = [f"And {len(wrong) - MOST_TOLD} more."] if len(wrong) > MOST_TOLD else []
        raise ValidationError({"pasted": [*wrong[:MOST_TOLD], *more]})
    return found


def cut(line: str) -> tuple[str, str]:
    """A line at its first bar, or at the tab that a spreadsheet puts between cells."""
    for separator in ("|", "\t"):
        before, bar, after = line.partition(separator)
        if bar:
            return before.strip(), after.strip()
    return "", line.strip()


def mistakes(reference: str, what: str, seen: dict[str, str]) -> Iterator[str]:
    """Why a line cannot be kept."""
    if not what:
        yield "nothing stands behind the reference."
    if "\x00" in reference + what:
        yield "it holds a NUL character, which is not text."
    if len(what) > MOST_TEXT:
        yield f"it has more than {MOST_TEXT:,} characters."
    if len(reference) > MOST_REFERENCE:
        yield f"the reference has more than {MOST_REFERENCE} characters."
    elif reference and (where := seen.get(reference.casefold())):
        yield f"{reference} is {where}."
