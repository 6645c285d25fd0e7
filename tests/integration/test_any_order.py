"""The folds are algebra: however messages are divided into batches, spread over partitions and mixed, and whatever
comes again, the tables are the same.

Each example is a simulated flow with faults, stored twice in a real Postgres: as it was sent, in one batch, and in an
order, a division and a spread that Hypothesis draws. 8 examples of 1,500 messages in every run of the tests, and 2 in
which a tenth of the messages comes again.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final, LiteralString

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fixwatch.demo.postgres import EmbeddedPostgres
from fixwatch.fix.decoder import DecodeOptions
from fixwatch.ingest.batch import Batch, decode_batch
from fixwatch.ingest.batch_store import BatchStore
from fixwatch.settings import load
from fixwatch.sources.simulator.clock import SimulatedClock
from fixwatch.sources.simulator.faults import Faults
from fixwatch.sources.simulator.simulation import Simulation
from fixwatch.store.connection import connect
from fixwatch.store.identities import Identities
from fixwatch.store.migrate import migrate
from fixwatch.store.writer import Writer
from tests.integration.ingested import new_database

_MESSAGES: Final = 1_500
_PARTITIONS: Final = 4
_BEGAN: Final = int(datetime(2026, 1, 2, 9, 30, tzinfo=UTC).timestamp() * 1_000_000)

#: What is compared: every column of a fold but numbers that are given in the order of arrival.
_TABLES: Final[dict[str, tuple[LiteralString, tuple[str, ...]]]] = {
    "orders": ("SELECT * FROM orders WHERE merged_into IS NULL ORDER BY cl_ord_id, order_id", ("order_key",)),
    "trades": (
        "SELECT * FROM trades ORDER BY session_id, exec_id, side_no, trading_day",
        ("ingested_at", "changed_at", "stream_id", "kafka_offset"),
    ),
    "trade_changes": (
        "SELECT * FROM trade_changes ORDER BY session_id, ref_id, exec_id, side_no, trading_day, content",
        ("ingested_at", "stream_id", "kafka_offset"),
    ),
    "trade_minutes": ("SELECT * FROM trade_minutes ORDER BY 1, 2, 3, 4, 5, 6", ()),
    "latency_minutes": ("SELECT * FROM latency_minutes WHERE count <> 0 ORDER BY 1, 2, 3, 4", ()),
    "sessions": ("SELECT * FROM sessions ORDER BY session_id", ()),
    "session_sequences": ("SELECT * FROM session_sequences ORDER BY session_id", ()),
    "session_epochs": ("SELECT * FROM session_epochs ORDER BY session_id, began_at", ()),
    "session_numbers": ("SELECT * FROM session_numbers ORDER BY session_id, began_at, chunk", ()),
    "session_events": ("SELECT * FROM session_events ORDER BY session_id, sent, seq_num, kind", ()),
    "message_minutes": ("SELECT * FROM message_minutes ORDER BY 1, 2, 3, 4", ()),
    "defect_minutes": ("SELECT * FROM defect_minutes ORDER BY 1, 2, 3, 4", ()),
}
#: What a repeat moves, and is there to move.
_COUNTS_REPEATS: Final[dict[str, tuple[str, ...]]] = {
    "orders": ("messages", "repeats", "events", "last_seen"),
    "trades": ("reports", "repeats"),
    "trade_changes": (),
    "trade_minutes": (),
    "latency_minutes": (),
    "session_epochs": ("direct_messages",),
    "session_numbers": ("direct_messages", "entries"),
    "session_sequences": ("repeated",),
    "session_events": (),
}

Record = tuple[bytes, int]


@pytest.fixture(scope="module")
def template(postgres: EmbeddedPostgres) -> str:
    """The name of a migrated database that knows the simulator's sessions."""
    url = new_database(postgres)
    with psycopg.connect(url, autocommit=True) as connection:
        migrate(connection)
        connection.execute("SELECT make_message_partitions((now() AT TIME ZONE 'UTC')::date - 1, 4)")
        values = [value for value, _ in flow(0, 200)]
        batch = Batch(values, [0] * len(values), list(range(len(values))), [0] * len(values))
        decoded = decode_batch(batch, DecodeOptions(), strict=False)
        founding = [ends for ends, founds in zip(decoded.directions, decoded.founding, strict=True) if founds]
        Identities(connection).register_sessions(sorted(founding))
    return url.split("/")[3].split("?")[0]


def flow(seed: int, count: int = _MESSAGES) -> list[Record]:
    """Messages with their Kafka timestamps, as they were sent."""
    simulation = Simulation(seed, SimulatedClock(_BEGAN), "T", Faults.parse("default"))
    return [(record.value, _BEGAN // 1000 + at) for at, record in enumerate(simulation.records(count))]


def stored(
    database_url: str, batches: Sequence[Sequence[tuple[Record, int]]]
) -> dict[str, list[dict[str, Any]]]:
    """The tables after batches of records, each with its partition, were stored."""
    options: dict[str, Any] = {"application_name": "test", "autocommit": True}
    offsets = [0] * _PARTITIONS
    with connect(database_url, **options) as writing, connect(database_url, **options) as control:
        store = BatchStore([Writer(writing)], Identities(control), load(database_url=database_url), "test")
        store.locate("one", list(range(_PARTITIONS)))
        for batch in batches:
            places = []
            for _, partition in batch:
                places.append(offsets[partition])
                offsets[partition] += 1
            values, times = zip(*(record for record, _ in batch), strict=True)
            store.store(Batch(values, [partition for _, partition in batch], places, times), {})
        store.finish()
        store.close()
        return {name: _rows(control, *query) for name, query in _TABLES.items()}


def _rows(
    connection: psycopg.Connection, query: LiteralString, without: tuple[str, ...]
) -> list[dict[str, Any]]:
    cursor = connection.execute(query)
    names = [column.name for column in cursor.description or ()]
    rows = [dict(zip(names, row, strict=True)) for row in cursor]
    return [{name: value for name, value in row.items() if name not in without} for row in rows]


def divided(records: Sequence[Record], rng: random.Random) -> list[list[tuple[Record, int]]]:
    """Records spread over partitions and divided into batches of 1 to some hundreds."""
    batches = []
    at = 0
    while at < len(records):
        size = rng.choice((1, 3, 20, 100, 400))
        batches.append([(record, rng.randrange(_PARTITIONS)) for record in records[at : at + size]])
        at += size
    return batches


@pytest.fixture
def database(postgres: EmbeddedPostgres, template: str) -> Callable[[], str]:
    return lambda: new_database(postgres, template)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_no_order_of_arrival_and_no_division_changes_the_tables(
    database: Callable[[], str], seed: int
) -> None:
    records, rng = flow(seed), random.Random(seed)
    as_sent = stored(database(), [[(record, at % _PARTITIONS) for at, record in enumerate(records)]])
    rng.shuffle(records)
    assert stored(database(), divided(records, rng)) == as_sent


@settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_what_comes_again_changes_only_the_counts_of_repeats(database: Callable[[], str], seed: int) -> None:
    records, rng = flow(seed), random.Random(seed)
    once = stored(database(), divided(records, rng))
    again = stored(database(), divided(records + rng.sample(records, len(records) // 10), rng))
    for table, counts in _COUNTS_REPEATS.items():
        first, second = (
            [
                {name: value for name, value in row.items() if name not in counts}
                for row in rows
                # Skew is of every message.
                if row.get("kind") != "skew"
            ]
            for rows in (once[table], again[table])
        )
        assert second == first
