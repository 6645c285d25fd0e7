"""How long a message takes from `produce()` until another connection to Postgres sees it.

A producer sends simulated messages at an even rate, each to a partition of its choice, and notes when. An ingester
of its own process stores them. A watching connection asks for the stored offsets about once a millisecond: a
message is visible when its partition's offset has passed it, for rows and offsets commit together.

The measure beside it, in the same run: *bare*, one batch after the other is produced, consumed, sent by COPY into an
empty table and committed, with nothing else done, by clients with the same settings.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import Any, Final

import psycopg
from confluent_kafka import Consumer, Message, Producer, TopicPartition

from fixwatch.bench.drain import start_ingester
from fixwatch.bench.machine import machine
from fixwatch.bench.topic import PARTITIONS, TOPIC
from fixwatch.demo.broker import EmbeddedBroker
from fixwatch.demo.postgres import EmbeddedPostgres
from fixwatch.errors import FixwatchError
from fixwatch.ingest.consumer import FETCH_WAIT_MS
from fixwatch.kafka.client import quiet_logger
from fixwatch.kafka.topic import ensure_topic
from fixwatch.sources.simulator.clock import SimulatedClock, wall_clock
from fixwatch.sources.simulator.simulation import Simulation, run_token

#: Batches of the bare measure, and messages of each: what 20 ms bring at 5,000 a second.
_BARE: Final = 100
_BARE_BATCH: Final = 100
#: Seconds of flow before the clock counts: the group forms, caches fill.
_WARM_UP: Final = 6.0
#: The producers' linger.ms, which is librdkafka's own.
LINGER_MS: Final = 5
#: Seconds between two looks of the watching connection.
_LOOK_EVERY: Final = 0.002
#: The shortest sleep of the producer, s: what is due sooner is sent at once.
_NAP: Final = 0.001
_PATIENCE: Final = 60.0


def run(rate: int, seconds: float, seed: int = 1) -> dict[str, Any]:
    """Measure at `rate` messages a second for `seconds`; all times are in milliseconds.

    Raises:
        FixwatchError: a part did not work.
    """
    with (
        tempfile.TemporaryDirectory(prefix="fixwatch-bench-") as directory,
        EmbeddedPostgres(Path(directory) / "postgres") as postgres,
        EmbeddedBroker() as broker,
    ):
        ensure_topic({"bootstrap.servers": broker.bootstrap_servers}, TOPIC, PARTITIONS)
        bare = median(_bare(postgres.url, broker.bootstrap_servers))
        with _ingester(postgres.url, broker.bootstrap_servers):
            latencies, held = _flow(postgres.url, broker.bootstrap_servers, rate, seconds, seed)
    cuts = quantiles(latencies, n=1000)
    return {
        "machine": machine(),
        "rate": rate,
        "rate_held": round(held),
        "messages": len(latencies),
        "p50_ms": round(cuts[499] * 1000, 1),
        "p99_ms": round(cuts[989] * 1000, 1),
        "p99_9_ms": round(cuts[998] * 1000, 1),
        "max_ms": round(max(latencies) * 1000, 1),
        "bare_batch": _BARE_BATCH,
        "bare_p50_ms": round(bare * 1000, 1),
        "ratio_p99_to_bare": round(cuts[989] / bare, 2),
    }


class _Watch(threading.Thread):
    """Looks at the stored offsets all the time, and notes when each of them moved, and how far."""

    def __init__(self, url: str) -> None:
        super().__init__(name="watch", daemon=True)
        self._url = url
        self._over = threading.Event()
        #: By partition: (when it was seen, the offset behind the last stored record), ascending.
        self.moves: dict[int, list[tuple[float, int]]] = {partition: [] for partition in range(PARTITIONS)}

    def run(self) -> None:
        with psycopg.connect(self._url, autocommit=True) as connection:
            query = "SELECT partition, next_offset FROM ingest_offsets"
            while not self._over.is_set():
                rows = connection.execute(query, prepare=True).fetchall()
                seen = time.monotonic()
                for partition, offset in rows:
                    moves = self.moves[partition]
                    if offset and (not moves or moves[-1][1] < offset):
                        moves.append((seen, offset))
                time.sleep(_LOOK_EVERY)

    def stored(self) -> int:
        """How many records were stored when it last looked."""
        return sum(moves[-1][1] for moves in self.moves.values() if moves)

    def end(self) -> None:
        """Stop looking."""
        self._over.set()
        self.join()


def _flow(
    url: str, bootstrap_servers: str, rate: int, seconds: float, seed: int
) -> tuple[list[float], float]:
    """Send the flow and return each message's latency, s, and the rate that was held, messages/s."""
    start = wall_clock()
    simulation = Simulation(seed, SimulatedClock(start), run_token(start))
    count = int(rate * (_WARM_UP + seconds))
    values = [record.value for record in simulation.records(max(count, 100))]
    sent: dict[int, list[float]] = {partition: [] for partition in range(PARTITIONS)}
    producer = Producer(
        {"bootstrap.servers": bootstrap_servers, "linger.ms": LINGER_MS}, logger=quiet_logger()
    )
    watch = _Watch(url)
    watch.start()
    began = time.monotonic()
    first = began + _WARM_UP
    for number, value in enumerate(values):
        due = began + number / rate
        if (wait := due - time.monotonic()) > _NAP:
            time.sleep(wait)
        partition = number % PARTITIONS
        sent[partition].append(time.monotonic())
        producer.produce(TOPIC, value, partition=partition)
        producer.poll(0)
    ended = time.monotonic()
    producer.flush(30)
    # The bare measure left records of its own at the head of partition 0.
    expected = len(values) + _BARE * _BARE_BATCH
    while watch.stored() < expected:
        if time.monotonic() - ended > _PATIENCE:
            raise FixwatchError(f"The ingester stored {watch.stored():,} of {expected:,} messages.")
        time.sleep(0.01)
    watch.end()
    latencies = []
    for partition, times in sent.items():
        moves = iter(watch.moves[partition])
        seen, stored = next(moves)
        for offset, at in enumerate(times, start=_BARE * _BARE_BATCH if partition == 0 else 0):
            while stored <= offset:
                seen, stored = next(moves)
            if at >= first:
                latencies.append(seen - at)
    return latencies, len(values) / (ended - began)


def _bare(url: str, bootstrap_servers: str) -> list[float]:
    """Produce, consume, COPY and commit one batch after the other: the seconds of each."""
    config = {"bootstrap.servers": bootstrap_servers}
    producer = Producer({**config, "linger.ms": LINGER_MS}, logger=quiet_logger())
    consumer = Consumer(
        {**config, "group.id": "bare", "fetch.wait.max.ms": FETCH_WAIT_MS, "enable.auto.commit": False},
        logger=quiet_logger(),
    )
    consumer.assign([TopicPartition(TOPIC, 0, 0)])
    times = []
    with closing(consumer), psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE bare (raw bytea)")
        connection.commit()
        for _ in range(_BARE):
            began = time.monotonic()
            for number in range(_BARE_BATCH):
                producer.produce(TOPIC, b"bare %d" % number, partition=0)
            producer.poll(0)
            records: list[Message] = []
            while len(records) < _BARE_BATCH:
                records += consumer.consume(_BARE_BATCH - len(records), _PATIENCE)
            with connection.cursor() as cursor, cursor.copy("COPY bare FROM STDIN (FORMAT BINARY)") as copy:
                copy.set_types(["bytea"])
                for record in records:
                    copy.write_row((record.value(),))
            connection.commit()
            times.append(time.monotonic() - began)
    return times


@contextmanager
def _ingester(url: str, bootstrap_servers: str) -> Iterator[None]:
    process = start_ingester(url, bootstrap_servers)
    try:
        deadline = time.monotonic() + _PATIENCE
        while not _stores(url):
            if process.poll() is not None or time.monotonic() > deadline:
                raise FixwatchError("The ingester does not start.")
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(60)


def _stores(url: str) -> bool:
    """If the ingester has stored what the bare measure left in the topic."""
    try:
        with psycopg.connect(url) as connection:
            row = connection.execute("SELECT coalesce(sum(messages), 0) FROM ingest_batches").fetchone()
    except psycopg.errors.UndefinedTable:
        return False
    return row is not None and int(row[0]) >= _BARE * _BARE_BATCH
