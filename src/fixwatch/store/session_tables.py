"""The tables of sessions, as one batch's transaction reads and writes them: see `sessions.sql`.

Rows have the columns of the schemas of `ingest/sessions.py` that the parameters are named after.
"""

from __future__ import annotations

from typing import Final

import psycopg

from fixwatch.store.copy import Arrays
from fixwatch.store.sql import load

_SQL: Final = load("sessions")


class SessionTables:
    """`sessions`, `session_epochs`, `session_numbers` and `session_events`, through somebody else's cursor."""

    def __init__(self, cursor: psycopg.Cursor) -> None:
        self._cursor = cursor

    def merge_figures(self, figures: Arrays) -> None:
        """Add a batch's figures. From here on the sessions are locked: nobody else writes what is theirs."""
        self._cursor.execute(_SQL["lock_sessions"], figures.columns)
        self._cursor.execute(_SQL["merge_figures"], figures.columns)

    def read_numbers(
        self, touched: Arrays, resets: Arrays
    ) -> list[tuple[int, int | None, int | None, int | None, bytes | None]]:
        """What is stored of the numbers that a batch touches: see `Stored` of `ingest/sessions.py`."""
        of = touched.columns | resets.columns
        return self._cursor.execute(_SQL["read_numbers"], of, binary=True).fetchall()

    def write_numbers(self, numbers: Arrays, resets: Arrays) -> None:
        """Write chunks as they are now, and new epochs."""
        if numbers.rows or resets.rows:
            self._cursor.execute(_SQL["write_numbers"], numbers.columns | resets.columns)

    def sweep_numbers(self, chunks: Arrays) -> None:
        """Remove chunks (columns session_id, chunk) that have no numbers any more."""
        for statement in ("sweep_numbers", "sweep_epochs"):
            self._cursor.execute(_SQL[statement], chunks.columns)

    def add_events(self, events: Arrays) -> None:
        """Keep events; those that are stored stay."""
        self._cursor.execute(_SQL["add_events"], events.columns)
