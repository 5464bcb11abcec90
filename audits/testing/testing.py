"""Testing a control: the auditor writes the test and its results, concludes it, and opens it again as another row.

No conclusion is ever computed (R2.1); one that contradicts what was written is refused. A concluded test is frozen.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from audits.freezing import frozen_scope
from audits.models import Sort
from audits.models.testing import (
    LETTERS,
    AuditSample,
    Conclusion,
    ControlTest,
    ItemResult,
    Met,
    Procedure,
    SampleItem,
    TestState,
)
from audits.testing.counting import Cell, Count, count
from audits.testing.drawing import auditor_of
from controls.models import Control
from foundation.accounts.access import apart
from foundation.accounts.duties import CONTROL_TEST
from foundation.accounts.models import User
from foundation.trail.keep import save, save_many
from foundation.trail.steps import locked, say

MOST_ATTRIBUTES: Final = 12
FROZEN: Final = "It is concluded: open it again to change it."


@dataclass(frozen=True)
class Said:
    """One result as the auditor writes it: of an item's row (None: the control itself), about an attribute."""

    item: int | None
    attribute: str
    outcome: str
    note: str = ""


# ---- writing a test ------------------------------------------------------------------------------------------------


@transaction.atomic
def keep_test(test: ControlTest, *, actor: User) -> ControlTest:
    """Store a new test, or a running one that was changed.

    Raises PermissionDenied for anybody but the auditor of the open window who has nothing to do with the control,
    ValidationError for a control outside the frozen scope, a sample of another engagement, no procedure, or attributes
    of which one with results was changed; Stale.
    """
    engagement = auditor_of(test.engagement_id, actor)
    before = locked(test) if test.pk else None
    if before is not None:
        running_still(before)
        if (before.engagement_id, before.control_id) != (test.engagement_id, test.control_id):
            raise ValidationError("A test stays with its control. Write another.")
    tested_by_another(test.control, actor)
    check(test, before)
    if before is None:
        test.tested_by = actor
    test.full_clean()
    verb = "controltest.created" if before is None else "controltest.updated"
    return save(test, actor=actor, verb=verb, refs={"engagement": engagement.pk, "control": test.control_id})


def check(test: ControlTest, before: ControlTest | None) -> None:
    """Raise ValidationError, beside its field, for what no test can be; before: as it is stored, None for a new one."""
    scope = frozen_scope(test.engagement)
    if scope is None or not scope.lines.filter(sort=Sort.CONTROL, facts__id=test.control_id).exists():
        raise ValidationError({"control": "This control is not in the frozen scope of the engagement."})
    if not test.procedures or set(test.procedures) - set(Procedure.values):
        raise ValidationError({"procedures": "Say which procedures the test consists of."})
    test.attributes = [words.strip() for words in test.attributes if words.strip()]
    if len(test.attributes) > MOST_ATTRIBUTES:
        raise ValidationError({"attributes": f"At most {MOST_ATTRIBUTES} attributes."})
    if test.sample is not None and test.sample.engagement_id != test.engagement_id:
        raise ValidationError({"sample": "This sample belongs to another engagement."})
    if before is not None:
        keeps_results(before, test)


def keeps_results(before: ControlTest, test: ControlTest) -> None:
    """Raise ValidationError where results would change their meaning: their attributes and their items stay."""
    if not ItemResult.objects.filter(test=before).exists():
        return
    if test.attributes[: len(before.attributes)] != before.attributes:
        words = "Results are written about these attributes: they stay. Add others after them."
        raise ValidationError({"attributes": words})
    if test.sample_id != before.sample_id:
        raise ValidationError({"sample": "Results are written about the items of this sample: it stays."})


def tested_by_another(control: Control, actor: User) -> None:
    """Who owns or operates a control does not test it. Raises PermissionDenied."""
    apart(actor, (control.owner_id, control.operator_id), CONTROL_TEST)


def running_still(test: ControlTest) -> None:
    """Raise ValidationError for a test that is concluded."""
    if test.state != TestState.RUNNING:
        raise ValidationError(f"{test.ref}: {FROZEN[0].lower()}{FROZEN[1:]}")


# ---- results -------------------------------------------------------------------------------------------------------


def items_of(sample: AuditSample | None) -> list[SampleItem]:
    """The lines of a sample with their rows, those that were replaced too, in their order. One query."""
    if sample is None:
        return []
    found = SampleItem.objects.filter(audit_sample=sample.pk).select_related("item", "replaces", "replaced_by")
    return list(found.order_by("number"))


def standing(items: Iterable[SampleItem]) -> list[SampleItem]:
    """The lines that were not replaced."""
    return [one for one in items if getattr(one, "replaced_by", None) is None]


def results_of(test: ControlTest) -> dict[Cell, ItemResult]:
    """What is written, by item and attribute. One query."""
    return {(one.item_id, one.attribute): one for one in ItemResult.objects.filter(test=test.pk)}


def counted(test: ControlTest) -> Count:
    """The count of what is written now. Three queries."""
    rows = [line.pk for line in standing(items_of(test.sample))] if test.sample_id else [None]
    outcomes = {cell: one.outcome for cell, one in results_of(test).items()}
    return count(rows, LETTERS[: len(test.attributes)], outcomes)


@transaction.atomic
def record_results(test: ControlTest, *, actor: User, results: Iterable[Said]) -> ControlTest:
    """Write results, all of them or none; an outcome of "" leaves its cell as it is: nothing written is emptied.

    Raises Stale where somebody wrote results meanwhile, PermissionDenied, ValidationError for a cell that the test does
    not have, an outcome that is none, or "not met" without a note.
    """
    test = writable(test, actor)
    known = results_of(test)
    rows: set[int | None] = {line.pk for line in standing(items_of(test.sample))} if test.sample_id else {None}
    letters = LETTERS[: len(test.attributes)]
    changed = []
    for said in results:
        if not said.outcome:
            continue
        if said.item not in rows or said.attribute not in letters or said.outcome not in Met.values:
            raise ValidationError("The test has no such item, attribute or outcome.")
        if said.outcome == Met.NOT_MET and not said.note.strip():
            raise ValidationError(f"{said.attribute}: say what was not met.")
        old = known.get((said.item, said.attribute))
        row = old or ItemResult(test=test, item_id=said.item, attribute=said.attribute)
        if (row.outcome, row.note) != (said.outcome, said.note.strip()):
            row.outcome, row.note = said.outcome, said.note.strip()
            changed.append(row)
    if not changed:
        return test
    save_many(
        changed, actor=actor, reason="", refs={"controltest": test.pk},
        verb_created="itemresult.recorded", verb_updated="itemresult.changed",
    )  # fmt: skip
    test.recorded_at = timezone.now()
    return save(test, actor=actor, verb="controltest.results_recorded", refs={"results": len(changed)})


def writable(test: ControlTest, actor: User) -> ControlTest:
    """The running test, locked, for its auditor. Raises as `auditor_of`, Stale, ValidationError."""
    stored = ControlTest.objects.select_related("control", "sample").get(pk=test.pk)
    auditor_of(stored.engagement_id, actor)
    tested_by_another(stored.control, actor)
    test = locked(test)
    running_still(test)
    return test


# ---- concluding ----------------------------------------------------------------------------------------------------


@transaction.atomic
def conclude(test: ControlTest, *, actor: User, conclusion: str, note: str = "") -> ControlTest:
    """Freeze the test with the auditor's conclusion, which what is written must not contradict.

    Raises Stale, PermissionDenied, ValidationError.
    """
    test = writable(test, actor)
    if conclusion not in Conclusion.values:
        raise ValidationError({"conclusion": "Say what you conclude."})
    counts = counted(test)
    if words := contradicted(test, conclusion, counts, note):
        raise ValidationError({"conclusion": words})
    test.state, test.conclusion, test.note = TestState.CONCLUDED, conclusion, note.strip()
    test.tested, test.exceptions = counts.tested, counts.exceptions
    test.concluded_by, test.concluded_at = actor, timezone.now()
    refs = {"tested": counts.tested, "exceptions": counts.exceptions}
    return save(test, actor=actor, verb="controltest.concluded", reason=note, refs=refs)


def contradicted(  # noqa: PLR0911 - one answer a rule
    test: ControlTest, conclusion: str, counts: Count, note: str
) -> str:
    """Why this conclusion cannot stand beside what is written; "" where it can."""
    if conclusion in (Conclusion.NO_OCCURRENCE, Conclusion.NOT_TESTED):
        if counts.written or (conclusion == Conclusion.NO_OCCURRENCE and test.sample_id):
            return "Items were drawn or results written: something occurred, and was looked at."
        if not note.strip():
            return "Say in the note how you know." if conclusion == Conclusion.NO_OCCURRENCE else "Say why in the note."
    if conclusion != Conclusion.NOT_TESTED and set(test.procedures) <= {Procedure.INQUIRY}:
        return "Inquiry alone never suffices: observe, inspect or reperform as well."
    if conclusion == Conclusion.NO_EXCEPTIONS and counts.exceptions:
        return f"{counts.words()} tested have an attribute that is not met."
    if conclusion == Conclusion.EXCEPTIONS and not counts.exceptions:
        return "No attribute is written as not met: there is no exception to count."
    if conclusion in (Conclusion.NO_EXCEPTIONS, Conclusion.EXCEPTIONS):
        if counts.open:
            return f"{counts.open} result{'s are' if counts.open != 1 else ' is'} still missing."
        if not counts.tested:
            return "Nothing was tested: every attribute is not applicable, or there is none."
    return ""


@transaction.atomic
def reopen(test: ControlTest, *, actor: User, reason: str) -> ControlTest:
    """Open a concluded test again as a new row with the same words and results; the concluded one stays as it is.

    Raises Stale, PermissionDenied, ValidationError without a reason, for one that runs, or was opened again already.
    """
    say(reason, "Say why it is opened again.")
    auditor_of(test.engagement_id, actor)
    old = locked(test)
    tested_by_another(old.control, actor)
    if old.state != TestState.CONCLUDED:
        raise ValidationError(f"{old.ref} is not concluded.")
    if ControlTest.objects.filter(supersedes=old).exists():
        raise ValidationError(f"{old.ref} was opened again already.")
    new = ControlTest(
        engagement_id=old.engagement_id, control=old.control, procedures=old.procedures, procedure=old.procedure,
        attributes=old.attributes, sample=old.sample, tested_by=actor, supersedes=old, reason=reason.strip(),
    )  # fmt: skip
    save(new, actor=actor, verb="controltest.reopened", reason=reason, refs={"supersedes": old.pk})
    copies = [
        ItemResult(test=new, item_id=one.item_id, attribute=one.attribute, outcome=one.outcome, note=one.note)
        for one in results_of(old).values()
    ]
    verb = "itemresult.recorded"
    if copies:
        refs = {"controltest": new.pk}
        save_many(copies, actor=actor, verb_created=verb, verb_updated=verb, reason=reason, refs=refs)
    return new
