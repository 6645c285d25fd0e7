"""The loop that takes the topic to Postgres. One batch is one transaction:

1. *Poll* the next records of the partitions that the group gave us, from the offsets stored in Postgres.
2. *Decode* and check all of them at once; blank the secrets.
3. *Name* sessions and orders: those that are seen for the first time get their numbers (committed at once: a
   number without rows harms nobody). *Fold* what is good; *encode* all rows for COPY.
4. Wait until a writer is free; steps 1 to 3 overlapped with the two batches before. Then, on a thread of its own:
5. Begin. *Append* every record to the log, good or bad; this overlaps with the batch before, until it is committed.
6. *Move the offsets on*, each only from the value that we read at assignment. Where somebody else moved one, we are
   fenced: roll back, forget the batch, start again from what the database says. *Upsert the folds*.
7. Commit: rows, folds and offsets become visible together, or not at all.
8. Tell Kafka the offsets, for lag tools only.

Nothing that happens every day ends the loop. When Postgres takes nothing (gone, full, read-only), we stop reading
and forget what we hold, stay in the group, and try again with growing pauses; then partitions start again from
step 1 at the stored offsets. When it refuses a row, halve the batch until the row stands alone, and store that one
with its bytes and nothing else. When the broker has the topic in another incarnation, we join anew: between steps
1 and 4 it is asked which one it has, so no batch mixes two. When it no longer has the offset that we are at, what
is missing is recorded as a gap, in the transaction that moves the offset past it.

Between batches, and while there are none, what people ask for of the quarantine is carried out: see `reingestion.py`.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from typing import Final

import psycopg

from fixwatch import __version__, session_settings
from fixwatch.decoding import decode_options
from fixwatch.errors import BrokerError, DatabaseError, Fenced
from fixwatch.ingest import condition
from fixwatch.ingest.batch_store import BatchStore
from fixwatch.ingest.condition import Condition
from fixwatch.ingest.consumer import TopicConsumer
from fixwatch.ingest.dead_letters import DeadLetterFeed
from fixwatch.ingest.reingestion import Reingestion
from fixwatch.kafka.client import client_config
from fixwatch.kafka.offsets import Topic
from fixwatch.kafka.watch import TopicWatch
from fixwatch.settings import Settings
from fixwatch.store.connection import Backoff, connect
from fixwatch.store.faults import outage, reason
from fixwatch.store.housekeeping import Housekeeping
from fixwatch.store.identities import Identities
from fixwatch.store.migrate import migrate
from fixwatch.store.writer import Writer
from fixwatch.telemetry import Seldom, logger

_log = logger("ingest")

#: Seconds between two signs of life in `ingesters`; readers call an ingester dead after five.
REPORT_EVERY: Final = 1.0

#: Batches that are being written at once: one, and the log's rows of the next.
_WRITERS: Final = 2

#: Seconds between two rounds of making the log's partitions and sweeping old figures.
_HOUSEKEEPING_EVERY: Final = 3_600.0

#: Seconds after which a new connection that gave no trouble is one that works, though nothing was stored.
_SETTLED: Final = 2.0

#: How long before a batch was polled, s, the broker may have been asked which incarnation of the topic it has.
#: Nobody deletes a topic, makes it anew and fills it past our offset in that time.
_INCARNATION_MAY_BE: Final = 0.02


class Ingester:
    """One ingesting process: a consumer, three connections, and the loop between them.

    Attributes:
        condition: what it does or waits for; also where Postgres cannot be told.
    """

    def __init__(self, settings: Settings, stop: threading.Event) -> None:
        self._settings = settings
        self._stop = stop
        self._ingester_id = f"{socket.gethostname()}:{os.getpid()}"
        self._consumer = TopicConsumer(settings, self._lose)
        self._watch = TopicWatch(client_config(settings), settings.kafka_topic)
        self._topic_id: str | None = None
        # The first names, reports and keeps house while the others write.
        self._connections: list[psycopg.Connection] = []
        self._housekeeping: Housekeeping | None = None
        self._batches: BatchStore | None = None
        self._reingestion: Reingestion | None = None
        self._backoff = Backoff()
        self._seldom = Seldom()
        self._outage: Condition | None = None
        self.condition = condition.STARTING

    def run(self) -> None:
        """Ingest until `stop` is set; what is in hand is stored first.

        Raises:
            DatabaseError: Postgres refuses us for good: the schema is not ours, or a permission is missing.
            DictionaryError: a dictionary of the settings cannot be read.
            SettingsError: what is set for sessions cannot be read.
        """
        decode_options(self._settings)
        session_settings.load(self._settings.sessions)
        dead_letters = DeadLetterFeed(self._settings) if self._settings.dead_letter_topic else None
        if dead_letters is not None:
            dead_letters.start()
        try:
            while not self._stop.is_set():
                batches = self._batches or self._connect()
                if batches is not None:
                    if self._consumer.broken:
                        self._consumer.leave()
                    self._consumer.join()
                    self._one_round(batches)
        finally:
            # Leaving the group gives our partitions up, which stores what is in flight.
            self._consumer.leave()
            self._disconnect(forget=True)
            if dead_letters is not None:
                dead_letters.end()

    def _one_round(self, batches: BatchStore) -> None:
        try:
            self._watch.look()
            self._report(batches)
            self._reingest(batches)
            if self._consumer.started and self._watch.known and not self._is_same(self._watch.topic):
                self._consumer.hold()
            if self._consumer.out_of_range:
                self._mend_offsets(batches)
            if self._consumer.assigned and not self._consumer.started and not self._begin(batches):
                return
            batch = self._consumer.poll(self._settings.batch_rows, self._settings.batch_wait_ms / 1000)
            polled_at = time.monotonic()
            if len(batch):
                self._watch.ask(_INCARNATION_MAY_BE)
            highs = self._consumer.high_watermarks(set(batch.partitions))
            stored = batches.store(batch, highs, lambda: self._confirm(polled_at))
            if self._outage is not None and (stored or polled_at - self._connected_at > _SETTLED):
                _log.info("database_back")
                self._outage = None
                self._backoff.reset()
            self._consumer.commit(stored)
        except Fenced as error:
            _log.warning("batch_fenced", reason=str(error))
            self._consumer.hold()
        except BrokerError as error:
            self._pause(condition.waiting_for_broker(str(error)))
        except psycopg.Error as error:
            self._suffer(error)

    def _begin(self, batches: BatchStore) -> bool:
        """Start reading what the group gave us; False if it cannot be started yet."""
        self._consumer.commit(batches.finish())
        topic = self._watch.as_of(time.monotonic())
        if topic is None:
            self._pause(condition.waiting_for_topic(self._settings.kafka_topic))
            return False
        if self._topic_id not in (None, topic.topic_id):
            # Anew from the ground up: the client knows offsets and epochs of the incarnation that is gone.
            _log.warning("topic_made_anew", topic=topic.name, topic_id=topic.topic_id, before=self._topic_id)
            self._topic_id = topic.topic_id
            self._consumer.leave()
            return False
        self._topic_id = topic.topic_id
        self._consumer.start(batches.locate(topic.topic_id, self._consumer.assigned))
        return True

    def _confirm(self, polled_at: float) -> None:
        """Make sure that what was polled is of the incarnation that our offsets are of."""
        if not self._is_same(self._watch.as_of(polled_at - _INCARNATION_MAY_BE)):
            raise Fenced(f"The topic {self._settings.kafka_topic} was deleted, or made anew.")

    def _is_same(self, topic: Topic | None) -> bool:
        """If it is the incarnation that is being read."""
        return topic is not None and topic.topic_id == self._topic_id

    def _mend_offsets(self, batches: BatchStore) -> None:
        """Record what the broker no longer has, and start again behind it."""
        self._consumer.commit(batches.finish())
        self._confirm(time.monotonic())
        ends = {}
        for partition in sorted(self._consumer.out_of_range):
            first, end = self._consumer.kept(partition)
            if batches.skip(partition, first, end) == "truncated":
                ends[partition] = end
        # From the end of a log that was cut off: what it gets below our offset is passed over.
        self._consumer.start(batches.offsets | ends)

    def _pause(self, why: Condition) -> None:
        """Read nothing for a moment, and say why."""
        self._consumer.hold()
        self._say(why)
        self._consumer.wait(0.2)

    def _say(self, now: Condition) -> None:
        """Be in this condition; one that a person should know of is a log line now and then."""
        self.condition = now
        if now.detail is not None and self._seldom.due(now.state):
            _log.warning(now.state.replace(" ", "_"), reason=now.detail)

    def _suffer(self, error: psycopg.Error) -> None:
        """Postgres failed us: let go of everything that is not stored, and of the connections.

        Raises:
            DatabaseError: waiting would not help.
        """
        ails = outage(error)
        if ails is None:
            raise DatabaseError(
                f"Postgres refuses what an ingester has to do: {reason(error)} (SQLSTATE {error.sqlstate}). "
                "Nothing is lost: mend it and start again where it stopped."
            ) from error
        if self._outage is None:
            _log.warning("database_lost", ails=ails, reason=reason(error))
        self._outage = condition.waiting_for_database(ails, reason(error))
        self._say(self._outage)
        self._consumer.hold()
        self._disconnect()
        ends = time.monotonic() + self._backoff.next()
        while not self._stop.is_set() and (left := ends - time.monotonic()) > 0:
            self._consumer.wait(min(left, 0.1))

    def _connect(self) -> BatchStore | None:
        """The connections, and what works through them; None if Postgres is not there."""
        try:
            for _ in range(1 + _WRITERS):
                self._connections.append(
                    connect(
                        self._settings.database_url.get_secret_value(),
                        application_name="fixwatch ingest",
                        autocommit=True,
                    )
                )
            control, *writing = self._connections
            for migration in migrate(control):
                _log.info("migrated", number=migration.number, name=migration.name)
            self._housekeeping = Housekeeping(control, self._ingester_id, __version__)
            writers = [Writer(connection) for connection in writing]
            batches = BatchStore(
                writers, Identities(control), self._settings, self._ingester_id, self._look_into_stall
            )
            self._reingestion = Reingestion(control, writers[0], self._settings, self._ingester_id)
            self._reported_at = self._tidied_at = float("-inf")
            self._connected_at = time.monotonic()
            self._report(batches)
        except psycopg.Error as error:
            self._suffer(error)
            return None
        self._batches = batches
        return batches

    def _look_into_stall(self) -> None:
        """What is being written waits: for a frozen ingester, perhaps, whose partitions are ours now."""
        if self._housekeeping is None or self._batches is None:
            return
        self._report(self._batches)
        _, *writing = self._connections
        ended = self._housekeeping.end_frozen([connection.info.backend_pid for connection in writing])
        if ended:
            _log.warning("frozen_ingesters_ended", connections=ended)

    def _disconnect(self, *, forget: bool = False) -> None:
        if self._batches is not None:
            self._batches.close()
        if forget and self._housekeeping is not None:
            try:
                self._housekeeping.forget()
            except psycopg.Error as error:
                _log.info("ingester_not_forgotten", reason=reason(error))
        for connection in self._connections:
            connection.close()
        self._connections, self._housekeeping, self._batches, self._reingestion = [], None, None, None

    def _lose(self) -> None:
        """Our partitions go to others: what is in flight is stored, or it is theirs."""
        if self._batches is None:
            return
        try:
            self._consumer.commit(self._batches.finish())
        except (Fenced, psycopg.Error) as error:
            _log.warning("batch_lost", reason=str(error).strip())
        self._batches.lose()

    def _report(self, batches: BatchStore) -> None:
        now = time.monotonic()
        if self._housekeeping is None:
            return
        if now - self._tidied_at >= _HOUSEKEEPING_EVERY:
            self._housekeeping.make_partitions()
            self._housekeeping.sweep()
            self._tidied_at = now
        if now - self._reported_at >= REPORT_EVERY:
            self._say(self._how_it_goes(batches))
            partitions = len(batches.partitions)
            self._housekeeping.report(self.condition.state, self.condition.detail, partitions)
            if self._consumer.started:
                ids = batches.stream_ids
                ends = self._consumer.high_watermarks(ids)
                self._housekeeping.report_ends({ids[partition]: end for partition, end in ends.items()})
            self._reported_at = now

    def _reingest(self, batches: BatchStore) -> None:
        """Between two batches: what people ask for of the quarantine."""
        if self._reingestion is not None and self._reingestion.is_due():
            self._consumer.commit(batches.finish())
            self._reingestion.carry_out()

    def _how_it_goes(self, batches: BatchStore) -> Condition:
        if self._outage is not None:
            return self._outage
        if self._watch.silence is not None:
            return condition.waiting_for_broker(self._watch.silence)
        if self._watch.known and self._watch.topic is None:
            return condition.waiting_for_topic(self._settings.kafka_topic)
        return condition.INGESTING if batches.partitions else condition.WAITING_FOR_PARTITIONS
