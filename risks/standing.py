"""Which controls operate and which fail, and what that says of the risks that rest on them (R5.1). Constant queries."""

import datetime
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from django.db.models import Case, F, Q, When

from controls.models import Control
from controls.models.control import operating
from evidence.coverage.book import Book
from evidence.coverage.tiles import Days
from evidence.models import Occurrence, Outcome
from findings.models import Finding, FindingControl, Part, unresolved
from foundation.accounts.access import visible
from foundation.accounts.models import User
from foundation.organisation.once import once
from foundation.pages.moment import day_of
from foundation.trail.asof import rows
from risks.models import COUNTED, Risk, RiskControl

UNSEEN: Final = "A control that you do not see fails"
NOTHING_HOLDS: Final = "Residual rests on no operating control"
LOOKED_BACK: Final = datetime.timedelta(days=800)  # further back no occurrence is the last one: a year and its grace


@dataclass(frozen=True)
class Standing:
    """The linked controls on a day: those that operate, and why others fail (or these all the same), in words."""

    refs: dict[int, str] = field(default_factory=dict)
    operating: set[int] = field(default_factory=set)
    failing: dict[int, str] = field(default_factory=dict)
    shown: set[int] = field(default_factory=set)  # those that the person who looks may see

    def words(self, control: int) -> str:
        """Why a control fails, as a risk's flag says it: “IAM-03 fails: …”; "" while it does not."""
        why = self.failing.get(control)
        return f"{self.refs[control]} fails: {why}" if why else ""


def standing_of(controls: Iterable[int], moment: datetime.datetime | None = None, user: User | None = None) -> Standing:
    """How these controls stand, live or at a moment. Three queries; a past one computes their occurrences anew.

    A control that had begun fails when it no longer operates, when the last occurrence whose grace is over is missing,
    or while a finding that affects it is unresolved.
    """
    ids, day = sorted(set(controls)), day_of(moment)
    if not ids:
        return Standing()
    stored = rows(Control, moment).filter(id__in=ids)
    seen = visible(user, stored, moment).values("id") if user else []
    told = list(
        stored.annotate(
            works=Case(When(operating(day), then=True), default=False),
            shown=Case(When(id__in=seen, then=True), default=False),
            begun=Case(When(operates_from__lte=day, then=True), default=False),
        ).values_list("id", "ref", "works", "shown", "begun")
    )
    refs = {pk: ref for pk, ref, *_ in told}
    working = {pk for pk, _, works, *_ in told if works}
    begun = {pk for pk, *_, has in told if has}
    missing = missing_now(ids, day) if moment is None else missing_then(stored, day, moment)
    findings = findings_on(ids, moment)
    failing = {}
    for pk in sorted(begun):  # what never began fails nobody: no risk rests on it
        why = [] if pk in working else ["it does not operate"]
        if pk in working and pk in missing:
            why.append(f"its occurrence of {missing[pk]} is missing")
        if pk in findings:
            why.append(f"{', '.join(Finding.ref_of(number) for number in sorted(findings[pk]))} unresolved")
        if why:
            failing[pk] = "; ".join(why)
    return Standing(refs, working, failing, {pk for pk, _, _, shown, _ in told if shown})


def missing_now(ids: list[int], day: datetime.date) -> dict[int, datetime.date]:
    """The first day of the last occurrence of each whose grace is over, where that one is missing. One query."""
    over = Occurrence.objects.filter(control__in=ids, due_on__lt=day, starts_on__gte=day - LOOKED_BACK)
    last: dict[int, tuple[datetime.date, bool]] = {}
    for pk, starts, outcome in over.order_by("starts_on").values_list("control_id", "starts_on", "outcome"):
        gone = outcome == Outcome.OPEN
        last[pk] = (starts, gone or (pk in last and last[pk] == (starts, True)))  # of events of one day, any
    return {pk: starts for pk, (starts, gone) in last.items() if gone}


def missing_then(stored: Any, day: datetime.date, moment: datetime.datetime) -> dict[int, datetime.date]:
    """The same at a past moment, from the history of the same facts."""
    found = {}
    squares = Book(stored, Days(day - LOOKED_BACK, day), moment).of(set(stored.values_list("id", flat=True)))
    for pk, all_of_it in squares.items():
        over = [one for one in all_of_it if one.due_on < day]
        starts = max((one.starts_on for one in over), default=None)
        if starts and any(one.standing == "missing" for one in over if one.starts_on == starts):
            found[pk] = starts
    return found


def findings_on(ids: list[int], moment: datetime.datetime | None) -> dict[int, set[int]]:
    """The unresolved findings that affect these controls, by control. One query."""
    bad = rows(Finding, moment).filter(unresolved(day_of(moment)))
    links = rows(FindingControl, moment).filter(
        control_id__in=ids, part=Part.AFFECTED, archived_at=None, finding_id__in=bad.values("id")
    )
    found: dict[int, set[int]] = defaultdict(set)
    for control, finding in links.values_list("control_id", "finding_id"):
        found[control].add(finding)
    return found


def links_to_controls(moment: datetime.datetime | None) -> Any:
    """The links from risks to controls that stand, live or at a moment."""
    return rows(RiskControl, moment).filter(archived_at=None)


def all_linked(moment: datetime.datetime | None) -> Standing:
    """How every control stands on which a risk rests. Read once a request."""

    def read() -> Standing:
        return standing_of(links_to_controls(moment).order_by().values_list("control_id", flat=True).distinct(), moment)

    return once(("risks.standing", moment), read)


def lowered() -> Q:
    """Risks of which less is said to remain than there was: that rests on controls."""
    return Q(residual_score__lt=F("inherent_score"))


def flagged(moment: datetime.datetime | None) -> Q:
    """The risks that count and have a flag: a control of theirs fails, or nothing that operates holds them down."""
    stands = all_linked(moment)
    links = links_to_controls(moment).order_by()
    failing = links.filter(control_id__in=list(stands.failing)).values("risk_id")
    held = links.filter(control_id__in=list(stands.operating)).values("risk_id")
    wrong = Q(id__in=failing) | (lowered() & ~Q(id__in=held))
    return Q(archived_at=None, status__in=COUNTED) & wrong


def attach_flags(found: list[Risk], moment: datetime.datetime | None, user: User | None = None) -> None:
    """Put onto each risk its `flags`, in words, its `control_refs` as far as `user` sees them, and how all of these
    controls stand (`stands`). Constant queries.
    """
    links = links_to_controls(moment).filter(risk_id__in=[one.pk for one in found]).order_by("id")
    by_risk: dict[int, list[int]] = defaultdict(list)
    for risk, control in links.values_list("risk_id", "control_id"):
        by_risk[risk].append(control)
    stands = standing_of({pk for some in by_risk.values() for pk in some}, moment, user)
    for one in found:
        one.stands = stands  # type: ignore[attr-defined]
        one.flags = flags_of(one, by_risk[one.pk], stands, named=user is None)  # type: ignore[attr-defined]
        refs = sorted(stands.refs[pk] for pk in by_risk[one.pk] if pk in stands.shown)
        one.control_refs = "; ".join(refs)  # type: ignore[attr-defined]


def flags_of(risk: Risk, controls: list[int], stands: Standing, *, named: bool = True) -> list[str]:
    """What is wrong with what holds a risk down, in words; nothing for one that does not count.

    named: whether every control is named; else only those that the person sees (`Standing.shown`).
    """
    if risk.archived_at or risk.status not in COUNTED:
        return []
    told = {pk: words for pk in controls if (words := stands.words(pk))}
    flags = list(dict.fromkeys(words if named or pk in stands.shown else UNSEEN for pk, words in told.items()))
    lower = risk.residual_score is not None and risk.residual_score < (risk.inherent_score or 0)
    if lower and not stands.operating.intersection(controls):
        flags.append(NOTHING_HOLDS)
    return flags


def operating_controls(risk: Risk) -> bool:
    """Whether at least one linked control operates today (R5.1). One query."""
    links = links_to_controls(None).filter(risk_id=risk.pk)
    return Control.objects.filter(operating(day_of(None)), id__in=links.values("control_id")).exists()
