"""The topic changes under the ingester: deleted and made anew, more partitions, records deleted by retention."""

from __future__ import annotations

import signal

import psycopg
import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient, NewPartitions

from fixwatch.kafka.offsets import describe_topic
from tests.integration.conftest import Start
from tests.integration.test_ingester import PATIENCE, make_topic, produce, stored, wait_for_rows, wait_until

pytestmark = pytest.mark.kafka

#: librdkafka asks for new partitions every five minutes if we let it.
LOOK_OFTEN = '{"topic.metadata.refresh.interval.ms": 500}'


def streams(database_url: str) -> list[tuple[str, int, int, int]]:
    """Of each stream: topic id, partition, rows in the log, next offset."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        return connection.execute(
            "SELECT topic_id, partition, (SELECT count(*) FROM messages m WHERE m.stream_id = o.stream_id), "
            "next_offset FROM ingest_offsets o ORDER BY stream_id"
        ).fetchall()


def test_a_topic_made_anew_while_no_ingester_runs_is_another_stream(
    start: Start, database_url: str, broker: str, topic: str
) -> None:
    admin = AdminClient({"bootstrap.servers": broker})
    incarnations = []
    rows = 0
    for count in (100, 40):
        make_topic(broker, topic, partitions=1)
        described = describe_topic({"bootstrap.servers": broker}, topic)
        assert described is not None
        incarnations.append((described.topic_id, 0, count, count))
        produce(broker, topic, rows, count)
        rows += count
        ingester = start()
        wait_for_rows(database_url, rows)
        ingester.send_signal(signal.SIGTERM)
        assert ingester.wait(PATIENCE) == 0
        admin.delete_topics([topic])[topic].result(10)
    assert streams(database_url) == incarnations


# Fewer, as many and more than before: of more, the offset at which the ingester is exists again.
@pytest.mark.parametrize("count", [60, 100, 150])
def test_a_topic_made_anew_under_a_running_ingester_is_another_stream(
    start: Start, database_url: str, broker: str, topic: str, count: int
) -> None:
    admin = AdminClient({"bootstrap.servers": broker})
    make_topic(broker, topic, partitions=1)
    produce(broker, topic, 0, 100)
    start()
    wait_for_rows(database_url, 100)
    before = streams(database_url)
    admin.delete_topics([topic])[topic].result(10)
    make_topic(broker, topic, partitions=1)
    produce(broker, topic, 100, count)
    described = describe_topic({"bootstrap.servers": broker}, topic)
    assert described is not None
    wait_for_rows(database_url, 100 + count)
    assert streams(database_url) == [*before, (described.topic_id, 0, count, count)]


def test_partitions_added_while_it_runs_are_ingested_from_their_beginning(
    start: Start, database_url: str, broker: str, topic: str
) -> None:
    make_topic(broker, topic, partitions=1)
    produce(broker, topic, 0, 100)
    start(FIXWATCH_KAFKA_CONFIG=LOOK_OFTEN)
    wait_for_rows(database_url, 100)
    admin = AdminClient({"bootstrap.servers": broker})
    admin.create_partitions([NewPartitions(topic, 3)])[topic].result(10)
    # The client that sends learns of them by itself; what it sends first is there before the ingester looks.
    wait_until(lambda: described_partitions(broker, topic) == 3, "three partitions")
    produce(broker, topic, 100, 300)
    wait_for_rows(database_url, 400)
    assert [partition for _, partition, *_ in streams(database_url)] == [0, 1, 2]


def described_partitions(broker: str, topic: str) -> int:
    described = describe_topic({"bootstrap.servers": broker}, topic)
    return described.partitions if described else 0


def gaps(database_url: str) -> list[tuple[int, int, str]]:
    """First and last missing offset and the reason, of a topic with one partition."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        return connection.execute(
            "SELECT first_offset, last_offset, reason::text FROM ingest_gaps ORDER BY first_offset"
        ).fetchall()


def delete_before(broker: str, topic: str, offset: int) -> None:
    admin, kept_from = AdminClient({"bootstrap.servers": broker}), TopicPartition(topic, 0, offset)
    admin.delete_records([kept_from])[kept_from].result(10)


def test_what_retention_took_while_we_were_away_is_a_gap_and_does_not_stop_the_rest(
    start: Start, database_url: str, broker: str, topic: str
) -> None:
    make_topic(broker, topic, partitions=1)
    produce(broker, topic, 0, 100)
    first = start()
    wait_for_rows(database_url, 100)
    first.send_signal(signal.SIGTERM)
    assert first.wait(PATIENCE) == 0
    assert gaps(database_url) == []
    produce(broker, topic, 100, 100)
    delete_before(broker, topic, 150)
    start()
    wait_for_rows(database_url, 150)
    produce(broker, topic, 200, 50)
    wait_for_rows(database_url, 200)
    ((_, _, _, next_offset),) = streams(database_url)
    assert next_offset == 250
    assert gaps(database_url) == [(100, 149, "deleted")]


def test_a_topic_older_than_our_first_start_says_where_its_log_begins(
    start: Start, database_url: str, broker: str, topic: str
) -> None:
    make_topic(broker, topic, partitions=1)
    produce(broker, topic, 0, 100)
    delete_before(broker, topic, 40)
    start()
    wait_for_rows(database_url, 60)
    assert gaps(database_url) == [(0, 39, "before_first_start")]


def test_a_log_that_the_broker_cut_short_is_a_gap_until_it_has_grown_again(
    start: Start, database_url: str, broker: str, topic: str
) -> None:
    make_topic(broker, topic, partitions=1)
    start()
    produce(broker, topic, 0, 20)
    wait_for_rows(database_url, 20)
    with psycopg.connect(database_url, autocommit=True) as connection:
        # As if the topic had had 30, and ten had been lost with a broker.
        connection.execute("UPDATE ingest_offsets SET next_offset = 30")
        produce(broker, topic, 20, 5)
    wait_until(lambda: bool(gaps(database_url)), "the gap")
    ((_, last, reason),) = gaps(database_url)
    assert (last, reason) == (29, "truncated")
    produce(broker, topic, 25, 10)
    wait_until(lambda: stored(database_url) == (25, 25), "what came behind the gap")
