"""The database itself refuses to rewrite the trail: in raw SQL, on whichever database the suite runs."""

from contextlib import contextmanager

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import DatabaseError, connection, models, transaction

from foundation.organisation.models import Organisation
from foundation.trail import guards
from foundation.trail.keep import save
from foundation.trail.models import Entry
from foundation.trail.origin import origin
from foundation.trail.record import SYSTEM, record

pytestmark = pytest.mark.django_db

on_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite alone has OR REPLACE")
on_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL alone has it")

# column → another value that it could be given
LEAF = {
    "id": "id + 1000000",
    "at": "at + 1",
    "actor_kind": "'user'",
    "actor_id": "7",
    "via": "'page'",
    "verb": "'page.read'",
    "object_type": "'controls.control'",
    "object_id": "'7'",
    "outcome": "'failed'",
    "request_id": "'x'",
    "detail": "'{}'",
    "mac": "'x'",
}


def run(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.rowcount


@contextmanager
def refused(message="append-only"):
    """The block's statement is refused by a guard, and nothing of it stays."""
    with pytest.raises(DatabaseError, match=message), transaction.atomic():
        yield


@pytest.fixture
def entry():
    with transaction.atomic(), origin(ip="203.0.113.9", user_agent="Browser"):
        return record("demo.loaded", SYSTEM)


def stored(entry):
    return Entry.objects.filter(pk=entry.pk).values().get()


@pytest.mark.parametrize("column", LEAF)
def test_no_column_of_the_leaf_can_be_changed(entry, column):
    before = stored(entry)
    with refused():
        run(f"UPDATE trail_entry SET {column} = {LEAF[column]} WHERE id = {entry.pk}")
    with refused():  # nor under cover of an erasure
        run(f"UPDATE trail_entry SET {column} = {LEAF[column]}, private = NULL, ip = NULL WHERE id = {entry.pk}")
    assert stored(entry) == before


def test_every_column_is_guarded():
    assert {field.column for field in Entry._meta.concrete_fields} == {*LEAF, "private", "ip"}


@pytest.mark.parametrize(
    "change",
    [
        "private = NULL",  # the copy of the address would stay
        "ip = NULL",
        "private = '{}', ip = NULL",
        "private = NULL, ip = '203.0.113.10'",
    ],
)
def test_the_personal_part_is_erased_whole_or_not_at_all(entry, change):
    before = stored(entry)
    with refused():
        run(f"UPDATE trail_entry SET {change} WHERE id = {entry.pk}")
    assert stored(entry) == before


def test_the_personal_part_can_be_erased_and_never_be_written_again(entry):
    before = stored(entry)
    assert run(f"UPDATE trail_entry SET private = NULL, ip = NULL WHERE id = {entry.pk}") == 1
    assert stored(entry) == before | {"private": None, "ip": None}
    with refused():
        run(f"UPDATE trail_entry SET private = '{{}}' WHERE id = {entry.pk}")
    with refused():
        run(f"UPDATE trail_entry SET ip = '203.0.113.9' WHERE id = {entry.pk}")


def test_no_entry_can_be_deleted(entry):
    with refused():
        run(f"DELETE FROM trail_entry WHERE id = {entry.pk}")
    with refused():
        run("DELETE FROM trail_entry")
    with refused():
        entry.delete()
    assert Entry.objects.filter(pk=entry.pk).exists()


@on_sqlite
@pytest.mark.parametrize("how", ["INSERT OR REPLACE", "REPLACE", "INSERT OR IGNORE"])
def test_no_entry_can_be_replaced(entry, how):
    names = ", ".join(str(field.column) for field in Entry._meta.concrete_fields)
    values = names.replace("verb", "'page.read'")
    with refused():
        run(f"{how} INTO trail_entry ({names}) SELECT {values} FROM trail_entry WHERE id = {entry.pk}")
    with refused():
        run(f"UPDATE OR REPLACE trail_entry SET id = {entry.pk} WHERE id <> {entry.pk} OR id = {entry.pk}")
    assert stored(entry)["verb"] == "demo.loaded"


@on_sqlite
def test_no_entry_can_be_changed_by_an_upsert(entry):
    names = ", ".join(str(field.column) for field in Entry._meta.concrete_fields)
    with refused():
        run(
            f"INSERT INTO trail_entry ({names}) SELECT {names} FROM trail_entry WHERE id = {entry.pk} "
            "ON CONFLICT (id) DO UPDATE SET verb = 'page.read'"
        )


@on_postgresql
def test_no_entry_can_be_changed_by_an_upsert_on_postgresql(entry):
    names = ", ".join(str(field.column) for field in Entry._meta.concrete_fields)
    with refused():
        run(
            f"INSERT INTO trail_entry ({names}) SELECT {names} FROM trail_entry WHERE id = {entry.pk} "
            "ON CONFLICT (id) DO UPDATE SET verb = 'page.read'"
        )


@on_postgresql
def test_the_trail_cannot_be_truncated(entry):
    with refused():
        run("TRUNCATE trail_entry")
    with refused():
        run("TRUNCATE trail_entry, accounts_session CASCADE")
    assert Entry.objects.filter(pk=entry.pk).exists()


@on_postgresql
def test_a_session_that_plays_replica_is_refused_too(entry):
    run("SET LOCAL session_replication_role = replica")
    with refused():
        run(f"UPDATE trail_entry SET verb = 'page.read' WHERE id = {entry.pk}")
    with refused():
        run(f"DELETE FROM trail_entry WHERE id = {entry.pk}")
    with refused():
        run("TRUNCATE trail_entry")


def test_appending_stays_possible(entry):
    with transaction.atomic():
        another = record("demo.loaded", SYSTEM)
    assert another.pk > entry.pk


# ---- the organisation's mark ---------------------------------------------------------------------------------------


@pytest.fixture
def demo():
    return save(Organisation(name="Example", is_demo=True), actor=SYSTEM, verb="organisation.created")


def test_a_demo_stays_a_demo(demo):
    with refused("stays a demo"):
        run("UPDATE organisation_organisation SET is_demo = (1 = 0)")
    with refused("stays a demo"):
        demo.is_demo = False
        save(demo, actor=SYSTEM, verb="organisation.updated")
    with refused("cannot be removed"):
        run("DELETE FROM organisation_organisation")
    assert Organisation.objects.get().is_demo


@on_sqlite
def test_the_mark_is_not_lost_by_replacing_the_row(demo):
    names = ", ".join(str(field.column) for field in Organisation._meta.concrete_fields)
    values = names.replace("is_demo", "0")
    with refused("cannot be removed"):
        run(
            f"INSERT OR REPLACE INTO organisation_organisation ({names}) SELECT {values} FROM organisation_organisation"
        )
    assert Organisation.objects.get().is_demo


def test_the_rest_of_the_organisation_can_be_changed(demo):
    demo.name = "Example Ltd"
    save(demo, actor=SYSTEM, verb="organisation.updated")
    assert Organisation.objects.get().name == "Example Ltd"


# ---- standing, missing, back again ---------------------------------------------------------------------------------


def names_of_trail_guards():
    return {guard.name for guard in guards.all_guards(connection.vendor) if guard.table == "trail_entry"}


def test_all_guards_stand_after_migrations():
    assert guards.missing(connection) == []
    assert guards.check_guards(databases=["default"]) == []
    assert len(names_of_trail_guards()) == 3


@pytest.mark.parametrize("event", ["UPDATE", "DELETE"])
def test_a_dropped_guard_is_reported_and_put_back(entry, event):
    name = f"guard_trail_entry_{event.lower()}"
    run(guards.Guard("trail_entry", event, "").drop(connection.vendor))
    assert guards.missing(connection) == [name]
    [warning] = guards.check_guards(databases=["default"])
    assert name in warning.msg
    guards.install(connection)
    assert guards.missing(connection) == []
    with refused():
        run("DELETE FROM trail_entry")


def test_a_guard_that_was_made_harmless_is_reported():
    """The name alone proves nothing: whoever can drop a trigger can put one up that refuses nothing."""
    harmless = guards.Guard("trail_entry", "DELETE", "The trail is append-only.", "1 = 0")
    for statement in harmless.create(connection.vendor):
        run(statement)
    assert guards.missing(connection) == ["guard_trail_entry_delete"]


@on_postgresql
@pytest.mark.parametrize(
    "harm",
    [
        "ALTER TABLE trail_entry DISABLE TRIGGER guard_trail_entry_delete",
        "ALTER TABLE trail_entry ENABLE TRIGGER guard_trail_entry_delete",  # no longer ALWAYS
        (
            "CREATE OR REPLACE FUNCTION guard_trail_entry_delete() RETURNS trigger LANGUAGE plpgsql "
            "AS $$BEGIN RETURN OLD; END$$"
        ),
        (
            "DROP TRIGGER guard_trail_entry_delete ON trail_entry; CREATE TRIGGER guard_trail_entry_delete "
            "BEFORE DELETE ON trail_entry FOR EACH ROW WHEN (false) EXECUTE FUNCTION guard_trail_entry_delete(); "
            "ALTER TABLE trail_entry ENABLE ALWAYS TRIGGER guard_trail_entry_delete"
        ),
    ],
)
def test_a_guard_that_was_switched_off_is_reported(harm):
    run(harm)
    assert guards.missing(connection) == ["guard_trail_entry_delete"]


def test_a_guard_on_a_table_that_does_not_exist_yet_is_not_missed(monkeypatch):
    later = guards.Guard("trail_later", "DELETE", "The trail is append-only.")
    assert later.table not in connection.introspection.table_names()
    monkeypatch.setattr(apps.get_app_config("trail"), "guards", (*guards.TRAIL_GUARDS, later))
    guards.install(connection)
    assert guards.missing(connection) == []


def test_lifting_ends_even_when_its_block_fails(entry):
    with pytest.raises(ZeroDivisionError), guards.lifted(connection):  # noqa: PT012
        run(f"UPDATE trail_entry SET verb = 'page.read' WHERE id = {entry.pk}")
        raise ZeroDivisionError
    assert guards.missing(connection) == []


@pytest.mark.django_db(transaction=True)
def test_a_migration_that_rebuilds_the_table_leaves_it_guarded():
    """On SQLite an altered column means a new table, without the triggers of the old one (verified here)."""
    with transaction.atomic():
        entry = record("demo.loaded", SYSTEM)
    old = Entry._meta.get_field("request_id")
    new = models.CharField(max_length=45, blank=True)
    new.set_attributes_from_name("request_id")
    new.model = Entry
    with connection.schema_editor() as editor:
        editor.alter_field(Entry, old, new)
    try:
        if connection.vendor == "sqlite":
            assert set(guards.missing(connection)) == names_of_trail_guards()
        call_command("migrate", verbosity=0)
        assert guards.missing(connection) == []
        with refused():
            run(f"UPDATE trail_entry SET request_id = 'x' WHERE id = {entry.pk}")
        with refused():
            run(f"DELETE FROM trail_entry WHERE id = {entry.pk}")
    finally:
        with connection.schema_editor() as editor:
            editor.alter_field(Entry, new, old)
        guards.install(connection)


@pytest.mark.django_db(transaction=True)
def test_the_flush_between_tests_leaves_the_guards_up_first_half():
    with transaction.atomic():
        record("demo.loaded", SYSTEM)
    assert guards.missing(connection) == []


@pytest.mark.django_db(transaction=True)
def test_the_flush_between_tests_leaves_the_guards_up_second_half():
    assert not Entry.objects.exists()
    assert guards.missing(connection) == []
