"""Bringing a list in, saying what each name on it is, and closing it (R6.3). One function a verb."""

import datetime
from collections.abc import Iterable
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from evidence.actions import as_file
from foundation.accounts.models import User
from foundation.files.kinds import plain_name
from foundation.organisation.models import today
from foundation.pages.imports.table import Unreadable
from foundation.trail.keep import save, save_many
from foundation.trail.leaf import canonical, sha256
from foundation.trail.steps import locked, move, say
from vendors.actions import keep_vendor
from vendors.kept import keep_as_evidence
from vendors.models import (
    RECONCILIATION_MOVES,
    Match,
    ReconciledRow,
    Reconciliation,
    ReconciliationState,
    Status,
    Vendor,
    VendorAlias,
    VendorControl,
)
from vendors.reconciliation.matching import Known
from vendors.reconciliation.names import key_of
from vendors.reconciliation.reading import Asked, Named, read_list

CLOSED: Final = "It is not open: nothing of it can be changed."


def bring(
    file: File, *, actor: User, kind: str, source: str, period_from: datetime.date, period_to: datetime.date,
    **how: str,
) -> Reconciliation:  # fmt: skip
    """Read a file and hold its names against the register; all of it or nothing.

    how: decimals, encoding, sheet, as in `reading.Asked`. Raises ValidationError naming lines.
    """
    held, sha256 = as_file(file, file.name or "list.csv")
    check_period(period_from, period_to)
    try:
        names, count = read_list(held.read(), Asked(kind, period_from, period_to, **how))
    except Unreadable as error:
        raise ValidationError({"file": str(error)}) from error
    held.seek(0)
    reconciliation = Reconciliation(
        kind=kind, source=source.strip(), period_from=period_from, period_to=period_to,
        name=plain_name(file.name or "list.csv"), size=held.size or 0, sha256=sha256, row_count=count, brought_by=actor,
    )  # fmt: skip
    reconciliation.full_clean(exclude=("file",))
    reconciliation.file.save(reconciliation.name, held, save=False)  # before the transaction: a store may be slow
    return store(reconciliation, names, actor)


def check_period(period_from: datetime.date, period_to: datetime.date) -> None:
    """Raise ValidationError for a period that is none, or is not over."""
    if period_to < period_from:
        raise ValidationError({"period_to": "The period ends after it starts."})
    if period_to > today():
        raise ValidationError({"period_to": "This day has not come yet: a list of a period is whole once it is over."})


@transaction.atomic
def store(reconciliation: Reconciliation, names: Iterable[Named], actor: User) -> Reconciliation:
    """Write the list with its names, each matched as far as the register knows it."""
    known = Known.read()
    save(reconciliation, actor=actor, verb="reconciliation.created", refs={"sha256": reconciliation.sha256})
    lines = [row_of(one, reconciliation, known.vendor_of(one.name)) for one in names]
    write(lines, actor, "Read from the list.")
    return reconciliation


def row_of(one: Named, reconciliation: Reconciliation, vendor: int | None) -> ReconciledRow:
    """A name of the file as a row of its reconciliation. vendor: the number of whose it is."""
    return ReconciledRow(
        reconciliation=reconciliation, line=one.line, name=one.name, amount=one.amount, currency=one.currency,
        match=Match.VENDOR if vendor else Match.UNKNOWN, vendor_id=vendor,
    )  # fmt: skip


def write(lines: Iterable[ReconciledRow], actor: User, reason: str) -> None:
    """Store rows with their history and entries, in constant queries a thousand."""
    save_many(
        lines, actor=actor, verb_created="reconciledrow.created", verb_updated="reconciledrow.matched", reason=reason,
        refs=lambda row: {"reconciliation": row.reconciliation_id},
    )  # fmt: skip


# ---- what a name is ------------------------------------------------------------------------------------------------


@transaction.atomic
def match(row: ReconciledRow, *, actor: User, vendor: Vendor, remember: bool = True, note: str = "") -> ReconciledRow:
    """Say that a name is this vendor, and remember it for the next list unless told not to.

    note: why a vendor that has ended is still on the list. The same name in another currency is the same vendor. Raises
    ValidationError for a list that is not open, and for an ended vendor without a note.
    """
    row = open_row(row)
    if vendor.archived_at is not None:
        raise ValidationError({"vendor": f"{vendor.ref} is archived."})
    if vendor.status == Status.ENDED and not note.strip():
        raise ValidationError({"note": "It has ended: say why it is on the list, or which finding sees to it."})
    settle(
        row, actor, match=Match.VENDOR, vendor=vendor, note=note.strip(), reason=f"It is {vendor.ref} {vendor.name}."
    )
    if remember:
        name_alias(vendor, row.name, actor)
    return row


@transaction.atomic
def propose(row: ReconciledRow, *, actor: User, name: str, service: str = "", owner: User | None = None) -> Vendor:
    """Put an unknown name into the register as a proposed vendor. Raises ValidationError for a name that is taken."""
    row = open_row(row)
    ref = row.reconciliation.ref
    vendor = Vendor(name=name.strip(), service=service.strip(), owner=owner)
    vendor.full_clean()
    vendor = keep_vendor(vendor, actor=actor, participle="created", reason=f"On the list of {ref}.")
    match(row, actor=actor, vendor=vendor)
    return vendor


@transaction.atomic
def dismiss(row: ReconciledRow, *, actor: User, reason: str) -> ReconciledRow:
    """Say that a name is no vendor, and why. Raises ValidationError."""
    row = open_row(row)
    say(reason, "Say why it is no vendor.")
    settle(row, actor, match=Match.NONE, vendor=None, note=reason.strip(), reason=reason)
    return row


@transaction.atomic
def dismiss_all(reconciliation: Reconciliation, *, actor: User, reason: str, chosen: Iterable[int]) -> int:
    """Say of many unknown names at once that they are no vendors, for one reason. Returns how many."""
    reconciliation = locked(reconciliation)
    if reconciliation.state != ReconciliationState.OPEN:
        raise ValidationError(CLOSED)
    say(reason, "Say why they are no vendors.")
    rows = list(ReconciledRow.objects.filter(reconciliation=reconciliation, match=Match.UNKNOWN, pk__in=list(chosen)))
    if not rows:
        raise ValidationError("Choose names that are unknown.")
    for row in rows:
        row.match, row.note, row.by_hand = Match.NONE, reason.strip(), True
    write(rows, actor, reason)
    return len(rows)


def open_row(row: ReconciledRow) -> ReconciledRow:
    """A row, locked, of a list that is open. Raises ValidationError, Stale."""
    reconciliation = Reconciliation.objects.select_for_update().get(pk=row.reconciliation_id)
    if reconciliation.state != ReconciliationState.OPEN:
        raise ValidationError(CLOSED)
    row = locked(row)
    row.reconciliation = reconciliation
    return row


def settle(row: ReconciledRow, actor: User, *, match: str, vendor: Vendor | None, note: str, reason: str) -> None:
    """Write what a name is onto its row, and onto the rows of the same name in other currencies."""
    same = [row, *(one for one in others(row) if key_of(one.name) == key_of(row.name))]
    for one in same:
        one.match, one.vendor, one.note, one.by_hand = match, vendor, note, True
        verb = "matched" if match == Match.VENDOR else "dismissed"
        refs = {"reconciliation": row.reconciliation_id} | ({"vendor": vendor.pk} if vendor else {})
        save(one, actor=actor, verb=f"reconciledrow.{verb}", reason=reason, refs=refs)


def others(row: ReconciledRow) -> QuerySet[ReconciledRow]:
    """The other rows of the list whose names could be the same: they begin with the same letter."""
    found: QuerySet[ReconciledRow] = ReconciledRow.objects.filter(reconciliation_id=row.reconciliation_id)
    return found.filter(name__istartswith=row.name[:1]).exclude(pk=row.pk).exclude(currency=row.currency)


def name_alias(vendor: Vendor, name: str, actor: User) -> None:
    """Remember a name of a vendor. A name that another vendor had by mistake is taken off it."""
    key = key_of(name)
    if key in (key_of(vendor.name), key_of(vendor.legal_name)):
        return
    for alias in VendorAlias.objects.live().filter(name__istartswith=name[:1]).select_related("vendor"):
        if key_of(alias.name) != key:
            continue
        if alias.vendor_id == vendor.pk:
            return
        alias.archived_at = timezone.now()
        save(alias, actor=actor, verb="vendoralias.archived", reason=f"{name} is {vendor.ref}.")
    refs = {"vendor": vendor.pk}
    save(VendorAlias(vendor=vendor, name=name), actor=actor, verb="vendoralias.created", refs=refs)


@transaction.atomic
def take_off(alias: VendorAlias, *, actor: User, reason: str) -> VendorAlias:
    """Take another name off a vendor: lists to come do not know it any more. Raises Stale, ValidationError."""
    alias = locked(alias)
    say(reason, "Say why it is not its name.")
    alias.archived_at = timezone.now()
    return save(alias, actor=actor, verb="vendoralias.archived", reason=reason, refs={"vendor": alias.vendor_id})


# ---- ending it -----------------------------------------------------------------------------------------------------


@transaction.atomic
def close(reconciliation: Reconciliation, *, actor: User, conclusion: str) -> Reconciliation:
    """Close a list on which no name is unknown: it is hashed, kept as evidence, and never changed again.

    Raises ValidationError without a conclusion, while names are unknown, or while a vendor that has ended is on it
    without a word.
    """
    reconciliation = locked(reconciliation)
    say(conclusion, "Say what came of it.")
    move(reconciliation, ReconciliationState.CLOSED, RECONCILIATION_MOVES, "state")
    unknown = ReconciledRow.objects.filter(reconciliation=reconciliation, match=Match.UNKNOWN).count()
    if unknown:
        words = f"{unknown:,} name{' is' if unknown == 1 else 's are'} unknown. Say of each what it is."
        raise ValidationError(words)
    silent = ReconciledRow.objects.filter(reconciliation=reconciliation, vendor__status=Status.ENDED, note="")
    if left := silent.count():
        words = f"{left:,} name{' is' if left == 1 else 's are'} of vendors that have ended. Say of each why: name the "
        raise ValidationError(f"{words}vendor again with a note, or say that it is another or none.")
    reconciliation.conclusion, reconciliation.closed_by = conclusion.strip(), actor
    reconciliation.closed_at = timezone.now()
    result = result_of(reconciliation)
    reconciliation.result_sha256 = sha256(canonical(result))
    reconciliation.evidence = keep_as_evidence(
        result, VendorControl.Part.RECONCILIATION, signed_by=actor, at=reconciliation.closed_at,
        title=f"Vendor register reconciled: {reconciliation.title}", what=f"Reconciliation {reconciliation.ref}",
        name=f"{reconciliation.ref}.json", rows=reconciliation.row_count, day=reconciliation.period_to,
        period=(reconciliation.period_from, reconciliation.period_to), alone=True,
    )  # fmt: skip
    refs = {"sha256": reconciliation.result_sha256, "evidence": reconciliation.evidence_id}
    return save(reconciliation, actor=actor, verb="reconciliation.closed", reason=conclusion, refs=refs)


@transaction.atomic
def cancel(reconciliation: Reconciliation, *, actor: User, reason: str) -> Reconciliation:
    """Cancel one that is not closed: the list was the wrong one. Raises ValidationError."""
    reconciliation = locked(reconciliation)
    say(reason, "Say why it is cancelled.")
    move(reconciliation, ReconciliationState.CANCELLED, RECONCILIATION_MOVES, "state")
    return save(reconciliation, actor=actor, verb="reconciliation.cancelled", reason=reason)


def result_of(reconciliation: Reconciliation) -> dict[str, Any]:
    """What each name turned out to be, as plain data: what is hashed and kept. One query."""
    rows = ReconciledRow.objects.filter(reconciliation=reconciliation).order_by("line", "id")
    names = ("line", "name", "amount", "currency", "match", "vendor_id", "vendor__name", "by_hand", "note")
    values = rows.values_list(*names)
    return {
        "format": "countersign vendor reconciliation 1", "reconciliation": reconciliation.ref,
        "kind": reconciliation.kind, "source": reconciliation.source, "period_from": str(reconciliation.period_from),
        "period_to": str(reconciliation.period_to), "file_sha256": reconciliation.sha256,
        "file_rows": reconciliation.row_count, "conclusion": reconciliation.conclusion,
        "closed_by": reconciliation.closed_by_id, "closed_at": moment_words(reconciliation),
        "names": [
            {
                "line": line, "name": name, "amount": "" if amount is None else str(amount), "currency": currency,
                "match": match, "vendor": Vendor.ref_of(vendor) if vendor else "", "vendor_name": called or "",
                "by_hand": by_hand, "note": note,
            }
            for line, name, amount, currency, match, vendor, called, by_hand, note in values.iterator(chunk_size=2000)
        ],
    }  # fmt: skip


def moment_words(reconciliation: Reconciliation) -> str:
    """When it was closed, in UTC with microseconds; "" before that."""
    return reconciliation.closed_at.isoformat() if reconciliation.closed_at else ""
