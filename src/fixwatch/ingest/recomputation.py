"""The folds computed again from the log's bytes, by the way that batches always take, into a shadow.

What ingestion does with records it does here with the log: the same decoder, the same folds, the same upserts.
Only the tables are others. A verification compares them with those that are stored; a rebuild puts them there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import psycopg

from fixwatch.ingest.batch_store import BatchStore
from fixwatch.ingest.replay import replay
from fixwatch.settings import Settings
from fixwatch.store.identities import Ends, Identities
from fixwatch.store.log_pages import Log
from fixwatch.store.shadow import TOPIC_ID, Shadow
from fixwatch.store.writer import Writer

#: Bytes of the log that are read ahead, over all streams.
_READ_AHEAD: Final = 32 * 1024 * 1024


class _Identities(Identities):
    """Names and their numbers; a session that is new is made known to the shadow too."""

    def __init__(self, connection: psycopg.Connection, shadow: Shadow, finish: Callable[[], object]) -> None:
        super().__init__(connection)
        self._shadow = shadow
        self._finish = finish

    def register_sessions(self, ends: Sequence[Ends]) -> None:
        super().register_sessions(ends)
        # What is in flight has the shadow's connection.
        self._finish()
        self._shadow.add_sessions(self.known_sessions(ends))


class Recomputation:
    """Folds the log into a shadow, as far as it is told, in one go or in several.

    Three connections in autocommit mode that somebody else owns: `shadow` takes the folds, `naming` gives names
    their numbers, `reading` reads the log.
    """

    def __init__(
        self,
        shadow: Shadow,
        naming: psycopg.Connection,
        reading: psycopg.Connection,
        settings: Settings,
    ) -> None:
        self._shadow = shadow
        self._reading = reading
        self._topic = settings.kafka_topic
        self._reached: dict[int, int] = {}
        identities = _Identities(naming, shadow, lambda: self._batches.finish())
        self._batches = BatchStore([Writer(shadow.connection)], identities, settings, "recomputation")

    def close(self) -> None:
        """Wait for what is in flight."""
        self._batches.close()

    def left(self, ends: Mapping[int, int]) -> int:
        """How many offsets there are from where it is to `ends`, by stream."""
        return sum(end - self._reached.get(stream_id, 0) for stream_id, end in ends.items())

    def fold(
        self, ends: Mapping[int, int], on_messages: Callable[[int], None], seconds: float = float("inf")
    ) -> None:
        """Go on from where the last call ended up to `ends`, by stream, or for `seconds`.

        `on_messages` is told each batch's count.
        """
        deadline = time.monotonic() + seconds
        self._shadow.begin_streams(self._topic, list(ends))
        self._batches.locate(TOPIC_ID, list(ends))
        log = Log(self._reading, _READ_AHEAD // max(len(ends), 1))
        for batch in replay(log, self._reached, ends):
            self._batches.store(batch, {})
            self._reached |= {stream_id: last + 1 for stream_id, last in batch.ends().items()}
            on_messages(len(batch))
            if time.monotonic() > deadline:
                break
        else:
            # Streams may end with offsets that no message has.
            self._reached |= ends
        self._batches.finish()
