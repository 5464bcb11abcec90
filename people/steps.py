"""The items of a checklist as they are written, one a line: what | when | who. Pure: nothing here asks the database."""

import re
from typing import Final, NamedTuple

from foundation.accounts.roles import Role

THEMSELVES, MANAGER = "themselves", "manager"
# The roles that may do every item, and so can be named as one's: whoever has them.
ROLES: Final = {str(role.label).lower(): role.value for role in (Role.ADMINISTRATOR, Role.COMPLIANCE_MANAGER)}
WHEN: Final = re.compile(r"([0-9]{1,3}) (business )?days? (before|after)")
ADDRESS: Final = re.compile(r"[^@\s]+@[^@\s]+")
MOST, LONGEST = 100, 300


class Step(NamedTuple):
    """One line, read. `offset`: days from the first or last day, before it less than 0."""

    words: str
    offset: int
    in_business_days: bool
    by: str


def read_steps(text: str) -> list[Step]:
    """The lines that say anything. Raises ValueError with words for each line that cannot be read, one a line."""
    found, wrong = [], []
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    for number, line in lines:
        try:
            found.append(read_step(line))
        except ValueError as error:
            wrong.append(f"Line {number}: {error}")
    if len(lines) > MOST:
        wrong = [f"A checklist has at most {MOST} items."]
    if not lines:
        wrong = ["It has no items."]
    if wrong:
        raise ValueError("\n".join(wrong))
    return found


def read_step(line: str) -> Step:
    """One line. Raises ValueError with words for the person."""
    parts = [part.strip() for part in line.split("|")]
    if len(parts) != 3 or not parts[0]:
        raise ValueError("write it as what | when | who.")
    words, when, by = parts[0], " ".join(parts[1].lower().split()), parts[2].lower()
    if len(words) > LONGEST:
        raise ValueError(f"at most {LONGEST} characters say what.")
    if by not in (THEMSELVES, MANAGER, *ROLES) and not ADDRESS.fullmatch(by):
        raise ValueError(
            f"“{by[:60]}” is neither themselves, manager, administrator, compliance manager nor an e-mail address."
        )
    return Step(words, *offset_of(when), by)


def offset_of(when: str) -> tuple[int, bool]:
    """How many days from the day, and whether business days are counted."""
    if when in ("same day", ""):
        return 0, False
    found = WHEN.fullmatch(when)
    if found is None:
        raise ValueError(f"“{when[:60]}” is no time as “3 days before”, “same day” or “1 business day after”.")
    days = int(found[1])
    return (-days if found[3] == "before" else days), bool(found[2])
