"""The quarantine as a queue: what of it the dead-letter topic has not been sent yet, stream by stream."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import psycopg

from fixwatch.store.sql import load

_SQL: Final = load("dead_letters")

#: The most letters, and about the most bytes, that are taken at once: what is held in memory.
MAX_LETTERS: Final = 500
MAX_BYTES: Final = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A quarantined message as the log has it: secrets are blanked. `defects` are `reason` or `reason:tag`."""

    topic: str
    partition: int
    offset: int
    verdict: str
    defects: list[str]
    ingested_at: datetime
    raw: bytes


class DeadLetterQueue:
    """Works through a connection in autocommit mode that somebody else owns."""

    def __init__(self, connection: psycopg.Connection, topic: str) -> None:
        self._connection = connection
        self._topic = topic

    def feed(self, send: Callable[[Sequence[DeadLetter]], None]) -> int:
        """Hand what is due to `send`, some of each stream; returns how many there were.

        What `send` returns from was sent, and does not come again; when it raises, it does. Within a stream the
        order is the topic's. Several processes may call this at once: a stream is with one of them.
        """
        of = {"topic": self._topic}
        self._connection.execute(_SQL["register_streams"], of)
        behind = self._connection.execute(_SQL["behind"], of).fetchall()
        return sum(self._feed_stream(stream_id, send) for (stream_id,) in behind)

    def _feed_stream(self, stream_id: int, send: Callable[[Sequence[DeadLetter]], None]) -> int:
        with self._connection.transaction():
            taken = self._connection.execute(_SQL["take"], {"stream_id": stream_id}).fetchone()
            if taken is None:
                return 0
            first, end, topic, partition = taken
            limits = {"first": first, "end": end, "limit": MAX_LETTERS, "bytes": MAX_BYTES}
            rows = self._connection.execute(_SQL["letters"], {"stream_id": stream_id} | limits).fetchall()
            letters = [DeadLetter(topic, partition, *row) for row in rows]
            if letters:
                send(letters)
                # There may be more, as far as `end`; the next call says.
                end = letters[-1].offset + 1
            self._connection.execute(_SQL["move"], {"stream_id": stream_id, "next_offset": end})
            return len(letters)
