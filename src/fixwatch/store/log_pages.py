"""The log of one stream, read in the order of its offsets, in pages of bounded size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

import psycopg
from psycopg.rows import class_row

from fixwatch.store.connection import KEY_LOOKUPS
from fixwatch.store.sql import load

_SQL: Final = load("log_pages")

#: The most rows of one page: more do not make it faster.
_ROWS: Final = 5_000


class LogRow(NamedTuple):
    """A message of the log: its offset, when it was stored, its Kafka timestamp (ms since 1970), its bytes."""

    kafka_offset: int
    ingested_at: datetime
    timestamp: int
    raw: bytes


@dataclass(frozen=True, slots=True)
class LogStream:
    """A stream and how far its log is stored; below `first_offset` retention has dropped it."""

    stream_id: int
    topic: str
    topic_id: str
    partition: int
    next_offset: int
    first_offset: int


class Log:
    """Reads through a connection in autocommit mode that somebody else owns; no page leaves a transaction open."""

    def __init__(self, connection: psycopg.Connection, page_bytes: int) -> None:
        self._connection = connection
        self._cursor = connection.cursor(binary=True)
        self._page_bytes = page_bytes
        for statement in KEY_LOOKUPS:
            connection.execute(statement)

    def ends(self) -> dict[int, int]:
        """The offset that each stream's log goes on at. Below it every row is committed, and stays as it is."""
        return dict(self._cursor.execute(_SQL["ends"]).fetchall())

    def streams(self) -> list[LogStream]:
        """Every stream that was ever ingested."""
        with self._connection.cursor(row_factory=class_row(LogStream)) as cursor:
            return cursor.execute(_SQL["streams"]).fetchall()

    def gaps(self, stream_id: int) -> list[range]:
        """The offsets that ingestion has written down as never to come."""
        rows = self._connection.execute(_SQL["gaps"], {"stream_id": stream_id})
        return [range(first, last + 1) for first, last in rows]

    def uneven(self, stream: LogStream) -> Iterator[tuple[int, int]]:
        """Where offsets do not go on by one: (offset, the next one); the same twice where it is stored twice.

        The log's begin and its end count as stored.
        """
        of = {"stream_id": stream.stream_id, "begin": stream.first_offset, "end": stream.next_offset}
        (first,) = self._connection.execute(_SQL["first"], of).fetchone() or (stream.next_offset,)
        if first > stream.first_offset:
            yield stream.first_offset - 1, first
        yield from self._connection.cursor().stream(_SQL["uneven"], of)

    def beyond(self, stream_id: int, limit: int) -> list[int]:
        """Offsets that are stored though their stream's offset says that they are not; at most `limit`."""
        rows = self._connection.execute(_SQL["beyond"], {"stream_id": stream_id, "limit": limit})
        return [offset for (offset,) in rows]

    def read(self, stream_id: int, begin: int, end: int) -> Iterator[LogRow]:
        """The rows from offset `begin` up to `end`, by offset. An offset that is stored twice comes twice."""
        while page := self.page(stream_id, begin, end):
            yield from page
            begin = page[-1].kafka_offset + 1

    def page(self, stream_id: int, begin: int, end: int) -> list[LogRow]:
        """The first of these rows: at least one if there is any."""
        of = {
            "stream_id": stream_id,
            "begin": begin,
            "end": end,
            "rows": _ROWS,
            "bytes": self._page_bytes,
        }
        return [LogRow(*row) for row in self._cursor.execute(_SQL["page"], of)]
