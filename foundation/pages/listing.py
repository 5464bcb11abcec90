"""The rows of a register that one person asked for: seen, filtered, sorted. The list, the CSV and the PDF share it."""

import datetime
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import QueryDict

from foundation.accounts.access import visible
from foundation.accounts.models import User
from foundation.pages.columns import Cell, Column, shown_to
from foundation.trail.asof import rows, thaw

if TYPE_CHECKING:
    from foundation.pages.pages import Pages

PAGE_SIZES = (50, 100, 200)
CHUNK = 1000  # rows held in memory at once by an export


class Listing:
    """What `user` asked of a register with `params` (the query string), live or as the system knew it at `moment`.

    An invalid filter shows no rows and its errors, never everything.
    """

    def __init__(
        self, pages: "type[Pages]", user: User, params: QueryDict, moment: datetime.datetime | None = None
    ) -> None:
        self.pages, self.user, self.params, self.moment = pages, user, params, moment
        seen = visible(user, rows(pages.model, moment), moment)
        self.known = shown_to(user, pages.model, pages.columns)
        self.filter = pages.filter_class(params, queryset=seen, user=user, moment=moment)
        found = self.filter.qs if self.filter.is_valid() else seen.none()
        self.rows: QuerySet[Any] = found.select_related(*pages.related).order_by(*self.order())
        self.columns = self.chosen()

    def chosen(self) -> list[Column]:
        """The columns that `?column=` names; without it those that fit a screen. What leads a row is always there."""
        asked = self.asked()
        return [one for one in self.known if (one.name in asked if asked else not one.more) or one.leads]

    def asked(self) -> set[str]:
        """The columns of the register that `?column=` names."""
        return set(self.params.getlist("column")) & {column.name for column in self.known}

    def exported(self) -> list[Column]:
        """The columns of a CSV: those that were asked for, else all of them."""
        return self.columns if self.asked() else self.known

    def order(self) -> list[str]:
        """What the person asked to sort by if a column allows it, else the register's own order; ties go by id."""
        asked = self.params.get("sort", "")
        for column in self.known:
            if column.sort and asked.lstrip("-") == column.name:
                return [("-" if asked.startswith("-") else "") + column.sort, "id"]
        return [*self.pages.ordering, "id"]

    def page(self) -> "Page[Any]":
        """One page of rows, ready to show. A page number out of range gives the nearest page."""
        asked = self.params.get("per_page", "")
        size = int(asked) if asked in {str(size) for size in PAGE_SIZES} else PAGE_SIZES[0]
        page = Paginator(self.rows, size).get_page(self.params.get("page"))
        page.object_list = self.ready(self.whole(page.object_list))
        return page

    def whole(self, found: Any) -> list[Any]:
        """The rows of one page, in order. Numbers first: far down a list the database reads all before them too."""
        numbers = list(found.values_list("pk", flat=True))
        known = {row.pk: row for row in self.rows.filter(pk__in=numbers).order_by()}
        return [known[number] for number in numbers if number in known]

    def chunks(self) -> Iterator[list[Any]]:
        """All rows, `CHUNK` at a time: constant memory, and a constant number of queries a chunk."""
        chunk: list[Any] = []
        for row in self.rows.iterator(chunk_size=CHUNK):
            chunk.append(row)
            if len(chunk) == CHUNK:
                yield self.ready(chunk)
                chunk = []
        if chunk:
            yield self.ready(chunk)

    def ready(self, found: list[Any]) -> list[Any]:
        """History rows become instances; then the register attaches what its columns need, in constant queries."""
        instances = [thaw(row) for row in found]
        self.pages.attach(instances, self.user, self.moment)
        return instances

    def table(self) -> Iterator[list[Cell]]:
        """All rows as shown. Paper calls it when it prints, so that asking for a PDF reads no rows."""
        return (self.cells(row) for chunk in self.chunks() for row in chunk)

    def cells(self, row: Any) -> list[Cell]:
        """One row as shown, a cell for each column."""
        return [column.cell(row) for column in self.columns]
