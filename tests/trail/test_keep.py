"""The save path: the row, its history and its entry, all or nothing."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from controls.models import Control
from foundation.accounts.models import User
from foundation.organisation.models import Holiday
from foundation.trail import leaf
from foundation.trail.asof import rows, thaw
from foundation.trail.keep import Stale, history_sha256, save, save_many
from foundation.trail.models import Entry, Unaudited, audited_bulk
from foundation.trail.origin import origin
from foundation.trail.record import SYSTEM, OutsideTransaction, UnknownVerb, record

pytestmark = pytest.mark.django_db


def holiday(name="Founders' day", day="2026-05-01", **kwargs):
    return save(Holiday(name=name, day=day), actor=SYSTEM, verb="holiday.created", **kwargs)


def history_holds(entry):
    """Whether the entry's hash is that of its history row as it is read back from the database."""
    told = entry.facts["history"]
    model = next(m.history.model for m in (Holiday, User, Control) if m.history.model._meta.db_table == told["table"])
    version = model._default_manager.get(pk=told["id"])
    return history_sha256(version, entry.hidden.get("salt", "")) == told["sha256"]


def test_a_new_row_leaves_one_history_row_and_one_entry(admin):
    before = Entry.objects.count()
    kept = save(Holiday(name="A", day="2026-05-01"), actor=admin, verb="holiday.created", reason="Asked for")
    version = kept.history.get()
    entry = Entry.objects.first()
    assert Entry.objects.count() == before + 1
    assert (entry.verb, entry.actor_kind, entry.actor_id) == ("holiday.created", "user", admin.pk)
    assert (entry.object_type, entry.object_id, entry.outcome) == ("organisation.holiday", str(kept.pk), "ok")
    assert entry.facts["changes"] == {"day": [None, "2026-05-01"], "name": [None, "A"]}
    assert entry.facts["reason"] == "Asked for"
    assert (version.history_user_id, version.history_change_reason) == (admin.pk, "Asked for")
    assert version.history_date == entry.moment
    assert history_holds(entry)


def test_a_change_tells_before_and_after_and_counts_the_version():
    kept = holiday()
    kept.name = "May day"
    save(kept, actor=SYSTEM, verb="holiday.updated")
    assert kept.version == 2
    assert Entry.objects.first().facts["changes"] == {"name": ["Founders' day", "May day"]}
    assert [version.version for version in kept.history.order_by("history_id")] == [1, 2]


def test_a_row_that_does_not_change_leaves_nothing():
    kept, entries = holiday(), Entry.objects.count()
    save(Holiday.objects.get(pk=kept.pk), actor=SYSTEM, verb="holiday.updated")
    assert Entry.objects.count() == entries
    assert kept.history.count() == 1


def test_a_stale_copy_is_refused():
    kept = holiday()
    mine, theirs = Holiday.objects.get(pk=kept.pk), Holiday.objects.get(pk=kept.pk)
    theirs.name = "Theirs"
    save(theirs, actor=SYSTEM, verb="holiday.updated")
    mine.name = "Mine"
    with pytest.raises(Stale) as stale:
        save(mine, actor=SYSTEM, verb="holiday.updated")
    assert stale.value.stored.version == 2
    assert Holiday.objects.get(pk=kept.pk).name == "Theirs"
    with pytest.raises(Stale):
        save_many([mine], actor=SYSTEM, verb_created="holiday.created", verb_updated="holiday.updated", reason="")


def test_what_the_database_refuses_leaves_nothing_and_can_be_mended():
    holiday()
    other = holiday("Other", "2026-05-02")
    entries, versions = Entry.objects.count(), Holiday.history.count()
    other.day = "2026-05-01"
    with pytest.raises(IntegrityError):
        save(other, actor=SYSTEM, verb="holiday.updated")
    assert (Entry.objects.count(), Holiday.history.count()) == (entries, versions)
    assert "_cause" not in vars(other)
    other.day = "2026-05-03"
    assert save(other, actor=SYSTEM, verb="holiday.updated").version == 2


def test_a_later_plain_save_is_not_blamed_on_the_last_actor(admin):
    kept = save(Holiday(name="A", day="2026-05-01"), actor=admin, verb="holiday.created", reason="Asked for")
    kept.name = "B"
    kept.save()
    last = kept.history.order_by("history_id").last()
    assert (last.name, last.history_user_id, last.history_change_reason) == ("B", None, None)


def test_personal_values_stand_in_private_alone(admin):
    with origin(via="page", ip="203.0.113.7", user_agent="Browser", request_id="r1"):
        person = save(User(email="new@example.com", name="Nora New"), actor=admin, verb="user.created")
    entry = Entry.objects.first()
    assert "new@example.com" not in entry.detail
    assert "Nora" not in entry.detail
    assert "203.0.113.7" not in leaf.leaf_of(entry)
    assert entry.facts["changes"]["email"] == []
    assert entry.hidden["changes"]["email"] == [None, "new@example.com"]
    assert (entry.hidden["ip"], entry.hidden["user_agent"], entry.ip) == ("203.0.113.7", "Browser", "203.0.113.7")
    assert entry.facts["private"] == leaf.sha256(entry.private)
    assert len(entry.hidden["salt"]) == 32
    assert history_holds(entry)
    assert person.history.get().email == "new@example.com"


def test_history_hash_depends_on_salt_and_on_every_value():
    save(User(email="new@example.com", name="Nora New", title="CFO"), actor=SYSTEM, verb="user.created")
    entry = Entry.objects.first()
    version, salt, told = User.history.get(), entry.hidden["salt"], entry.facts["history"]["sha256"]
    assert history_sha256(version, salt) == told
    assert history_sha256(version, "0" * 32) != told
    other = {"title": "CEO", "email": "x@example.com", "history_type": "~", "history_change_reason": "x"}
    for name, value in other.items():
        version.refresh_from_db()
        setattr(version, name, value)
        assert history_sha256(version, salt) != told, name
    version.refresh_from_db()
    version.history_date += timedelta(microseconds=1)
    assert history_sha256(version, salt) != told


def test_unrecorded_fields_are_kept_but_told_nowhere():
    person = save(User(email="new@example.com", name="Nora"), actor=SYSTEM, verb="user.created")
    person.set_password("a password that is long enough")
    person.session_epoch = 9
    save(person, actor=SYSTEM, verb="user.updated")
    entry = Entry.objects.first()
    assert User.objects.get(pk=person.pk).session_epoch == 9
    assert person.password not in entry.detail + entry.private
    assert not any(column.name == "password" for column in User.history.model._meta.fields)


def test_an_entry_without_origin_has_nothing_personal():
    holiday()
    entry = Entry.objects.first()
    assert entry.private is None
    assert entry.ip is None
    assert "private" not in entry.facts
    assert entry.via == "command"


def test_entries_have_their_mac():
    holiday()
    entry = Entry.objects.first()
    assert entry.mac == leaf.mac_of(entry)
    entry.object_id = "999"
    assert entry.mac != leaf.mac_of(entry)


def test_detail_is_canonical_json():
    holiday(reason="Grün", refs={"z": 1, "a": [1, "b"]})
    entry = Entry.objects.first()
    assert entry.detail == json.dumps(entry.facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert list(entry.facts) == ["changes", "history", "reason", "refs"]


def test_record_refuses_what_it_cannot_say(admin):
    with transaction.atomic():
        with pytest.raises(UnknownVerb):
            record("control.exploded", admin)
        with pytest.raises(TypeError):
            record("list.exported", admin, refs={"share": 0.5})
        with pytest.raises(TypeError):
            record("list.exported", "admin")
        with pytest.raises(TypeError):
            record("list.exported", User())
        with pytest.raises(ValueError, match="outcome"):
            record("list.exported", admin, outcome="maybe")


def test_record_refuses_to_stand_outside_a_transaction(admin):
    with pytest.raises(OutsideTransaction):
        record("list.exported", admin)


def test_entry_and_change_are_rolled_back_together():
    entries = Entry.objects.count()

    @transaction.atomic
    def fail() -> None:
        holiday()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert (Entry.objects.count(), Holiday.objects.count(), Holiday.history.count()) == (entries, 0, 0)


def days(number, start=0):
    first = datetime(2027, 1, 1, tzinfo=UTC).date()
    return [Holiday(name=f"Day {n}", day=first + timedelta(days=n)) for n in range(start, start + number)]


def keep_days(found, **kwargs):
    return save_many(
        found, actor=SYSTEM, verb_created="holiday.created", verb_updated="holiday.updated", reason="Import", **kwargs
    )


def test_many_rows_leave_what_each_of_them_would(admin):
    entries = Entry.objects.count()
    assert keep_days(days(5), refs={"file": 3}) == (5, 0)
    stored = list(Holiday.objects.order_by("day"))
    stored[1].name, stored[3].name = "Moved", "Moved too"
    assert keep_days([*stored, *days(2, start=10)]) == (2, 2)
    told = list(Entry.objects.order_by("id"))[entries:]
    assert [entry.verb for entry in told] == ["holiday.created"] * 7 + ["holiday.updated"] * 2
    assert told[-2].facts["changes"] == {"name": ["Day 1", "Moved"]}
    assert told[0].facts["refs"] == {"file": 3}
    keep_days(days(2, start=20), refs=lambda day: {"holiday": day.pk})
    last = list(Entry.objects.order_by("id"))[-2:]
    assert [entry.facts["refs"] for entry in last] == [{"holiday": int(entry.object_id)} for entry in last]
    assert all(history_holds(entry) and entry.mac == leaf.mac_of(entry) for entry in told)
    assert Holiday.objects.get(pk=stored[1].pk).version == 2
    assert Holiday.history.count() == 11
    assert {version.history_change_reason for version in Holiday.history.all()} == {"Import"}


def test_many_rows_are_all_or_nothing():
    keep_days(days(2))
    entries = Entry.objects.count()
    with pytest.raises(IntegrityError):
        keep_days([*days(3, start=10), *days(1)], chunk=2)
    assert (Holiday.objects.count(), Holiday.history.count(), Entry.objects.count()) == (2, 2, entries)


def test_queries_a_chunk_are_constant():
    keep_days(days(60))

    def cost(number):
        stored = list(Holiday.objects.order_by("id")[:number])
        for row in stored:
            row.name = f"{row.name} again"
        with CaptureQueriesContext(connection) as queries:
            keep_days(stored)
        return len(queries)

    assert cost(3) == cost(30)


def test_writing_past_the_save_path_is_refused():
    kept = holiday()
    for write in (
        lambda: Holiday.objects.update(name="x"),
        lambda: Holiday.objects.bulk_create([Holiday(name="x", day="2026-01-01")]),
        lambda: Holiday.objects.bulk_update([kept], ["name"]),
        lambda: Holiday.objects.filter(pk=kept.pk).delete(),
        lambda: Holiday.objects.live().update(name="x"),
        kept.delete,
    ):
        with pytest.raises(Unaudited):
            write()
    assert Holiday.objects.get().name == "Founders' day"
    with audited_bulk("A migration of names"):
        Holiday.objects.update(name="x")
    with pytest.raises(ValueError, match="reason"), audited_bulk(""):
        pass


def test_rows_as_they_stood(time_machine):
    time_machine.move_to(datetime(2026, 1, 1, tzinfo=UTC), tick=False)
    kept = holiday("First")
    time_machine.move_to(datetime(2026, 2, 1, tzinfo=UTC), tick=False)
    kept.name = "Second"
    save(kept, actor=SYSTEM, verb="holiday.updated")
    other = holiday("Other", "2026-06-01")

    def names(moment):
        return sorted(row.name for row in rows(Holiday, datetime.fromisoformat(f"{moment}+00:00")))

    assert names("2025-12-31T00:00") == []
    assert names("2026-01-01T00:00") == ["First"]
    assert names("2026-01-31T23:59:59") == ["First"]
    assert names("2026-02-01T00:00") == ["Other", "Second"]
    assert sorted(row.id for row in rows(Holiday, datetime(2026, 3, 1, tzinfo=UTC))) == [kept.pk, other.pk]
    then = thaw(rows(Holiday, datetime(2026, 1, 15, tzinfo=UTC)).get())
    assert (type(then), then.pk, then.name, then.version) == (Holiday, kept.pk, "First", 1)


def test_a_row_thawed_from_the_past_cannot_be_saved_over_the_present():
    kept = holiday("First")
    kept.name = "Second"
    save(kept, actor=SYSTEM, verb="holiday.updated")
    then = thaw(Holiday.history.earliest("history_id"))
    then.name = "Third"
    with pytest.raises(Stale):
        save(then, actor=SYSTEM, verb="holiday.updated")
