"""The system itself, read: ingesters, streams, batches, gaps, sizes, in bounded time."""

from __future__ import annotations

from typing import Final

from fixwatch.store import system_views as views
from fixwatch.store.asking import every, first, only
from fixwatch.store.read_pool import ReadPool
from fixwatch.store.sql import load

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
                ingesters=every(connection, views.KnownIngester, _SQL["ingesters"], {"limit": _MOST}),
                streams=every(connection, views.Stream, _SQL["streams"], {"limit": _MOST}),
                batch_steps=every(connection, views.BatchStep, _SQL["batch_steps"], steps),
                batch_step_seconds=_STEP_SECONDS,
                batches=only(connection, views.BatchFigures, _SQL["batch_figures"]),
                gaps=every(connection, views.OffsetGap, _SQL["gaps"], {"limit": _MOST}),
                rebuilds_due=every(connection, views.RebuildDue, _SQL["rebuilds_due"]),
                dropped=only(connection, views.Dropped, _SQL["dropped"]),
            )

    def storage(self) -> views.Storage:
        """Sizes; at most 500 days of the log."""
        with self._pool.snapshot() as connection:
            return views.Storage(
                database=only(connection, views.Database, _SQL["database"]),
                log_partitions=every(
                    connection, views.LogPartition, _SQL["log_partitions"], {"limit": _MOST}
                ),
                tables=every(connection, views.TableSize, _SQL["tables"], {"limit": 100}),
            )

    def streams(self) -> tuple[views.Stream, ...]:
        """The streams, the present incarnation of each topic first; at most 500."""
        with self._pool.snapshot() as connection:
            return every(connection, views.Stream, _SQL["streams"], {"limit": _MOST})

    def gaps(self) -> tuple[views.OffsetGap, ...]:
        """Offsets that are not in the log and never will be, the last noticed first; at most 500."""
        with self._pool.snapshot() as connection:
            return every(connection, views.OffsetGap, _SQL["gaps"], {"limit": _MOST})

    def gap_at(self, stream_id: int, kafka_offset: int) -> views.OffsetGap | None:
        """The gap of the log that an offset is in; None where it is in none."""
        place = {"stream_id": stream_id, "kafka_offset": kafka_offset}
        with self._pool.snapshot() as connection:
            return first(connection, views.OffsetGap, _SQL["gap_at"], place)

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
            return every(connection, views.MessageStep, _SQL["message_steps"], of)
