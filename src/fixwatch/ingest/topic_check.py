"""The log held against the topic, partition by partition: every record once, with its time and its bytes.

Offsets that the topic itself does not have (compacted away, transaction markers) are no holes. Records that the
topic's retention has deleted, or the log's, are compared with nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource  # type: ignore[attr-defined]

from fixwatch.decoding import decode_options
from fixwatch.errors import BrokerError
from fixwatch.fix.decoder import decode
from fixwatch.ingest.batch import LATEST_MS, without_secrets
from fixwatch.ingest.findings import Findings
from fixwatch.kafka.client import client_config, quiet_logger
from fixwatch.kafka.offsets import Topic
from fixwatch.settings import Settings
from fixwatch.store.comparison import Compared
from fixwatch.store.log_pages import Log, LogStream

#: Seconds in which the broker has to send something, or to say that there is no more.
_PATIENCE: Final = 30.0
#: Seconds to wait for a chunk to fill: it also passes at every partition's end.
_WAIT: Final = 0.1
#: Records and bytes that are compared at a time.
_RECORDS, _BYTES = 5_000, 16 * 1024 * 1024


class TopicCheck:
    """Compares streams of one topic, which is there. To be closed."""

    def __init__(self, settings: Settings, topic: Topic, log: Log, examples: int) -> None:
        self._topic = topic
        self._log = log
        self._examples = examples
        self._options = decode_options(settings)
        config = client_config(settings)
        self._compacted = _is_compacted(config, topic.name)
        self._consumer = Consumer(
            {
                "queued.max.messages.kbytes": 32 * 1024,
                # A fetch at one partition's end keeps the next partition's waiting as long.
                "fetch.wait.max.ms": 20,
                **config,
                # Required by the client; it joins no group and commits nothing.
                "group.id": "fixwatch-verify",
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "auto.offset.reset": "earliest",
            },
            logger=quiet_logger(),
        )

    def close(self) -> None:
        """Leave the broker."""
        self._consumer.close()

    def compare(self, stream: LogStream, on_records: Callable[[int], None]) -> Compared:
        """Compare one partition as far as its log is stored; `on_records` is told counts as they are compared.

        `beyond_the_log` of the answer counts rows that the topic no longer has.

        Raises:
            BrokerError: the broker does not answer, or refuses us.
        """
        found = Findings(f"topic {stream.topic}/{stream.partition}", self._examples)
        gaps = self._log.gaps(stream.stream_id)
        at = max(self._low_watermark(stream), stream.first_offset)
        for records in self._records(stream, at):
            end = _offset(records[-1]) + 1
            self._compare_chunk(stream, at, end, records, gaps, found)
            on_records(len(records))
            at = end
        self._compare_chunk(stream, at, stream.next_offset, [], gaps, found)
        return found.result()

    def _compare_chunk(
        self,
        stream: LogStream,
        begin: int,
        end: int,
        records: list[Message],
        gaps: list[range],
        found: Findings,
    ) -> None:
        """Compare the log from `begin` up to `end` with all records that the topic has there."""
        values = [record.value() or b"" for record in records]
        kept = without_secrets(values, decode(values, self._options)) if values else []
        expected = {
            _offset(record): (min(max(record.timestamp()[1], 0), LATEST_MS), value)
            for record, value in zip(records, kept, strict=True)
        }
        missing = dict.fromkeys(expected)
        gone = 0
        for row in self._log.read(stream.stream_id, begin, end):
            place = {"stream_id": stream.stream_id, "kafka_offset": row.kafka_offset}
            record = expected.get(row.kafka_offset)
            missing.pop(row.kafka_offset, None)
            if record is None:
                if any(row.kafka_offset in gap for gap in gaps):
                    continue
                gone = gone or self._low_watermark(stream)
                if self._compacted or row.kafka_offset < gone:
                    found.beyond += 1
                else:
                    found.add(place, "*", "a row", "no record in the topic")
                continue
            found.rows += 1
            timestamp, value = record
            if any(row.kafka_offset in gap for gap in gaps):
                continue
            if row.raw != value:
                found.add(place, "raw", row.raw, value)
            if row.timestamp != timestamp:
                found.add(place, "kafka_time", f"{row.timestamp} ms", f"{timestamp} ms")
        for offset in missing:
            if not any(offset in gap for gap in gaps):
                place = {"stream_id": stream.stream_id, "kafka_offset": offset}
                found.add(place, "*", None, expected[offset][1])

    def _records(self, stream: LogStream, begin: int) -> Iterator[list[Message]]:
        """The partition's records from `begin` up to the end of the log, in chunks of bounded size."""
        if begin >= stream.next_offset:
            return
        place = TopicPartition(self._topic.name, stream.partition, begin)
        self._consumer.assign([place])
        chunk, heard, done = 100, time.monotonic(), False
        while not done:
            records: list[Message] = []
            for record in self._consumer.consume(chunk, _WAIT):
                heard = time.monotonic()
                error = record.error()
                if error is not None and error.code() != KafkaError._PARTITION_EOF:
                    raise BrokerError(f"The broker does not give topic {stream.topic}: {error.str()}")
                if error is not None or _offset(record) >= stream.next_offset:
                    done = True
                    continue
                records.append(record)
            if records:
                done = done or _offset(records[-1]) + 1 >= stream.next_offset
                size = sum(len(record) for record in records)
                chunk = max(1, min(_RECORDS, _BYTES * len(records) // max(size, 1)))
                yield records
            elif time.monotonic() - heard > _PATIENCE:
                raise BrokerError(
                    f"The broker has sent nothing of topic {stream.topic} for {_PATIENCE:g} s; try again, or "
                    "with --no-topic."
                )

    def _low_watermark(self, stream: LogStream) -> int:
        place = TopicPartition(self._topic.name, stream.partition)
        try:
            low, _ = self._consumer.get_watermark_offsets(place, timeout=_PATIENCE)
        except KafkaException as error:
            raise BrokerError(
                f"The broker does not say where topic {stream.topic} begins: {error}"
            ) from error
        return max(low, 0)


def _offset(record: Message) -> int:
    offset = record.offset()
    assert offset is not None  # noqa: S101  (a record that was consumed has one)
    return offset


def _is_compacted(config: dict[str, Any], name: str) -> bool:
    """If the topic loses records that others of their key have followed; no, where the broker does not say."""
    resource = ConfigResource(ConfigResource.Type.TOPIC, name)
    try:
        answer = AdminClient(dict(config), logger=quiet_logger()).describe_configs([resource])
        policy = answer[resource].result(_PATIENCE).get("cleanup.policy")
    except (KafkaException, TimeoutError):
        return False
    return policy is not None and "compact" in str(policy.value)
