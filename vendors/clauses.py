"""The terms that a contract with a vendor is looked through for, in our own words (domain §6)."""

from collections.abc import Mapping
from typing import Final

CLAUSES: Final[Mapping[str, str]] = {
    "security": "Security duties",
    "confidentiality": "Confidentiality",
    "breach": "Notice of breaches",
    "audit": "Right to audit, or to its reports",
    "subprocessors": "Approval of sub-processors",
    "transfer": "Locations and transfers of data",
    "erasure": "Return or erasure of data",
    "insurance": "Insurance",
    "continuity": "Continuity",
}
YES, NO, UNSEEN = "yes", "no", ""
ANSWERS: Final = ((UNSEEN, "Not looked at"), (YES, "Yes"), (NO, "No"))


def counted(clauses: Mapping[str, str]) -> dict[str, list[str]]:
    """The words of the terms that a contract holds, lacks, and that nobody looked for, in the checklist's order."""
    found: dict[str, list[str]] = {YES: [], NO: [], UNSEEN: []}
    for key, words in CLAUSES.items():
        found[clauses.get(key, UNSEEN) if clauses.get(key, UNSEEN) in found else UNSEEN].append(words)
    return found


def in_words(clauses: Mapping[str, str]) -> str:
    """How many of the terms it holds, such as “7 of 9, 1 missing, 1 not looked at”."""
    found = counted(clauses)
    said = [f"{len(found[YES])} of {len(CLAUSES)}"]
    if found[NO]:
        said.append(f"{len(found[NO])} missing")
    if found[UNSEEN]:
        said.append(f"{len(found[UNSEEN])} not looked at")
    return ", ".join(said)
