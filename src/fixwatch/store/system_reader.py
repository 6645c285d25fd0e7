"""The system itself, read: ingesters, streams, batches, gaps, sizes, in bounded time."""

from __future__ import annotations

from typing import Any, Final, TypeVar

import psycopg
from psycopg.rows import class_row

from fixwatch.store import system_views as views
from fixwatch.store.read_pool import ReadPool
from fixwatch.store.sql import load

_Row = TypeVar("_Row")
_SQL: Final = load("system_reads")

_MOST: Final = 500
_HISTORY_MINUTES: Final = 10
_STEP_SECONDS: Final = 5


class SystemReader:
    """Reads through a pool that somebody else owns; safe to share between threads.

    Every method raises `DatabaseError` when the database is not there, or takes longer than 3 s.
    """

    def __init__(self, pool: ReadPool) -> None:
        self._pool = pool

    def system(self) -> views.System:
        """What changes from second to second; at most 500 of each thing."""
        steps = {"minutes": _HISTORY_MINUTES, "step_seconds": _STEP_SECONDS}
        with self._pool.snapshot() as connection:
            return views.System(
                ingesters=_rows(connection, views.IngesterRow, "ingesters", {"limit": _MOST}),
                streams=_rows(connection, views.Stream, "streams", {"limit": _MOST}),
                batch_steps=_rows(connection, views.BatchStep, "batch_steps", steps),
                batch_step_seconds=_STEP_SECONDS,
                batches=_rows(connection, views.BatchFigures, "batch_figures")[0],
                gaps=_rows(connection, views.OffsetGap, "gaps", {"limit": _MOST}),
                rebuilds_due=_rows(connection, views.RebuildDue, "rebuilds_due"),
                dropped=_rows(connection, views.Dropped, "dropped")[0],
            )

    def storage(self) -> views.Storage:
        """Sizes; at most 500 days of the log."""
        with self._pool.snapshot() as connection:
            return views.Storage(
                database=_rows(connection, views.Database, "database")[0],
                log_partitions=_rows(connection, views.LogPartition, "log_partitions", {"limit": _MOST}),
                tables=_rows(connection, views.TableSize, "tables", {"limit": 100}),
            )

    def streams(self) -> tuple[views.Stream, ...]:
        """The streams, the present incarnation of each topic first; at most 500."""
        with self._pool.snapshot() as connection:
            return _rows(connection, views.Stream, "streams", {"limit": _MOST})

    def gap_at(self, stream_id: int, kafka_offset: int) -> views.OffsetGap | None:
        """The gap of the log that an offset is in; None where it is in none."""
        place = {"stream_id": stream_id, "kafka_offset": kafka_offset}
        with self._pool.snapshot() as connection:
            return next(iter(_rows(connection, views.OffsetGap, "gap_at", place)), None)

    def begin_of(self, stream_id: int) -> int:
        """The first offset that retention has not dropped."""
        with self._pool.snapshot() as connection:
            row = connection.execute(_SQL["begin_of"], {"stream_id": stream_id}).fetchone()
            return 0 if row is None else int(row[0])

    def message_steps(
        self, session_id: int, minutes: int, step_minutes: int
    ) -> tuple[views.MessageStep, ...]:
        """What one direction of a session sent in the last `minutes`."""
        of = {"session_id": session_id, "minutes": minutes, "step_minutes": step_minutes}
        with self._pool.snapshot() as connection:
            return _rows(connection, views.MessageStep, "message_steps", of)


def _rows(
    connection: psycopg.Connection[Any],
    row: type[_Row],
    name: str,
    parameters: dict[str, Any] | None = None,
) -> tuple[_Row, ...]:
    with connection.cursor(row_factory=class_row(row)) as cursor:
        return tuple(cursor.execute(_SQL[name], parameters))
