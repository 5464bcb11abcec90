"""Bringing a company's own sheet of controls in; the columns of the starter controls are one of them."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from django.utils import timezone

from controls.forms import possible_owners
from controls.models import Control, Criterion, Frequency, Kind, Mapping, Nature, Status
from foundation.accounts.models import User
from foundation.pages.imports.importer import Difference, Importer, ImportField, Item, RowError, choice, day
from foundation.trail.keep import save_many

IMPORTABLE = (Status.PLANNED, Status.IN_PROGRESS, Status.IMPLEMENTED)  # the others take a reason or two people
LOOKUP = 500  # controls in one query


def person(text: str, importer: "ControlImporter") -> User | None:
    """Somebody who can own a control, by e-mail address or by a name that only one has."""
    if not text:
        return None
    found = importer.people.get(text.casefold(), [])
    if len(found) != 1:
        raise ValueError(f"“{text[:60]}” is {'nobody who can own a control' if not found else 'more than one person'}.")
    return found[0]


def codes(text: str, importer: "ControlImporter") -> list[Criterion]:
    """The criteria in a cell such as “CC6.1 CC6.2” or “CC6.1, CC6.2”."""
    named = [code for code in re.split(r"[\s,;|]+", text) if code]
    unknown = [code for code in named if code.upper() not in importer.criteria]
    if unknown:
        raise ValueError(f"There is no criterion {', '.join(code[:20] for code in unknown[:5])}.")
    return list(dict.fromkeys(importer.criteria[code.upper()] for code in named))


def status(text: str, importer: "ControlImporter") -> str:
    """A status that one person can declare; an empty cell is planned."""
    value = choice(Status)(text, importer) or Status.PLANNED
    if value not in IMPORTABLE:
        raise ValueError(f"“{text[:60]}” cannot be imported: it takes a verb with a reason.")
    return value


class ControlImporter(Importer):
    """One row a control. A row says which criteria the control meets: links it leaves out are taken away."""

    model = Control
    fields = (
        ImportField("ref", "Reference", required=True, aliases=("id", "control id", "control", "number", "no")),
        ImportField("name", "Name", required=True, aliases=("title", "control name", "control title")),
        ImportField("objective", "Objective", aliases=("control objective", "description", "control description")),
        ImportField(
            "criteria", "Criteria", parse=codes, link=True, aliases=("criteria ids", "criterion", "tsc", "criteria id"),
            help="Ids with spaces or commas between them.",
        ),
        ImportField("owner", "Owner", parse=person, aliases=("control owner",), help="An e-mail address or a name."),
        ImportField("operator", "Operator", parse=person, aliases=("performer", "control operator")),
        ImportField("owner_role", "Owner's role", aliases=("role", "responsible role")),
        ImportField("kind", "Type", parse=choice(Kind), aliases=("kind", "control type")),
        ImportField("nature", "Nature", parse=choice(Nature), aliases=("manual or automated", "automation")),
        ImportField("frequency", "Frequency", parse=choice(Frequency), aliases=("how often", "cadence")),
        ImportField("expected_evidence", "Expected evidence", aliases=("evidence",)),
        ImportField("automatable_source", "Automatable source", aliases=("source",)),
        ImportField("review_date", "Next review", parse=day, aliases=("review", "review due")),
        ImportField(
            "status", "Status", parse=status, created_only=True, aliases=("implementation status", "state"),
            help="Only on new controls; later a status moves with a note.",
        ),
    )  # fmt: skip

    def __init__(self) -> None:
        self.people: dict[str, list[User]] = {}
        self.criteria: dict[str, Criterion] = {}

    def prepare(self, user: User) -> None:
        """Everybody who can own a control, and every criterion: two queries."""
        people: dict[str, list[User]] = defaultdict(list)
        for one in possible_owners():
            for name in {one.email.casefold(), one.name.casefold()} - {""}:
                people[name].append(one)
        self.people = dict(people)
        self.criteria = {criterion.code.upper(): criterion for criterion in Criterion.objects.all()}

    def link(self, items: Sequence[Item]) -> Iterator[RowError]:
        """What each row changes about its control's criteria."""
        known = self.known([item.instance.pk for item in items if not item.new])
        for item in items:
            if "criteria" not in item.values:
                continue
            wanted: list[Criterion] = item.values["criteria"]
            links = known.get(item.instance.pk, {}) if not item.new else {}
            before = sorted(self.code(key) for key, link in links.items() if link.archived_at is None)
            after = sorted(criterion.code for criterion in wanted)
            if before != after:
                item.differences.append(Difference("Criteria", ", ".join(before), ", ".join(after)))
                item.links = [*self.changes(item.instance, wanted, links)]
        yield from ()

    def apply_links(self, items: Sequence[Item], *, actor: User, reason: str) -> None:
        """Save the links, each with its own entry."""
        by_verb: dict[str, list[Mapping]] = defaultdict(list)
        for item in items:
            for verb, link in item.links:
                link.control = item.instance  # a new control has its number only now
                by_verb[verb].append(link)
        for verb, links in by_verb.items():
            save_many(links, actor=actor, verb_created=verb, verb_updated=verb, reason=reason)

    def known(self, keys: Sequence[int]) -> dict[int, dict[int, Mapping]]:
        """Control id → criterion id → its link, archived or not."""
        found: dict[int, dict[int, Mapping]] = defaultdict(dict)
        for start in range(0, len(keys), LOOKUP):
            for link in Mapping.objects.filter(control_id__in=keys[start : start + LOOKUP]):
                found[link.control_id][link.criterion_id] = link
        return found

    def changes(
        self, control: Control, wanted: Sequence[Criterion], links: dict[int, Mapping]
    ) -> Iterator[tuple[str, Mapping]]:
        """(verb, link) for every link that is made, brought back or taken away."""
        for criterion in wanted:
            link = links.get(criterion.pk)
            if link is None:
                yield "mapping.created", Mapping(control=control, criterion=criterion)
            elif link.archived_at is not None:
                link.archived_at = None
                yield "mapping.restored", link
        kept: set[Any] = {criterion.pk for criterion in wanted}
        for key, link in links.items():
            if key not in kept and link.archived_at is None:
                link.archived_at = timezone.now()
                yield "mapping.archived", link

    def code(self, key: int) -> str:
        """A criterion's code by its id."""
        return next(criterion.code for criterion in self.criteria.values() if criterion.pk == key)
