"""The dead-letter topic: fed from the quarantine, at least once, in order; never in the way of ingestion."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import closing

import psycopg
import pytest
from confluent_kafka import Consumer, Message, Producer

from fixwatch.errors import BrokerError, SettingsError
from fixwatch.kafka.client import quiet_logger
from fixwatch.settings import load
from fixwatch.store.dead_letters import MAX_LETTERS, DeadLetter, DeadLetterQueue
from tests.integration.conftest import Start
from tests.integration.test_batch_store import Stored, records
from tests.integration.test_ingester import PATIENCE, make_topic, wait_for_rows, wait_until
from tests.unit.ingest.conftest import message

TOPIC = str(load().kafka_topic)


def store_garbage(database_url: str, count: int, partition: int = 0) -> None:
    """Messages 0 to 2 x count - 1: every other one is garbage."""
    store = Stored(database_url, load(database_url=database_url))
    store.locate("one", [0, 1])
    batch = [b"garbage %d" % n if n % 2 else message("0", n + 1) for n in range(2 * count)]
    store.store(records(batch, partition=partition), {})
    store.close()


def read(broker: str, topic: str, count: int) -> list[Message]:
    config = {
        "bootstrap.servers": broker,
        "group.id": f"reads-{topic}",
        "auto.offset.reset": "earliest",
        "session.timeout.ms": 6_000,
    }
    found: list[Message] = []
    with closing(Consumer(config, logger=quiet_logger())) as consumer:
        consumer.subscribe([topic])

        def enough() -> bool:
            found.extend(each for each in consumer.consume(100, 0.1) if each.error() is None)
            return len(found) >= count

        wait_until(enough, f"{count} dead letters")
    return found


def test_dead_letters_say_where_they_are_from_and_what_is_wrong(
    start: Start, database_url: str, broker: str, topic: str
) -> None:
    make_topic(broker, topic, partitions=1)
    dead = f"{topic}-dead"
    logon = message("A", 1, _98="0", _108="30", _554="s3cret!pass")
    producer = Producer({"bootstrap.servers": broker})
    for value in (message("0", 1), b"garbage", logon[:-4], message("0", 2)):
        producer.produce(topic, value)
    assert producer.flush(30) == 0
    ingester = start(FIXWATCH_DEAD_LETTER_TOPIC=dead)
    wait_for_rows(database_url, 4)
    first, second = read(broker, dead, 2)
    assert first.value() == b"garbage"
    said = {name: value.decode() for name, value in first.headers() or []}
    assert said.pop("ingested_at").startswith("20")
    assert said == {
        "topic": topic,
        "partition": "0",
        "offset": "1",
        "verdict": "garbled",
        "defects": said["defects"],
    }
    assert said["defects"]
    assert b"s3cret!pass" not in (second.value() or b"")
    assert len(second.value() or b"") == len(logon) - 4
    ingester.terminate()
    assert ingester.wait(PATIENCE) == 0


def test_a_dead_letter_topic_that_is_not_taken_stops_nothing(
    start: Start, database_url: str, broker: str, topic: str
) -> None:
    make_topic(broker, topic, partitions=1)
    producer = Producer({"bootstrap.servers": broker})
    for value in (b"garbage", message("0", 1)):
        producer.produce(topic, value)
    assert producer.flush(30) == 0
    # No broker takes a topic of this name.
    ingester = start(FIXWATCH_DEAD_LETTER_TOPIC="..")
    wait_for_rows(database_url, 2)
    assert ingester.poll() is None


def test_what_was_not_confirmed_comes_again_and_what_was_does_not(database_url: str) -> None:
    store_garbage(database_url, MAX_LETTERS + 10)
    sent: list[int] = []

    def send(letters: Sequence[DeadLetter]) -> None:
        sent.extend(letter.offset for letter in letters)

    def refuse(letters: Sequence[DeadLetter]) -> None:
        raise BrokerError("no")

    with psycopg.connect(database_url, autocommit=True) as connection:
        queue = DeadLetterQueue(connection, TOPIC)
        with pytest.raises(BrokerError):
            queue.feed(refuse)
        assert [queue.feed(send) for _ in range(3)] == [MAX_LETTERS, 10, 0]
    assert sent == [2 * n + 1 for n in range(MAX_LETTERS + 10)]


def test_two_feeds_do_not_send_the_same(database_url: str) -> None:
    store_garbage(database_url, 20, partition=0)
    store_garbage(database_url, 20, partition=1)
    sent: list[tuple[int, int]] = []
    both = threading.Barrier(2)

    def feed() -> None:
        def send(letters: Sequence[DeadLetter]) -> None:
            sent.extend((letter.partition, letter.offset) for letter in letters)

        with psycopg.connect(database_url, autocommit=True) as connection:
            queue = DeadLetterQueue(connection, TOPIC)
            both.wait()
            while queue.feed(send):
                pass

    threads = [threading.Thread(target=feed) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(sent) == [(partition, 2 * n + 1) for partition in (0, 1) for n in range(20)]


def test_a_topic_is_not_its_own_dead_letter_topic() -> None:
    with pytest.raises(SettingsError, match=r"FIXWATCH_DEAD_LETTER_TOPIC: .*another topic"):
        load(dead_letter_topic=TOPIC)
