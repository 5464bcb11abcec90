"""Bringing a company's own risk register in: risks, ratings and links to controls; its own export comes in again."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from controls.models import Control
from controls.models.control import operating
from foundation.accounts.access import visible
from foundation.accounts.models import User
from foundation.organisation.models import today
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
from foundation.trail.steps import ends_of
from risks.acceptance import after_change, after_rating, against, holding
from risks.methods import established
from risks.models import (
    Acceptance,
    AcceptanceState,
    Category,
    Effectiveness,
    Method,
    Risk,
    RiskControl,
    SourceKind,
    Status,
    Trigger,
    in_force,
)
from risks.rating import KINDS, NEEDS_CONTROL, NEVER_RATED, Level, check, next_review, put, rating_of
from risks.standing import links_to_controls

IS_REF: Final = "“{}” is a reference and no title. Put it under Ref, with the risk's title here."
LINKED: Final = "Named in the register that was brought in."
STANDS: Final = (AcceptanceState.REQUESTED, AcceptanceState.APPROVED)
PARTS: Final = ("likelihood", "impact", "rationale")


def level(text: str, importer: Any) -> int | None:
    """A level: its number from 1 to 5. Empty is none."""
    if not text:
        return None
    if text not in {"1", "2", "3", "4", "5"}:
        raise ValueError(f"“{text[:60]}” is not a level from 1 to 5.")
    return int(text)


def reference(text: str, importer: Any) -> int | None:
    """The number of a reference as R-12; empty for a new risk."""
    number = Risk.number_in(text)
    if text and number is None:
        raise ValueError(f"“{text[:60]}” is not a reference as R-12. Leave it empty for a new risk.")
    return number


def references(text: str, importer: Any) -> tuple[str, ...]:
    """The controls that a cell names, by reference, between commas, semicolons or spaces."""
    found = text.replace(",", " ").replace(";", " ").split()
    if unknown := [ref for ref in found if ref.lower() not in importer.controls]:
        raise ValueError(f"There is no control {unknown[0][:30]}.")
    return tuple(ref.lower() for ref in found)


def parts_of(kind: str) -> tuple[ImportField, ...]:
    """The three columns of one rating."""
    words = kind.capitalize()
    return (
        ImportField(f"{kind}_likelihood", f"{words} likelihood", parse=level, link=True, help="From 1 to 5."),
        ImportField(f"{kind}_impact", f"{words} impact", parse=level, link=True, help="From 1 to 5."),
        ImportField(f"{kind}_rationale", f"{words} rationale", link=True, aliases=(f"{kind} why",)),
    )


FIELDS = (
    ImportField("ref", "Ref", parse=reference, link=True, aliases=("risk ref",), help="R-12 finds that one again."),
    ImportField(
        "title", "Risk", required=True, aliases=("title", "name", "risk title", "scenario"),
        help="Up to 200 characters. Without a reference it finds the risk of this title again.",
    ),
    ImportField("cause", "Cause", aliases=("threat", "vulnerability")),
    ImportField("event", "Event"),
    ImportField("effect", "Effect", aliases=("consequence", "impact description")),
    ImportField("category", "Category", parse=choice(Category), help="Empty for a new one: security."),
    ImportField("objective", "Objective or commitment", aliases=("objective", "commitment")),
    ImportField("assets", "Assets", aliases=("asset", "systems")),
    ImportField(
        "owner", "Owner", parse=person, aliases=("risk owner", "responsible"),
        help="E-mail address of who answers for it; the name will do where it is unique.",
    ),
    ImportField("source", "Identified by", parse=choice(SourceKind)),
    ImportField("source_note", "Source in words", aliases=("origin",)),
    ImportField("fraud", "Fraud", parse=yes, help="Yes or no."),
    ImportField("change_trigger", "Change", parse=choice(Trigger), aliases=("change trigger",)),
    ImportField("identified_on", "Identified", parse=day, help="A day as 2026-11-21. Empty for a new one: today."),
    ImportField("review_on", "Next review", parse=day, aliases=("review date", "next review date")),
    ImportField(
        "controls", "Controls", parse=references, link=True, aliases=("control", "mitigating controls"),
        help="References, as IAM-03; each is linked. None is ever unlinked by a file.",
    ),
    *parts_of("inherent"),
    *parts_of("residual"),
    *parts_of("target"),
)  # fmt: skip


class RiskImporter(Importer):
    """Risks with their ratings and controls. A row is known by its reference, else by its title."""

    model = Risk
    key = "title"
    fields = FIELDS

    def prepare(self, user: User) -> None:
        """People, controls, and those of them that operate today."""
        self.user, self.people, self.today, self.method = user, People(), today(), in_force()
        seen = visible(user, Control).filter(archived_at=None)
        self.controls: dict[str, Control] = {one.ref.lower(): one for one in seen}
        self.working = set(seen.filter(operating(self.today)).values_list("id", flat=True))

    def parsed(self, table: Table, mapping: Mapping[str, str], plan: Plan) -> Iterator[tuple[int, str, dict[str, Any]]]:
        """As everywhere, but a reference names a row before its title does. No title is taken for a reference."""
        for line, title, values in super().parsed(table, mapping, plan):
            number = values.pop("ref", None)
            if number is None and Risk.number_in(title) is not None:
                plan.errors.append(RowError(line, self.label("title"), IS_REF.format(title)))
                continue
            yield line, Risk.ref_of(number) if number else title, values

    def stored(self, keys: Iterable[str]) -> dict[str, Any]:
        """The risks that the file is about, by reference or title; one query for every `LOOKUP` of them."""
        wanted = sorted({*keys})
        by_title: dict[str, Any] = {}
        by_ref: dict[str, Any] = {}
        for start in range(0, len(wanted), LOOKUP):
            some = wanted[start : start + LOOKUP]
            numbers = {number for key in some if (number := Risk.number_in(key))}
            titles = {key.lower() for key in some}
            rows = Risk.objects.select_related("owner", "method").annotate(_key=Lower("title")).order_by("-id")
            for one in rows.filter(Q(pk__in=numbers) | Q(_key__in=titles) | Q(title__in=some)):
                by_title[one.title.lower()] = one
                by_ref[one.ref.lower()] = one
        return by_title | by_ref

    def item(self, line: int, key: str, values: Mapping[str, Any], known: Any) -> Item:
        """A new risk that the file says little of is one of security, identified today by a person."""
        item = super().item(line, key, values, known)
        risk: Any = item.instance
        if item.new:
            risk.category = risk.category or Category.SECURITY
            risk.source = risk.source or SourceKind.PERSON
            risk.identified_on = risk.identified_on or self.today
        return item

    def link(self, items: Sequence[Item]) -> Iterator[RowError]:
        """Controls and ratings: what they would change; what R5.1 and an acceptance have against it. Two queries."""
        known = [item.instance.pk for item in items if not item.new]
        accepted = holding(known)
        linked: dict[int, set[int]] = {}
        lines: dict[int, int] = {}  # a row by its reference and one by its title may be about the same risk
        for number, control in links_to_controls(None).filter(risk_id__in=known).values_list("risk_id", "control_id"):
            linked.setdefault(number, set()).add(control)
        for item in items:
            if item.new and Risk.number_in(item.key):
                yield RowError(item.line, "Ref", f"There is no risk {item.key}.")
                continue
            risk: Any = item.instance
            if risk.identified_on and risk.identified_on > self.today:
                yield RowError(item.line, "Identified", f"{risk.identified_on} has not come yet.")
            if risk.pk and lines.setdefault(risk.pk, item.line) != item.line:
                words = f"{risk.ref} stands in lines {lines[risk.pk]} and {item.line}. Keep one of them."
                yield RowError(item.line, "", words)
                continue
            if acceptance := accepted.get(risk.pk):
                said = {one.label for one in item.differences}
                changed = {one.name for one in self.fields if one.label in said}
                for name, words in against(acceptance, changed, risk.owner_id).items():
                    yield RowError(item.line, self.label(name), words)
            there = linked.get(risk.pk, set())
            added = [
                one
                for ref in dict.fromkeys(item.values.get("controls", ()))
                if (one := self.controls[ref]).pk not in there
            ]
            if added:
                item.differences.append(Difference("Controls", "", ", ".join(one.ref for one in added)))
            item.links = added
            yield from self.rated(item, there | {one.pk for one in added})

    def rated(self, item: Item, controls: set[int]) -> Iterator[RowError]:
        """The ratings of a row, put onto its risk where they differ and are legal."""
        try:
            wanted = self.wanted(item, controls)
        except ValidationError as refused:
            for name, words in refused.message_dict.items():
                yield RowError(item.line, self.label(name), " ".join(words))
            return
        risk: Any = item.instance
        if wanted is None:
            return
        for kind in KINDS:
            before, after = rating_of(risk, kind), wanted[kind]
            if before != after:
                item.differences.append(Difference(kind.capitalize(), told(before), told(after)))
        put(risk, self.method, wanted["inherent"], wanted["residual"], wanted["target"])
        item.values = {**item.values, "rated": True}

    def wanted(self, item: Item, controls: set[int]) -> Any:
        """The three ratings that a row asks for; None where it changes none. Raises ValidationError (R5.1)."""
        risk: Any = item.instance
        found = {kind: said_level(item.values, kind, rating_of(risk, kind)) for kind in KINDS}
        if found == {kind: rating_of(risk, kind) for kind in KINDS}:
            return None
        inherent, residual = found["inherent"], found["residual"]
        if inherent is None or residual is None:
            raise ValidationError({"inherent_likelihood": "Inherent and residual are rated together."})
        if risk.status in NEVER_RATED:
            raise ValidationError({"inherent_likelihood": "A template or a closed risk is not rated."})
        check(inherent, residual, found["target"])
        if residual.score < inherent.score and not controls & self.working:
            raise ValidationError({"residual_likelihood": NEEDS_CONTROL})
        return found

    def apply(self, plan: Plan, *, actor: User, reason: str) -> None:
        """Save the plan: the risks, their links, and what a rating does to an acceptance. In a transaction."""
        if plan.errors:
            raise ValueError("A plan with errors cannot be applied.")
        method = established()
        for item in plan.touched():
            self.finish(item, method, actor)
        plain = [item.instance for item in plan.touched() if not item.values.get("rated") and (item.new or item.own)]
        rated = [item.instance for item in plan.touched() if item.values.get("rated")]
        save_many(plain, actor=actor, verb_created="risk.created", verb_updated="risk.updated", reason=reason)
        save_many(rated, actor=actor, verb_created="risk.created", verb_updated="risk.rated", reason=reason)
        links = [
            RiskControl(risk=item.instance, control=one, effectiveness=Effectiveness.UNTESTED, reason=LINKED)
            for item in plan.touched()
            for one in item.links
        ]
        self.tie(links, actor, reason)
        numbers = {risk.pk for risk in rated}
        touched = Risk.objects.filter(pk__in=[risk.pk for risk in (*plain, *rated)])
        for risk in touched.filter(acceptances__in=Acceptance.objects.filter(state__in=STANDS)):
            changed = after_rating(risk, actor=actor) if risk.pk in numbers else risk
            after_change(changed, actor=actor)

    def finish(self, item: Item, method: Method, actor: User) -> None:
        """What follows from the file's values: the first assessment, the next review."""
        risk: Any = item.instance
        if item.values.get("rated"):
            risk.method, risk.rated_at, risk.rated_by, risk.last_reviewed_on = method, timezone.now(), actor, self.today
            if risk.status == Status.IDENTIFIED:
                risk.status = Status.ASSESSED
        if not item.values.get("review_on") and (item.new or item.values.get("rated")):
            risk.review_on = next_review(risk)

    def tie(self, links: list[RiskControl], actor: User, reason: str) -> None:
        """The links; one that was taken away comes back."""
        gone = {
            (one.risk_id, one.control_id): one
            for one in RiskControl.objects.filter(archived_at__isnull=False, risk__in=[link.risk_id for link in links])
        }
        back: list[Any] = []
        for link in list(links):
            if known := gone.get((link.risk_id, link.control_id)):
                known.archived_at, known.reason = None, LINKED
                back.append(known)
                links.remove(link)
        for rows, verb in ((links, "riskcontrol.created"), (back, "riskcontrol.restored")):
            save_many(rows, actor=actor, verb_created=verb, verb_updated=verb, reason=reason, refs=ends_of)


def said_level(values: Mapping[str, Any], kind: str, known: Level | None) -> Level | None:
    """The rating that a row asks for; what it says nothing of stays. Raises ValidationError for half a rating."""
    names = [f"{kind}_{part}" for part in PARTS]
    if not any(name in values for name in names):
        return known
    likelihood, impact, rationale = (
        values[name] if name in values else getattr(known, part, None) for name, part in zip(names, PARTS, strict=True)
    )
    if not likelihood and not impact and not rationale:
        return known
    if not likelihood or not impact:
        raise ValidationError({names[0]: "A rating has a likelihood and an impact."})
    return Level(likelihood, impact, (rationale or "").strip())


def told(level: Level | None) -> str:
    """A rating in words."""
    return f"{level.score} ({level.likelihood} × {level.impact}). {level.rationale}" if level else ""
