"""The loop that takes the topic to Postgres. One batch is one transaction:

1. *Poll* the next records of the partitions that the group gave us, from the offsets stored in Postgres.
2. *Decode* and check all of them at once; blank the secrets.
3. *Name* sessions and orders: those that are seen for the first time get their numbers (committed at once: a
   number without rows harms nobody). *Fold* what is good; *encode* all rows for COPY.
4. Wait until the batch before is committed; steps 1 to 3 overlapped with it. Then, on a thread of its own:
5. Begin. *Move the offsets on*, each only from the value that we read at assignment. Where somebody else moved
   one, we are fenced: roll back, forget the batch, start again from what the database says.
6. *Append* every record to the log, good or bad, and *upsert the folds*.
7. Commit: rows, folds and offsets become visible together, or not at all.
8. Tell Kafka the offsets, for lag tools only.

When Postgres is gone, wait until it is back and start again from step 1 at the stored offsets. When it refuses
a row, halve the batch until the row stands alone, and store that one with its bytes and nothing else.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Mapping
from typing import Final

import psycopg

from fixwatch import __version__
from fixwatch.errors import Fenced
from fixwatch.ingest.batch_store import BatchStore
from fixwatch.ingest.consumer import TopicConsumer
from fixwatch.ingest.options import decode_options
from fixwatch.settings import Settings
from fixwatch.store.connection import wait_to_connect
from fixwatch.store.housekeeping import Housekeeping
from fixwatch.store.identities import Identities
from fixwatch.store.migrate import migrate
from fixwatch.store.writer import Writer
from fixwatch.telemetry import logger

_log = logger("ingest")

#: Seconds between two signs of life in `ingesters`; readers call an ingester dead after five.
REPORT_EVERY: Final = 1.0

#: Seconds between two rounds of making the log's partitions and sweeping old figures.
_HOUSEKEEPING_EVERY: Final = 3_600.0


class Ingester:
    """One ingesting process: a consumer, two connections, and the loop between them."""

    def __init__(self, settings: Settings, stop: threading.Event) -> None:
        self._settings = settings
        self._stop = stop
        self._ingester_id = f"{socket.gethostname()}:{os.getpid()}"
        self._consumer = TopicConsumer(settings, locate=self._locate, on_lost=self._lose)
        # One connection writes; the other names, reports and keeps house while that one is busy.
        self._connections: list[psycopg.Connection] = []
        self._housekeeping: Housekeeping
        self._batches: BatchStore

    def run(self) -> None:
        """Ingest until `stop` is set; what is in hand is stored first.

        Raises:
            DatabaseError: the database's schema is not ours, or `stop` was set before Postgres was there.
            BrokerError: the Kafka client is beyond repair.
            DictionaryError: a dictionary of the settings cannot be read.
        """
        decode_options(self._settings)
        self._connect()
        self._consumer.subscribe()
        try:
            while not self._stop.is_set():
                self._one_round()
        finally:
            # Leaving the group gives our partitions up, which stores what is in flight.
            self._consumer.close()
            self._disconnect()

    def _one_round(self) -> None:
        try:
            self._report()
            batch = self._consumer.poll(self._settings.batch_rows, self._settings.batch_wait_ms / 1000)
            highs = self._consumer.high_watermarks(self._batches.partitions) if len(batch) else {}
            self._consumer.commit(self._batches.store(batch, highs))
        except Fenced as error:
            _log.warning("batch_fenced", reason=str(error))
            self._consumer.seek_to_stored()
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            _log.warning("database_lost", reason=str(error).strip())
            self._disconnect()
            self._connect()
            self._consumer.seek_to_stored()
            _log.info("database_back")

    def _connect(self) -> None:
        self._connections = [self._connection(), self._connection()]
        control, writing = self._connections
        for migration in migrate(control):
            _log.info("migrated", number=migration.number, name=migration.name)
        self._housekeeping = Housekeeping(control, self._ingester_id, __version__)
        self._batches = BatchStore(Writer(writing), Identities(control), self._settings, self._ingester_id)
        self._reported_at = self._tidied_at = float("-inf")
        self._report()

    def _connection(self) -> psycopg.Connection:
        return wait_to_connect(
            self._settings.database_url.get_secret_value(),
            application_name="fixwatch ingest",
            on_wait=lambda reason: _log.warning("waiting_for_database", reason=reason),
            give_up=self._stop.is_set,
            autocommit=True,
        )

    def _disconnect(self) -> None:
        self._batches.close()
        try:
            self._housekeeping.forget()
        except psycopg.Error as error:
            _log.info("ingester_not_forgotten", reason=str(error).strip())
        for connection in self._connections:
            connection.close()

    def _locate(self, topic_id: str, partitions: list[int]) -> Mapping[int, int]:
        return self._batches.locate(topic_id, partitions)

    def _lose(self) -> None:
        """Our partitions go to others: what is in flight is stored, or it is theirs."""
        try:
            self._consumer.commit(self._batches.finish())
        except (Fenced, psycopg.Error) as error:
            _log.warning("batch_lost", reason=str(error).strip())
        self._batches.lose()

    def _report(self) -> None:
        now = time.monotonic()
        if now - self._tidied_at >= _HOUSEKEEPING_EVERY:
            self._housekeeping.make_partitions()
            self._housekeeping.sweep()
            self._tidied_at = now
        if now - self._reported_at >= REPORT_EVERY:
            partitions = self._batches.partitions
            state = "ingesting" if partitions else "waiting for partitions"
            self._housekeeping.report(state, None, len(partitions))
            self._reported_at = now
