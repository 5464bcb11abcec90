"""Bringing controls in: from our starter file, from our own CSV, or from any company's sheet."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone

from controls.actions import link_refs, wording_refs
from controls.import_fields import FIELDS
from controls.models import Control, Criterion, Mapping, Status, Wording, sentence
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.pages.imports.importer import Difference, Importer, Item, RowError
from foundation.pages.imports.people import People
from foundation.trail.keep import save_many

IMPORTABLE = (Status.PLANNED, Status.IN_PROGRESS, Status.IMPLEMENTED)  # the others take a reason, or two people
PARTS = ("who", "what", "how_often", "on_what")


@dataclass(frozen=True)
class CriteriaChange:
    """The links of one control that a file adds (made or brought back) and takes away.

    A file has no place for rationales: a link that comes back keeps its own, a new one has none until somebody writes
    it on the control. The preview says so.
    """

    add: tuple[Criterion, ...]
    drop: tuple[int, ...]


class ControlImporter(Importer):
    """Controls with their criteria and wording; the row is known by its reference."""

    model = Control
    key = "ref"
    fields = FIELDS

    def prepare(self, user: User) -> None:
        """Everybody who could own a control, by e-mail and by unique name; every criterion by its code."""
        self.actor, self.today, self.people = user, today(), People()
        self.criteria: dict[str, list[Criterion]] = defaultdict(list)
        for criterion in Criterion.objects.select_related("framework"):
            self.criteria[criterion.code.upper()].append(criterion)
            self.criteria[f"{criterion.framework.slug}:{criterion.code}".upper()].append(criterion)

    def link(self, items: Sequence[Item]) -> Iterator[RowError]:
        """What the file says beyond the control's own fields: its criteria and its wording; and who may own it."""
        known = [item.instance.pk for item in items if not item.new]
        links: dict[int, list[Mapping]] = defaultdict(list)
        for mapping in in_chunks(Mapping.objects.live().select_related("criterion"), known):
            links[mapping.control_id].append(mapping)
        wordings: dict[int, list[Wording]] = defaultdict(list)
        for wording in in_chunks(Wording.objects.order_by("control_id", "-effective_from", "-id"), known):
            wordings[wording.control_id].append(wording)
        for item in items:
            yield from self.own_rules(item)
            if "criteria" in item.values:
                compare_criteria(item, links[item.instance.pk] if not item.new else [])
            yield from self.compare_wording(item, wordings[item.instance.pk] if not item.new else [])

    def own_rules(self, item: Item) -> Iterator[RowError]:
        """What a file may not do: start a control in a status that takes a reason, or give one to who has left."""
        if item.new and item.instance.status not in IMPORTABLE:
            words = f"A new control cannot start as {item.instance.get_status_display().lower()}, which takes a reason."
            yield RowError(item.line, "Status", words)
        changed = {difference.label for difference in item.differences}
        yield from self.operating_rules(item, changed)
        for name in ("owner", "operator"):
            who = item.values.get(name)
            if who is not None and self.label(name) in changed and not who.is_active:
                yield RowError(item.line, self.label(name), f"{who} has no active account any more.")

    def operating_rules(self, item: Item, changed: Collection[str]) -> Iterator[RowError]:
        """From when it operates goes with being implemented; how often it does then takes a new wording."""
        control, label = item.instance, self.label("operates_from")
        implemented = control.status == Status.IMPLEMENTED
        if item.new and implemented:
            control.operates_from = control.operates_from or self.today
        if item.new and control.operates_from and not implemented:
            yield RowError(item.line, label, "Only an implemented control operates.")
        elif control.operates_from and control.operates_from > self.today:
            yield RowError(item.line, label, "This day has not come yet.")
        if not item.new and control.operates_from and self.label("frequency") in changed:
            words = "It operates already: how often it does changes with a new wording, on the control's page."
            yield RowError(item.line, self.label("frequency"), words)

    def compare_wording(self, item: Item, stored: Sequence[Wording]) -> Iterator[RowError]:
        """A new wording where the file's differs from the one in force on that day; all four parts, or none."""
        parts = {name: item.values.get(name, "") for name in PARTS}
        if not any(parts.values()):
            return
        missing = [self.label(name) for name in PARTS if not parts[name]]
        if missing:
            yield RowError(item.line, missing[0], f"A wording has four parts; this one lacks {', '.join(missing)}.")
            return
        since = item.values.get("effective_from") or self.today
        now = next((wording for wording in stored if wording.effective_from <= since), None)
        if now is not None and all(getattr(now, name) == value for name, value in parts.items()):
            return
        new = Wording(**parts, effective_from=since)
        try:
            new.clean_fields(exclude=["control", "author", "reason"])
        except ValidationError as error:
            for name, messages in error.message_dict.items():
                yield RowError(item.line, self.label(name), " ".join(messages))
        item.differences.append(Difference(f"Wording from {since}", now.text if now else "", sentence(**parts)))
        item.links.append(new)

    def apply_links(self, items: Sequence[Item], *, actor: User, reason: str) -> None:
        """Save links and wordings: what comes back keeps its row and its history."""
        changes = [(item.instance, link) for item in items for link in item.links if isinstance(link, CriteriaChange)]
        old = stored_links(control.pk for control, _ in changes)
        new, restored, archived = [], [], []
        for control, change in changes:
            for criterion in change.add:
                link = old.get((control.pk, criterion.pk))
                if link is None:
                    new.append(Mapping(control=control, criterion=criterion))
                else:
                    link.archived_at = None
                    restored.append(link)
            for key in change.drop:
                link = old[control.pk, key]
                link.archived_at = timezone.now()
                archived.append(link)
        for word, some in (("created", new), ("restored", restored), ("archived", archived)):
            verb = f"mapping.{word}"
            save_many(some, actor=actor, verb_created=verb, verb_updated=verb, reason=reason, refs=link_refs)
        wordings = [link for item in items for link in worded(item, actor, reason)]
        verb = "wording.written"
        save_many(wordings, actor=actor, verb_created=verb, verb_updated=verb, reason=reason, refs=wording_refs)


def compare_criteria(item: Item, stored: Sequence[Mapping]) -> None:
    """Note on the item what the file's list of criteria adds and takes away."""
    wanted: tuple[Criterion, ...] = item.values["criteria"]
    have = {mapping.criterion_id: mapping.criterion for mapping in stored}
    add = tuple(criterion for criterion in wanted if criterion.pk not in have)
    drop = tuple(sorted(have.keys() - {criterion.pk for criterion in wanted}))
    if add or drop:
        item.links.append(CriteriaChange(add, drop))
        before = sorted(have.values(), key=lambda criterion: (criterion.framework_id, criterion.position))
        label = "Criteria (a new link has no rationale yet)" if add else "Criteria"
        item.differences.append(Difference(label, codes(before), codes(wanted)))


def worded(item: Item, actor: User, reason: str) -> Iterator[Wording]:
    """The wording that an item brings, ready to be saved."""
    for link in item.links:
        if isinstance(link, Wording):
            link.control, link.author, link.reason = item.instance, actor, reason
            link.frequency = item.instance.frequency
            yield link


def codes(some: Iterable[Criterion]) -> str:
    """Criteria as people write them."""
    return ", ".join(criterion.code for criterion in some)


def stored_links(controls: Iterable[int]) -> dict[tuple[int, int], Mapping]:
    """The links of these controls, archived ones too, locked, by control and criterion."""
    found = in_chunks(Mapping.objects.select_for_update(), list(controls))
    return {(mapping.control_id, mapping.criterion_id): mapping for mapping in found}


def in_chunks(rows: Any, controls: Sequence[int], size: int = 1000) -> Iterator[Any]:
    """Rows of these controls, one query for every `size` of them."""
    for start in range(0, len(controls), size):
        yield from rows.filter(control__in=controls[start : start + size])
