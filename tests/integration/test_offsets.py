"""Where a topic ends, and which incarnation of it there is."""

from __future__ import annotations

import time

import pytest
from confluent_kafka import Producer

from fixwatch.demo.broker import EmbeddedBroker, free_port
from fixwatch.errors import BrokerError
from fixwatch.kafka.offsets import describe_topic, end_offsets
from fixwatch.kafka.topic import ensure_topic


def test_ends_count_every_record_of_the_last_batch(broker: str, topic: str) -> None:
    config = {"bootstrap.servers": broker}
    ensure_topic(config, topic, 3)
    described = describe_topic(config, topic)
    assert described is not None
    assert end_offsets(config, described) == {0: 0, 1: 0, 2: 0}
    producer = Producer(config)
    for batch in range(2):
        for _ in range(100):
            producer.produce(topic, b"x", partition=0)
            producer.produce(topic, b"x", partition=2)
        producer.flush()
        sent = 100 * (batch + 1)
        assert end_offsets(config, described) == {0: sent, 1: 0, 2: sent}


def test_a_topic_that_is_not_there_is_none(broker: str, topic: str) -> None:
    assert describe_topic({"bootstrap.servers": broker}, topic) is None


def test_a_broker_that_is_not_there_is_said_in_time() -> None:
    started = time.monotonic()
    with pytest.raises(BrokerError, match="no broker answers"):
        describe_topic({"bootstrap.servers": f"127.0.0.1:{free_port()}"}, "fix-trades", timeout=1)
    assert time.monotonic() - started < 10


def test_a_broker_started_again_has_another_incarnation_of_the_topic() -> None:
    incarnations = []
    for _ in range(2):
        with EmbeddedBroker() as started:
            config = {"bootstrap.servers": started.bootstrap_servers}
            ensure_topic(config, "fix-trades", 1)
            incarnations.append(describe_topic(config, "fix-trades"))
    first, second = incarnations
    assert first is not None
    assert second is not None
    assert first.topic_id != second.topic_id
