"""Bringing findings in from a scanner's or an auditor's sheet: what is known there by its key is found again here."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from findings.actions import REDETECTED, rate, reset, seen_after_fix
from findings.models import Finding, Kind, Severity, SourceKind
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.organisation.settings import all_settings
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
    yes,
)
from foundation.pages.imports.people import People, person
from foundation.pages.imports.table import Table
from foundation.trail.keep import save_many

RATED = {
    "crit": "critical", "very high": "critical", "severe": "critical", "moderate": "medium", "med": "medium",
    "minor": "low", "info": "low", "informational": "low",
}  # fmt: skip
SEVERITY: Callable[[str, Any], str] = choice(Severity, aliases=RATED)


FIELDS = (
    ImportField(
        "external_key", "Key", required=True, help="What the source calls it. With the source it finds it again.",
        aliases=("id", "finding id", "vulnerability id", "cve", "plugin id", "key", "issue", "issue id", "number"),
    ),
    ImportField(
        "source_name", "Source", required=True, help="Which scanner, test or audit: “Trivy, nightly”.",
        aliases=("scanner", "tool", "report", "source system", "found by"),
    ),
    ImportField(
        "title", "Title", required=True, aliases=("name", "finding", "summary", "vulnerability"),
        help="What it is, up to 200 characters.",
    ),
    ImportField("description", "Description", aliases=("details", "observation", "synopsis")),
    ImportField(
        "severity", "Severity", required=True, parse=SEVERITY, aliases=("risk", "rating", "criticality", "priority"),
        help="Critical, high, medium or low.",
    ),
    ImportField(
        "kind", "Kind", parse=choice(Kind), aliases=("type", "category"), help="Empty for a new one: vulnerability."
    ),
    ImportField(
        "source", "Found by", parse=choice(SourceKind), aliases=("source kind", "detection"),
        help="Person, scan, test or audit. Empty for a new one: scan.",
    ),
    ImportField(
        "exposed", "Internet-exposed", parse=yes, aliases=("exposed", "internet facing", "external", "public"),
        help="Yes or no.",
    ),
    ImportField(
        "exploited", "Known-exploited", parse=yes, aliases=("exploited", "kev", "known exploited"), help="Yes or no."
    ),
    ImportField(
        "first_detected_on", "First detected", parse=day, created_only=True,
        aliases=("first seen", "first found", "detected", "discovered", "date", "opened"),
        help="A day as 2026-11-21: its deadline counts from it. Empty for a new one: today.",
    ),
    ImportField(
        "last_detected_on", "Last detected", parse=day, link=True, aliases=("last seen", "last found"),
        help="A later day than known is a new detection: what was fixed or verified by then is reopened.",
    ),
    ImportField(
        "owner", "Owner", parse=person, aliases=("assignee", "assigned to", "responsible", "owner email"),
        help="E-mail address of who answers for it; the name will do where it is unique.",
    ),
    ImportField("root_cause", "Root cause", aliases=("cause",)),
)  # fmt: skip


class FindingImporter(Importer):
    """Findings; a row is known by its source and key together."""

    model = Finding
    key = "external_key"
    fields = FIELDS

    def prepare(self, user: User) -> None:
        """Everybody who could own a finding, by e-mail and by unique name; and the deadlines in force."""
        self.today, self.settings, self.people = today(), all_settings(), People()

    def parsed(self, table: Table, mapping: Mapping[str, str], plan: Plan) -> Iterator[tuple[int, str, dict[str, Any]]]:
        """As everywhere, but what names a row is its key and its source."""
        for line, key, values in super().parsed(table, mapping, plan):
            if "source_name" not in values:
                plan.errors.append(RowError(line, "Source", "Choose the column that names the source."))
                continue
            yield line, named(key, values["source_name"]), values

    def stored(self, keys: Iterable[str]) -> dict[str, Any]:
        """The findings that the file is about, by key and source."""
        wanted = sorted({key.rpartition(" (")[0] for key in keys})
        found: dict[str, Any] = {}
        for start in range(0, len(wanted), LOOKUP):
            some = Finding.objects.select_related("owner").filter(external_key__in=wanted[start : start + LOOKUP])
            found |= {named(one.external_key, one.source_name).lower(): one for one in some}
        return found

    def item(self, line: int, key: str, values: Mapping[str, Any], known: Any) -> Item:
        """A new finding that the file says little of is a scanner's vulnerability, found today."""
        item = super().item(line, key, values, known)
        if item.new:
            new: Any = item.instance
            new.kind, new.source = new.kind or Kind.VULNERABILITY, new.source or SourceKind.SCAN
            new.first_detected_on = new.first_detected_on or self.today
        return item

    def link(self, items: Sequence[Item]) -> Iterator[RowError]:
        """Detections and deadlines: what follows from the days and ratings of the file."""
        for item in items:
            finding: Any = item.instance
            last = item.values.get("last_detected_on")
            ahead = [one for one in (finding.first_detected_on, last) if one and one > self.today]
            if ahead:
                yield RowError(item.line, "First detected", f"{ahead[0]} has not come yet.")
                continue
            if finding.severity not in Severity.values:
                continue  # said by the model already
            self.detect(item, finding, last)
            before = finding.due_on
            rate(finding, self.settings)
            if finding.due_on != before:
                item.differences.append(Difference("Due", f"{before or ''}", f"{finding.due_on}"))

    def detect(self, item: Item, finding: Any, last: Any) -> None:
        """A later detection than the one known; it reopens what was fixed by then."""
        known = finding.last_detected_on
        if last is None or (known is not None and last <= known):
            return
        finding.last_detected_on, item.own = last, True
        item.differences.append(Difference("Last detected", f"{known or ''}", f"{last}"))
        if not item.new and seen_after_fix(finding, last):
            item.differences.append(Difference("Status", finding.get_status_display(), "Reopened"))
            reset(finding)
            item.links.append(last)

    def apply(self, plan: Plan, *, actor: User, reason: str) -> None:
        """Save the plan: new ones are raised, those detected after their fix are reopened, the rest is changed."""
        if plan.errors:
            raise ValueError("A plan with errors cannot be applied.")
        reopened = [item.instance for item in plan.changed if item.links]
        others = [item.instance for item in plan.touched() if not item.links]
        save_many(others, actor=actor, verb_created="finding.raised", verb_updated="finding.updated", reason=reason)
        verb, words = "finding.reopened", REDETECTED.format(f"the day in the file: {reason}")
        save_many(reopened, actor=actor, verb_created=verb, verb_updated=verb, reason=words)


def named(key: str, source: str) -> str:
    """How a row is called: its key and its source."""
    return f"{key} ({source})"
