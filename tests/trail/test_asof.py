"""Registers as they were: what was in force at a moment, to the microsecond, whatever the clock did."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from controls.models import Control, Mapping
from foundation.organisation.models import Holiday
from foundation.trail.asof import rows, thaw
from foundation.trail.keep import save
from foundation.trail.record import SYSTEM
from tests.factories.controls import ControlFactory, link, trust_services

pytestmark = pytest.mark.django_db

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
MICRO = timedelta(microseconds=1)


def version(number, moment, name, kind="~"):
    """One version of a holiday in its history, written directly: here the test is the clock."""
    model = Holiday.history.model
    model._base_manager.create(
        id=number, version=1, created_at=START, day="2026-05-01", name=name, history_date=moment, history_type=kind
    )


def names(moment):
    return sorted(row.name for row in rows(Holiday, moment))


def test_a_version_holds_from_its_own_microsecond_until_the_next_one():
    version(1, START, "first", "+")
    version(1, START + timedelta(days=1), "second")
    assert names(START - MICRO) == []
    assert names(START) == ["first"]
    assert names(START + timedelta(days=1) - MICRO) == ["first"]
    assert names(START + timedelta(days=1)) == ["second"]
    assert names(START + timedelta(days=900)) == ["second"]


def test_of_versions_in_the_same_microsecond_the_one_written_last_holds():
    version(1, START, "first", "+")
    version(1, START, "second")
    version(2, START, "other", "+")
    version(1, START, "third")
    assert names(START) == ["other", "third"]


def test_a_deleted_row_is_gone_from_that_moment_on_and_there_before():
    version(1, START, "kept", "+")
    version(1, START + timedelta(days=1), "kept", "-")
    assert names(START + timedelta(days=1) - MICRO) == ["kept"]
    assert names(START + timedelta(days=1)) == []
    version(1, START + timedelta(days=2), "again", "+")
    assert names(START + timedelta(days=1)) == []
    assert names(START + timedelta(days=2)) == ["again"]


def test_when_the_clock_went_back_the_version_written_last_wins():
    version(1, START, "first", "+")
    version(1, START + timedelta(hours=2), "second")
    version(1, START + timedelta(hours=1), "third, after the clock was set back")
    assert names(START + timedelta(minutes=59)) == ["first"]
    assert names(START + timedelta(hours=1)) == ["third, after the clock was set back"]
    assert names(START + timedelta(hours=3)) == ["third, after the clock was set back"]


@settings(max_examples=40, deadline=None)
@given(
    story=st.lists(st.tuples(st.integers(1, 3), st.integers(0, 5), st.sampled_from("+~-")), max_size=12),
    asked=st.integers(-1, 6),
)
def test_it_agrees_with_reading_the_story_by_hand(story, asked):
    model = Holiday.history.model
    model._base_manager.all().delete()
    holds = {}
    for index, (number, second, kind) in enumerate(story):
        version(number, START + timedelta(seconds=second), str(index), kind)
        if second <= asked:
            holds[number] = None if kind == "-" else str(index)
    moment = START + timedelta(seconds=asked)
    expected = {number: name for number, name in holds.items() if name is not None}
    assert {row.id: row.name for row in rows(Holiday, moment)} == expected
    for number in (1, 2, 3):
        assert [row.name for row in rows(Holiday, moment).filter(id=number)] == [
            name for key, name in expected.items() if key == number
        ]


def test_without_a_moment_it_reads_the_live_rows():
    kept = save(Holiday(name="May day", day="2026-05-01"), actor=SYSTEM, verb="holiday.created")
    assert [type(row) for row in rows(Holiday)] == [Holiday]
    assert rows(Holiday).get() == kept


def test_the_save_path_and_reading_back_agree(owner):
    control = ControlFactory(name="Backups", owner=owner)
    before = timezone.now()
    control.name, control.owner = "Backups, tested", None
    save(control, actor=SYSTEM, verb="control.updated")
    then = rows(Control, before).select_related("owner").get(id=control.pk)
    assert (then.name, then.owner.name) == ("Backups", "Oskar Owner")
    assert rows(Control, timezone.now()).get(id=control.pk).name == "Backups, tested"


def test_a_thawed_row_is_the_instance_that_it_was_without_another_query(owner):
    control = ControlFactory(name="Backups", owner=owner)
    row = rows(Control, timezone.now()).select_related("owner").get(id=control.pk)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        frozen = thaw(row)
        assert isinstance(frozen, Control)
        assert (frozen.pk, frozen.name, frozen.owner.name) == (control.pk, "Backups", "Oskar Owner")
    assert len(queries) == 0
    assert thaw(control) is control


def test_links_are_read_as_they_stood():
    trust_services()
    control = ControlFactory()
    [mapping] = link(control, "CC1.1")
    before = timezone.now()
    mapping.archived_at = timezone.now()
    save(mapping, actor=SYSTEM, verb="mapping.archived", reason="Wrong criterion")
    codes = (
        rows(Mapping, before).filter(archived_at=None, control_id=control.pk).values_list("criterion__code", flat=True)
    )
    assert list(codes) == ["CC1.1"]
    assert not rows(Mapping, timezone.now()).filter(archived_at=None, control_id=control.pk).exists()


def test_one_record_is_found_by_its_index_and_not_by_reading_all_of_history():
    """A page of one record as of a moment must not cost what the whole register costs."""
    history = Control.history.model
    history._base_manager.bulk_create(
        history(
            id=number, version=1, ref=f"C{number}", name="x", created_at=START, history_date=START, history_type="+"
        )
        for number in range(1, 2001)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    plan = rows(Control, START).filter(id=77).explain()
    assert "controls_historicalcontrol_id" in plan
    assert "SCAN" not in plan.upper().replace("INDEX SCAN", "")
