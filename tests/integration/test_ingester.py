"""The ingester on a real topic and a real Postgres, as its own process of the command line."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from fixwatch.demo.broker import free_port
from tests.integration.conftest import Start
from tests.unit.ingest.conftest import message

#: Seconds; a group of the embedded broker forms in three.
PATIENCE = 60


def make_topic(broker: str, topic: str, partitions: int = 2) -> None:
    admin = AdminClient({"bootstrap.servers": broker})
    admin.create_topics([NewTopic(topic, partitions, 1)])[topic].result(10)


def produce(broker: str, topic: str, first: int, count: int) -> None:
    producer = Producer({"bootstrap.servers": broker})
    for number in range(first, first + count):
        sender = f"S{number % 4}"
        producer.produce(topic, message("0", number + 1, sender=sender), key=sender.encode())
    assert producer.flush(30) == 0


def stored(database_url: str) -> tuple[int, int]:
    """How many rows the log has, and how many different records."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        row = connection.execute(
            "SELECT count(*), count(DISTINCT (stream_id, kafka_offset)) FROM messages"
        ).fetchone()
    assert row is not None
    return row


def wait_until(reached: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
    deadline = time.monotonic() + patience
    while not reached():
        assert time.monotonic() < deadline, f"not within {patience:g} s: {what}"
        time.sleep(0.1)


def wait_for_rows(database_url: str, count: int) -> None:
    wait_until(lambda: stored(database_url)[0] >= count, f"{count} rows in the log")
    assert stored(database_url) == (count, count)


def test_what_arrives_is_stored_once_through_a_kill_and_a_restart(
    start: Start, database_url: str, broker: str, topic: str
) -> None:
    make_topic(broker, topic)
    produce(broker, topic, 0, 500)
    first = start(FIXWATCH_BATCH_ROWS="7")
    wait_until(lambda: stored(database_url)[0] > 0, "the first batch")
    first.kill()
    first.wait()
    produce(broker, topic, 500, 500)
    second = start()
    wait_for_rows(database_url, 1000)
    second.send_signal(signal.SIGTERM)
    assert second.wait(PATIENCE) == 0


def test_two_ingesters_share_the_topic_and_store_everything_once(
    start: Start, database_url: str, broker: str, topic: str
) -> None:
    make_topic(broker, topic, partitions=4)
    first, _second = start(), start()
    produce(broker, topic, 0, 300)
    wait_for_rows(database_url, 300)
    first.send_signal(signal.SIGTERM)
    assert first.wait(PATIENCE) == 0
    produce(broker, topic, 300, 300)
    wait_for_rows(database_url, 600)


def test_a_lost_connection_is_made_again_and_nothing_is_lost(
    start: Start, database_url: str, broker: str, topic: str
) -> None:
    make_topic(broker, topic)
    start()
    produce(broker, topic, 0, 100)
    wait_for_rows(database_url, 100)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'fixwatch ingest' AND datname = current_database()"
        )
    produce(broker, topic, 100, 100)
    wait_for_rows(database_url, 200)


def test_a_topic_that_is_not_there_yet_is_waited_for(
    start: Start, database_url: str, broker: str, topic: str
) -> None:
    process = start(FIXWATCH_KAFKA_CONFIG='{"topic.metadata.refresh.interval.ms": 500}')
    time.sleep(2)
    assert process.poll() is None
    make_topic(broker, topic)
    produce(broker, topic, 0, 10)
    wait_for_rows(database_url, 10)


def test_a_broker_and_a_database_that_are_not_there_yet_are_waited_for(start: Start, tmp_path: Path) -> None:
    nowhere = f"127.0.0.1:{free_port()}"
    process = start(
        FIXWATCH_KAFKA_BOOTSTRAP_SERVERS=nowhere, FIXWATCH_DATABASE_URL=f"postgresql://u:hidden@{nowhere}/d"
    )
    log = tmp_path / "ingest0.log"
    wait_until(lambda: b"waiting_for_the_database" in log.read_bytes(), "the message")
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    process.wait(PATIENCE)
    text = log.read_bytes()
    assert b"Traceback" not in text
    assert b"hidden" not in text


def test_a_wrong_setting_is_one_clear_line(start: Start, tmp_path: Path) -> None:
    process = start(FIXWATCH_FRAME="loose")
    assert process.wait(PATIENCE) == 1
    lines = (tmp_path / "ingest0.log").read_text().splitlines()
    assert lines == ["fixwatch: FIXWATCH_FRAME: Input should be 'strict' or 'lenient'"]
