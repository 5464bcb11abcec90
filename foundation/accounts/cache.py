"""What all processes of an installation count together: attempts to sign in, requests of a token, codes that were used.

Django's own cache in the database unpickles what it reads, so that whoever writes its table runs code in the program.
This one keeps JSON in the same table, and forgets nothing before its time: a limit must not be flushed by filling it.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.db import BaseDatabaseCache
from django.db import connection

FOR_EVER: Final = datetime(9999, 12, 31, tzinfo=UTC)
PUT: Final = (
    'INSERT INTO "{table}" (cache_key, value, expires) VALUES (%s, %s, %s) '
    "ON CONFLICT (cache_key) DO UPDATE SET value = excluded.value, expires = excluded.expires"
)


class JsonCache(BaseDatabaseCache):
    """A cache of JSON values in the database table `LOCATION`, which `createcachetable` makes. One statement a call.

    Takes what JSON can hold; raises TypeError for anything else.
    """

    _table: str

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        found = self._run(
            'SELECT value FROM "{table}" WHERE cache_key = %s AND expires > %s',
            [self._key(key, version), self._moment()],
        )
        return json.loads(found[0][0]) if found else default

    def set(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        self._run(PUT, [self._key(key, version), json.dumps(value), self._end(timeout)])

    def add(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        """Store a value that is not there, or whose time is over; of two at once one is told True."""
        values = [self._key(key, version), json.dumps(value), self._end(timeout), self._moment()]
        return bool(self._run(PUT + ' WHERE "{table}".expires <= %s RETURNING cache_key', values))

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        """Add to a whole number; of two at once none is lost. Raises ValueError where there is none."""
        found = self._run(
            'UPDATE "{table}" SET value = CAST(CAST(value AS BIGINT) + %s AS TEXT) '
            "WHERE cache_key = %s AND expires > %s RETURNING value",
            [delta, self._key(key, version), self._moment()],
        )
        if not found:
            raise ValueError(f"Key {key!r} not found.")
        return int(found[0][0])

    def touch(self, key: str, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        values = [self._end(timeout), self._key(key, version), self._moment()]
        return bool(
            self._run(
                'UPDATE "{table}" SET expires = %s WHERE cache_key = %s AND expires > %s RETURNING cache_key', values
            )
        )

    def delete(self, key: str, version: int | None = None) -> bool:
        return bool(
            self._run('DELETE FROM "{table}" WHERE cache_key = %s RETURNING cache_key', [self._key(key, version)])
        )

    def clear(self) -> None:
        self._run('DELETE FROM "{table}"')

    def clear_expired(self) -> None:
        """Remove what is over; nothing reads it any more."""
        self._run('DELETE FROM "{table}" WHERE expires <= %s', [self._moment()])

    def _run(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(sql.format(table=self._table), values)
            return cursor.fetchall() if cursor.description else []

    def _key(self, key: str, version: int | None) -> str:
        return self.make_and_validate_key(key, version=version)

    def _moment(self) -> Any:
        return connection.ops.adapt_datetimefield_value(datetime.now(UTC))

    def _end(self, timeout: Any) -> Any:
        seconds = self.get_backend_timeout(timeout)
        moment = FOR_EVER if seconds is None else datetime.fromtimestamp(seconds, UTC)
        return connection.ops.adapt_datetimefield_value(moment)
