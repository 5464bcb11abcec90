"""Links of the pages that every register has: to one record's page, at the moment that is being looked at."""

from typing import Any

from django import template
from django.template import Context

from foundation.pages.moment import at

register = template.Library()


@register.simple_tag(takes_context=True)
def record_url(context: Context, page: str, target: Any) -> str:
    """The URL of a record's `page` ("detail", "history" …), as of the moment that is looked at."""
    address: str = context["pages"].url(page, target.pk)
    return address + as_of(context)


@register.simple_tag(takes_context=True)
def as_of(context: Context) -> str:
    """`?as_of=…` while a past moment is being looked at, else ""."""
    return at(context.get("moment"))


@register.simple_tag(takes_context=True)
def kept_query(context: Context, *left_out: str) -> list[tuple[str, str]]:
    """The query string's pairs except those named: what a GET form must carry along as hidden fields."""
    return [
        (name, value) for name, values in context["request"].GET.lists() for value in values if name not in left_out
    ]
