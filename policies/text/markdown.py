"""How a policy's Markdown is read: CommonMark and tables, no raw HTML, two marks of our own, and what is too much.

The marks are `{{ key }}`, a number that the company sets, and `[fill in: …]`, what a template's reader has to add.
"""

import re
from functools import lru_cache
from typing import Any, Final

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.rules_inline import image as image_rule
from markdown_it.token import Token

LONGEST: Final = 200_000  # bytes of UTF-8
DEEPEST: Final = 40  # open lists, items and quotes within each other: what lies deeper would be left out in silence
MOST_CELLS: Final = 10_000  # of all tables together: some 200 pages
ALT_DEEPEST: Final = 3  # images in the words of images: each is read by a parser of its own
MOST_WORK: Final = 800_000  # microseconds of a parser's time, as WORK counts them: see `work`
# What a mark costs the parser at most, in microseconds as measured; plain words cost next to nothing.
WORK: Final[tuple[tuple[re.Pattern[str], int], ...]] = tuple(
    (re.compile(pattern, re.MULTILINE), cost)
    for pattern, cost in (
        (r"\[", 90),  # each may begin a link or an image, whose end is looked for
        (r"<(?=[A-Za-z])", 80),  # an address
        (r"(?:[-+*]|\d[.)])(?=[ \t\r\n])", 45),  # an item of a list
        (r">", 25),
        (r"\r\n?|\n", 22),
        (r"\|", 20),
        (r"^[ \t>]*#", 20),
        (r"[*_]", 16),
        (r"\{\{", 16),
        (r"[&<`!#\]]", 6),
    )
)

PLACEHOLDER: Final = re.compile(r"\{\{([^{}\n]{1,100})\}\}")
FILL_IN: Final = re.compile(r"\[\s*fill[\s-]+in\b[^\]]*\]?", re.IGNORECASE)
# Controls say nothing that is to be read; the two overrides of direction make a line read otherwise than it is written.
UNREADABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202d\u202e\ufeff\ufffe\uffff]")
LONE: Final = re.compile("[\ud800-\udfff]")  # halves of a pair, which no UTF-8 can hold


def parse(source: str) -> list[Token]:
    """The tokens of `source`. What `too_much` refuses comes as one block of code, so that no word is lost and no
    text costs minutes.
    """
    readable = LONE.sub("\ufffd", UNREADABLE.sub("", source))
    if too_long(readable) or too_laborious(readable):
        return plain(readable)
    tokens = READER.parse(readable)
    return plain(readable) if too_deep(tokens) or too_wide(tokens) else tokens


def plain(source: str) -> list[Token]:
    """`source` as it was typed."""
    return [Token("code_block", "code", 0, content=source)]


@lru_cache(maxsize=8)  # a form asks before its action does
def too_much(source: str) -> str:
    """Why a form has to refuse this text, in a sentence or two; "" when it need not."""
    if too_long(source):
        return f"The text is too long: at most {LONGEST // 1000} KB."
    if too_laborious(source):
        return "The text holds too many brackets, stars, list items, cells and lines. Make several policies of it."
    tokens = READER.parse(LONE.sub("\ufffd", source))
    if too_deep(tokens):
        return "Lists and quotations stand too deep within each other: at most 20 lists."
    if too_wide(tokens):
        return f"The tables hold too many cells: at most {MOST_CELLS:,} together."
    return ""


def too_long(source: str) -> bool:
    """Whether the text has more bytes than a text may have."""
    return len(source) > LONGEST or len(source.encode(errors="surrogatepass")) > LONGEST


def work(source: str) -> int:
    """Microseconds that reading the text takes at most, told from the marks in it before anything is read."""
    return sum(len(pattern.findall(source)) * cost for pattern, cost in WORK)


def too_laborious(source: str) -> bool:
    """Whether reading the text would take more of the processor than one request may have."""
    return work(source) > MOST_WORK


def too_deep(tokens: list[Token]) -> bool:
    """Whether the parser stopped going deeper, and so may have left words out."""
    holds = {"blockquote_open", "list_item_open"}
    return any(token.type in holds and token.level >= DEEPEST - 1 for token in tokens)


def too_wide(tokens: list[Token]) -> bool:
    """Whether the tables are more than a page or a PDF can hold."""
    return sum(token.type in {"th_open", "td_open"} for token in tokens) > MOST_CELLS


def words_of(tokens: list[Token]) -> str:
    """What inline tokens say, without their marks: the words of an image, say."""
    return "".join(
        words_of(token.children) if token.children else "\n" if token.type.endswith("break") else token.content
        for token in tokens
    )


# ---- rules ---------------------------------------------------------------------------------------------------------


def placeholder(state: StateInline, silent: bool) -> bool:
    """`{{ key }}` becomes one token with the key as its content."""
    found = PLACEHOLDER.match(state.src, state.pos, state.posMax)
    if not found:
        return False
    if not silent:
        state.push("placeholder", "bdi", 0).content = found[1].strip()
    state.pos = found.end()
    return True


def fill_in(state: StateInline, silent: bool) -> bool:
    """`[fill in: …]` becomes one token with itself as its content."""
    found = FILL_IN.match(state.src, state.pos, state.posMax)
    if not found:
        return False
    if not silent:
        state.push("fill_in", "mark", 0).content = found[0]
    state.pos = found.end()
    return True


def image(state: StateInline, silent: bool) -> bool:
    """The parser's own rule, but not for images in the words of images without end."""
    depth = state.env.get("alt", 0)
    if depth >= ALT_DEEPEST:
        return False
    state.env["alt"] = depth + 1
    try:
        return image_rule(state, silent)
    finally:
        state.env["alt"] = depth


class Reader(MarkdownIt):
    """CommonMark with tables and our marks. Which links hold is decided where they are drawn, so that what does not
    hold loses its address and keeps its words.
    """

    def __init__(self) -> None:
        super().__init__("commonmark", {"html": False, "xhtmlOut": False, "maxNesting": DEEPEST})
        self.enable("table")
        self.inline.ruler.before("link", "placeholder", placeholder)
        self.inline.ruler.before("link", "fill_in", fill_in)
        self.inline.ruler.at("image", image)

    def validateLink(self, url: str) -> bool:  # noqa: N802 - the parser's name for it
        """Every address is one."""
        return True


READER: Final[Any] = Reader()
