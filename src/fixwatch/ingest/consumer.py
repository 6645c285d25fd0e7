"""The topic's side of ingestion: which partitions are ours, from which offset, and the next batch of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
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
from fixwatch.kafka.offsets import Topic, describe_topic
from fixwatch.settings import Settings
from fixwatch.telemetry import logger

_log = logger("ingest")

#: The most bytes of values that one batch holds, beyond which it is handed over though it is short of rows.
MAX_BATCH_BYTES: Final = 32 * 1024 * 1024

#: Records asked of librdkafka in one call: few enough that long ones cannot overrun MAX_BATCH_BYTES by much.
_CHUNK: Final = 2_000

#: Seconds to wait for a first record: how often a quiet ingester looks up.
IDLE_WAIT: Final = 0.1

#: Seconds to wait for metadata of the topic.
_METADATA_TIMEOUT: Final = 5.0
_METADATA_TRIES: Final = 10


class TopicConsumer:
    """A member of the consumer group that starts each partition at the offset that the database says.

    `locate(topic_id, partitions)` is asked for these offsets at every assignment, on the thread that polls.
    """

    def __init__(
        self,
        settings: Settings,
        locate: Callable[[str, list[int]], Mapping[int, int]],
        on_lost: Callable[[], None],
    ) -> None:
        self._topic = settings.kafka_topic
        self._locate = locate
        self._on_lost = on_lost
        self._config = client_config(settings)
        self._consumer = Consumer(
            {
                "session.timeout.ms": 6_000,
                "heartbeat.interval.ms": 2_000,
                # librdkafka reads ahead by this much at most: with the batch in hand it bounds our memory.
                "queued.max.messages.kbytes": 32 * 1024,
                "fetch.wait.max.ms": 50,
                **self._config,
                "group.id": settings.kafka_group_id,
                # The database says where we are. Kafka's own offsets are for lag tools only.
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "auto.offset.reset": "earliest",
                "partition.assignment.strategy": "range,roundrobin",
            },
            logger=kafka_logger(),
        )
        self._chunk = _CHUNK
        self.assigned: list[int] = []

    def subscribe(self) -> None:
        """Join the group. Partitions come with later polls."""
        self._consumer.subscribe(
            [self._topic], on_assign=self._assign, on_revoke=self._revoke, on_lost=self._revoke
        )

    def poll(self, rows: int, wait_s: float) -> Batch:
        """The next records, at most `rows` of them.

        A flood fills the batch; what a quiet stream brings within `wait_s` seconds of its first record is handed
        over as it is.
        """
        batch = Batch([], [], [], [])
        # `consume` waits for all that it is asked for: only the first record is worth a long wait.
        size = self._take(self._consumer.consume(1, IDLE_WAIT), batch)
        while batch.values and len(batch) < rows and size < MAX_BATCH_BYTES:
            asked = min(self._chunk, rows - len(batch))
            polled = self._consumer.consume(asked, wait_s)
            got = self._take(polled, batch)
            size += got
            if len(polled) < asked:
                break
            self._chunk = max(1, min(_CHUNK, MAX_BATCH_BYTES // 4 // max(got // len(polled), 1)))
        return batch

    def _take(self, polled: list[Message], batch: Batch) -> int:
        size = 0
        for message in polled:
            error = message.error()
            if error is not None:
                self._report(error)
                continue
            value = message.value() or b""
            size += len(value)
            batch.values.append(value)  # type: ignore[attr-defined]
            batch.partitions.append(message.partition())  # type: ignore[attr-defined]
            batch.offsets.append(message.offset())  # type: ignore[attr-defined]
            batch.timestamps.append(message.timestamp()[1])  # type: ignore[attr-defined]
        return size

    def _report(self, error: KafkaError) -> None:
        if error.code() in (KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC):
            _log.warning("waiting_for_topic", topic=self._topic)
        elif error.fatal():
            raise BrokerError(f"Kafka: {error.str()}")
        else:
            _log.warning("kafka_error", reason=error.str())

    def high_watermarks(self, partitions: list[int]) -> dict[int, int]:
        """The end of each partition as the last fetch told; no call to the broker."""
        ends = {}
        for partition in partitions:
            _, high = self._consumer.get_watermark_offsets(
                TopicPartition(self._topic, partition), cached=True
            )
            ends[partition] = max(high, 0) if high != OFFSET_INVALID else 0
        return ends

    def seek_to_stored(self) -> None:
        """Go back to what the database says, after a batch that was not stored."""
        if self.assigned:
            self._start(self.assigned)

    def commit(self, next_offsets: Mapping[int, int]) -> None:
        """Tell Kafka, for its lag tools, how far we are. Without waiting, and without consequences."""
        offsets = [
            TopicPartition(self._topic, partition, offset) for partition, offset in next_offsets.items()
        ]
        try:
            self._consumer.commit(offsets=offsets, asynchronous=True)
        except KafkaException as error:
            _log.info("kafka_commit_failed", reason=str(error.args[0]))

    def close(self) -> None:
        """Leave the group, so that the others get our partitions at once."""
        self._consumer.close()

    def _assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        # Ours from here on, even if the database cannot be asked now: `seek_to_stored` then makes up for it.
        self.assigned = sorted(partition.partition for partition in partitions)
        self._start(self.assigned)
        _log.info("partitions_assigned", topic=self._topic, partitions=self.assigned)

    def _start(self, partitions: list[int]) -> None:
        offsets = self._locate(self._wait_for_topic().topic_id, partitions)
        self._consumer.assign(
            [TopicPartition(self._topic, partition, offsets[partition]) for partition in partitions]
        )

    def _wait_for_topic(self) -> Topic:
        """The topic whose partitions we were just given: it exists, only the answer may take a moment."""
        reason = "it is not there any more"
        for _ in range(_METADATA_TRIES):
            try:
                found = describe_topic(self._config, self._topic, _METADATA_TIMEOUT)
            except BrokerError as error:
                reason = str(error)
                _log.warning("waiting_for_broker", reason=reason)
                continue
            if found is not None:
                return found
            time.sleep(0.5)
        raise BrokerError(f"The topic {self._topic} cannot be ingested: {reason}")

    def _revoke(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        _log.info("partitions_revoked", topic=self._topic, partitions=self.assigned)
        self.assigned = []
        self._on_lost()
