"""A simulated flow that ended a moment ago, stored as if it had been ingested while it went on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final

import psycopg

from fixwatch.ingest.batch import Batch
from fixwatch.ingest.batch_store import BatchStore
from fixwatch.settings import load
from fixwatch.sources.simulator.clock import SimulatedClock, wall_clock
from fixwatch.sources.simulator.faults import Faults
from fixwatch.sources.simulator.simulation import Simulation, run_token
from fixwatch.store.connection import connect
from fixwatch.store.housekeeping import Housekeeping
from fixwatch.store.identities import Identities
from fixwatch.store.migrate import migrate
from fixwatch.store.writer import Writer

_TOPIC_ID: Final = "past"
_PARTITIONS: Final = 4
#: Offsets begin here: what is older has some below.
_FIRST_OFFSET: Final = 1_000_000_000
#: Messages of a batch: a minute's at most, as a quiet stream has.
_BATCH: Final = 500
#: From a message's Kafka timestamp to its batch's time of storing.
_DELAY: Final = timedelta(milliseconds=50)


def store_past(database_url: str, messages: int, step: timedelta, seed: int) -> None:
    """Migrate, and store a flow of so many messages, one each `step`, the last of them now."""
    length = messages * (step // timedelta(microseconds=1))
    start = wall_clock() - length
    now = start
    simulation = Simulation(
        seed, SimulatedClock(start, length // messages), run_token(start), Faults.parse("default")
    )
    records = simulation.records(messages)
    with _connect(database_url) as control, _connect(database_url) as writing:
        migrate(control)
        Housekeeping(control, "bench", "").make_partitions()
        store = BatchStore([Writer(writing)], Identities(control), load(database_url=database_url), "bench")
        _begin_streams(control, store)
        offsets = store.offsets
        while part := list(islice(records, _BATCH)):
            times = [(now + at * length // messages) // 1000 for at in range(len(part))]
            now += len(part) * length // messages
            partitions = [sum(record.key) % _PARTITIONS for record in part]
            places = []
            for partition in partitions:
                places.append(offsets[partition])
                offsets[partition] += 1
            ingested_at = datetime.fromtimestamp(now / 1_000_000, UTC) + _DELAY
            store.store(Batch([record.value for record in part], partitions, places, times, ingested_at), {})
        store.finish()
        store.close()


def _connect(database_url: str) -> psycopg.Connection:
    return connect(database_url, application_name="fixwatch bench", autocommit=True)


def _begin_streams(connection: psycopg.Connection, store: BatchStore) -> None:
    store.locate(_TOPIC_ID, list(range(_PARTITIONS)))
    connection.execute("UPDATE ingest_offsets SET next_offset = %s", (_FIRST_OFFSET,))
    store.locate(_TOPIC_ID, list(range(_PARTITIONS)))
