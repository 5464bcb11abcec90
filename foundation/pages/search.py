"""Finding records by reference or words: what a register says about it, and one search over those of them all."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from django.db.models import Case, IntegerField, Model, Q, QuerySet, Value, When

from foundation.accounts.access import moment_for, visible
from foundation.accounts.models import User
from foundation.pages.filters import matching
from foundation.trail.asof import rows, thaw
from foundation.trail.numbered import Numbered

MOST = 50  # hits of one register; a longer answer is its list with filters


@dataclass(frozen=True, slots=True)
class SearchHit:
    """One record that matches a search, already passed through `visible()` by the register that found it."""

    register: str
    ref: str
    title: str
    url: str


@dataclass(frozen=True)
class Finder:
    """How a register's records are found. One query.

    label: the register in words. fields: the ORM paths that words are looked for in; a register that is not Numbered
    has its own `ref` among them. title: what a hit is called. related: what that needs beside the row.
    """

    model: type[Model]
    label: str
    fields: tuple[str, ...]
    title: Callable[[Any], str] = attrgetter("title")
    related: tuple[str, ...] = ()

    def number_in(self, words: str) -> int | None:
        """The number of the record that `words` name, if they are a reference of this register."""
        return self.model.number_in(words) if issubclass(self.model, Numbered) else None

    def __call__(self, user: User, words: str, *, whole: bool = False) -> list[SearchHit]:
        """Live records that `user` sees: the one of this reference, or those with every word somewhere.

        whole: `words` are a reference, so that nothing is looked for that merely contains them.
        """
        moment = moment_for(user, None, self.model)
        seen = visible(user, rows(self.model, moment), moment).filter(archived_at=None)
        found = self.nearest(seen.filter(self.condition(words, whole=whole)), words)
        hits = [thaw(row) for row in found.select_related(*self.related)[:MOST]]
        return [SearchHit(self.label, one.ref, self.title(one), one.get_absolute_url()) for one in hits]

    def condition(self, words: str, *, whole: bool) -> Q:
        """What a row must meet."""
        number = self.number_in(words)
        if number is not None:
            return Q(id=number)
        if not whole:
            return matching(words, self.fields)
        return Q(ref__iexact=words) if "ref" in self.fields else Q(pk__in=())

    def nearest(self, found: QuerySet[Any], words: str) -> QuerySet[Any]:
        """The reference itself first, then those that begin with it; of Numbered registers the newest first."""
        if "ref" not in self.fields:
            return found.order_by("-id")
        exact, begun = When(ref__iexact=words, then=Value(0)), When(ref__istartswith=words, then=Value(1))
        return found.order_by(Case(exact, begun, default=Value(2), output_field=IntegerField()), "ref")


def find(finders: Sequence[Finder], user: User, words: str) -> list[SearchHit]:
    """What all registers find. A reference of one of them finds that record, not others that contain its letters."""
    words = words.strip()
    whole = any(one.number_in(words) is not None for one in finders)
    return [hit for one in finders for hit in one(user, words, whole=whole)] if words else []
