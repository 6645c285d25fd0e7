"""The write side of the store: what one batch leaves behind, in one transaction.

Every method of `Transaction` speaks to Postgres inside the transaction that `Writer.transaction` opened; it
commits when the `with` block ends, and leaves no trace when the block raises.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, LiteralString

import psycopg
import pyarrow as pa

from fixwatch.errors import Fenced
from fixwatch.store.copy import copy_rows
from fixwatch.store.sql import load

_SQL: Final = load("writes")


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


#: A direction of a session: SenderCompID(49), SubID(50), LocationID(142), TargetCompID(56), SubID(57),
#: LocationID(143); empty where the message has none.
Ends = tuple[str, str, str, str, str, str]


class Transaction:
    """One batch's transaction."""

    def __init__(self, cursor: psycopg.Cursor) -> None:
        self._cursor = cursor

    def advance(self, moves: Sequence[Advance]) -> None:
        """Move the offsets on, each only from where this process read it. To be called first.

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

    def known_order_keys(self, ids: pa.RecordBatch) -> list[tuple[int, str, str, int]]:
        """Which of `ids` (pair_id, kind, id) are of an order already: (pair_id, kind, id, order_key)."""
        copy_rows(self._cursor, "wanted_order_ids", ids)
        self._cursor.execute(_SQL["read_order_ids"])
        return self._cursor.fetchall()

    def take_order_keys(self, count: int) -> list[int]:
        """`count` order keys that nobody has, ascending."""
        if not count:
            return []
        self._cursor.execute(_SQL["take_order_keys"], {"count": count})
        return [key for (key,) in self._cursor]

    def append_messages(self, rows: pa.RecordBatch) -> None:
        """COPY rows into the log."""
        copy_rows(self._cursor, "messages", rows)

    def upsert(self, fold: str, rows: pa.RecordBatch) -> None:
        """Merge a fold's rows: `order_ids`, `orders`, `trades`, `sessions`, `message_minutes`, ..."""
        if rows.num_rows:
            copy_rows(self._cursor, f"new_{fold}", rows)
            if fold == "sessions":
                self._cursor.execute(_SQL["lock_sessions"])
            self._cursor.execute(_SQL[_UPSERTS[fold]])

    def record_batch(self, figures: Mapping[str, Any]) -> None:
        """Keep a batch's figures: the columns of `ingest_batches`."""
        self._cursor.execute(_SQL["record_batch"], figures)


_UPSERTS: Final[dict[str, str]] = {
    "order_ids": "upsert_order_ids",
    "orders": "upsert_orders",
    "trades": "upsert_trades",
    "sessions": "upsert_sessions",
    "message_minutes": "upsert_message_minutes",
    "defect_minutes": "upsert_defect_minutes",
}


class Writer:
    """Writes through one connection, which it owns and which must be in autocommit mode."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        for statement in _SQL["temporary_tables"].split(";"):
            connection.execute(statement)

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()

    def make_partitions(self) -> None:
        """Make the log's partitions for yesterday to the day after tomorrow, where they are missing."""
        self._connection.execute(_SQL["make_partitions"])

    def streams(self, topic: str, topic_id: str, partitions: Sequence[int]) -> dict[int, Stream]:
        """The streams of a topic's partitions; new ones begin at offset 0."""
        of = {"topic": topic, "topic_id": topic_id, "partitions": list(partitions)}
        self._connection.execute(_SQL["register_streams"], of)
        rows = self._connection.execute(_SQL["read_streams"], of)
        return {partition: Stream(stream_id, offset) for partition, stream_id, offset in rows}

    def known_sessions(self, ends: Sequence[Ends]) -> dict[Ends, tuple[int, int]]:
        """The (session_id, pair_id) of those directions that are known."""
        rows = self._connection.execute(_SQL["read_sessions"], _transposed(ends, "abcdef"))
        return {(a, b, c, d, e, f): (session_id, pair_id) for a, b, c, d, e, f, session_id, pair_id in rows}

    def register_sessions(self, ends: Sequence[Ends]) -> None:
        """Make the directions that are not known yet; they have no figures until a batch brings them."""
        of = _transposed(ends, "abcdef")
        with self._connection.transaction():
            self._connection.execute(_SQL["register_pairs"], of)
            self._connection.execute(_SQL["register_sessions"], of)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """One transaction: committed at the end of the block, rolled back if it raises."""
        with self._connection.transaction(), self._connection.cursor() as cursor:
            yield Transaction(cursor)

    def report(self, ingester_id: str, state: str, detail: str | None, version: str, partitions: int) -> None:
        """Say that this ingester lives, and what it is doing."""
        self._connection.execute(
            _SQL["report_ingester"],
            {
                "ingester_id": ingester_id,
                "state": state,
                "detail": detail,
                "version": version,
                "partitions": partitions,
            },
        )

    def forget(self, ingester_id: str) -> None:
        """Take this ingester's row away: it ended as it should."""
        self._connection.execute(_SQL["forget_ingester"], {"ingester_id": ingester_id})

    def sweep(self) -> None:
        """Delete figures and ingesters of more than a day ago."""
        self._connection.execute(_SQL["sweep"])


def _transposed(
    rows: Sequence[tuple[Any, ...]], names: Sequence[str] | LiteralString
) -> dict[str, list[Any]]:
    """Rows as one array a column, for `unnest`: any number of rows is a handful of parameters."""
    columns = zip(*rows, strict=True) if rows else ([] for _ in names)
    return {name: list(column) for name, column in zip(names, columns, strict=True)}
