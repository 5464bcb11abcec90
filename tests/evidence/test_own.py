"""Registers of ours keep a signed result as evidence by one way: the bytes that were hashed, judged by a signature."""

import datetime

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from controls.models import Control
from evidence import actions
from evidence.models import Evidence, Kind, State
from evidence.own import OURS, keep_record, proofs, requirement_of
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.trail.keep import save
from foundation.trail.leaf import canonical, sha256
from foundation.trail.record import SYSTEM
from foundation.trail.steps import ends_of, tie, untie
from tests.factories.evidence import operating, requirement
from vendors.models import VendorControl

RESULT = {"format": "countersign test 1", "name": "Nordhafen Zürich", "lines": [1, None, True]}


def tied(control: Control, part: str = "review") -> VendorControl:
    link = VendorControl(part=part, control=control, reason="It is read every year.")
    return tie(link, actor=SYSTEM, reason=link.reason)


def kept(actor: User, *, alone: bool = False, part: str = "review") -> Evidence:
    links = proofs(VendorControl.objects.filter(part=part), today(), words="Review 3.")
    return keep_record(
        RESULT, links=links, register="vendors", query="Review 3", title="T" * 300, name="R-3.json", signed_by=actor,
        at=timezone.now(), alone=alone,
    )  # fmt: skip


def test_the_very_bytes_that_were_hashed_are_kept(manager: User):
    item = kept(manager)
    with item.file.open() as file:
        assert file.read() == canonical(RESULT).encode()
    assert item.sha256 == sha256(canonical(RESULT))
    assert (item.source_system, item.connector, item.kind) == (OURS, f"{OURS}: vendors", Kind.RECORD)
    assert item.stamped is True
    assert len(item.title) == 200


def test_the_signature_of_two_peoples_work_is_its_acceptance(manager: User):
    item = kept(manager)
    assert (item.state, item.submitted_by, item.reviewed_by) == (State.ACCEPTED, None, manager)


def test_what_one_person_made_and_signed_another_one_judges(compliance: User, manager: User):
    item = kept(compliance, alone=True)
    assert (item.state, item.submitted_by, item.reviewed_by) == (State.SUBMITTED, compliance, None)
    with pytest.raises(PermissionDenied):
        actions.accept(item, actor=compliance)
    assert actions.accept(item, actor=manager).state == State.ACCEPTED


def test_it_is_linked_by_each_live_tie_of_its_part_to_a_live_control(manager: User):
    first, second, gone, other = (operating(ref=ref) for ref in ("VEN-02", "VEN-01", "VEN-03", "VEN-04"))
    for control in (first, second):
        tied(control)
    untie(tied(operating(ref="VEN-05")), actor=SYSTEM, reason="It is not.")
    tied(gone)
    gone.refresh_from_db()
    gone.archived_at = timezone.now()
    save(gone, actor=SYSTEM, verb="control.archived")
    tied(other, part="exit")
    asked = requirement(first, kinds=[Kind.RECORD])
    links = kept(manager).links.order_by("control__ref")
    assert [(one.control, one.requirement) for one in links] == [(second, None), (first, asked)]
    assert {one.reason for one in links} == {"Review 3. It is read every year."}
    assert {one.occurrence for one in links} == {today()}


def test_the_requirement_is_that_of_the_day_and_takes_records(owner: User):
    control, day = operating(), datetime.date(2026, 3, 1)
    requirement(control, "Exports only", kinds=[Kind.EXPORT])
    first = requirement(control, "Until March", effective_to=day)
    second = requirement(control, "From then on", since="2026-03-02")
    assert requirement_of(control, day) == first
    assert requirement_of(control, day + datetime.timedelta(days=1)) == second
    assert requirement_of(control, today() + datetime.timedelta(days=4000)) == second


def test_a_tie_names_only_the_records_that_it_ties(owner: User):
    link = tied(operating())
    assert ends_of(link) == {"control": link.control_id}
