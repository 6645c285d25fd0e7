"""What broke for other Kafka-to-Postgres sinks, as listed in their issue trackers, on the real parts.

Each test is a line of that list; the thread is named where there is one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import psutil
import psycopg
import pytest
from confluent_kafka import Producer
from psycopg.rows import dict_row

from fixwatch.settings import load
from tests.integration.conftest import Start
from tests.integration.test_batch_store import Stored, records
from tests.integration.test_ingester import make_topic, wait_for_rows, wait_until
from tests.unit.ingest.conftest import message
from tests.unit.ingest.test_orders import request
from tests.unit.ingest.trade_messages import fill, report

Query = Callable[[str], list[dict[str, Any]]]


@pytest.fixture
def query(database_url: str) -> Iterator[Query]:
    with psycopg.connect(database_url, autocommit=True, row_factory=dict_row) as connection:
        yield lambda statement: connection.execute(statement).fetchall()  # type: ignore[call-overload]


@pytest.fixture
def store(database_url: str) -> Iterator[Stored]:
    """A process that knows nothing yet, at partitions 0 and 1."""
    made = Stored(database_url, load(database_url=database_url))
    made.locate("one", [0, 1])
    yield made
    made.close()


def test_a_key_that_is_twice_in_a_batch_is_folded_before_it_is_written(store: Stored, query: Query) -> None:
    # outpost#946: "ON CONFLICT DO UPDATE command cannot affect row a second time" ended the consumer.
    twice = [fill(1, "E1"), fill(1, "E1", _43="Y"), fill(2, "E1"), request("D", 1, "C1", _55="IBM", _54="1")]
    store.store(records([*twice, *twice]), {})
    assert query("SELECT exec_id, repeats FROM trades") == [{"exec_id": "E1", "repeats": 5}]
    # And against what is stored already.
    store.store(records(twice, first_offset=8), {})
    assert query("SELECT exec_id, repeats FROM trades") == [{"exec_id": "E1", "repeats": 8}]
    assert query("SELECT count(*) AS n FROM messages") == [{"n": 12}]


def test_a_duplicate_costs_no_other_row_of_its_batch(store: Stored, query: Query) -> None:
    # ros2_data_collection#309: a unique index and one duplicate lost the three good rows beside it.
    store.store(records([fill(1, "E1")]), {})
    store.store(records([fill(2, "E2"), fill(1, "E1"), fill(3, "E3"), fill(4, "E4")], first_offset=1), {})
    assert [row["exec_id"] for row in query("SELECT exec_id FROM trades ORDER BY 1")] == [
        "E1",
        "E2",
        "E3",
        "E4",
    ]
    assert query("SELECT count(*) AS n FROM messages") == [{"n": 5}]


def test_a_batch_keeps_the_fields_that_its_first_message_does_not_have(store: Stored, query: Query) -> None:
    # Quix Streams' Postgres sink took the columns of a batch from its first row.
    store.store(records([message("0", 1), fill(2, "E1", _1="ACC", _58="later")]), {})
    (row,) = query("SELECT symbol, exec_id, last_qty, last_px FROM messages WHERE kafka_offset = 1")
    assert None not in row.values()
    assert query("SELECT account FROM trades") == [{"account": "ACC"}]


def test_a_repeat_does_not_take_back_what_came_after_the_original(store: Stored, query: Query) -> None:
    # kafka-connect-jdbc#874: an upsert reset a status that had been set since.
    bust = report(2, _17="X1", _19="E1", _150="H", _39="0")
    for offset, value in enumerate((fill(1, "E1"), bust, fill(1, "E1"))):
        store.store(records([value], first_offset=offset), {})
    assert query("SELECT status, qty, repeats FROM trades") == [{"status": "busted", "qty": 0, "repeats": 1}]


def test_an_upsert_touches_the_row_of_its_whole_key_only(store: Stored, query: Query) -> None:
    # kafka-connect-jdbc#575: an upsert matched another unique key and corrupted a row.
    other = fill(1, "E1", "70").replace(b"\x0149=BROKER\x01", b"\x0149=BANK\x01")
    length = other.split(b"\x01")[1]
    longer = b"9=%d" % (int(length[2:]) - 2)
    other = other.replace(length, longer, 1)
    other = other[: other.rindex(b"10=")]
    other += b"10=%03d\x01" % (sum(other) % 256)
    store.store(records([fill(1, "E1"), other]), {})
    store.store(records([other], first_offset=2), {})
    rows = query(
        "SELECT sender_comp_id AS of, qty, repeats FROM trades JOIN sessions USING (session_id) ORDER BY 1"
    )
    assert [tuple(row.values()) for row in rows] == [("BANK", 70, 1), ("BROKER", 100, 0)]


def test_who_starts_anew_and_remembers_nothing_stores_nothing_twice(
    store: Stored, query: Query, database_url: str
) -> None:
    # Redpanda Connect's docs: a dedupe cache voids at-least-once. There is none: what is stored says it.
    day = [fill(number, f"E{number}") for number in range(1, 6)]
    store.store(records(day), {})
    for _ in range(2):
        restarted = Stored(database_url, load(database_url=database_url))
        assert restarted.locate("one", [0]) == {0: 5}
        assert restarted.store(records(day), {}) == {}
        restarted.close()
    assert query("SELECT count(*) AS n, sum(repeats) AS repeats FROM trades") == [{"n": 5, "repeats": 0}]
    assert query("SELECT count(*) AS n FROM messages") == [{"n": 5}]


def test_a_batch_may_have_more_values_than_a_statement_has_parameters(store: Stored, query: Query) -> None:
    # SYNCLE PR#78: 65,535 parameters are the end of one statement, and of multi-row VALUES.
    count = 12_000
    orders = [
        request("D", n + 1, f"C{n}", sender=f"S{n}", _55=f"SYM{n}", _54="1", _38="1", _40="1")
        for n in range(count)
    ]
    assert store.store(records(orders), {}) == {0: count}
    for table in ("messages", "orders", "sessions"):
        (row,) = query(f"SELECT count(*) AS n FROM {table}")  # noqa: S608
        assert row["n"] >= count, table


def test_the_quarantine_and_the_offsets_are_one_transaction(
    store: Stored, query: Query, database_url: str
) -> None:
    # Exactly once, or a dead-letter path: never both, in every tool looked at.
    poison = [fill(1, "E1"), b"garbage", fill(2, "E2")[:-5]]
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("ALTER TABLE ingest_batches RENAME TO away")
    with pytest.raises(psycopg.errors.UndefinedTable):
        store.store(records(poison), {})
    state = "SELECT (SELECT count(*) FROM messages WHERE quarantined) AS kept_back, next_offset FROM ingest_offsets"
    assert {tuple(row.values()) for row in query(state)} == {(0, 0)}
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("ALTER TABLE away RENAME TO ingest_batches")
    store.locate("one", [0])
    store.store(records(poison), {})
    assert (2, 3) in {tuple(row.values()) for row in query(state)}


def fill_topic(broker: str, topic: str, count: int, size: int) -> None:
    make_topic(broker, topic, partitions=1)
    producer = Producer({"bootstrap.servers": broker, "linger.ms": 50})
    text = "x" * size
    for number in range(count):
        while True:
            try:
                producer.produce(topic, message("0", number + 1, _58=text))
            except BufferError:
                producer.poll(0.1)
            else:
                break
    assert producer.flush(60) == 0


def test_a_backlog_is_stored_in_large_batches(
    start: Start, database_url: str, broker: str, topic: str, query: Query
) -> None:
    # kafka-connect-jdbc#290: the limits of fetch and poll made batches small, whatever was asked for.
    fill_topic(broker, topic, 10_000, 20)
    start()
    wait_for_rows(database_url, 10_000)
    (row,) = query("SELECT max(messages) AS largest FROM ingest_batches")
    assert row["largest"] >= 2_000


@pytest.mark.slow
def test_an_ingester_that_cannot_store_reads_no_more_than_its_bounds(
    start: Start, database_url: str, broker: str, topic: str
) -> None:
    # librdkafka#2076: the memory of a slow consumer grew without bound.
    fill_topic(broker, topic, 6_000, 100_000)
    with (
        psycopg.connect(database_url) as connection,
        psycopg.connect(database_url, autocommit=True) as watching,
    ):
        connection.execute("LOCK TABLE messages IN ACCESS EXCLUSIVE MODE")
        ingester = psutil.Process(start().pid)

        def writing() -> bool:
            rows = watching.execute(
                "SELECT 1 FROM pg_stat_activity WHERE application_name = 'fixwatch ingest' "
                "AND datname = current_database() AND wait_event_type = 'Lock'"
            )
            return rows.fetchone() is not None

        wait_until(writing, "a batch that waits for the lock")
        peaks: list[int] = []
        # Until memory has not grown for two seconds.
        wait_until(lambda: _settled(peaks, ingester.memory_info().rss), "memory that stands still")
        assert peaks[-1] < 500 * 1024**2, f"{peaks[-1] / 1e6:.0f} MB"
    wait_for_rows(database_url, 6_000)


def _settled(peaks: list[int], rss: int) -> bool:
    peaks.append(max(rss, *peaks[-1:], 0))
    return len(peaks) > 40 and peaks[-1] == peaks[-20]
