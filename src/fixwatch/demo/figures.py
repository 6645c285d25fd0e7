"""What the database says of the run that goes on: for the terminal, and to know when all of it is stored."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

import psycopg
from psycopg.rows import class_row

from fixwatch.store.connection import connect
from fixwatch.store.sql import load

_SQL: Final = load("figures", "fixwatch.demo")
#: A busy database must not hold the terminal up.
_STATEMENT_TIMEOUT_MS: Final = 2_000


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts of messages and trades; all but `stored_in_all` are of this run.

    `messages_per_second` and `latency_ms` (p95 of produced to stored; None: nothing was) are of the last ten
    seconds.
    """

    stored_in_all: int
    stored: int
    lag: int
    messages_per_second: int
    latency_ms: int | None
    trades: int
    rejected: int
    garbled: int


class RunReader:
    """Reads the figures of one run, over a connection that it makes anew when it breaks."""

    def __init__(self, database_url: str, topic_id: str) -> None:
        self._database_url = database_url
        # The rollups are by minute of the clock.
        since = datetime.now(UTC).replace(second=0, microsecond=0)
        self._parameters = {"topic_id": topic_id, "since": since}
        self._connection: psycopg.Connection | None = None
        #: What an earlier run left in the minute that this one began in.
        self._before: Figures | None = None

    def figures(self) -> Figures | None:
        """The figures now; None where the database does not say. Call it before anything is stored."""
        try:
            cursor = self._open().cursor(row_factory=class_row(Figures))
            now = cursor.execute(_SQL["figures"], self._parameters).fetchone()
        except psycopg.Error:
            self.close()
            return None
        if now is None:
            return None
        before = self._before = self._before or now
        return replace(
            now,
            trades=now.trades - before.trades,
            rejected=now.rejected - before.rejected,
            garbled=now.garbled - before.garbled,
        )

    def next_offsets(self) -> dict[int, int] | None:
        """The offset behind the last stored record, by partition; None where the database does not say."""
        try:
            return dict(self._open().execute(_SQL["offsets"], self._parameters).fetchall())
        except psycopg.Error:
            self.close()
            return None

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self) -> psycopg.Connection:
        if self._connection is None:
            connection = connect(self._database_url, application_name="fixwatch demo", autocommit=True)
            connection.execute(f"SET statement_timeout = {_STATEMENT_TIMEOUT_MS}")
            self._connection = connection
        return self._connection
