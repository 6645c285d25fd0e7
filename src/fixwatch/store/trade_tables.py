"""The tables of trades, as one batch's transaction reads and writes them: see `trades.sql`.

Whoever calls holds the lock of the trades' rows of `sessions`, so that nobody else writes them meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

import psycopg
from psycopg.rows import class_row

from fixwatch.store.copy import Arrays, CopyData, send
from fixwatch.store.sql import load

_SQL: Final = load("trades")


@dataclass(slots=True, eq=False)
class Related:
    """A trade, or a change (a bust or a correction), which has a `ref_id`: the id that it names.

    `exec_id` is its own id. What follows `ref_id` is of changes alone: the time of sending and the number that tell
    which is later, `content`, a number for what it says, the values of a correction, None where it has none, and when
    the first report of it was stored.
    """

    session_id: int
    is_capture: bool
    exec_id: str
    side_no: int
    trading_day: date
    trade_date: date | None
    ref_id: str | None = None
    is_bust: bool | None = None
    sent: datetime | None = None
    msg_seq_num: int | None = None
    content: int | None = None
    last_qty: Decimal | None = None
    last_px: Decimal | None = None
    ingested_at: datetime | None = None


class TradeTables:
    """`trades`, `trade_changes` and `trade_minutes`, through a cursor that somebody else owns.

    Rows of fills have the columns of `ingest/trades.py`'s FILLS, rows of changes those of its CHANGES.
    """

    def __init__(self, cursor: psycopg.Cursor) -> None:
        self._cursor = cursor

    def look_up(self, keys: Arrays) -> list[tuple[int, bool]]:
        """Which fills, by their place, are stored (True), or else are named by a change that came before (False)."""
        return self._cursor.execute(_SQL["look_up"], keys.columns).fetchall()

    def append(self, fills: CopyData, minutes: Arrays) -> None:
        """Store fills of trades that are not stored, with their `ingested_at`, and what they add to their minutes."""
        send(self._cursor, fills)
        self._cursor.execute(_SQL["count_fills"], minutes.columns)

    def merge(self, fills: Arrays, ingested_at: datetime, most_contents: int) -> list[int]:
        """Store fills, of trades that are stored or not; returns the places of those that a change names."""
        of = {**fills.columns, "ingested_at": ingested_at, "most_contents": most_contents}
        return [at for (at,) in self._cursor.execute(_SQL["merge_fills"], of)]

    def add_changes(self, changes: Arrays, ingested_at: datetime) -> None:
        """Store changes; those that are stored stay."""
        self._cursor.execute(_SQL["add_changes"], {**changes.columns, "ingested_at": ingested_at})

    def related(self, ids: Arrays) -> list[Related]:
        """All trades and changes that have to do with ids (columns session_id, is_capture, id), each once."""
        with self._cursor.connection.cursor(row_factory=class_row(Related)) as cursor:
            return cursor.execute(_SQL["read_related"], ids.columns).fetchall()

    def settle(self, outcomes: Arrays) -> None:
        """Let changes take effect: the key of each trade, and what its changes come to."""
        self._cursor.execute(_SQL["settle"], outcomes.columns)
