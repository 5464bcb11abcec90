"""Loading a framework's criteria from a file: ids and our own words. Repeatable: a second load changes what differs."""

import csv
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import NotRequired, TypedDict, TypeVar

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.text import slugify

from controls.models import Category, Criterion, Framework, Series
from foundation.accounts.models import User
from foundation.trail.keep import save, save_many
from foundation.trail.models import Tracked
from foundation.trail.record import Actor

STARTER = Path(__file__).parent / "starter"
COLUMNS = ("id", "category", "series", "title", "description")  # series_title is optional
TSC = {
    "slug": "tsc-2017",
    "name": "Trust Services Criteria",
    "edition": "2017, points of focus revised 2022",
    "required": ("security",),
}


class Row(TypedDict):
    """One line of a framework file."""

    id: str
    category: str
    series: str
    series_title: NotRequired[str]
    title: str
    description: str


Kept = TypeVar("Kept", bound=Tracked)


def load_trust_services(actor: User | Actor) -> Framework:
    """The Trust Services Criteria, 61 of them; Security is required and so in scope."""
    return load_framework(STARTER / "criteria.csv", actor=actor, **TSC)  # type: ignore[arg-type]


@transaction.atomic
def load_framework(
    file: Path, *, slug: str, name: str, edition: str = "", required: Collection[str] = (), actor: User | Actor
) -> Framework:
    """Load a framework from a CSV with the columns id, category, series, title, description (and series_title).

    The order of the rows is the order of appearance. `required`: slugs of the categories that cannot be unticked.
    What is in scope and how criteria apply is the company's own and stays as it is. Nothing is ever taken away: a
    criterion that is no longer in the file stays. Raises ValidationError, and loads nothing, if the file does not fit.
    """
    rows = read(file)
    framework = Framework.objects.filter(slug=slug).first() or Framework(slug=slug)
    framework.name, framework.edition = name, edition
    save(framework, actor=actor, verb="framework.loaded")
    categories = _categories(framework, rows, required, actor)
    series = _series(categories, rows, actor)
    _criteria(framework, series, rows, actor)
    return framework


def read(file: Path) -> list[Row]:
    """The rows of a framework file. Raises ValidationError, naming the line, if one lacks a value or repeats an id."""
    with file.open(newline="", encoding="utf-8-sig") as text:
        reader = csv.DictReader(text)
        if missing := [column for column in COLUMNS if column not in (reader.fieldnames or ())]:
            raise ValidationError(f"{file.name} has no column {', '.join(missing)}.")
        rows: list[Row] = []
        ids: set[str] = set()
        for row in reader:
            empty = [column for column in COLUMNS if column != "description" and not (row[column] or "").strip()]
            if empty or row["id"] in ids:
                fault = f"no {', '.join(empty)}" if empty else f"the id {row['id']} a second time"
                raise ValidationError(f"Line {reader.line_num} of {file.name} has {fault}.")
            ids.add(row["id"])
            rows.append({key: (value or "").strip() for key, value in row.items()})  # type: ignore[arg-type]
    return rows


def category_slug(words: str) -> str:
    """“Security (common criteria)” is the category security."""
    return slugify(category_name(words))


def category_name(words: str) -> str:
    """A category's name without what the file says about it in brackets."""
    return words.partition("(")[0].strip()


def _categories(
    framework: Framework, rows: list[Row], required: Collection[str], actor: User | Actor
) -> dict[str, Category]:
    known = {category.slug: category for category in Category.objects.filter(framework=framework)}
    found = {}
    for position, words in enumerate(_distinct(row["category"] for row in rows)):
        slug = category_slug(words)
        category = known.get(slug) or Category(framework=framework, slug=slug)
        category.name, category.position, category.required = category_name(words), position, slug in required
        category.in_scope = category.in_scope or category.required
        found[words] = category
    _keep(found.values(), "category", actor)
    return found


def _series(categories: dict[str, Category], rows: list[Row], actor: User | Actor) -> dict[str, Series]:
    known = {series.code: series for series in Series.objects.filter(category__in=categories.values())}
    found: dict[str, Series] = {}
    for row in rows:
        code = row["series"]
        if code not in found:
            series = known.get(code) or Series(code=code)
            series.category, series.position = categories[row["category"]], len(found)
            series.title = row.get("series_title") or series.title or series.category.name
            found[code] = series
    _keep(found.values(), "series", actor)
    return found


def _criteria(framework: Framework, series: dict[str, Series], rows: list[Row], actor: User | Actor) -> None:
    known = {criterion.code: criterion for criterion in Criterion.objects.filter(framework=framework)}
    found = []
    for position, row in enumerate(rows):
        criterion = known.get(row["id"]) or Criterion(framework=framework, code=row["id"])
        criterion.series, criterion.category = series[row["series"]], series[row["series"]].category
        criterion.title, criterion.description, criterion.position = row["title"], row["description"], position
        found.append(criterion)
    _keep(found, "criterion", actor)


def _keep(found: Iterable[Kept], noun: str, actor: User | Actor) -> None:
    verb = f"{noun}.loaded"
    save_many(list(found), actor=actor, verb_created=verb, verb_updated=verb, reason="Loaded from a file")


def _distinct(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(words))
