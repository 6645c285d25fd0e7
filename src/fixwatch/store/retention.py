"""Retention: days of the log that are old are dropped, a partition at a time, while everybody goes on.

A partition is detached CONCURRENTLY: readers that are in it finish, nobody new comes in, nobody waits. What was
dropped is written down first (`log_dropped`, `log_begins`), so that a verification does not take it for lost.
Folds stay.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, LiteralString

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from fixwatch.errors import DatabaseError
from fixwatch.store.sql import load

_SQL: Final = load("retention")

#: What one try waits for a lock. Whoever asks for the partition meanwhile waits as long, so it is short.
_LOCK_TIMEOUT: Final = "SET lock_timeout = '2s'"
#: Seconds between two tries, and how often it is tried: five minutes, longer than any reader of ours.
_PAUSE: Final = 1.0
_TRIES: Final = 100


@dataclass(frozen=True, slots=True)
class OldPartition:
    """A partition of the log that is old enough to go; no times where it is detached already."""

    nspname: str
    relname: str
    first_time: datetime | None
    end_time: datetime | None
    bytes: int
    attached: bool
    detaching: bool

    @property
    def identifier(self) -> sql.Identifier:
        """Its name, for statements."""
        return sql.Identifier(self.nspname, self.relname)


def old_partitions(connection: psycopg.Connection, days: int) -> list[OldPartition]:
    """The partitions that hold nothing of today (UTC) and of the `days` days before, oldest first.

    Those that an earlier retention was killed in are among them.
    """
    with connection.cursor(row_factory=class_row(OldPartition)) as cursor:
        return cursor.execute(_SQL["old_partitions"], {"days": days}).fetchall()


def count_messages(connection: psycopg.Connection, partition: OldPartition) -> tuple[int, datetime | None]:
    """How many messages a partition holds, and the latest Kafka timestamp of them. Reads all of it."""
    row = connection.execute(_on(partition, "count_partition")).fetchone()
    assert row is not None  # noqa: S101  (an aggregate is one row)
    return row


def drop_old(
    connection: psycopg.Connection, days: int, on_wait: Callable[[str], None] = lambda _: None
) -> Iterator[tuple[OldPartition, int]]:
    """Drop the partitions of `old_partitions`, and yield each with its count of messages once it is gone.

    The connection is in autocommit mode and holds the log (`hold_log`). `on_wait` is told the name of a
    partition that somebody is still reading.

    Raises:
        DatabaseError: a reader did not leave a partition in five minutes. The next retention goes on from there.
    """
    connection.execute(_LOCK_TIMEOUT)
    for partition in old_partitions(connection, days):
        messages, last_kafka_time = count_messages(connection, partition)
        if partition.attached:
            with connection.transaction():
                connection.execute(_on(partition, "record_begins"))
                connection.execute(
                    _SQL["record_dropped"],
                    {
                        "first_time": partition.first_time,
                        "end_time": partition.end_time,
                        "messages": messages,
                        "bytes": partition.bytes,
                        "last_kafka_time": last_kafka_time,
                    },
                )
                connection.execute(_on(partition, "mark"))
            _patiently(lambda of=partition: _detach(connection, of), partition, on_wait)  # type: ignore[misc]
        _patiently(lambda of=partition: connection.execute(_on(of, "drop")), partition, on_wait)  # type: ignore[misc]
        yield partition, messages


def _detach(connection: psycopg.Connection, partition: OldPartition) -> None:
    name = partition.identifier.as_string(connection)
    found = connection.execute(_SQL["is_detaching"], {"name": name}).fetchone()
    if found is not None:
        # A try that ran out of time has begun: what it lacks is the end.
        connection.execute(_on(partition, "finish_detaching" if found[0] else "detach"))


def _patiently(step: Callable[[], object], partition: OldPartition, on_wait: Callable[[str], None]) -> None:
    for _ in range(_TRIES):
        try:
            step()
        except psycopg.errors.LockNotAvailable:
            on_wait(partition.relname)
            time.sleep(_PAUSE)
        else:
            return
    raise DatabaseError(
        f"Somebody has been reading {partition.relname} for minutes: see pg_stat_activity for long transactions, "
        "end them, and run this again."
    )


def _on(partition: OldPartition, statement: LiteralString) -> sql.Composed:
    return sql.SQL(_SQL[statement]).format(partition=partition.identifier)
