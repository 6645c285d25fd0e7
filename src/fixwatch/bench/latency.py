"""How long a message takes from `produce()` until another connection to Postgres sees it.

A producer sends simulated messages at an even rate, each to a partition of its choice, and notes when. An ingester
of its own process stores them. A watching connection asks for the stored offsets every other millisecond: a message
is visible when its partition's offset has passed it, for rows and offsets commit together.

Beside it, in the same run, twice the least that anybody does (`bare.py`): *the same flow*, stored by COPY into one
table with its offsets and nothing else, by a process of its own; and *one batch after the other* on a machine that
does nothing else, from its first `produce()` to its commit.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import Any, Final, LiteralString

import psycopg
from confluent_kafka import Message, Producer

from fixwatch.bench import bare
from fixwatch.bench.drain import start_ingester
from fixwatch.bench.machine import machine
from fixwatch.bench.topic import PARTITIONS, TOPIC
from fixwatch.demo.broker import EmbeddedBroker
from fixwatch.demo.postgres import EmbeddedPostgres
from fixwatch.errors import FixwatchError
from fixwatch.kafka.client import quiet_logger
from fixwatch.kafka.topic import ensure_topic
from fixwatch.sources.simulator.clock import SimulatedClock, wall_clock
from fixwatch.sources.simulator.simulation import Simulation, run_token

#: Batches one after the other, and messages of each: what 20 ms bring at 5,000 a second.
_BARE: Final = 100
_BARE_BATCH: Final = 100
#: The topics of the bare measures.
_BARE_FLOW, _BARE_ALONE = "bare-flow", "bare-alone"
#: Seconds of flow before the clock counts: the group forms, caches fill.
_WARM_UP: Final = 6.0
#: The producers' linger.ms, which is librdkafka's own.
LINGER_MS: Final = 5
#: Seconds between two looks of the watching connection.
_LOOK_EVERY: Final = 0.002
#: The shortest sleep of the producer, s: what is due sooner is sent at once.
_NAP: Final = 0.001
_PATIENCE: Final = 60.0
#: How far each partition of the ingester's topic is stored.
_OFFSETS: Final = "SELECT partition, next_offset FROM ingest_offsets"


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
        servers = broker.bootstrap_servers
        for topic in (TOPIC, _BARE_FLOW, _BARE_ALONE):
            ensure_topic({"bootstrap.servers": servers}, topic, PARTITIONS)
        with psycopg.connect(postgres.url) as connection:
            bare.prepare(connection, PARTITIONS)
        alone = median(_one_after_the_other(postgres.url, servers))
        values = _values(rate, seconds, seed)
        with _process(_bare_command(postgres.url, servers)):
            least, _ = _flow(postgres.url, servers, _BARE_FLOW, bare.OFFSETS, values, rate)
        with _process(start_ingester(postgres.url, servers), lambda: _is_assigned(postgres.url)):
            latencies, held = _flow(postgres.url, servers, TOPIC, _OFFSETS, values, rate)
    cuts, least_cuts = quantiles(latencies, n=1000), quantiles(least, n=1000)
    return {
        "machine": machine(),
        "rate": rate,
        "rate_held": round(held),
        "messages": len(latencies),
        "p50_ms": round(cuts[499] * 1000, 1),
        "p99_ms": round(cuts[989] * 1000, 1),
        "p99_9_ms": round(cuts[998] * 1000, 1),
        "max_ms": round(max(latencies) * 1000, 1),
        "bare_p50_ms": round(least_cuts[499] * 1000, 1),
        "bare_p99_ms": round(least_cuts[989] * 1000, 1),
        "ratio_p50_to_bare": round(cuts[499] / least_cuts[499], 2),
        "ratio_p99_to_bare": round(cuts[989] / least_cuts[989], 2),
        "one_batch": _BARE_BATCH,
        "one_batch_alone_ms": round(alone * 1000, 1),
        "ratio_p50_to_one_batch_alone": round(cuts[499] / alone, 2),
        "ratio_p99_to_one_batch_alone": round(cuts[989] / alone, 2),
    }


class _Watch(threading.Thread):
    """Looks at the stored offsets all the time, and notes when each of them moved, and how far."""

    def __init__(self, url: str, query: LiteralString) -> None:
        super().__init__(name="watch", daemon=True)
        self._url = url
        self._query = query
        self._over = threading.Event()
        #: By partition: (when it was seen, the offset behind the last stored record), ascending.
        self.moves: dict[int, list[tuple[float, int]]] = {partition: [] for partition in range(PARTITIONS)}

    def run(self) -> None:
        with psycopg.connect(self._url, autocommit=True) as connection:
            while not self._over.is_set():
                rows = connection.execute(self._query, prepare=True).fetchall()
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


def _values(rate: int, seconds: float, seed: int) -> list[bytes]:
    """The messages of the flow, with those of the warm-up."""
    start = wall_clock()
    simulation = Simulation(seed, SimulatedClock(start), run_token(start))
    return [record.value for record in simulation.records(max(int(rate * (_WARM_UP + seconds)), 100))]


def _flow(
    url: str, bootstrap_servers: str, topic: str, offsets: LiteralString, values: list[bytes], rate: int
) -> tuple[list[float], float]:
    """Send the flow and return each message's latency, s, and the rate that was held, messages/s."""
    sent: dict[int, list[float]] = {partition: [] for partition in range(PARTITIONS)}
    producer = Producer(
        {"bootstrap.servers": bootstrap_servers, "linger.ms": LINGER_MS}, logger=quiet_logger()
    )
    watch = _Watch(url, offsets)
    watch.start()
    began = time.monotonic()
    first = began + _WARM_UP
    for number, value in enumerate(values):
        due = began + number / rate
        if (wait := due - time.monotonic()) > _NAP:
            time.sleep(wait)
        partition = number % PARTITIONS
        sent[partition].append(time.monotonic())
        producer.produce(topic, value, partition=partition)
        producer.poll(0)
    ended = time.monotonic()
    producer.flush(30)
    while watch.stored() < len(values):
        if time.monotonic() - ended > _PATIENCE:
            raise FixwatchError(f"Of {len(values):,} messages {watch.stored():,} were stored.")
        time.sleep(0.01)
    watch.end()
    latencies = []
    for partition, times in sent.items():
        moves = iter(watch.moves[partition])
        seen, stored = next(moves)
        for offset, at in enumerate(times):
            while stored <= offset:
                seen, stored = next(moves)
            if at >= first:
                latencies.append(seen - at)
    return latencies, len(values) / (ended - began)


def _one_after_the_other(url: str, bootstrap_servers: str) -> list[float]:
    """Produce, consume, COPY and commit one batch after the other: the seconds of each."""
    producer = Producer(
        {"bootstrap.servers": bootstrap_servers, "linger.ms": LINGER_MS}, logger=quiet_logger()
    )
    times = []
    with (
        closing(bare.consumer(bootstrap_servers, _BARE_ALONE, 1)) as source,
        psycopg.connect(url) as connection,
    ):
        for _ in range(_BARE):
            began = time.monotonic()
            for number in range(_BARE_BATCH):
                producer.produce(_BARE_ALONE, b"bare %d" % number, partition=0)
            producer.poll(0)
            records: list[Message] = []
            while len(records) < _BARE_BATCH:
                records += source.consume(_BARE_BATCH - len(records), _PATIENCE)
            bare.store(connection, records)
            times.append(time.monotonic() - began)
        connection.execute("UPDATE bare_offsets SET next_offset = 0")
    return times


def _bare_command(url: str, bootstrap_servers: str) -> subprocess.Popen[bytes]:
    command = [
        sys.executable,
        "-m",
        "fixwatch.bench.bare",
        url,
        bootstrap_servers,
        _BARE_FLOW,
        str(PARTITIONS),
    ]
    return subprocess.Popen(command, stderr=subprocess.DEVNULL)


@contextmanager
def _process(process: subprocess.Popen[bytes], ready: Callable[[], bool] = lambda: True) -> Iterator[None]:
    try:
        deadline = time.monotonic() + _PATIENCE
        while not ready():
            if process.poll() is not None or time.monotonic() > deadline:
                raise FixwatchError("The ingester does not start.")
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(60)


def _is_assigned(url: str) -> bool:
    """If the ingester has all partitions."""
    try:
        with psycopg.connect(url) as connection:
            row = connection.execute("SELECT sum(partitions) FROM ingesters").fetchone()
    except psycopg.errors.UndefinedTable:
        return False
    return row is not None and row[0] == PARTITIONS
