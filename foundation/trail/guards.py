"""Guards in the database itself: triggers that refuse to rewrite the past, whoever is connected (trail design §2.6).

They are installed by a migration, installed again after every migration (on SQLite an altered table silently loses
its triggers), and missed aloud by every `manage.py migrate` and `check --database default`.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Literal

from django.apps import apps
from django.core import checks
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper


@dataclass(frozen=True)
class Guard:
    """One trigger: on `event` of `table` it refuses with `message` where the SQL condition `when` holds (OLD, NEW).

    An app lists its guards in its AppConfig as `guards`. TRUNCATE exists on PostgreSQL alone and takes no condition.
    """

    table: str
    event: Literal["INSERT", "UPDATE", "DELETE", "TRUNCATE"]
    message: str
    when: str = ""

    @property
    def name(self) -> str:
        return f"guard_{self.table}_{self.event.lower()}"

    def create(self, vendor: str) -> list[str]:
        """The statements that put it there, replacing an older one."""
        if vendor == "postgresql":
            each = "FOR EACH STATEMENT" if self.event == "TRUNCATE" else "FOR EACH ROW"
            return [
                f"CREATE OR REPLACE FUNCTION {self.name}() RETURNS trigger LANGUAGE plpgsql AS $${self._body()}$$",
                f"DROP TRIGGER IF EXISTS {self.name} ON {self.table}",
                f"CREATE TRIGGER {self.name} BEFORE {self.event} ON {self.table} {each} EXECUTE FUNCTION {self.name}()",
                # ALWAYS: session_replication_role = replica would switch an ordinary trigger off
                f"ALTER TABLE {self.table} ENABLE ALWAYS TRIGGER {self.name}",
            ]
        return [f"DROP TRIGGER IF EXISTS {self.name}", self._sqlite()]

    def standing(self, vendor: str) -> str:
        """What the database shows of it (STANDING) when it stands as it was written."""
        if vendor == "postgresql":
            return f"{self.table} {EVENTS[self.event] + BEFORE + (self.event != 'TRUNCATE')} {self._body()}"
        return self._sqlite()

    def _sqlite(self) -> str:
        # before 3.39 it writes IS NOT DISTINCT FROM as IS; both mean the same by it
        when = f"WHEN {self.when.replace('IS NOT DISTINCT FROM', 'IS')} " if self.when else ""
        return (
            f"CREATE TRIGGER {self.name} BEFORE {self.event} ON {self.table} FOR EACH ROW {when}"
            f"BEGIN SELECT RAISE(ABORT, '{self.message}'); END"
        )

    def _body(self) -> str:
        """What PostgreSQL runs. The condition stands in here, because PostgreSQL keeps this text as it was written."""
        refuse = f"RAISE EXCEPTION '{self.message}' USING ERRCODE = 'integrity_constraint_violation';"
        if not self.when:
            return f"BEGIN {refuse} END"
        return f"BEGIN IF {self.when} THEN {refuse} END IF; RETURN {'OLD' if self.event == 'DELETE' else 'NEW'}; END"

    def drop(self, vendor: str) -> str:
        """The statement that takes it away."""
        on = f" ON {self.table}" if vendor == "postgresql" else ""
        return f"DROP TRIGGER IF EXISTS {self.name}{on}"


# ---- what the guards of an app are written in ------------------------------------------------------------------------


REWRITING: Final[tuple[Literal["UPDATE", "DELETE", "TRUNCATE"], ...]] = ("UPDATE", "DELETE", "TRUNCATE")


def same(columns: Sequence[str]) -> str:
    """The condition that an update leaves these columns as they are."""
    return " AND ".join(f"OLD.{column} IS NOT DISTINCT FROM NEW.{column}" for column in columns)


def written_once(message: str, *tables: str) -> tuple[Guard, ...]:
    """The guards of rows that nobody ever changes."""
    return tuple(Guard(table, event, message) for table in tables for event in REWRITING)


def stays(table: str, message: str, when: str) -> tuple[Guard, ...]:
    """The guards of rows that are never deleted, and whose update is refused where `when` holds."""
    return Guard(table, "UPDATE", message, when), Guard(table, "DELETE", message), Guard(table, "TRUNCATE", message)


def parts(message: str, whole: str, column: str, stands: str, *tables: str) -> tuple[Guard, ...]:
    """The guards of rows that belong to something signed: none is added, changed or deleted afterwards.

    whole: the table of what they belong to, which their `column` names. stands: when that is signed, as what follows
    its state ("= 'approved'").
    """

    def signed(row: str) -> str:
        return f"EXISTS (SELECT 1 FROM {whole} whole WHERE whole.id = {row}.{column} AND whole.state {stands})"  # noqa: S608

    return tuple(
        guard
        for table in tables
        for guard in (
            Guard(table, "INSERT", message, signed("NEW")),
            *stays(table, message, f"{signed('OLD')} OR {signed('NEW')}"),
        )
    )


# ---- those of the trail ----------------------------------------------------------------------------------------------


_LEAF_AND_MAC = (
    "id", "at", "actor_kind", "actor_id", "via", "verb", "object_type", "object_id", "outcome", "request_id", "detail",
    "mac",
)  # fmt: skip
_REFUSED: Final = "The trail is append-only."

TRAIL_GUARDS: Final = (
    # The one thing that may happen to an entry: its personal part is erased.
    *stays("trail_entry", _REFUSED, f"NOT ({same(_LEAF_AND_MAC)} AND NEW.private IS NULL AND NEW.ip IS NULL)"),
    *written_once("The sealed log is append-only.", "trail_block", "trail_key", "trail_anchor"),
)
# How PostgreSQL numbers what a trigger stands before; 1 is added for a trigger on each row.
EVENTS: Final = {"INSERT": 4, "DELETE": 8, "UPDATE": 16, "TRUNCATE": 32}
BEFORE: Final = 2
# The triggers of a database, and all that decides what each does: none may be switched off or narrowed.
STANDING: Final = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": """
        SELECT tgname, concat_ws(' ', relname, tgtype, prosrc)
        FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid JOIN pg_proc ON pg_proc.oid = tgfoid
        WHERE tgenabled = 'A' AND NOT tgisinternal AND tgqual IS NULL AND tgattr::text = ''""",
}


def all_guards(vendor: str) -> list[Guard]:
    """The guards that every app has listed, for a database of this vendor."""
    listed = [guard for config in apps.get_app_configs() for guard in getattr(config, "guards", ())]
    if vendor == "postgresql":
        return listed
    # INSERT OR REPLACE, which only SQLite has, would overwrite a row without firing its UPDATE and DELETE guards.
    messages = {guard.table: guard.message for guard in listed}
    replacing = [Guard(table, "INSERT", message, kept(table)) for table, message in messages.items()]
    inserting = {guard.table: guard for guard in listed if guard.event == "INSERT"}
    replacing = [either(inserting[one.table], one) if one.table in inserting else one for one in replacing]
    # SQLite has no TRUNCATE: a DELETE without a condition fires the DELETE guard.
    return [*replacing, *(guard for guard in listed if guard.event not in ("TRUNCATE", "INSERT"))]


def kept(table: str) -> str:
    """The condition that the row to be inserted stands there already."""
    return f"EXISTS (SELECT 1 FROM {table} AS kept WHERE kept.id = NEW.id)"  # noqa: S608 - a name of ours


def either(one: Guard, other: Guard) -> Guard:
    """One trigger that refuses what either of two would: there is one for each event of a table."""
    return Guard(one.table, one.event, one.message, f"({one.when}) OR {other.when}")


def check_rows(connection: BaseDatabaseWrapper) -> None:
    """Check foreign keys now: on PostgreSQL no trigger comes or goes on a table whose rows still wait for it."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def install(connection: BaseDatabaseWrapper) -> None:
    """Put up every guard whose table exists. Can be run again."""
    tables = set(connection.introspection.table_names())
    check_rows(connection)
    with connection.cursor() as cursor:
        for guard in all_guards(connection.vendor):
            if guard.table in tables:
                for statement in guard.create(connection.vendor):
                    cursor.execute(statement)


def remove(connection: BaseDatabaseWrapper) -> None:
    """Take every guard away: for the reverse of the migration, and for `lifted`."""
    tables = set(connection.introspection.table_names())
    check_rows(connection)
    with connection.cursor() as cursor:
        for guard in all_guards(connection.vendor):
            if guard.table in tables:
                cursor.execute(guard.drop(connection.vendor))


@contextmanager
def lifted(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Without guards for a block. Only the tests' flush may do this."""
    remove(connection)
    try:
        yield
    finally:
        install(connection)


@contextmanager
def refilling(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Without the guards of INSERT: what comes back from a backup was signed already. In its transaction, which ends
    with the guards in place, or is undone with all that it wrote.
    """
    listed = [guard for guard in all_guards(connection.vendor) if guard.event == "INSERT"]
    with connection.cursor() as cursor:
        for guard in listed:
            cursor.execute(guard.drop(connection.vendor))
        yield
        check_rows(connection)
        for guard in listed:
            for statement in guard.create(connection.vendor):
                cursor.execute(statement)


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """The names of guards that do not stand in this database as written (a table still to be made has none)."""
    tables = set(connection.introspection.table_names())
    with connection.cursor() as cursor:
        cursor.execute(STANDING[connection.vendor])
        standing = set(cursor.fetchall())
    expected = [guard for guard in all_guards(connection.vendor) if guard.table in tables]
    return [guard.name for guard in expected if (guard.name, guard.standing(connection.vendor)) not in standing]


class GuardsMissing(RuntimeError):
    """The database could be rewritten unseen: nothing may be served from it."""


def require(connection: BaseDatabaseWrapper) -> None:
    """Let a process start only where every guard stands as written. Raises GuardsMissing."""
    with connection.temporary_connection():
        gone = missing(connection)
    if gone:
        raise GuardsMissing(f"{', '.join(gone)}: run `manage.py prepare`, and find out who removed them.")


def check_guards(*, databases: Sequence[str] | None = None, **kwargs: Any) -> list[checks.CheckMessage]:
    """The system check: a warning for each guard that is gone (an error would keep `migrate` from putting it back)."""
    hint = "Find out who did that; `manage.py migrate` puts it back."
    return [
        checks.Warning(f"The database guard {name} is missing or altered.", id="trail.W001", hint=hint)
        for alias in databases or []
        for name in missing(connections[alias])
    ]
