"""The broker goes away in the middle of the flow and comes back with its data."""

from __future__ import annotations

import threading
from collections.abc import Callable

import psycopg
import pytest
from confluent_kafka import Producer

from fixwatch.kafka.client import quiet_logger
from fixwatch.kafka.offsets import describe_topic, end_offsets
from tests.integration.conftest import Start
from tests.integration.test_ingester import make_topic, stored, wait_for_rows, wait_until
from tests.kafka.apache_kafka import ApacheKafka
from tests.unit.ingest.conftest import message

pytestmark = pytest.mark.kafka


class Flow(threading.Thread):
    """Sends about a thousand messages a second until it is ended; what the broker confirmed is in `confirmed`."""

    def __init__(self, broker: str, topic: str) -> None:
        super().__init__(daemon=True)
        self.confirmed: set[bytes] = set()
        self._topic = topic
        self._end = threading.Event()
        self._producer = Producer(
            {
                "bootstrap.servers": broker,
                "enable.idempotence": True,
                "reconnect.backoff.max.ms": 500,
                "on_delivery": lambda error, record: error or self.confirmed.add(record.value()),
            },
            logger=quiet_logger(),
        )

    def run(self) -> None:
        number = 0
        while not self._end.wait(0.01):
            for _ in range(10):
                number += 1
                sender = f"S{number % 4}"
                self._producer.produce(self._topic, message("0", number, sender=sender), key=sender.encode())
            self._producer.poll(0)

    def end(self) -> None:
        self._end.set()
        self.join(30)
        assert self._producer.flush(60) == 0


@pytest.mark.parametrize("how", [ApacheKafka.kill, ApacheKafka.stop], ids=["killed", "stopped"])
def test_a_broker_that_comes_back_loses_and_doubles_nothing(
    start: Start,
    database_url: str,
    apache_kafka: ApacheKafka,
    broker: str,
    topic: str,
    how: Callable[[ApacheKafka], None],
) -> None:
    make_topic(broker, topic)
    ingester = start()
    flow = Flow(broker, topic)
    flow.start()
    wait_until(lambda: stored(database_url)[0] > 500, "the flow")
    how(apache_kafka)
    apache_kafka.start()
    confirmed = len(flow.confirmed)
    wait_until(lambda: len(flow.confirmed) > confirmed + 500, "the flow again")
    flow.end()
    described = describe_topic({"bootstrap.servers": broker}, topic)
    assert described is not None
    wait_for_rows(database_url, sum(end_offsets({"bootstrap.servers": broker}, described).values()))
    with psycopg.connect(database_url, autocommit=True) as connection:
        assert {raw for (raw,) in connection.execute("SELECT raw FROM messages")} == flow.confirmed
    assert ingester.poll() is None
