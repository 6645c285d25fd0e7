"""The folds computed again from the log's bytes, by the way that batches always take, into a shadow.

What ingestion does with records it does here with the log: the same decoder, the same folds, the same upserts.
Only the tables are others. A verification compares them with those that are stored; a rebuild puts them there.
"""

from __future__ import annotations

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
        identities = _Identities(naming, shadow, lambda: self._batches.finish())
        self._batches = BatchStore(Writer(shadow.connection), identities, settings, "recomputation")

    def close(self) -> None:
        """Wait for what is in flight."""
        self._batches.close()

    def fold(self, ends: Mapping[int, int], on_messages: Callable[[int], None]) -> None:
        """Go on from where the last call ended up to `ends`, by stream; `on_messages` is told each batch's count."""
        self._shadow.begin_streams(self._topic, list(ends))
        begins = self._batches.locate(TOPIC_ID, list(ends))
        log = Log(self._reading, _READ_AHEAD // max(len(ends), 1))
        for batch in replay(log, begins, ends):
            self._batches.store(batch, {})
            on_messages(len(batch))
        self._batches.finish()
