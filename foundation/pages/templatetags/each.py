"""A loop for thousands of small rows: `{% each squares as sign tone words address %}…{% endeach %}`.

`{% for %}` looks every name up through the whole context, which takes longer than all else about a square of the
coverage grid. Here a row is a sequence, its values have names, and the body says nothing but text, `{{ name }}`,
`{% if name %}…{% elif name %}…{% else %}…{% endif %}` and another `{% each %}` over one of the names. Anything else is
refused when the template is read. Values are always escaped, unless they are safe already.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from django import template
from django.template import Context, TemplateSyntaxError, Variable
from django.template.base import FilterExpression, Node, NodeList, Parser, TextNode, Token, VariableNode
from django.template.defaulttags import CommentNode, IfNode
from django.utils.safestring import SafeString, mark_safe

register = template.Library()


@dataclass(frozen=True, slots=True)
class Pattern:
    """Text with `%s` for the values at these places of the row."""

    text: str
    places: tuple[int, ...]

    def write(self, row: Sequence[Any], out: list[str]) -> None:
        """Add the text for one row."""
        out.append(self.text % tuple([escaped(row[place]) for place in self.places]))


@dataclass(frozen=True, slots=True)
class Choice:
    """The first branch whose value is true; the place None is always true."""

    branches: "tuple[tuple[int | None, Body], ...]"

    def write(self, row: Sequence[Any], out: list[str]) -> None:
        """Add the branch for one row."""
        for place, body in self.branches:
            if place is None or row[place]:
                write(body, row, out)
                return


@dataclass(frozen=True, slots=True)
class Inner:
    """The same for each row within the value at a place."""

    place: int
    body: "Body"

    def write(self, row: Sequence[Any], out: list[str]) -> None:
        """Add every row that is within this one."""
        for one in row[self.place]:
            write(self.body, one, out)


Body = tuple[Pattern | Choice | Inner, ...]


class Each(Node):
    """The tag. Its body is made into patterns once, when the template is read."""

    def __init__(self, rows: FilterExpression, names: Sequence[str], nodes: NodeList) -> None:
        self.rows, self.names, self.nodes = rows, names, nodes
        self.body = body_of(nodes, names)

    def render(self, context: Context) -> SafeString:
        """All rows."""
        found: Iterable[Sequence[Any]] = self.rows.resolve(context) or ()
        out: list[str] = []
        for row in found:
            write(self.body, row, out)
        return mark_safe("".join(out))  # noqa: S308 - the template's own text around escaped values


@register.tag
def each(parser: Parser, token: Token) -> Each:
    """See the module."""
    words = token.split_contents()
    if len(words) < 4 or words[2] != "as":
        raise TemplateSyntaxError("Say {% each rows as name name … %}.")
    nodes = parser.parse(("endeach",))
    parser.delete_first_token()
    return Each(parser.compile_filter(words[1]), words[3:], nodes)


def body_of(nodes: NodeList, names: Sequence[str]) -> Body:
    """The body as patterns. Raises TemplateSyntaxError for what a row cannot answer."""
    found: list[Pattern | Choice | Inner] = []
    text, places = "", []
    for node in nodes:
        if isinstance(node, TextNode):
            text += node.s.replace("%", "%%")
        elif isinstance(node, VariableNode):
            text += "%s"
            places.append(place_of(node.filter_expression, names))
        elif not isinstance(node, CommentNode):
            found += [Pattern(text, tuple(places)), inner_of(node, names)]
            text, places = "", []
    return (*found, Pattern(text, tuple(places)))


def inner_of(node: Node, names: Sequence[str]) -> Choice | Inner:
    """A choice or a loop within the body."""
    if isinstance(node, Each):
        return Inner(place_of(node.rows, names), node.body)
    if isinstance(node, IfNode):
        return Choice(
            tuple((asked_of(asked, names), body_of(body, names)) for asked, body in node.conditions_nodelists)
        )
    raise TemplateSyntaxError("Within {% each %}: text, names, {% if name %} and {% each %} alone.")


def asked_of(condition: Any, names: Sequence[str]) -> int | None:
    """Which value an {% if %} asks for; None for {% else %}."""
    return None if condition is None else place_of(getattr(condition, "value", None), names)


def place_of(expression: Any, names: Sequence[str]) -> int:
    """Which value of the row an expression names."""
    if isinstance(expression, FilterExpression) and not expression.filters and isinstance(expression.var, Variable):
        name = str(expression.var.var)
        if name in names:
            return names.index(name)
    words = getattr(expression, "token", "this")
    raise TemplateSyntaxError(f"Within {{% each %}} “{words}” is none of the row's names: {', '.join(names)}.")


def write(body: Body, row: Sequence[Any], out: list[str]) -> None:
    """Add one row."""
    for part in body:
        part.write(row, out)


def escaped(value: Any) -> str:
    """A value as text that is safe in HTML."""
    if hasattr(value, "__html__"):
        return str(value.__html__())
    return escape(value if isinstance(value, str) else str(value))
