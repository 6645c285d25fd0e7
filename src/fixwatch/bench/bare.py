"""The least that anybody does who stores a topic exactly once: consume, COPY the values, move the offsets, commit.

What `fixwatch bench latency` is compared with. Nothing is decoded, folded or indexed. As a process of its own
(`python -m fixwatch.bench.bare DATABASE_URL BOOTSTRAP_SERVERS TOPIC PARTITIONS`) it goes on until it is ended.
"""

from __future__ import annotations

import sys
from typing import Final

import psycopg
from confluent_kafka import Consumer, Message, TopicPartition

from fixwatch.ingest.consumer import FETCH_WAIT_MS
from fixwatch.kafka.client import quiet_logger

#: How far each partition is stored; made by `prepare`.
OFFSETS: Final = "SELECT partition, next_offset FROM bare_offsets"

_PREPARE: Final = """
    CREATE TABLE bare (raw bytea);
    CREATE TABLE bare_offsets (partition integer PRIMARY KEY, next_offset bigint NOT NULL)
"""
_MOVE: Final = """
    UPDATE bare_offsets AS o SET next_offset = n.next_offset
    FROM unnest(%s::integer[], %s::bigint[]) AS n (partition, next_offset) WHERE o.partition = n.partition
"""
#: Most records of a batch, and how long more of them are waited for after the first one, s: as an ingester has it.
_BATCH: Final = 20_000
_WAIT: Final = 0.005


def prepare(connection: psycopg.Connection, partitions: int) -> None:
    """Make the tables."""
    connection.execute(_PREPARE)
    connection.execute(
        "INSERT INTO bare_offsets SELECT p, 0 FROM generate_series(0, %s - 1) AS p", (partitions,)
    )
    connection.commit()


def consumer(bootstrap_servers: str, topic: str, partitions: int) -> Consumer:
    """A consumer of all partitions from their beginnings, with an ingester's settings."""
    made = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": "bare",
            "fetch.wait.max.ms": FETCH_WAIT_MS,
            "enable.auto.commit": False,
        },
        logger=quiet_logger(),
    )
    made.assign([TopicPartition(topic, partition, 0) for partition in range(partitions)])
    return made


def store(connection: psycopg.Connection, records: list[Message]) -> None:
    """Store a batch."""
    ends = {record.partition(): (record.offset() or 0) + 1 for record in records}
    with connection.cursor() as cursor:
        with cursor.copy("COPY bare FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(["bytea"])
            for record in records:
                copy.write_row((record.value(),))
        cursor.execute(_MOVE, (list(ends), list(ends.values())))
    connection.commit()


def main(url: str, bootstrap_servers: str, topic: str, partitions: int) -> None:
    """Store until the process is ended."""
    source = consumer(bootstrap_servers, topic, partitions)
    with psycopg.connect(url) as connection:
        while True:
            records = source.consume(1, 0.1)
            if records:
                store(connection, records + source.consume(_BATCH - 1, _WAIT))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
