"""Whatever is done in whatever order: the occurrences that were kept up to date are those that a rebuild computes."""

import datetime
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controls import actions as controls
from controls.models import MOVES as STATUS_MOVES
from controls.models import Control, Frequency, Status
from evidence import actions
from evidence.actions import For, Source
from evidence.coverage.keep import COMPARED, rebuild, refresh_stale
from evidence.coverage.tiles import Days
from evidence.models import Evidence, EvidenceLink, Exemption, Occurrence, PopulationKind, Requirement, State
from evidence.sampling.actions import freeze
from evidence.sampling.rows import Line, Listing
from foundation.organisation.actions import change_setting
from foundation.organisation.models import Setting
from foundation.trail.keep import Stale
from tests.factories.evidence import evidence, operating, requirement
from tests.factories.people import UserFactory

AUTUMN = datetime.datetime(2026, 11, 22, 12, tzinfo=datetime.UTC)
START = datetime.date(2026, 3, 1)
GRACE = "grace_monthly_days"
FREQUENCIES = ("weekly", "monthly", "per_event")


class Step(NamedTuple):
    """One thing done: `control` and `pick` say to what, `day` and `length` say of which days, `yes` how."""

    what: str
    control: int
    day: datetime.date
    length: int
    pick: int
    yes: bool

    @property
    def last(self) -> datetime.date:
        return self.day + datetime.timedelta(days=self.length)

    def one(self, rows: Any) -> Any:
        """One of these rows; None if there is none."""
        found = list(rows.order_by("pk"))
        return found[self.pick % len(found)] if found else None


class Company:
    """Three controls and the people who work on them."""

    def __init__(self) -> None:
        self.owner, self.manager = UserFactory(role="control_owner"), UserFactory(role="manager")
        self.asker, self.compliance = (UserFactory(role="compliance_manager") for _ in range(2))
        self.admin = UserFactory(role="administrator")
        self.controls = [operating(name, since="2026-03-10", owner=self.owner).pk for name in FREQUENCIES]

    def control(self, step: Step) -> Control:
        return Control.objects.get(pk=self.controls[step.control])

    def submit(self, step: Step) -> None:
        captured = datetime.datetime.combine(step.last, datetime.time(9), datetime.UTC)
        needs = Requirement.objects.filter(control=self.controls[step.control], archived_at=None)
        link = {"requirement": step.one(needs)} if step.yes else {}
        evidence(self.control(step), actor=self.owner, captured=captured, period=(step.day, step.last), **link)

    def nothing(self, step: Step) -> None:
        captured = datetime.datetime.combine(step.last, datetime.time(9), datetime.UTC)
        told = {"rows": 0, "query": "SELECT", "nothing_occurred": True, "stamped": True, "captured": captured}
        evidence(self.control(step), actor=self.owner, period=(step.day, step.last), **told)

    def accept(self, step: Step) -> None:
        if item := step.one(Evidence.objects.filter(state=State.SUBMITTED, superseded_by=None)):
            actions.accept(item, actor=self.manager, times_seen=step.yes)

    def give_back(self, step: Step) -> None:
        if item := step.one(Evidence.objects.filter(state=State.SUBMITTED, superseded_by=None)):
            actions.give_back(item, actor=self.manager, reason="Cut off.")

    def withdraw(self, step: Step) -> None:
        if item := step.one(Evidence.objects.standing()):
            actions.withdraw(item, actor=self.compliance, reason="Of the wrong tenant.")

    def send_again(self, step: Step) -> None:
        newest = Evidence.objects.filter(superseded_by=None, population=None)
        if item := step.one(newest.exclude(state=State.WITHDRAWN)):
            evidence(actor=self.owner, supersedes=item, period=(step.day, step.last), stamped=step.yes)

    def link(self, step: Step) -> None:
        if item := step.one(Evidence.objects.standing()):
            link = For(control=self.control(step), reason="It shows this too.", occurrence=step.day)
            actions.link_evidence(item, link, actor=self.compliance)

    def unlink(self, step: Step) -> None:
        if link := step.one(EvidenceLink.objects.live()):
            actions.unlink_evidence(link, actor=self.compliance, reason="It does not.")

    def require(self, step: Step) -> None:
        requirement(self.control(step), since=step.day.isoformat())

    def drop(self, step: Step) -> None:
        if need := step.one(Requirement.objects.live()):
            need.archived_at = timezone.now()
            actions.write_requirement(need, "archived", actor=self.compliance)

    def exempt(self, step: Step) -> None:
        asked = Exemption(control=self.control(step), starts_on=step.day, ends_on=step.last, reason="Down.")
        actions.approve_exemption(
            actions.request_exemption(asked, actor=self.asker), actor=self.compliance, reason="Agreed."
        )

    def change_status(self, step: Step) -> None:
        control = self.control(step)
        moves = [one for one in STATUS_MOVES[control.status] if one != Status.NOT_APPLICABLE]
        status = moves[step.pick % len(moves)]
        since = step.day if status in (Status.IMPLEMENTED, Status.RETIRED) else None
        controls.update_status(control, actor=self.compliance, status=status, note="So it is.", since=since)

    def reword(self, step: Step) -> None:
        words = {"who": "We", "what": "look", "how_often": "often", "on_what": "at it", "reason": "Better."}
        frequency = Frequency.values[step.pick % len(Frequency.values)]
        day = step.day + datetime.timedelta(days=200 * step.yes)
        controls.reword(
            self.control(step), actor=self.compliance, effective_from=day, frequency=frequency, **words
        )  # fmt: skip

    def freeze(self, step: Step) -> None:
        lines = [Line(f"PR-{step.pick}-{n}", step.day + datetime.timedelta(days=n), [], n + 2) for n in range(3)]
        lines = lines[: step.length + 1] if step.yes else []
        frozen = freeze(
            Listing((), lines, len(lines), "is:merged", "number", "merged" if lines else ""), actor=self.owner,
            title="Changes", kind=PopulationKind.CHANGES, period=Days(step.day, step.last),
            source=Source(system="GitHub"), controls=[self.control(step)], reason="Every change.",
        )  # fmt: skip
        if step.pick % 2:
            actions.accept(frozen.evidence, actor=self.manager, times_seen=True)

    def change_grace(self, step: Step) -> None:
        version = Setting.objects.filter(key=GRACE).values_list("version", flat=True).first()
        change_setting(GRACE, step.length % 20, actor=self.admin, reason="Agreed anew.", version=version or 0)

    def keep(self, _step: Step) -> None:
        """What runs beside the worker every few seconds."""
        refresh_stale()


DONE: dict[str, Callable[[Company, Step], None]] = {
    name: method for name, method in vars(Company).items() if name != "control" and not name.startswith("_")
}
STEPS = st.builds(
    Step,
    what=st.sampled_from([*DONE, "submit", "submit", "accept", "accept", "keep"]),
    control=st.integers(0, len(FREQUENCIES) - 1),
    day=st.integers(0, 200).map(lambda number: START + datetime.timedelta(days=number)),
    length=st.integers(0, 60),
    pick=st.integers(0, 1000),
    yes=st.booleans(),
)


def table() -> list[tuple[Any, ...]]:
    names = ("control_id", "starts_on", "event", *COMPARED)
    return sorted(Occurrence.objects.values_list(*names), key=str)


@pytest.fixture(autouse=True)
def autumn():
    with time_machine.travel(AUTUMN):
        yield


def do(*steps: Step) -> None:
    """The steps in their order, as far as they are legal; then a rebuild, which must change nothing."""
    company = Company()
    refresh_stale()
    for step in steps:
        try:
            with transaction.atomic():
                DONE[step.what](company, step)
        except (ValidationError, Stale):
            continue  # not legal now: nothing was changed
    refresh_stale()
    kept = table()
    rebuild()
    assert table() == kept


@pytest.mark.django_db
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(STEPS, min_size=4, max_size=25))
def test_a_rebuild_gives_the_rows_that_were_kept(steps: list[Step]):
    with transaction.atomic():
        do(*steps)
        transaction.set_rollback(True)


@pytest.mark.django_db
def test_a_control_that_only_an_earlier_version_is_linked_to():
    """Accepting the later version takes the earlier one's worth away from that control too."""
    june = {"day": datetime.date(2026, 6, 1), "length": 3, "pick": 0, "yes": False}
    do(*(Step(what, control, **june) for what, control in [
        ("submit", 0), ("accept", 0), ("send_again", 0), ("link", 1), ("accept", 0),
    ]))  # fmt: skip
    item = Evidence.objects.get(number=1)
    assert not Occurrence.objects.filter(control__evidence_links__evidence=item, evidence=item).exists()
