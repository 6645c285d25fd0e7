"""`fixwatch verify`: says of a good database that it is good, and of every planted fault which it is."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass

import psycopg
import pytest
from click.testing import Result
from confluent_kafka import Producer
from psycopg import sql
from typer.testing import CliRunner

from fixwatch.cli import app
from fixwatch.demo.broker import free_port
from fixwatch.demo.postgres import EmbeddedPostgres
from fixwatch.kafka.topic import ensure_topic
from fixwatch.sources.simulator.clock import SimulatedClock, wall_clock
from fixwatch.sources.simulator.faults import Faults
from fixwatch.sources.simulator.simulation import Simulation, run_token
from tests.unit.ingest.conftest import message

MESSAGES = 3_000


def database_of(postgres: EmbeddedPostgres, template: str | None = None) -> str:
    """The URL of a new database, empty or a copy of another one."""
    name = f"verify_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(template or "template1")
            )
        )
    return postgres.url.replace("/fixwatch?", f"/{name}?")


@dataclass(frozen=True)
class Ingested:
    """A simulated flow, faults and all, that a real ingester has stored."""

    database_url: str
    bootstrap_servers: str
    topic: str

    def verify(self, *options: str, **environment: str) -> Result:
        own = {
            "FIXWATCH_DATABASE_URL": self.database_url,
            "FIXWATCH_KAFKA_BOOTSTRAP_SERVERS": self.bootstrap_servers,
            "FIXWATCH_KAFKA_TOPIC": self.topic,
        }
        return CliRunner(env=own | environment).invoke(app, ["verify", *options])

    def execute(self, statement: str) -> int:
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            return connection.execute(statement).rowcount


@pytest.fixture(scope="module")
def flow(postgres: EmbeddedPostgres, broker: str) -> Ingested:
    topic = f"fix-{uuid.uuid4().hex[:12]}"
    ensure_topic({"bootstrap.servers": broker}, topic, 4)
    producer = Producer({"bootstrap.servers": broker})
    start = wall_clock()
    simulation = Simulation(7, SimulatedClock(start), run_token(start), Faults.parse("default"))
    for record in simulation.records(MESSAGES):
        producer.produce(topic, record.value, key=record.key)
    logon = message("A", 1, sender="S", target="T", _98="0", _108="30", _554="s3cret")
    for value in (logon, b"", b"\x00\xff garbage", b"8=FIX.4.4\x019=5\x01", None):
        producer.produce(topic, value, key=b"odd")
    assert producer.flush(30) == 0
    url = database_of(postgres)
    environment = os.environ | {
        "FIXWATCH_DATABASE_URL": url,
        "FIXWATCH_KAFKA_BOOTSTRAP_SERVERS": broker,
        "FIXWATCH_KAFKA_TOPIC": topic,
        "FIXWATCH_KAFKA_GROUP_ID": topic,
        "FIXWATCH_BATCH_ROWS": "150",
    }
    ingester = subprocess.Popen([sys.executable, "-m", "fixwatch", "ingest"], env=environment)
    try:
        deadline = time.monotonic() + 60
        while stored(url) < MESSAGES + 5:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        ingester.send_signal(signal.SIGTERM)
        assert ingester.wait(30) == 0
    finally:
        ingester.kill()
        ingester.wait()
    return Ingested(url, broker, topic)


def stored(url: str) -> int:
    try:
        with psycopg.connect(url) as connection:
            row = connection.execute("SELECT count(*) FROM messages").fetchone()
    except psycopg.errors.UndefinedTable:
        return 0
    return int(row[0]) if row else 0


@pytest.fixture
def ingested(postgres: EmbeddedPostgres, flow: Ingested) -> Ingested:
    """A copy of it, to be spoilt."""
    name = flow.database_url.split("/")[3].split("?")[0]
    return Ingested(database_of(postgres, name), flow.bootstrap_servers, flow.topic)


def test_what_was_ingested_verifies(flow: Ingested) -> None:
    done = flow.verify()
    assert (done.exit_code, done.output.splitlines()[-1]) == (0, "all is well"), done.output
    lines = dict(line.split(": ", 1) for line in done.output.splitlines()[:-1])
    compared = re.findall(r"^topic .*: agrees, ([\d,]+) compared$", done.output, re.MULTILINE)
    assert sum(int(count.replace(",", "")) for count in compared) == MESSAGES + 5
    assert lines["messages"] == f"agrees, {MESSAGES + 5:,} compared"
    for fold in ("orders", "trades", "trade_minutes", "sessions", "message_minutes", "defect_minutes"):
        assert lines[fold].startswith("agrees, ")
    assert "agrees, 0 compared" not in done.output


def test_verifying_changes_nothing(ingested: Ingested) -> None:
    def contents() -> list[tuple[object, ...]]:
        with psycopg.connect(ingested.database_url) as connection:
            return connection.execute("""
                SELECT (SELECT count(*) FROM pg_class WHERE relpersistence = 'p'),
                       (SELECT md5(string_agg(o::text, '' ORDER BY order_key)) FROM orders AS o),
                       (SELECT md5(string_agg(i::text, '' ORDER BY id, kind)) FROM order_ids AS i),
                       (SELECT count(*) FROM ingest_batches), (SELECT last_value FROM order_keys)
            """).fetchall()

    ingested.execute("DELETE FROM order_ids WHERE kind = 'order_id'")
    before = contents()
    ingested.verify("--no-topic")
    assert contents() == before


PLANTED: dict[str, tuple[str, list[str]]] = {
    "a row that is gone from the log": (
        (
            "DELETE FROM messages WHERE msg_type = '8' AND kafka_offset = "
            "(SELECT min(kafka_offset) FROM messages WHERE msg_type = '8' AND NOT quarantined)"
        ),
        [": missing", "orders: ", "message_minutes: ", "sessions: "],
    ),
    "one changed byte": (
        (
            "UPDATE messages SET raw = set_byte(raw, 30, 66) WHERE (stream_id, kafka_offset) = "
            "(SELECT stream_id, kafka_offset FROM messages WHERE msg_type = 'D' AND get_byte(raw, 30) <> 66 "
            "ORDER BY 1, 2 LIMIT 1)"
        ),
        [": raw is 8=FIX", ", should be 8=FIX", "messages: 1 of "],
    ),
    "another Kafka timestamp": (
        (
            "UPDATE messages SET kafka_time = kafka_time + interval '1 ms' WHERE (stream_id, kafka_offset) = "
            "(SELECT stream_id, max(kafka_offset) FROM messages GROUP BY 1 LIMIT 1)"
        ),
        [": kafka_time is "],
    ),
    "an offset that is stored twice": (
        (
            "INSERT INTO messages (stream_id, kafka_offset, kafka_time, ingested_at, verdict, quarantined, raw) "
            "SELECT stream_id, kafka_offset, kafka_time, ingested_at + interval '1 us', 'garbled', true, raw "
            "FROM messages WHERE kafka_offset = 3 LIMIT 1"
        ),
        ["kafka_offset 3: twice, should be once"],
    ),
    "a row behind its stream's offset": (
        (
            "INSERT INTO messages (stream_id, kafka_offset, kafka_time, ingested_at, verdict, quarantined, raw) "
            "SELECT stream_id, next_offset + 7, now(), now(), 'garbled', true, '' FROM ingest_offsets LIMIT 1"
        ),
        ["a row, should be offsets below "],
    ),
    "a trade of another quantity": (
        (
            "UPDATE trades SET last_qty = last_qty + 1 WHERE (session_id, exec_id) = "
            "(SELECT session_id, exec_id FROM trades WHERE status = 'new' ORDER BY 1, 2 LIMIT 1)"
        ),
        ["trades: 1 of ", ": last_qty is ", ": notional is "],
    ),
    "a trade that is gone": (
        "DELETE FROM trades WHERE (session_id, exec_id) = (SELECT session_id, exec_id FROM trades LIMIT 1)",
        ["trades: 1 of ", ": missing"],
    ),
    "an order too much": (
        "INSERT INTO orders (order_key, pair_id, first_seen, last_seen) VALUES (999999999, 1, now(), now())",
        ["orders: 1 of ", "order_key 999999999: a row, should be none"],
    ),
    "an order's figure": (
        "UPDATE orders SET cum_qty = -1 WHERE order_key = (SELECT min(order_key) FROM orders)",
        ["orders: 1 of ", ": cum_qty is -1, should be "],
    ),
    "a session's figure": (
        "UPDATE sessions SET gaps = gaps + 5 WHERE session_id = 1",
        ["sessions: 1 of ", "session_id 1: gaps is "],
    ),
    "a minute of trades": (
        "UPDATE trade_minutes SET notional = notional + 0.01 WHERE ctid = (SELECT min(ctid) FROM trade_minutes)",
        ["trade_minutes: 1 of ", ": notional is "],
    ),
    "a minute of messages": (
        "DELETE FROM message_minutes WHERE ctid = (SELECT min(ctid) FROM message_minutes)",
        ["message_minutes: 1 of ", ": missing"],
    ),
    "a minute of defects": (
        "UPDATE defect_minutes SET defects = 0 WHERE ctid = (SELECT min(ctid) FROM defect_minutes)",
        ["defect_minutes: 1 of ", ": defects is 0, should be "],
    ),
    "an id of an order": (
        "DELETE FROM order_ids WHERE order_key = (SELECT max(order_key) FROM orders) AND kind = 'order_id'",
        ["order_ids: 1 of ", ": missing"],
    ),
    "a verdict": (
        (
            "UPDATE messages SET verdict = 'valid', defects = NULL WHERE (stream_id, kafka_offset) = "
            "(SELECT stream_id, kafka_offset FROM messages WHERE verdict = 'rejected' ORDER BY 1, 2 LIMIT 1)"
        ),
        ["messages: 1 of ", ": verdict is valid, should be rejected", ": defects is none"],
    ),
}


@pytest.mark.parametrize("planted", PLANTED)
def test_a_difference_is_found_and_named(ingested: Ingested, planted: str) -> None:
    statement, said = PLANTED[planted]
    assert ingested.execute(statement) == 1
    done = ingested.verify()
    assert done.exit_code == 1, done.output
    assert done.output.splitlines()[-1].endswith(" differences")
    for text in said:
        assert text in done.output


def test_differences_beyond_the_first_ones_are_counted(ingested: Ingested) -> None:
    changed = ingested.execute("UPDATE trades SET repeats = repeats + 1")
    done = ingested.verify("--no-topic", "--examples", "3")
    assert f"trades: {changed:,} of {changed:,} differ" in done.output
    assert done.output.count(": repeats is ") == 3


def test_without_the_topic_the_log_and_the_folds_are_compared(ingested: Ingested) -> None:
    nowhere = f"127.0.0.1:{free_port()}"
    done = ingested.verify("--no-topic", FIXWATCH_KAFKA_BOOTSTRAP_SERVERS=nowhere)
    assert done.exit_code == 0, done.output
    assert "topic " not in done.output


@pytest.mark.parametrize(
    "environment",
    [
        {"FIXWATCH_KAFKA_TOPIC": "another"},
        {"FIXWATCH_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/x"},
        {"FIXWATCH_PROFILE": "loose"},
    ],
    ids=lambda of: next(iter(of)),
)
def test_what_cannot_be_checked_is_neither_well_nor_different(
    flow: Ingested, environment: dict[str, str]
) -> None:
    done = flow.verify(**environment)
    assert done.exit_code == 3
    assert "could not check: " in done.output


def test_what_retention_dropped_is_not_lost_and_the_rest_is_compared(ingested: Ingested) -> None:
    ingested.execute("SELECT make_message_partitions((now() AT TIME ZONE 'UTC')::date - 40, 1)")
    early = (
        "ingested_at = ingested_at - date_trunc('day', now() - ingested_at + interval '40 days') "
        "WHERE ingested_at <= (SELECT ingested_at FROM ingest_batches ORDER BY ingested_at OFFSET 9 LIMIT 1)"
    )
    ingested.execute(f"UPDATE trades SET {early}")  # noqa: S608
    moved = ingested.execute(f"UPDATE messages SET {early}")  # noqa: S608
    assert 0 < moved < MESSAGES
    retained = CliRunner(env={"FIXWATCH_DATABASE_URL": ingested.database_url}).invoke(
        app, ["db", "retain", "--days", "30"]
    )
    assert f"{moved:,} messages" in retained.output
    done = ingested.verify()
    assert done.exit_code == 0, done.output
    for fold in ("orders", "trades", "sessions"):
        assert re.search(rf"^{fold}: agrees.* cannot be compared any more", done.output, re.MULTILINE)
    newest = "(SELECT ctid FROM trades ORDER BY ingested_at DESC LIMIT 1)"
    ingested.execute(f"UPDATE trades SET last_px = 7 WHERE ctid = {newest}")  # noqa: S608
    assert "trades: 1 of " in ingested.verify("--no-topic").output


def test_offsets_that_the_topic_does_not_have_are_no_holes(ingested: Ingested) -> None:
    # As if the last records had been markers of transactions: the log goes on behind them.
    ingested.execute("UPDATE ingest_offsets SET next_offset = next_offset + 2")
    done = ingested.verify()
    assert done.exit_code == 0, done.output
    assert done.output.count("; 2 cannot be compared any more") == 4
