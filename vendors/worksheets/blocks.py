"""What keeps a worksheet from being submitted, each as words and the place where it is mended (R6.2)."""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from controls.models import Control
from controls.models.control import Status as ControlStatus
from foundation.organisation.models import today
from foundation.trail.asof import rows, thaw
from vendors.models import (
    IN_USE,
    Cuec,
    Opinion,
    ReportException,
    ReportKind,
    Subservice,
    SubserviceMethod,
    Worksheet,
    Yes,
)

TYPE_TWO: Final = (ReportKind.SOC2_TYPE2, ReportKind.SOC1_TYPE2)
NEED_BASIS: Final = (Opinion.QUALIFIED, Opinion.ADVERSE, Opinion.DISCLAIMER)
# Fields that must be said, and what is asked for where they are empty.
ASKED: Final = (
    ("service", "Say which of its services we use."),
    ("categories", "Say which categories it covers."),
    ("auditor", "Name the firm that signed it."),
    ("auditor_known", "Say whether the auditor is licensed and known."),
    ("opinion", "The opinion is not read yet."),
    ("period_to", "Say when its period ends."),
    ("issued_on", "Say when it was issued."),
    ("in_scope", "Say whether our service is inside its scope."),
    ("conclusion", "Say what the report means for us."),
    ("next_due_on", "Say when the next report is due."),
)


@dataclass(frozen=True)
class Block:
    """One thing that is missing. field: of the form that mends it; line: the row of `kind` ("" = the worksheet)."""

    words: str
    field: str = ""
    kind: str = ""
    line: int = 0


@dataclass(frozen=True)
class Lines:
    """The lines of a worksheet that stand, with the controls, findings and vendors that they name."""

    exceptions: list[Any]
    cuecs: list[Any]
    subservices: list[Any]


def lines_of(worksheet: Any, moment: datetime.datetime | None = None) -> Lines:
    """The lines of a worksheet, live or at a moment, in the order in which they were written. Three queries."""

    def found(model: type[Any], *related: str) -> list[Any]:
        of_it = rows(model, moment).filter(worksheet_id=worksheet.pk, archived_at=None)
        return [thaw(row) for row in of_it.select_related(*related).order_by("id")]

    return Lines(
        found(ReportException, "finding"), found(Cuec, "control", "finding"), found(Subservice, "provider", "finding")
    )


def blocks(worksheet: Worksheet, lines: Lines | None = None) -> list[Block]:
    """Everything that keeps a worksheet from being submitted; nothing when it can be."""
    lines = lines or lines_of(worksheet)
    return [
        *head_blocks(worksheet), *list_blocks(worksheet, lines),
        *(block for one in lines.exceptions for block in exception_blocks(one)),
        *(block for one in lines.cuecs for block in cuec_blocks(one)),
        *(block for one in lines.subservices for block in subservice_blocks(one)),
    ]  # fmt: skip


def head_blocks(worksheet: Worksheet) -> Iterator[Block]:
    """What is missing of what the report itself says."""
    for field, words in ASKED:
        if not getattr(worksheet, field):
            yield Block(words, field)
    if worksheet.opinion in NEED_BASIS and not worksheet.opinion_basis.strip():
        yield Block(f"Say on what the {worksheet.get_opinion_display().lower()} opinion rests.", "opinion_basis")
    if worksheet.report_kind in TYPE_TWO and worksheet.period_from is None:
        yield Block("Say when its period begins: a Type II report covers a period.", "period_from")
    if (worksheet.bridge_id is None) != (worksheet.bridge_until is None):
        yield Block("Name the bridge letter and the day until which it speaks, or neither.", "bridge_until")
    if not worksheet.approver.is_active:
        yield Block(f"{worksheet.approver} has left: name another approver.", "approver")


def list_blocks(worksheet: Worksheet, lines: Lines) -> Iterator[Block]:
    """Lists that are empty without a word, or said to be empty and are not."""
    for found, field, noun in (
        (lines.exceptions, "none_excepted", "exceptions"),
        (lines.cuecs, "none_expected", "user controls"),
        (lines.subservices, "none_carved_out", "subservice organisations"),
    ):
        said_none = getattr(worksheet, field)
        if not found and not said_none:
            yield Block(f"Note the {noun} that the report names, or say that it names none.", field)
        if found and said_none:
            yield Block(f"It is said to name no {noun}, and {len(found)} are noted.", field)
    if lines.exceptions and not worksheet.response_quality.strip():
        yield Block("Say how well its management answers the exceptions.", "response_quality")


def called(line: Any, words: str) -> str:
    """A line as its blocks call it: its reference, else how it begins."""
    return line.reference or (words if len(words) <= 60 else f"{words[:57].rstrip()}…")


def exception_blocks(one: ReportException) -> Iterator[Block]:
    """An exception without what it means for us, or what we do."""
    name = called(one, one.what)
    if not one.effect.strip():
        yield Block(f"Exception {name}: say what it means for us.", "effect", "reportexception", one.pk)
    if not one.action.strip() and one.finding_id is None:
        yield Block(f"Exception {name}: say what we do, or raise a finding.", "action", "reportexception", one.pk)


def cuec_blocks(one: Cuec) -> Iterator[Block]:
    """A user control that nobody answered, or that applies and is met by nothing (R6.2)."""
    name = f"User control {called(one, one.what)}"
    if one.to_confirm:
        yield Block(f"{name} is carried over: confirm that it still holds.", "applies", "cuec", one.pk)
    if one.applies == Yes.UNKNOWN:
        yield Block(f"{name}: say whether it applies.", "applies", "cuec", one.pk)
    elif one.applies == Yes.YES and one.finding_id is None:
        if one.control is None:
            yield Block(f"{name} applies: name our control, or open a gap.", "control", "cuec", one.pk)
        elif words := unmet_words(one.control):
            yield Block(f"{name}: {words} Name another, or open a gap.", "control", "cuec", one.pk)


def unmet_words(control: Control) -> str:
    """Why a control meets nothing today; "" for one that is implemented and operates."""
    if control.archived_at is not None:
        return f"{control.ref} is archived."
    if control.status != ControlStatus.IMPLEMENTED:
        return f"{control.ref} is {control.get_status_display().lower()}, so it meets nothing yet."
    day = today()
    if control.operates_from is None or control.operates_from > day:
        return f"{control.ref} does not operate yet."
    if control.operates_until is not None and control.operates_until < day:
        return f"{control.ref} operates no longer since {control.operates_until}."
    return ""


def subservice_blocks(one: Subservice) -> Iterator[Block]:
    """A carved-out organisation that nobody watches (R6.2). One that is included is part of the report."""
    if one.method != SubserviceMethod.CARVED_OUT or one.finding_id is not None:
        return
    if one.provider is None:
        if one.csoc.strip() or not one.note.strip():
            words = f"{one.name} is carved out: name the vendor that we watch for it, or open a gap."
            yield Block(words, "provider", "subservice", one.pk)
    elif one.provider.status not in IN_USE or one.provider.archived_at is not None:
        words = f"{one.name}: {one.provider.name} is not a vendor that we use and watch. Name another, or open a gap."
        yield Block(words, "provider", "subservice", one.pk)


def warnings(worksheet: Any, lines: Lines, standing: Any) -> list[str]:
    """What does not block it and must not be overlooked."""
    found = []
    if standing.stale:
        found.append(f"The report is stale since {standing.stale_from}: ask for the next one.")
    elif standing.gap and standing.gap > 0 and not standing.covered:
        found.append(f"{standing.gap_words}, and no bridge letter covers the time since.")
    if worksheet.in_scope == Yes.NO:
        found.append("Our service is outside the report's scope: it says nothing about what we use.")
    if worksheet.auditor_known == Yes.NO:
        found.append("Its auditor is not known to be licensed.")
    if worksheet.opinion in NEED_BASIS:
        found.append(f"The opinion is {worksheet.get_opinion_display().lower()}.")
    gaps = sum(one.finding_id is not None for one in (*lines.cuecs, *lines.subservices))
    if gaps:
        found.append(f"{gaps} gap{'s were' if gaps > 1 else ' was'} raised as finding{'s' if gaps > 1 else ''}.")
    return found
