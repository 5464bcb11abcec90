"""What the templates say often: icons, links to this page with something changed, days and moments in ISO."""

import datetime
import re
import uuid
from functools import lru_cache
from typing import Any

from django import forms, template
from django.core.paginator import Page
from django.template import Context
from django.template.defaultfilters import stringfilter
from django.utils import timezone
from django.utils.datastructures import MultiValueDict
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from lucide import _render_icon as draw

from foundation.files.kinds import plain_name
from foundation.trail.changes import zoned

register = template.Library()
NUMBER = re.compile(r"\+?[0-9][0-9 ()./\u00a0-]*")


@lru_cache(maxsize=512)
def drawn(name: str, size: int) -> SafeString:
    """The SVG of a lucide icon. Kept, because a page of 100 rows draws the same few icons again and again."""
    attributes = {"class": "icon", "aria-hidden": "true", "focusable": "false", "stroke-width": "1.75"}
    return mark_safe(draw(name, size, **attributes))  # noqa: S308 - the package's own SVG, no input in it


@register.simple_tag
def icon(name: str, size: int = 16) -> SafeString:
    """A lucide icon, `size` in CSS pixels, hidden from screen readers: the words stand beside it.

    Raises lucide.IconDoesNotExist for a name that lucide lacks.
    """
    return drawn(str(name), int(size))


@register.simple_tag
def mark() -> str:
    """A new value for the field `sending` of a form (foundation/pages/sending.py)."""
    return str(uuid.uuid4())


@register.filter
def sent_files(form: forms.BaseForm) -> list[str]:
    """What the files were called that came with a form: shown again, it has lost them, as every page does."""
    sent: Any = form.files or MultiValueDict()
    return [plain_name(file.name or "") for name in sent for file in sent.getlist(name)]


@register.filter(is_safe=True)
@stringfilter
def oneline(text: str) -> str:
    """`text` with one space wherever it has white space, new lines included."""
    return " ".join(text.split())


@register.filter
def dial(text: str) -> str:
    """The first number in `text` as a telephone dials it: “+46 (0)8 55, code 4” is +46855; "" where there is none."""
    found = NUMBER.search(str(text).replace("(0)", ""))
    return "".join(sign for sign in found[0] if sign.isdigit() or sign == "+") if found else ""


@register.filter
def wrong_fields(form: forms.BaseForm) -> list[forms.BoundField]:
    """The fields that a person sees and has to mend, in their order."""
    return [field for field in form.visible_fields() if field.errors]


@register.simple_tag(takes_context=True)
def query(context: Context, **changes: Any) -> str:
    """This page's query string with `changes` made: `{% query page=2 %}`. None or "" takes a parameter out.

    The answer always starts with "?", so it is a link that means "this page".
    """
    params = context["request"].GET.copy()
    for name, value in changes.items():
        if value is None or value == "":
            params.pop(name, None)
        elif isinstance(value, list | tuple):
            params.setlist(name, [str(item) for item in value])
        else:
            params[name] = str(value)
    return f"?{params.urlencode()}"


@register.filter
def day(value: datetime.date | None) -> str:
    """A day as 2026-11-21; a moment's day in the current time zone; nothing as ""."""
    if value is None or value == "":
        return ""
    if isinstance(value, datetime.datetime):
        value = timezone.localtime(value) if timezone.is_aware(value) else value
        return value.date().isoformat()
    return value.isoformat()


@register.filter
def moment(value: datetime.datetime | None) -> str:
    """A moment as a <time>: 2026-11-21 14:05 UTC+1 in the current time zone, to the second in its title."""
    if value is None or value == "":
        return ""
    brief = zoned(value, "%Y-%m-%d %H:%M")
    return format_html('<time datetime="{}" title="{}">{}</time>', value.isoformat(), zoned(value), brief)


@register.filter
def initials(person: object) -> str:
    """The one or two letters that stand for a person: "Ada Lovelace" is AL, "ada@example.com" is A."""
    words = str(person).split("@")[0].split()
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()


@register.simple_tag(takes_context=True)
def page_query(context: Context, name: str, value: object, drop: str = "") -> str:
    """This page's query string with the parameter called `name` set to `value` and the one called `drop` taken out."""
    return query(context, **{name: value} | ({drop: None} if drop else {}))


@register.filter
def page_numbers(page: Page) -> list[int | None]:
    """The page numbers a pager shows: the ends, the neighbours, and None for what is left out between them."""
    numbers = page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1)
    return [number if isinstance(number, int) else None for number in numbers]
