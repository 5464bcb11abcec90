"""A policy's Markdown as HTML that is safe to show, on screen and on paper.

Two walls: the parser lets no HTML of the text through and we keep what it makes within bounds; then a sanitiser reads
the result as a browser would, and keeps a literal list of tags and attributes. Nothing in it loads anything.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Final

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it.token import Token

from policies.text.markdown import READER, parse, words_of

LINK: Final = re.compile(r"(?:https?://[^\s/]|mailto:[^\s])", re.IGNORECASE)
ISOLATE: Final = (
    "\u2068{}\u2069"  # keeps “30 days” in its order among Arabic; browsers have <bdi> for it, paper has not
)
HIGHEST: Final = 2  # the page's own title is its h1
LOWEST: Final = 6
BLOCKS: Final = {
    "paragraph_open", "heading_open", "bullet_list_open", "ordered_list_open", "list_item_open", "blockquote_open",
    "table_open", "th_open", "td_open",
}  # fmt: skip
ALIGNED: Final = {"text-align:left": "left", "text-align:center": "center", "text-align:right": "right"}

CLASSES: Final = {
    "div": {"table-wrap", "scrolls"},
    "table": {"table"},
    "th": set(ALIGNED.values()),
    "td": set(ALIGNED.values()),
    "bdi": {"setting", "unset"},
    "mark": {"fill-in"},
}
DIRECTED: Final = {"p", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "table", "th", "td"}
TAGS: Final = DIRECTED | {
    "a", "bdi", "br", "code", "div", "em", "hr", "mark", "pre", "strong", "tbody", "thead", "tr",
}  # fmt: skip
CLEANER: Final = nh3.Cleaner(
    tags=TAGS,
    attributes={"a": {"href"}, "ol": {"start"}, "div": {"aria-label"}},
    tag_attribute_values={tag: {"dir": {"ltr", "rtl"}} for tag in DIRECTED}
    | {
        "th": {"dir": {"ltr", "rtl"}, "scope": {"col"}},
        "div": {"role": {"group"}, "tabindex": {"0"}},
    },
    allowed_classes=CLASSES,
    url_schemes={"http", "https", "mailto"},
    url_relative="deny",
    link_rel="noopener noreferrer nofollow",
    strip_comments=True,
)


def to_html(source: str, values: Mapping[str, object], top: int = HIGHEST) -> SafeString:
    """`source` as HTML. values: what stands for each `{{ key }}`, in words (“30 days”); a key without one is shown as
    it is written, with the class `unset`.

    top: the level of the text's highest headings, 2 to 6; those below follow without a gap. Images give way to their
    words, links to anything but http, https and mailto too. Never raises: a text beyond the bounds of `markdown.py`
    is shown as it was typed.
    """
    tokens = parse(source)
    direct(tokens)
    lower_headings(tokens, top)
    drawn = list(wrap_tables(tokens))
    for token in drawn:
        if token.children:
            here = {key: ISOLATE.format(value) for key, value in values.items()} if "rtl" in token.meta else values
            token.children = list(inline(token.children, here))
    html = READER.renderer.render(drawn, READER.options, {})
    return mark_safe(CLEANER.clean(html))  # noqa: S308 - what a sanitiser made of what our parser wrote


# ---- blocks --------------------------------------------------------------------------------------------------------


def lower_headings(tokens: list[Token], top: int) -> None:
    """Each heading one level below the one that it stands under, the highest at `top`."""
    above: list[int] = []
    for token in tokens:
        if token.type == "heading_open":
            level = int(token.tag[1:])
            while above and above[-1] >= level:
                above.pop()
            above.append(level)
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(top + len(above) - 1, LOWEST)}"


def direct(tokens: list[Token]) -> None:
    """Say the direction of each block that differs from what it stands in: that of its first letter.

    Computed and not `dir="auto"`, which paper does not know.
    """
    found = directions(tokens)
    around = ["ltr"]
    for place, token in enumerate(tokens):
        if token.nesting == 1:
            own = found.get(place, around[-1])
            if token.type in BLOCKS and not token.hidden and own != around[-1]:
                token.attrSet("dir", own)
            around.append(around[-1] if token.hidden else own)
        elif token.nesting == -1:
            around.pop()
        elif around[-1] == "rtl":
            token.meta["rtl"] = True


def directions(tokens: list[Token]) -> dict[int, str]:
    """The direction of each block that says anything, by its place among the tokens."""
    found: dict[int, str] = {}
    blocks: list[int] = []
    for place, token in enumerate(tokens):
        if token.nesting == 1:
            blocks.append(place)
        elif token.nesting == -1:
            blocks.pop()
        elif token.type == "inline" and blocks and blocks[-1] not in found:
            own = direction(words_of(token.children or []))
            for block in reversed(blocks if own else []):
                if block in found:
                    break  # and so have all around it
                found[block] = own
    return found


def direction(words: str) -> str:
    """Ltr or rtl after the first letter that has a direction; "" when none has."""
    for letter in words:
        kind = unicodedata.bidirectional(letter)
        if kind in {"L", "R", "AL"}:
            return "ltr" if kind == "L" else "rtl"
    return ""


def wrap_tables(tokens: list[Token]) -> Iterator[Token]:
    """Tables in a box that scrolls and takes the focus; cells with a class for their alignment instead of a style."""
    number = 0
    for token in tokens:
        if token.type == "table_open":
            number += 1
            box = {"class": "table-wrap scrolls", "role": "group", "tabindex": "0", "aria-label": f"Table {number}"}
            token.attrSet("class", "table")
            yield Token("box_open", "div", 1, attrs=dict(box), block=True)
        elif token.type in {"th_open", "td_open"}:
            style = token.attrs.pop("style", "")
            if style in ALIGNED:
                token.attrSet("class", ALIGNED[str(style)])
            if token.type == "th_open":
                token.attrSet("scope", "col")
        yield token
        if token.type == "table_close":
            yield Token("box_close", "div", -1, block=True)


# ---- words ---------------------------------------------------------------------------------------------------------


def inline(tokens: list[Token], values: Mapping[str, object]) -> Iterator[Token]:
    """The words of a block with numbers put in, images as their words, and links that may be followed."""
    kept: list[bool] = []  # of each open link
    for token in tokens:
        if token.type == "image":
            yield text(shown(token.children or [], values))
        elif token.type == "placeholder":
            value = values.get(token.content)
            css = "setting unset" if value is None else "setting"
            yield from around(token, css, written(token) if value is None else str(value))
        elif token.type == "fill_in":
            yield from around(token, "fill-in", token.content)
        elif token.type == "link_open":
            kept.append(bool(LINK.match(str(token.attrs.get("href", "")))))
            token.attrs.pop("title", None)
            if kept[-1]:
                yield token
        elif token.type == "link_close":
            if kept.pop():
                yield token
        else:
            yield token


def shown(tokens: list[Token], values: Mapping[str, object]) -> str:
    """The words of an image, with numbers put in."""
    for token in tokens:
        if token.type == "placeholder":
            token.content = str(values.get(token.content, written(token)))
        elif token.children:
            token.children = [text(shown(token.children, values))]
    return words_of(tokens)


def written(placeholder: Token) -> str:
    """A placeholder as it is written."""
    return f"{{{{ {placeholder.content} }}}}"


def text(words: str) -> Token:
    """Words, which the renderer escapes."""
    return Token("text", "", 0, content=words)


def around(token: Token, css: str, words: str) -> Iterator[Token]:
    """Words in the tag of `token`."""
    yield Token(f"{token.type}_open", token.tag, 1, attrs={"class": css})
    yield text(words)
    yield Token(f"{token.type}_close", token.tag, -1)
