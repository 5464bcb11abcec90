"""How a model tells access.py where its owner and its categories are: lookup paths, which only ever lead downwards."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Via:
    """A link model that leads from a row to its categories, read as of the same moment as the row.

    `link` is "app.Model"; `key` its column that names the row; `slug` the lookup from the link to a category's slug;
    `row` the row's column that `key` means, by default its id.
    """

    link: str
    key: str
    slug: str
    row: str = "id"


@dataclass(frozen=True)
class Paths:
    """Lookup paths of one model, valid for its live rows and its history rows alike.

    owner: paths to the people whose own the row is. team: paths to those people's manager; by default each owner's.
    category: a lookup to a category's slug, or a Via. None: the row belongs
    to no category, and every open window shows it. timeless: the row is not about a period (accounts, engagements), so
    that an auditor reads it live, also once the period of his engagement is over.
    """

    owner: tuple[str, ...] = ()
    team: tuple[str, ...] | None = None
    category: str | Via | None = None
    timeless: bool = False

    def managers(self) -> tuple[str, ...]:
        """The paths to the managers of the owners."""
        return self.team if self.team is not None else tuple(f"{path}__manager" for path in self.owner)
