"""Migrations: numbered `.sql` files, applied once each, in order, under a lock.

Any number of processes may call `migrate` at once: one applies, the others find it done.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

import psycopg

from fixwatch.errors import DatabaseError
from fixwatch.store.faults import outage

#: RETURNING OLD and NEW of an upsert, which the folds' rollups need, came with Postgres 18.
MINIMUM_SERVER_VERSION: Final = 180_000

_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtext('fixwatch.migrate'))"
_TABLE: Final = """
    CREATE TABLE IF NOT EXISTS schema_migrations (
        number     integer PRIMARY KEY,
        name       text NOT NULL,
        sha256     text NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT now()
    )
"""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file of `store/migrations`: `NNNN_name.sql`."""

    number: int
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        """The digest that is kept in the database, so that a file changed afterwards is noticed."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrations() -> list[Migration]:
    """Every migration that this version of fixwatch has, in order."""
    found = []
    for file in (files("fixwatch.store") / "migrations").iterdir():
        if file.name.endswith(".sql"):
            number, _, name = file.name.removesuffix(".sql").partition("_")
            found.append(Migration(int(number), name, file.read_text("utf-8")))
    return sorted(found, key=lambda migration: migration.number)


def applied(connection: psycopg.Connection) -> list[int]:
    """The numbers of the migrations that the database has."""
    row = connection.execute("SELECT to_regclass('schema_migrations') IS NOT NULL").fetchone()
    if row is None or not row[0]:
        return []
    return [
        number for (number,) in connection.execute("SELECT number FROM schema_migrations ORDER BY number")
    ]


def pending(connection: psycopg.Connection) -> list[Migration]:
    """The migrations that the database does not have yet.

    Raises:
        DatabaseError: the server is too old, or the database's migrations are not this version's.
    """
    if connection.info.server_version < MINIMUM_SERVER_VERSION:
        raise DatabaseError(
            f"Postgres {connection.info.server_version // 10_000} is too old: "
            f"fixwatch needs {MINIMUM_SERVER_VERSION // 10_000} or later."
        )
    known = migrations()
    have = set(applied(connection))
    newer = sorted(have - {migration.number for migration in known})
    if newer:
        raise DatabaseError(
            f"The database has migrations that this fixwatch does not know ({', '.join(map(str, newer))}): "
            "it was migrated by a newer version. Use that version."
        )
    if have:
        digests: dict[int, str] = dict(
            connection.execute("SELECT number, sha256 FROM schema_migrations").fetchall()
        )
        for migration in known:
            if digests.get(migration.number, migration.sha256) != migration.sha256:
                raise DatabaseError(
                    f"Migration {migration.number} ({migration.name}) was applied in another form than this "
                    "fixwatch has: the database belongs to another build. Use that build, or a fresh database."
                )
    return [migration for migration in known if migration.number not in have]


def migrate(connection: psycopg.Connection) -> list[Migration]:
    """Apply what is pending, all in one transaction, and return it.

    Raises:
        DatabaseError: as `pending`, or Postgres refused a migration.
        psycopg.Error: Postgres is not there, or takes nothing now: see `faults.outage`.
    """
    try:
        with connection.transaction():
            connection.execute(_LOCK)
            todo = pending(connection)
            connection.execute(_TABLE)
            for migration in todo:
                connection.execute(migration.sql)
                connection.execute(
                    "INSERT INTO schema_migrations (number, name, sha256) VALUES (%s, %s, %s)",
                    (migration.number, migration.name, migration.sha256),
                )
    except psycopg.Error as error:
        if outage(error):
            raise
        raise DatabaseError(f"A migration failed, nothing was changed: {error}") from error
    return todo
