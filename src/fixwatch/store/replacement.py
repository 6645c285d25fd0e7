"""Recomputed rows take the place of stored ones, all tables in one transaction."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import psycopg
from psycopg import sql

from fixwatch.errors import DatabaseError
from fixwatch.store.folds import FOLDS, IDENTITIES
from fixwatch.store.shadow import Shadow
from fixwatch.store.sql import load
from fixwatch.store.whole_tables import WholeTable, whole_tables

_SQL: Final = load("replacement")

#: Ingesters that come while we wait for one batch wait behind us, so a try is short.
_LOCK_TIMEOUT: Final = "SET LOCAL lock_timeout = '3s'"
#: Tries, and seconds between two of them.
_TRIES, _PAUSE = 20, 1.0


@dataclass(frozen=True, slots=True)
class Replaced:
    """What became of one table's rows."""

    table: str
    changed: int
    added: int
    removed: int


@contextmanager
def writers_stopped(connection: psycopg.Connection, live: str) -> Iterator[None]:
    """Let no batch begin until the block ends; those that had begun are committed. Readers notice nothing.

    Raises:
        DatabaseError: a batch did not end within a minute.
    """
    with connection.transaction():
        connection.execute(_LOCK_TIMEOUT)
        for _ in range(_TRIES):
            try:
                with connection.transaction():
                    connection.execute(sql.SQL(_SQL["stop_writers"]).format(live=sql.Identifier(live)))
                break
            except psycopg.errors.LockNotAvailable:
                time.sleep(_PAUSE)
        else:
            raise DatabaseError(
                "A batch has been written for a minute and does not end: see pg_stat_activity for what holds it "
                "up, and run this again. Nothing was changed."
            )
        yield


def replace_all(shadow: Shadow) -> list[Replaced]:
    """Make the log's derived columns and every fold what the shadow says. Writers are stopped meanwhile."""
    done: list[Replaced] = []
    with whole_tables(shadow) as floor:
        messages = WholeTable(shadow, "messages", live=True)
        changed = shadow.connection.execute(messages.format(_SQL["replace_log"])).rowcount
        done.append(Replaced("messages", changed, 0, 0))
        for name in FOLDS:
            table = WholeTable(shadow, name, live=True)
            if name in IDENTITIES:
                statement = table.format(_SQL["replace_figures"])
                done.append(Replaced(name, shadow.connection.execute(statement, floor).rowcount, 0, 0))
            else:
                found = shadow.connection.execute(table.format(_SQL["replace"]), floor).fetchone()
                done.append(Replaced(name, *(found or (0, 0, 0))))
        shadow.connection.execute(messages.format(_SQL["rebuilt"]))
    return done
