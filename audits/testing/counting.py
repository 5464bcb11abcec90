"""Counting a test's results: how many items were tested, how many are exceptions, what is still open. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from audits.models.testing import Met

Cell = tuple[int | None, str]  # the number of an item's row (None: the control itself), and an attribute's letter


@dataclass(frozen=True)
class Count:
    """n of N. `tested`: items with a result that says something; `exceptions`: those with an attribute that is not met;
    `open`: cells that nobody has written yet; `written`: cells that somebody has.
    """

    tested: int
    exceptions: int
    open: int
    written: int

    def words(self) -> str:
        """N of N, for people."""
        return f"{self.exceptions} of {self.tested}"


def count(items: Iterable[int | None], letters: Sequence[str], results: Mapping[Cell, str]) -> Count:
    """Count the results (outcome by cell) of the items that stand: what was replaced does not count.

    An item of which every attribute is not applicable was not tested.
    """
    tested = exceptions = open_cells = written = 0
    for item in items:
        found = [results.get((item, letter), "") for letter in letters]
        open_cells += found.count("")
        written += len(found) - found.count("")
        tested += any(one in (Met.MET, Met.NOT_MET) for one in found)
        exceptions += Met.NOT_MET in found
    return Count(tested, exceptions, open_cells, written)
