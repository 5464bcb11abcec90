"""The table of occurrences: kept up to date where something changed, or rebuilt whole; the rows are the same."""

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db import transaction
from django.db.models import Count, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce

from controls.models import Control, Wording
from evidence.coverage.facts import Judged, Terms, occurrences, read, terms
from evidence.models import Basis, Exemption, Occurrence, PopulationLink, Requirement
from foundation.organisation.models import Holiday, Organisation, Setting

CHUNK = 200  # controls at once
COMPARED = ("ends_on", "due_on", "frequency", "wording_id", "outcome", "waiting", "why", "evidence_id")

_held: ContextVar[set[int] | None] = ContextVar("coverage_held", default=None)  # see `together`


def refresh(controls: Iterable[int]) -> None:
    """Compute the occurrences of these controls anew; only rows that differ are written. Can be run twice."""
    wanted, held = sorted(set(controls)), _held.get()
    if held is not None:
        held.update(wanted)
        return
    if not wanted:
        return
    when = terms()
    mark = mark_of(when)
    for start in range(0, len(wanted), CHUNK):
        _refresh(wanted[start : start + CHUNK], when, mark)


@contextmanager
def together() -> Iterator[None]:
    """Within it `refresh` only notes the controls; at its end each is computed once. For many items at a time.

    Inside one transaction: nobody else sees evidence whose occurrences are not computed yet.
    """
    held: set[int] = set()
    token = _held.set(held)
    try:
        yield
    finally:
        _held.reset(token)
    refresh(held)


def refresh_stale() -> int:
    """Compute anew what follows from a control, a wording, a requirement or a calendar that changed; return how many.

    What evidence changes is computed in the action that changes it.
    """
    when = terms()
    mark = mark_of(when)
    known = dict(Basis.objects.values_list("control_id", "seen"))
    stale = [pk for pk, seen in basis_of(Control.objects.all(), mark).items() if known.get(pk) != seen]
    for start in range(0, len(stale), CHUNK):
        _refresh(stale[start : start + CHUNK], when, mark)
    return len(stale)


class Keeper:
    """`refresh_stale` every few seconds: as long as nothing at all was written, that costs six sums."""

    def __init__(self) -> None:
        self._seen = ""

    def keep(self) -> int:
        """Compute anew what is stale; return how many controls that were."""
        seen = f"{mark_of(terms())}/{written()}"
        if seen == self._seen:
            return 0
        count = refresh_stale()
        self._seen = seen  # read before: what is written meanwhile makes the next look differ
        return count


def written() -> str:
    """A word that changes whenever a control, a wording, a requirement or an exemption is written: none is deleted."""
    marked = [
        model._default_manager.aggregate(mark=Coalesce(Sum("version"), 0) + Count("pk"))["mark"]
        for model in (Control, Wording, Requirement, Exemption)
    ]
    return ".".join(map(str, marked))


def rebuild(tell: Callable[[int, int], object] | None = None) -> int:
    """Throw the table away and compute it whole, so many controls at a time; return how many controls that were.

    Each heap is one transaction: whoever reads meanwhile finds every control's occurrences, old or new.
    `tell`: called between heaps with how many controls are done, of how many.
    """
    when = terms()
    mark = mark_of(when)
    controls = list(Control.objects.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(controls), CHUNK):
        heap = controls[start : start + CHUNK]
        with transaction.atomic():
            Occurrence.objects.filter(control__in=heap).delete()
            Basis.objects.filter(control__in=heap).delete()
            _refresh(heap, when, mark)
        if tell is not None:
            tell(start + len(heap), len(controls))
    return len(controls)


def mark_of(when: Terms) -> str:
    """What every control's occurrences follow from besides itself: the calendar, the settings, the horizon."""
    versions = [
        model._default_manager.aggregate(mark=Coalesce(Sum("version"), 0))["mark"]
        for model in (Organisation, Setting, Holiday)
    ]
    return f"{when.horizon:%Y%m%d}.{'.'.join(map(str, versions))}"


def basis_of(controls: Any, mark: str) -> dict[int, str]:
    """From which versions each control's occurrences follow, as a word that changes when one of them does."""

    def total(model: Any) -> Coalesce:
        found = model._default_manager.filter(control=OuterRef("pk")).order_by().values("control")
        return Coalesce(Subquery(found.annotate(total=Sum("version") + Count("pk")).values("total")), 0)

    marked = controls.annotate(
        worded=total(Wording), needs=total(Requirement), excepted=total(Exemption), listed=total(PopulationLink)
    )
    found = marked.values_list("pk", "version", "worded", "needs", "excepted", "listed")
    return {pk: f"{'.'.join(map(str, versions))}/{mark}" for pk, *versions in found}


@transaction.atomic
def _refresh(controls: Collection[int], when: Terms, mark: str) -> None:
    """One chunk. Whoever computes the same controls at the same time waits here, and sees what was stored."""
    list(Control.objects.select_for_update().filter(pk__in=controls).order_by("pk").values_list("pk"))
    seen = basis_of(Control.objects.filter(pk__in=controls), mark)
    wanted = {row_key(row): row for row in _rows(controls, when)}
    stored = {row_key(row): row for row in Occurrence.objects.filter(control__in=controls)}
    gone = [row.pk for key, row in stored.items() if key not in wanted]
    changed = []
    for key, row in wanted.items():
        old = stored.get(key)
        if old is not None and any(getattr(old, name) != getattr(row, name) for name in COMPARED):
            row.pk = old.pk
            changed.append(row)
    Occurrence.objects.filter(pk__in=gone).delete()
    Occurrence.objects.bulk_update(changed, COMPARED, batch_size=500)
    Occurrence.objects.bulk_create([row for key, row in wanted.items() if key not in stored], batch_size=500)
    Basis.objects.bulk_create(
        [Basis(control_id=pk, seen=word) for pk, word in seen.items()],
        update_conflicts=True, update_fields=["seen"], unique_fields=["control"],
    )  # fmt: skip


def _rows(controls: Collection[int], when: Terms) -> Iterator[Occurrence]:
    for control, facts in read(controls, when).items():
        for one in occurrences(facts, when):
            yield row_of(control, one)


def row_of(control: int, one: Judged) -> Occurrence:
    """A judged occurrence as a row of the table, not stored yet."""
    return Occurrence(
        control_id=control, starts_on=one.stretch.days.first, ends_on=one.stretch.days.last, due_on=one.due,
        event=one.event, frequency=one.stretch.frequency, wording_id=one.wording, outcome=one.answer.outcome,
        waiting=one.answer.waiting, why=one.answer.why, evidence_id=one.answer.evidence,
    )  # fmt: skip


def row_key(row: Occurrence) -> tuple[Any, ...]:
    """What makes an occurrence this one."""
    return (row.control_id, row.starts_on, row.event)
