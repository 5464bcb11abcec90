"""When two names are one: whatever their case, spaces, punctuation and legal form."""

import re
import unicodedata
from typing import Final

# Words at the end that say what kind of company it is, not which.
LEGAL: Final = frozenset(
    [
        "inc",
        "incorporated",
        "corp",
        "corporation",
        "co",
        "company",
        "llc",
        "llp",
        "lp",
        "ltd",
        "limited",
        "plc",
        "pbc",
        "gmbh",
        "mbh",
        "ag",
        "kg",
        "kgaa",
        "ug",
        "ohg",
        "ev",
        "eg",
        "se",
        "sa",
        "sas",
        "sasu",
        "sarl",
        "srl",
        "spa",
        "sl",
        "bv",
        "nv",
        "vof",
        "ab",
        "oy",
        "oyj",
        "as",
        "asa",
        "aps",
        "is",
        "ehf",
        "pty",
        "pte",
        "pvt",
        "private",
        "kk",
        "kabushiki",
        "kaisha",
        "sro",
        "zoo",
        "doo",
        "dd",
        "kft",
        "zrt",
        "sia",
        "uab",
        "ou",
        "and",
        "und",
        "et",
        "y",
        "e",
    ]
)
DOTTED: Final = re.compile(r"(?<=\w)\.(?=\w\b)")  # as in S.A. or B.V.
WORD: Final = re.compile(r"\w+")


def key_of(name: str) -> str:
    """What a name is known by: “GitHub, Inc.” and “git hub” are the same. "" for a name without letters or digits."""
    plain = unicodedata.normalize("NFKC", name).casefold().replace("'", "").replace("’", "")
    words = WORD.findall(DOTTED.sub("", plain))
    while len(words) > 1 and words[-1] in LEGAL:
        words.pop()
    return "".join(words)
