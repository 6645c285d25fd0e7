"""Topics that are not as usual: a thousand partitions, records of megabytes, a group shared with strangers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from threading import Event, Thread

import psycopg
from confluent_kafka import Consumer, Producer

from fixwatch.kafka.client import quiet_logger
from tests.integration.conftest import Start
from tests.integration.test_ingester import make_topic, produce, wait_for_rows
from tests.unit.ingest.conftest import message


def test_a_thousand_partitions_are_ingested(start: Start, database_url: str, broker: str, topic: str) -> None:
    make_topic(broker, topic, partitions=1000)
    producer = Producer({"bootstrap.servers": broker})
    for partition in range(1000):
        producer.produce(topic, message("0", partition + 1), partition=partition)
    assert producer.flush(60) == 0
    start()
    wait_for_rows(database_url, 1000)
    with psycopg.connect(database_url, autocommit=True) as connection:
        assert connection.execute("SELECT count(*) FROM ingest_offsets WHERE next_offset = 1").fetchone() == (
            1000,
        )


def test_a_record_larger_than_a_fetch_is_stored(
    start: Start, database_url: str, broker: str, topic: str
) -> None:
    make_topic(broker, topic, partitions=1)
    large = message("0", 2, _58="x" * 900_000)
    producer = Producer({"bootstrap.servers": broker})
    for value in (message("0", 1), large, message("0", 3)):
        producer.produce(topic, value)
    assert producer.flush(30) == 0
    start(FIXWATCH_KAFKA_CONFIG='{"fetch.message.max.bytes": 1000, "max.partition.fetch.bytes": 1000}')
    wait_for_rows(database_url, 3)
    with psycopg.connect(database_url, autocommit=True) as connection:
        assert connection.execute("SELECT raw FROM messages WHERE kafka_offset = 1").fetchone() == (large,)


@contextmanager
def stranger(broker: str, group: str, topic: str) -> Iterator[None]:
    """A consumer of another topic in the same group."""
    end = Event()

    def consume() -> None:
        config = {"bootstrap.servers": broker, "group.id": group, "session.timeout.ms": 6_000}
        with closing(Consumer(config, logger=quiet_logger())) as consumer:
            consumer.subscribe([topic])
            while not end.is_set():
                consumer.poll(0.1)

    thread = Thread(target=consume)
    thread.start()
    yield
    end.set()
    thread.join()


def test_a_group_that_somebody_uses_for_another_topic_loses_nothing(
    start: Start, database_url: str, broker: str, topic: str
) -> None:
    make_topic(broker, topic)
    make_topic(broker, f"{topic}-other")
    produce(broker, f"{topic}-other", 0, 50)
    with stranger(broker, f"group-{topic}", f"{topic}-other"):
        ingester = start()
        produce(broker, topic, 0, 100)
        wait_for_rows(database_url, 100)
        assert ingester.poll() is None
