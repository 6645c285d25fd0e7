"""The write side of the store: what one batch leaves behind, in one transaction.

Every method of `Transaction` speaks to Postgres inside the transaction that `Writer.transaction` opened; it
commits when the `with` block ends, and leaves no trace when the block raises.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Final, Literal, NamedTuple

import psycopg

from fixwatch.errors import Fenced
from fixwatch.store.connection import KEY_LOOKUPS, LET_GO
from fixwatch.store.copy import Arrays, CopyData, send
from fixwatch.store.quarantine_tables import QuarantineTables
from fixwatch.store.session_tables import SessionTables
from fixwatch.store.sql import load
from fixwatch.store.trade_tables import TradeTables

_SQL: Final = load("writes")
_ORDERS: Final = load("orders")
_ROLLUPS: Final = load("rollups")


@dataclass(frozen=True, slots=True)
class Stream:
    """A partition of one incarnation of a topic, and the offset that its log goes on at."""

    stream_id: int
    next_offset: int


@dataclass(frozen=True, slots=True)
class Advance:
    """How far one batch moves one stream."""

    stream_id: int
    expected: int
    next_offset: int
    high_watermark: int


GapReason = Literal["before_first_start", "deleted", "truncated"]


@dataclass(frozen=True, slots=True)
class Gap:
    """Offsets of a stream that will never be in its log, both ends included."""

    stream_id: int
    first_offset: int
    last_offset: int
    reason: GapReason


class StoredOrder(NamedTuple):
    """An order's state as it is stored; `merged_into`: it is a part of that order, and has none of its own."""

    order_key: int
    pair_id: int
    merged_into: int | None
    events: bytes | None


class Transaction:
    """One batch's transaction."""

    def __init__(self, cursor: psycopg.Cursor) -> None:
        self._cursor = cursor
        self.sessions: Final = SessionTables(cursor)
        self.trades: Final = TradeTables(cursor)
        self.quarantine: Final = QuarantineTables(cursor)

    def advance(self, moves: Sequence[Advance]) -> None:
        """Move the offsets on, each only from where this process read it. To be called before any fold is written.

        Raises:
            Fenced: somebody else moved one of them: the batch is not ours to store.
        """
        self._cursor.execute(
            _SQL["advance_offsets"],
            {
                "stream_ids": [move.stream_id for move in moves],
                "expected": [move.expected for move in moves],
                "next_offsets": [move.next_offset for move in moves],
                "high_watermarks": [move.high_watermark for move in moves],
            },
        )
        if self._cursor.rowcount != len(moves):
            raise Fenced("Another ingester stored these offsets: the partitions are not ours any more.")

    def stay(self) -> None:
        """Tell Postgres that we are still here: see LET_GO."""
        self._cursor.execute("SELECT")

    def record_gap(self, gap: Gap) -> None:
        """Keep what will never be in the log; a gap that begins where a known one does is that one."""
        self._cursor.execute(_SQL["record_gap"], asdict(gap))

    def append(self, rows: CopyData) -> None:
        """COPY rows into their table: the log, or orders of which nothing is stored yet.

        Raises:
            psycopg.errors.UniqueViolation: something was stored all the same.
        """
        if rows.rows:
            send(self._cursor, rows)

    def lock_orders(self, keys: Sequence[int]) -> list[StoredOrder]:
        """What is stored of these orders, locked in the order of their keys until the transaction ends."""
        return [
            StoredOrder(*row) for row in self._cursor.execute(_ORDERS["lock_orders"], {"keys": list(keys)})
        ]

    def update_orders(self, rows: Arrays) -> None:
        """Give orders that are stored their new rows, columns as `orders` (`defects`: joined by commas)."""
        if rows.rows:
            self._cursor.execute(_ORDERS["update_orders"], rows.columns)

    def move_orders(self, moved: Mapping[int, int], pairs: Mapping[int, int], ids: Arrays) -> None:
        """Orders (the keys of `moved`) turned out to be others: leave a sign, and give those the log's messages.

        `pairs` has the session pair of each order of `moved`; `ids` (columns pair_id, kind, id) are ids that may be
        registered for them.
        """
        of = {
            "moved": list(moved),
            "targets": list(moved.values()),
            "pairs": [pairs[target] for target in moved.values()],
        }
        for statement in ("mark_moved", "follow_moved", "move_messages", "move_ids"):
            self._cursor.execute(_ORDERS[statement], of | ids.columns)

    def upsert(self, fold: Fold, rows: Arrays) -> None:
        """Merge a fold's rows: the columns of its table."""
        if rows.rows:
            for statement in _UPSERTS[fold]:
                self._cursor.execute(_SQL[statement], rows.columns)

    def count_latencies(self, rows: Arrays, *, some_taken_back: bool) -> None:
        """Add to `latency_minutes` (its columns); counts below zero take back what was counted before."""
        if rows.rows:
            self._cursor.execute(_ROLLUPS["upsert_latency_minutes"], rows.columns)
            if some_taken_back:
                self._cursor.execute(_ROLLUPS["sweep_latency_minutes"], rows.columns)

    def record_batch(self, figures: Mapping[str, Any]) -> None:
        """Keep a batch's figures: the columns of `ingest_batches`."""
        self._cursor.execute(_SQL["record_batch"], figures)


Fold = Literal["message_minutes", "defect_minutes"]

_UPSERTS: Final[dict[Fold, tuple[str, ...]]] = {
    "message_minutes": ("upsert_message_minutes",),
    "defect_minutes": ("upsert_defect_minutes",),
}


class Writer:
    """Writes through a connection in autocommit mode that somebody else owns."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        for statement in (*KEY_LOOKUPS, *LET_GO):
            connection.execute(statement)

    def streams(self, topic: str, topic_id: str, partitions: Sequence[int]) -> dict[int, Stream]:
        """The streams of a topic's partitions; new ones begin at offset 0."""
        of = {"topic": topic, "topic_id": topic_id, "partitions": list(partitions)}
        rows = self._connection.execute(_SQL["read_streams"], of).fetchall()
        if len(rows) < len(partitions):
            # Only then: it waits for whoever is moving one of them.
            self._connection.execute(_SQL["register_streams"], of)
            rows = self._connection.execute(_SQL["read_streams"], of).fetchall()
        return {partition: Stream(stream_id, offset) for partition, stream_id, offset in rows}

    def make_partition(self, day: date) -> None:
        """Make the log's partition of a day (UTC), where it is missing."""
        self._connection.execute(_SQL["make_partition"], {"day": day})

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """One transaction: committed at the end of the block, rolled back if it raises."""
        with self._connection.transaction(), self._connection.cursor() as cursor:
            yield Transaction(cursor)
