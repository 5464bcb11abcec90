"""The starter texts: our own words for the policies that a company usually has, to be adapted and approved."""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent / "starter"


@dataclass(frozen=True)
class Starter:
    """One starter text. key: its name for good; controls: references of the starter controls that such a policy
    supports, acknowledgement: of those for which it is evidence who acknowledged it; text: Markdown, with numbers of
    the catalogue and with `[fill in: …]`, so that nobody adopts it unread.
    """

    key: str
    title: str
    summary: str
    controls: tuple[str, ...]
    acknowledgement: tuple[str, ...]
    text: str

    @property
    def suggested(self) -> list[str]:
        """Every control that is suggested for it, each once."""
        return sorted({*self.controls, *self.acknowledgement})


@cache
def starters() -> dict[str, Starter]:
    """Every starter text by its key, in the order of the index."""
    with (FOLDER / "index.csv").open(encoding="utf-8", newline="") as index:
        rows = list(csv.DictReader(index))
    return {
        row["key"]: Starter(
            key=row["key"],
            title=row["title"],
            summary=row["summary"],
            controls=tuple(row["controls"].split()),
            acknowledgement=tuple(row["acknowledgement"].split()),
            text=(FOLDER / f"{row['key']}.md").read_text(encoding="utf-8"),
        )
        for row in rows
    }
