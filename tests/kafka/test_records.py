"""Records as brokers keep them: compressed, in transactions, and some of these aborted."""

from __future__ import annotations

import psycopg
import pytest
from confluent_kafka import Producer

from tests.integration.conftest import Start
from tests.integration.test_ingester import make_topic, produce, wait_for_rows
from tests.unit.ingest.conftest import message

pytestmark = pytest.mark.kafka


def log(database_url: str) -> list[tuple[int, bytes]]:
    """Offset and bytes of each record of a topic with one partition, in their order."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        return connection.execute("SELECT kafka_offset, raw FROM messages ORDER BY kafka_offset").fetchall()


def test_every_codec_is_read(start: Start, database_url: str, broker: str, topic: str) -> None:
    make_topic(broker, topic, partitions=1)
    sent = []
    for codec in ("none", "gzip", "snappy", "lz4", "zstd"):
        # A batch is compressed as a whole: they go together.
        producer = Producer({"bootstrap.servers": broker, "compression.type": codec, "linger.ms": 50})
        for _ in range(200):
            sent.append(message("0", len(sent) + 1, _58=codec * 20))
            producer.produce(topic, sent[-1])
        assert producer.flush(30) == 0
    start()
    wait_for_rows(database_url, len(sent))
    assert log(database_url) == list(enumerate(sent))


def test_aborted_records_are_not_stored_and_the_holes_they_leave_harm_nobody(
    start: Start, database_url: str, broker: str, topic: str
) -> None:
    make_topic(broker, topic, partitions=1)
    start(FIXWATCH_BATCH_ROWS="7")
    producer = Producer({"bootstrap.servers": broker, "transactional.id": topic})
    producer.init_transactions(30)
    committed, offset = [], 0
    for number, keep in enumerate((True, False, True, True, False)):
        producer.begin_transaction()
        for _ in range(20):
            value = message("0", offset + 1, _58="kept" if keep else "aborted")
            producer.produce(topic, value)
            if keep:
                committed.append((offset, value))
            offset += 1
        # Sent, and then taken back: an abort of what still waits here would never reach the broker.
        assert producer.flush(30) == 0, number
        if keep:
            producer.commit_transaction(30)
        else:
            producer.abort_transaction(30)
        # The marker that ends a transaction has an offset of its own.
        offset += 1
    wait_for_rows(database_url, len(committed))
    produce(broker, topic, offset, 10)
    wait_for_rows(database_url, len(committed) + 10)
    stored = log(database_url)
    assert stored[:-10] == committed
    assert [at for at, _ in stored[-10:]] == list(range(offset, offset + 10))
