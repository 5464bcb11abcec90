"""Bringing in the auditors' own list: a request is known again by its engagement and the firm's reference."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from audits.models import Engagement
from audits.models.requests import RUNNING, Request, RequestControl, RequestCriterion, RequestKind
from audits.requests.actions import MOST_REFS, NAMED, running, usual_due
from controls.models import Control, Criterion
from foundation.accounts.models import User
from foundation.pages.imports.importer import (
    LOOKUP,
    Difference,
    Importer,
    ImportField,
    Item,
    Plan,
    RowError,
    choice,
    day,
)
from foundation.pages.imports.people import People, person
from foundation.pages.imports.table import Table
from foundation.trail.keep import save_many

KINDS: Final = {
    "populations": "population", "listing": "population", "list": "population", "samples": "sample",
    "config": "configuration", "settings": "configuration", "policies": "policy", "procedure": "policy",
    "interview": "walkthrough", "meeting": "walkthrough", "document": "document", "other": "document",
    "evidence": "document",
}  # fmt: skip


def an_engagement(text: str, importer: "RequestImporter") -> Engagement:
    """The engagement by its name; where one alone is going on, an empty cell means that."""
    if not text and len(importer.engagements) == 1:
        return next(iter(importer.engagements.values()))
    found = importer.engagements.get(text.lower())
    if found is None:
        names = ", ".join(one.name for one in importer.engagements.values()) or "none is going on"
        raise ValueError(f"“{text[:60]}” is no engagement that is going on ({names}).")
    return found


def records(known: str, what: str) -> Any:
    """A parser for references divided by commas, looked up in the importer's `known`."""

    def parse(text: str, importer: Any) -> tuple[Any, ...]:
        wanted = list(dict.fromkeys(text.upper().replace(",", " ").replace(";", " ").split()))
        if len(wanted) > MOST_REFS:
            raise ValueError(f"These are {len(wanted)}; {MOST_REFS} is the most of one row.")
        missing = [one[:40] for one in wanted if one not in getattr(importer, known)]
        if missing:
            raise ValueError(f"There is no {what} {', '.join(missing[:5])}.")
        return tuple(getattr(importer, known)[one] for one in wanted)

    return parse


FIELDS = (
    ImportField(
        "external_ref", "Reference", required=True, help="What the firm's list calls it; it is found again by it.",
        aliases=("number", "no", "id", "ref", "request", "request id", "request number", "pbc", "pbc id", "item"),
    ),
    ImportField(
        "engagement", "Engagement", parse=an_engagement, aliases=("audit", "examination"), created_only=True,
        help="Its name. Empty, or no such column: the one that is going on.",
    ),
    ImportField(
        "title", "Title", required=True, aliases=("name", "request title", "subject", "item requested"),
        help="What is asked for, up to 200 characters.",
    ),
    ImportField("description", "Details", aliases=("details", "request details", "comments", "notes", "instructions")),
    ImportField(
        "kind", "Kind", parse=choice(RequestKind, aliases=KINDS), aliases=("type", "category"),
        help="Population, sample, configuration, policy, walkthrough or other document; empty: the last.",
    ),
    ImportField(
        "controls", "Controls", parse=records("controls", "control"), link=True, help="References divided by commas.",
        aliases=("control", "control ref", "control refs", "control id", "control ids"),
    ),
    ImportField(
        "criteria", "Criteria", parse=records("criteria", "criterion"), link=True, help="Codes divided by commas.",
        aliases=("criterion", "tsc", "trust services criteria"),
    ),
    ImportField(
        "owner", "Owner", parse=person, aliases=("owner email", "assignee", "assigned to", "responsible", "contact"),
        help="E-mail address of who answers it; the name will do where it is unique.",
    ),
    ImportField("due_on", "Due", parse=day, aliases=("due date", "due", "deadline", "needed by"), help="2026-11-21."),
    ImportField("period_from", "Period from", parse=day, aliases=("from", "period start", "start")),
    ImportField("period_to", "Period to", parse=day, aliases=("to", "period end", "end")),
)  # fmt: skip


class RequestImporter(Importer):
    """Requests; a row is known by the engagement and the firm's reference together. A file adds links, never takes any
    away, and mails nobody: who owns what it brings in finds it in My work.
    """

    model = Request
    key = "external_ref"
    fields = FIELDS

    def prepare(self, user: User) -> None:
        """Engagements that are going on, people, controls and criteria."""
        self.actor, self.people, self.due = user, People(), usual_due()
        going_on = Engagement.objects.open()
        self.engagements = {one.name.lower(): one for one in going_on}
        self.controls = {one.ref.upper(): one for one in Control.objects.filter(archived_at=None)}
        self.criteria = {one.code.upper(): one for one in Criterion.objects.order_by("-framework_id")}

    def parsed(self, table: Table, mapping: Mapping[str, str], plan: Plan) -> Iterator[tuple[int, str, dict[str, Any]]]:
        """As everywhere, but what names a row is its engagement, too."""
        for line, key, values in super().parsed(table, mapping, plan):
            if "engagement" not in values:
                try:
                    values["engagement"] = an_engagement("", self)
                except ValueError as error:
                    plan.errors.append(RowError(line, "Engagement", str(error)))
                    continue
            yield line, named(key, values["engagement"]), values

    def stored(self, keys: Iterable[str]) -> dict[str, Any]:
        """The requests that the file is about, by engagement and reference; whatever the case of the reference."""
        wanted = {key.lower() for key in keys}
        found: dict[str, Any] = {}
        live = Request.objects.filter(engagement__in=self.engagements.values()).exclude(external_ref="")
        for one in live.select_related("owner", "engagement").iterator(chunk_size=LOOKUP):
            key = named(one.external_ref, one.engagement).lower()
            if key in wanted:
                found[key] = one
        return found

    def item(self, line: int, key: str, values: Mapping[str, Any], known: Any) -> Item:
        """A new one is a document, due as the settings say, written by whoever brings the list in."""
        if known is not None:  # a cell without a kind or a day says nothing of them; the reference keeps its case
            values = {name: value for name, value in values.items() if value or name not in ("kind", "due_on")}
            values = {name: value for name, value in values.items() if name != "external_ref"}
        item = super().item(line, key, values, known)
        if item.new:
            new: Any = item.instance
            new.kind, new.raised_by = new.kind or RequestKind.DOCUMENT, self.actor
            if new.due_on is None:
                new.due_on = self.due
                item.differences.append(Difference("Due", "", f"{self.due}"))
        return item

    def link(self, items: Sequence[Item]) -> Iterator[RowError]:
        """What a file may not do; and the controls and criteria that it adds."""
        ids = [item.instance.pk for item in items if not item.new]
        controls, criteria = linked(RequestControl, "control_id", ids), linked(RequestCriterion, "criterion_id", ids)
        for item in items:
            yield from self.own_rules(item)
            request = item.instance
            for name, have in (("controls", controls), ("criteria", criteria)):
                new = [one for one in item.values.get(name, ()) if item.new or one.pk not in have[request.pk]]
                if new:
                    item.links += new
                    item.differences.append(Difference(self.label(name), "", ", ".join(map(called, new))))
            if not item.new and item.differences and request.state not in RUNNING:
                state = request.get_state_display().lower()
                yield RowError(item.line, "", f"{request.ref} is {state}: it stays as it was asked.")

    def own_rules(self, item: Item) -> Iterator[RowError]:
        """A period has both days, in order; an owner has an account."""
        request = item.instance
        first, last = request.period_from, request.period_to
        if (first is None) != (last is None) or (first and last and last < first):
            yield RowError(item.line, self.label("period_to"), "A period has a first and a last day, in this order.")
        changed = {difference.label for difference in item.differences}
        if request.owner is not None and "Owner" in changed and not request.owner.is_active:
            yield RowError(item.line, "Owner", f"{request.owner} has no active account any more.")

    def apply(self, plan: Plan, *, actor: User, reason: str) -> None:
        """Nothing is brought into an engagement that was closed since."""
        touched = plan.touched()
        for number in sorted({item.instance.engagement_id for item in touched}):
            running(number)
        super().apply(plan, actor=actor, reason=reason)

    def apply_links(self, items: Sequence[Item], *, actor: User, reason: str) -> None:
        """Link what the file adds: what comes back keeps its row and its history."""
        for kind, model, end in ((Control, RequestControl, "control"), (Criterion, RequestCriterion, "criterion")):
            wanted = [(item.instance, one) for item in items for one in item.links if isinstance(one, kind)]
            old = stored_links(model, end, {request.pk for request, _ in wanted})
            some: dict[str, list[Any]] = {"created": [], "restored": []}
            for request, one in wanted:
                row = old.get((request.pk, one.pk))
                if row is None:
                    some["created"].append(model(request=request, **{end: one}))
                else:
                    row.archived_at = None
                    some["restored"].append(row)
            for word, links in some.items():
                verb = f"{model._meta.model_name}.{word}"
                save_many(
                    links, actor=actor, verb_created=verb, verb_updated=verb, reason=f"{NAMED} {reason}", refs=refs_of
                )


def refs_of(link: Any) -> dict[str, Any]:
    """The records that a link names, as its entry's refs."""
    return {end: getattr(link, f"{end}_id") for end in type(link).ends}


def linked(model: Any, column: str, requests: Sequence[int]) -> dict[int, set[int]]:
    """What these requests are linked to now, by request."""
    found: dict[int, set[int]] = defaultdict(set)
    for start in range(0, len(requests), LOOKUP):
        live = model.objects.live().filter(request__in=requests[start : start + LOOKUP])
        for request, other in live.values_list("request_id", column):
            found[request].add(other)
    return found


def stored_links(model: Any, end: str, requests: Iterable[int]) -> dict[tuple[int, int], Any]:
    """The links of these requests, archived ones too, locked, by request and other end."""
    ids, found = sorted(requests), {}
    for start in range(0, len(ids), LOOKUP):
        for row in model.objects.select_for_update().filter(request__in=ids[start : start + LOOKUP]):
            found[row.request_id, getattr(row, f"{end}_id")] = row
    return found


def named(key: str, engagement: Engagement) -> str:
    """How a row is called: its reference and its engagement."""
    return f"{key} ({engagement.name})"


def called(record: Any) -> str:
    """A control or criterion as people write it."""
    return str(getattr(record, "ref", None) or record.code)
