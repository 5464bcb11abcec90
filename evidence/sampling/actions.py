"""Freezing populations and drawing samples from them: each one transaction and its trail."""

import secrets
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from controls.models import Control, Frequency
from evidence import actions as evidence
from evidence.coverage.keep import refresh
from evidence.coverage.tiles import Days
from evidence.models import (
    BY_SEED,
    Kind,
    Method,
    Population,
    PopulationItem,
    PopulationKind,
    PopulationLink,
    Purpose,
    Sample,
    State,
)
from evidence.sampling.completeness import gaps_of
from evidence.sampling.drawing import RANDOM, SYSTEMATIC, Pick, picked, random_sample, systematic_sample
from evidence.sampling.rows import Line, Listing, canonical, check_lines, in_order, sha256_of
from evidence.sampling.sizes import default_size
from foundation.accounts.models import User
from foundation.organisation.calendar import business_calendar
from foundation.organisation.models import today
from foundation.trail.keep import save
from foundation.trail.record import record

FILE, EMPTY = "file", "empty"
FILE_NAME = "population.csv"  # of the canonical CSV where it is kept as evidence
ALTERED = "The rows that are kept are not those that were frozen: their hash differs. Nothing is drawn from them."

# ---- freezing ------------------------------------------------------------------------------------------------------


def freeze(  # noqa: PLR0913 - a population says this much about itself
    listing: Listing, *, actor: Any, title: str, kind: str, period: Days, source: evidence.Source, origin: str = FILE,
    controls: Sequence[Control] = (), reason: str = "",
) -> Population:  # fmt: skip
    """Freeze a list as a population of `controls`, and keep its canonical CSV as evidence for another to judge.

    source: where it comes from; period, rows and query are the listing's. reason: what it is for the controls. An empty
    one is linked to them as proof that nothing occurred; a list of events proves nothing about how each was handled,
    so its evidence is linked to none. Raises ValidationError, naming lines, for what is not a whole list (no query,
    another kind than its register's, another total than rows, a key twice, a day outside the period, a period that is
    not over); then nothing is kept.
    """
    check(listing, period, controls, reason)
    check_kind(listing, kind)
    lines = in_order(listing.lines)
    content = canonical(listing.columns, lines)
    said = replace(source, query=listing.query, period=(period.first, period.last), rows=len(lines))
    proofs = [] if lines else [nothing_of(control, reason) for control in controls]
    ready = evidence.prepare(
        *evidence.as_file(content, FILE_NAME), actor=actor, title=f"Population: {title.strip()}"[:200], source=said,
        links=proofs, another=True, kind=Kind.EXPORT if origin in (FILE, EMPTY) else Kind.RECORD, name=FILE_NAME,
    )  # fmt: skip
    ready.keep_bytes()
    with transaction.atomic():
        item = evidence.store(ready, actor=actor, accepted_by=None)
        population = Population(
            title=title.strip(), kind=kind, origin=origin, source_system=said.system.strip(), query=said.query,
            environment=said.environment, source_total=listing.total, period_from=period.first, period_to=period.last,
            row_count=len(lines), sha256=sha256_of(content), columns=list(listing.columns),
            key_column=listing.key_column, day_column=listing.day_column,
            gaps=gaps_of(lines, period, business_calendar(), listing.others), evidence=item,
            frozen_by=evidence.person(actor),
        )  # fmt: skip
        population.full_clean()
        save(population, actor=actor, verb="population.frozen", refs={"evidence": item.pk})
        PopulationItem.objects.bulk_create(
            [
                PopulationItem(population=population, position=place, key=line.key, day=line.day, data=list(line.data))
                for place, line in enumerate(lines, 1)
            ],
            batch_size=1000,
        )
        for control in controls:
            link = PopulationLink(population=population, control=control, reason=reason)
            refs = {"population": population.pk, "control": control.pk}
            save(link, actor=actor, verb="populationlink.created", reason=reason, refs=refs)
        refresh(control.pk for control in controls)
    return population


def check_kind(listing: Listing, kind: str) -> None:
    """Raise ValidationError where a register lists another kind: its rows, or that it has none, would prove nothing."""
    if listing.kind and listing.kind != kind:
        words = f"These rows are of the kind “{PopulationKind(listing.kind).label}”: choose that, or other rows."
        raise ValidationError({"kind": words})


def check(listing: Listing, period: Days, controls: Sequence[Control], reason: str) -> None:
    """Raise ValidationError for what is no whole list of the period."""
    if period.last < period.first:
        raise ValidationError({"period_to": "The period ends before it begins."})
    if period.last > today():
        raise ValidationError({"period_to": "This day has not come yet: nobody can list it whole."})
    if not listing.query.strip():
        raise ValidationError({"query": "Say by which query anybody gets the same list again."})
    if listing.total != len(listing.lines):
        words = f"The source counts {listing.total} and the list holds {len(listing.lines)}. Find what is missing."
        raise ValidationError({"source_total": words})
    check_lines(listing.lines, period)
    if controls and not reason.strip():
        raise ValidationError({"reason": "Say what the list is for the controls."})
    for control in controls:
        if control.archived_at:
            raise ValidationError({"controls": f"{control.ref} is archived."})
        if control.frequency == Frequency.PER_EVENT and listing.lines and not listing.day_column:
            words = f"{control.ref} follows events: choose the column that says on which day each occurred."
            raise ValidationError({"day_column": words})


def nothing_of(control: Control, reason: str) -> evidence.For:
    """The link that says of an empty population that there was nothing to do."""
    return evidence.For(control=control, reason=reason, nothing_occurred=True)


# ---- drawing -------------------------------------------------------------------------------------------------------


def frozen_keys(population: Population) -> list[str]:
    """The keys in canonical order, once the rows were found to be those that were frozen. Raises ValidationError."""
    lines = [Line(item.key, item.day, item.data, item.position) for item in population.items()]
    if sha256_of(canonical(population.columns, lines)) != population.sha256:
        raise ValidationError(ALTERED)
    return [line.key for line in lines]


def usual_size(population: Population, *, high_risk: bool = False) -> int:
    """The default sample size by the settings, from the frequencies of the controls that it serves."""
    live = PopulationLink.objects.live().filter(population=population)
    frequencies = live.values_list("control__frequency", flat=True)
    return default_size(population.row_count, frequencies, high_risk=high_risk)


def choose(population: Population, *, method: str, size: int | None, seed: str, keys: Sequence[str]) -> list[Pick]:
    """The rows that a draw would choose. Raises ValidationError for what no sample can be."""
    known = frozen_keys(population)
    if not known:
        raise ValidationError("This population is empty: there is nothing to draw.")
    try:
        if method not in BY_SEED:
            return picked(known, keys)
        rule = random_sample if method == Method.RANDOM else systematic_sample
        return rule(known, usual_size(population) if size is None else size, seed)
    except ValueError as error:
        raise ValidationError({"size" if method in BY_SEED else "keys": str(error)}) from error


@transaction.atomic
def preview(
    population: Population, *, actor: User, method: str, size: int | None = None, seed: str = "",
    keys: Sequence[str] = (), reason: str = "",
) -> list[Pick]:  # fmt: skip
    """What `draw` would choose by the same words, kept nowhere but in the trail, with its seed. Raises as `draw`."""
    found = choose(population, method=method, size=size, seed=seed, keys=keys)
    refs = {"method": method, "size": len(found), "seed": seed}
    record("sample.previewed", actor, population, refs={name: value for name, value in refs.items() if value})
    return found


@transaction.atomic
def draw(
    population: Population, *, actor: User, method: str, size: int | None = None, seed: str = "",
    keys: Sequence[str] = (), reason: str = "",
) -> Sample:  # fmt: skip
    """Draw a sample as management's self-test. It is never edited: drawing again makes another, and says why (R3.2).

    size: None is the default by the settings. seed: for random and systematic; "" makes one. keys: what was picked, for
    haphazard and targeted. Raises ValidationError for a size out of range, unknown keys, a reason that is missing,
    or a population that is empty, withdrawn or altered.
    """
    mine = Sample.objects.filter(purpose=Purpose.SELF_TEST)
    return drawn(
        population, actor=actor, purpose=Purpose.SELF_TEST, among=mine, method=method, size=size, seed=seed, keys=keys,
        reason=reason,
    )  # fmt: skip


def drawn(  # noqa: PLR0913 - a sample says this much about itself
    population: Population, *, actor: User, purpose: Purpose, among: QuerySet[Sample], method: str,
    size: int | None, seed: str, keys: Sequence[str], reason: str,
) -> Sample:  # fmt: skip
    """Draw for a purpose, within the transaction of the verb that asked whether this person may. Raises as `draw`.

    among: the samples of which the last one of this population is drawn again by this one.
    """
    population = Population.objects.select_for_update().select_related("evidence").get(pk=population.pk)
    if population.evidence.state in (State.WITHDRAWN, State.RETURNED):
        raise ValidationError(f"Its evidence was {population.evidence.get_state_display().lower()}: freeze another.")
    by_seed = method in BY_SEED
    seed = (seed.strip() or new_seed()) if by_seed else ""
    chosen = choose(population, method=method, size=size, seed=seed, keys=keys)
    before = among.filter(population=population).order_by("-id").first()
    if not reason.strip() and (before or not by_seed):
        words = f"Say why it is drawn again: {before.ref} stands already." if before else "Say why you picked these."
        raise ValidationError({"reason": words})
    sample = Sample(
        population=population, population_sha256=population.sha256, population_size=population.row_count,
        size=len(chosen), method=method, seed=seed, chosen=[list(pick) for pick in chosen], reason=reason.strip(),
        algorithm={Method.RANDOM: RANDOM, Method.SYSTEMATIC: SYSTEMATIC}.get(Method(method), ""),
        redraws=before, drawn_by=actor, drawn_at=timezone.now(), purpose=purpose,
    )  # fmt: skip
    sample.full_clean()
    refs = {"population": population.pk} | ({"redraws": before.pk} if before else {})
    return save(sample, actor=actor, verb="sample.drawn", reason=reason, refs=refs)


def redrawn(sample: Sample) -> bool | None:
    """Whether the frozen rows still give the same keys by its seed; None for what a person picked."""
    if sample.method not in BY_SEED:
        return None
    keys = list(sample.population.items().values_list("key", flat=True))
    rule = random_sample if sample.method == Method.RANDOM else systematic_sample
    return len(keys) >= sample.size and [list(pick) for pick in rule(keys, sample.size, sample.seed)] == sample.chosen


def new_seed() -> str:
    """A seed that nobody chose."""
    return secrets.token_hex(16)
