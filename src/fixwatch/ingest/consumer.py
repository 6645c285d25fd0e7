"""The topic's side of ingestion: which partitions are ours, from which offset, and the next batch of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from confluent_kafka import (
    OFFSET_INVALID,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)

from fixwatch.errors import BrokerError
from fixwatch.ingest.batch import Batch
from fixwatch.kafka.client import client_config, kafka_logger
from fixwatch.kafka.offsets import said
from fixwatch.settings import Settings
from fixwatch.telemetry import Seldom, logger

_log = logger("ingest")

#: The most bytes of values that one batch holds, beyond which it is handed over though it is short of rows.
MAX_BATCH_BYTES: Final = 32 * 1024 * 1024

#: Records asked of librdkafka in one call: few enough that long ones cannot overrun MAX_BATCH_BYTES by much.
_CHUNK: Final = 2_000

#: Milliseconds that the broker may wait for a first record before it answers. Some brokers answer new records only
#: when half of that is over, and an idle broker is then asked a hundred times a second, which it does not notice.
FETCH_WAIT_MS: Final = 10

#: Seconds to wait for a first record: how often a quiet ingester looks up.
IDLE_WAIT: Final = 0.1

#: Seconds that the broker is given to say what it has of a partition.
_ANSWER_LIMIT: Final = 5.0

#: How the client says that the broker has no record of the offset that we are at.
_OUT_OF_RANGE: Final = (
    KafkaError._AUTO_OFFSET_RESET,
    KafkaError._LOG_TRUNCATION,
    KafkaError.OFFSET_OUT_OF_RANGE,
)

#: How many partitions a log line names.
_MOST_SHOWN: Final = 20


class TopicConsumer:
    """A member of the consumer group, which reads the partitions that it is given only once it is told from where.

    The group's assignment and what is read are two things here: whatever happens to Postgres or the topic, `hold`
    stops reading, forgets what was read ahead, and stays in the group as long as `poll` is called.

    Attributes:
        assigned: the partitions that the group gave us.
        started: if they are read.
        out_of_range: those whose next record the broker does not have; they are not read until the next `start`.
        broken: if the client has given up, and only another one can go on: `leave` and `join`.
    """

    def __init__(self, settings: Settings, on_lost: Callable[[], None]) -> None:
        self._topic = settings.kafka_topic
        self._on_lost = on_lost
        self._config = {
            "session.timeout.ms": 6_000,
            "heartbeat.interval.ms": 2_000,
            # librdkafka reads ahead by this much at most: with the batch in hand it bounds our memory.
            "queued.max.messages.kbytes": 32 * 1024,
            "fetch.wait.max.ms": FETCH_WAIT_MS,
            # How soon new partitions are seen, and a topic that was missing.
            "topic.metadata.refresh.interval.ms": 5_000,
            **client_config(settings),
            "group.id": settings.kafka_group_id,
            # The database says where we are. Kafka's own offsets are for lag tools only.
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            # An offset that is gone is for us to see: it is a gap, or another incarnation of the topic.
            "auto.offset.reset": "error",
            "partition.assignment.strategy": "range,roundrobin",
        }
        self._consumer: Consumer | None = None
        self._chunk = _CHUNK
        self._seldom = Seldom()
        self.assigned: list[int] = []
        self.started = False
        self.out_of_range: set[int] = set()
        self.broken = False

    def join(self) -> None:
        """Be in the group. Partitions come with later polls."""
        if self._consumer is not None:
            return
        self._consumer = Consumer(self._config, logger=kafka_logger())
        self._consumer.subscribe(
            [self._topic], on_assign=self._assign, on_revoke=self._revoke, on_lost=self._revoke
        )

    def leave(self) -> None:
        """Leave the group, so that the others get our partitions at once."""
        if self._consumer is not None:
            self._consumer.close()
            self._consumer = None
        self.assigned, self.started, self.out_of_range, self.broken = [], False, set(), False

    def start(self, offsets: Mapping[int, int]) -> None:
        """Read these partitions from these offsets on."""
        places = [TopicPartition(self._topic, partition, offset) for partition, offset in offsets.items()]
        if self._consumer is not None:
            try:
                self._consumer.assign(places)
            except KafkaException as error:
                self.broken = True
                raise BrokerError(said(error)) from error
            self.started, self.out_of_range = True, set()

    def hold(self) -> None:
        """Read nothing until the next `start`; the partitions stay ours."""
        if self._consumer is not None and self.started:
            try:
                self._consumer.unassign()
            except KafkaException:
                self.broken = True
        self.started, self.out_of_range = False, set()

    def wait(self, seconds: float) -> None:
        """Let time pass as a member of the group that reads nothing; after `hold`."""
        if self._consumer is None:
            time.sleep(seconds)
            return
        for record in self._consumer.consume(1, seconds):
            if error := record.error():
                self._report(record, error)

    def poll(self, rows: int, wait_s: float) -> Batch:
        """The next records, at most `rows` of them.

        A flood fills the batch; what a quiet stream brings within `wait_s` seconds of its first record is handed
        over as it is.
        """
        batch = Batch([], [], [], [])
        consumer = self._consumer
        if consumer is None:
            return batch
        # `consume` waits for all that it is asked for: only the first record is worth a long wait.
        size = self._take(consumer.consume(1, IDLE_WAIT), batch)
        while batch.values and len(batch) < rows and size < MAX_BATCH_BYTES:
            asked = min(self._chunk, rows - len(batch))
            polled = consumer.consume(asked, wait_s)
            got = self._take(polled, batch)
            size += got
            if len(polled) < asked:
                break
            self._chunk = max(1, min(_CHUNK, MAX_BATCH_BYTES // 4 // max(got // len(polled), 1)))
        return batch

    def _take(self, polled: list[Message], batch: Batch) -> int:
        """Add what was polled to a batch; the bytes of the values."""
        # One pass a column: a loop over the records costs twice as much.
        errors = [(message, error) for message in polled if (error := message.error()) is not None]
        for message, error in errors:
            self._report(message, error)
        if errors:
            polled = [message for message in polled if message.error() is None]
        values = [message.value() or b"" for message in polled]
        batch.values.extend(values)  # type: ignore[attr-defined]
        batch.partitions.extend([message.partition() for message in polled])  # type: ignore[attr-defined]
        batch.offsets.extend([message.offset() for message in polled])  # type: ignore[attr-defined]
        batch.timestamps.extend([message.timestamp()[1] for message in polled])  # type: ignore[attr-defined]
        return sum(map(len, values))

    def _report(self, record: Message, error: KafkaError) -> None:
        partition = record.partition()
        if error.fatal():
            self.broken = True
            raise BrokerError(error.str())
        if error.code() in _OUT_OF_RANGE and partition is not None and partition >= 0:
            self.out_of_range.add(partition)
        elif self._seldom.due(str(error.code())):
            _log.warning("kafka_error", topic=self._topic, reason=error.str())

    def high_watermarks(self, partitions: Iterable[int]) -> dict[int, int]:
        """The end of each partition as the last fetch told; no call to the broker."""
        ends: dict[int, int] = {}
        if self._consumer is None:
            return ends
        for partition in partitions:
            _, high = self._consumer.get_watermark_offsets(
                TopicPartition(self._topic, partition), cached=True
            )
            ends[partition] = max(high, 0) if high != OFFSET_INVALID else 0
        return ends

    def kept(self, partition: int) -> tuple[int, int]:
        """What the broker has of a partition: its first offset, and the one behind its last.

        Raises:
            BrokerError: the broker does not answer.
        """
        if self._consumer is None:
            raise BrokerError("We are no member of the group.")
        try:
            first, end = self._consumer.get_watermark_offsets(
                TopicPartition(self._topic, partition), timeout=_ANSWER_LIMIT
            )
        except KafkaException as error:
            raise BrokerError(said(error)) from error
        return first, end

    def commit(self, next_offsets: Mapping[int, int]) -> None:
        """Tell Kafka, for its lag tools, how far we are. Without waiting, and without consequences."""
        offsets = [
            TopicPartition(self._topic, partition, offset) for partition, offset in next_offsets.items()
        ]
        if self._consumer is None or not offsets:
            return
        try:
            self._consumer.commit(offsets=offsets, asynchronous=True)
        except KafkaException as error:
            if self._seldom.due("commit"):
                _log.info("kafka_commit_failed", reason=said(error))

    def _assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        # Where they go on is asked outside of this callback, which no error may leave.
        consumer.unassign()
        self.assigned = sorted(partition.partition for partition in partitions)
        self.started = False
        _log.info("partitions_assigned", topic=self._topic, partitions=shown(self.assigned))

    def _revoke(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        _log.info("partitions_revoked", topic=self._topic, partitions=shown(self.assigned))
        self.assigned, self.started, self.out_of_range = [], False, set()
        self._on_lost()


def shown(partitions: list[int]) -> list[int] | str:
    """Partitions in a log line: of many, how many."""
    return partitions if len(partitions) <= _MOST_SHOWN else f"{len(partitions)} partitions"
