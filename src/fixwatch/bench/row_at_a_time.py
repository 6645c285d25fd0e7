"""The consumer that `fixwatch bench ingest` is compared with: one INSERT and one commit a message.

As tutorials have it, with kafka-python and psycopg2 where they are installed; otherwise with the clients that
fixwatch itself uses, which are quicker.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Generator
from contextlib import closing
from importlib.util import find_spec
from typing import Any, Final

import psycopg
from confluent_kafka import Consumer

from fixwatch.bench.topic import TOPIC
from fixwatch.errors import FixwatchError
from fixwatch.kafka.client import quiet_logger

#: Seconds without a record after which the topic is given up.
_PATIENCE: Final = 60.0
_GROUP: Final = "row-at-a-time"

_TABLE: Final = """
    CREATE TABLE trades (id bigserial PRIMARY KEY, cl_ord_id text, symbol text, side text, quantity numeric,
                         price numeric, raw bytea)
"""
_INSERT: Final = (
    "INSERT INTO trades (cl_ord_id, symbol, side, quantity, price, raw) VALUES (%s, %s, %s, %s, %s, %s)"
)


def clients() -> str:
    """Which clients it uses."""
    return "kafka-python, psycopg2" if _has_tutorial_clients() else "confluent-kafka, psycopg"


def run(url: str, bootstrap_servers: str, rows: int) -> float:
    """Store the first `rows` messages of the topic in an empty database; the seconds from the first one on.

    Raises:
        FixwatchError: the topic has fewer.
    """
    if _has_tutorial_clients():
        import psycopg2

        connection, values = psycopg2.connect(url), _kafka_python(bootstrap_servers)
    else:
        connection, values = psycopg.connect(url), _confluent(bootstrap_servers)
    with closing(connection), closing(values):
        cursor = connection.cursor()
        cursor.execute(_TABLE)
        connection.commit()
        raw = next(values)
        began = time.monotonic()
        for number in range(rows):
            cursor.execute(_INSERT, _row(raw))
            connection.commit()
            if number + 1 < rows:
                raw = next(values)
        return time.monotonic() - began


def _has_tutorial_clients() -> bool:
    return all(find_spec(name) is not None for name in ("kafka", "psycopg2"))


def _kafka_python(bootstrap_servers: str) -> Generator[bytes, None, None]:
    from kafka import KafkaConsumer

    logging.getLogger("kafka").setLevel(logging.ERROR)
    consumer = KafkaConsumer(
        TOPIC,
        bootstrap_servers=bootstrap_servers,
        group_id=_GROUP,
        auto_offset_reset="earliest",
        session_timeout_ms=6_000,
        consumer_timeout_ms=_PATIENCE * 1000,
    )
    with closing(consumer):
        for record in consumer:
            yield record.value or b""
    raise FixwatchError("The row-at-a-time consumer got nothing from the broker.")


def _confluent(bootstrap_servers: str) -> Generator[bytes, None, None]:
    config = {
        "bootstrap.servers": bootstrap_servers,
        "group.id": _GROUP,
        "auto.offset.reset": "earliest",
        "session.timeout.ms": 6_000,
    }
    consumer = Consumer(config, logger=quiet_logger())
    with closing(consumer):
        consumer.subscribe([TOPIC])
        heard = time.monotonic()
        while time.monotonic() - heard < _PATIENCE:
            record = consumer.poll(1.0)
            if record is not None and not record.error():
                heard = time.monotonic()
                yield record.value() or b""
    raise FixwatchError("The row-at-a-time consumer got nothing from the broker.")


def _row(raw: bytes) -> tuple[Any, ...]:
    fields = dict(part.partition(b"=")[::2] for part in raw.split(b"\x01"))
    named = (fields.get(tag, b"").decode("latin-1").replace("\0", "") for tag in (b"11", b"55", b"54"))
    numbers = (_number(fields.get(tag)) for tag in (b"38", b"44"))
    return *named, *numbers, raw


def _number(value: bytes | None) -> str | None:
    return value.decode() if value and value.replace(b".", b"", 1).isdigit() else None
