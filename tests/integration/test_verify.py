"""`fixwatch verify`: says of a good database that it is good, and of every planted fault which it is."""

from __future__ import annotations

import re

import pytest

from fixwatch.demo.broker import free_port
from tests.integration.ingested import MESSAGES, ODD, Ingested


def test_what_was_ingested_verifies(flow: Ingested) -> None:
    done = flow.run("verify")
    assert (done.exit_code, done.output.splitlines()[-1]) == (0, "all is well"), done.output
    lines = dict(line.split(": ", 1) for line in done.output.splitlines()[:-1])
    compared = re.findall(r"^topic .*: agrees, ([\d,]+) compared$", done.output, re.MULTILINE)
    assert sum(int(count.replace(",", "")) for count in compared) == MESSAGES + len(ODD)
    assert lines["messages"] == f"agrees, {MESSAGES + len(ODD):,} compared"
    for fold in (
        "orders",
        "trades",
        "trade_changes",
        "trade_minutes",
        "sessions",
        "session_epochs",
        "session_numbers",
        "session_events",
        "message_minutes",
        "defect_minutes",
    ):
        assert lines[fold].startswith("agrees, ")
    assert "agrees, 0 compared" not in done.output


def test_verifying_changes_nothing(ingested: Ingested) -> None:
    contents = """
        SELECT (SELECT count(*) FROM pg_class WHERE relpersistence = 'p'),
               (SELECT md5(string_agg(o::text, '' ORDER BY order_key)) FROM orders AS o),
               (SELECT md5(string_agg(i::text, '' ORDER BY id, kind)) FROM order_ids AS i),
               (SELECT count(*) FROM ingest_batches), (SELECT last_value FROM order_keys)
    """
    ingested.execute("DELETE FROM order_ids WHERE kind = 'order_id'")
    before = ingested.query(contents)
    ingested.run("verify", "--no-topic")
    assert ingested.query(contents) == before


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
    "a bust that is gone": (
        (
            "DELETE FROM trade_changes WHERE (session_id, exec_id) = "
            "(SELECT session_id, exec_id FROM trade_changes WHERE is_bust LIMIT 1)"
        ),
        ["trade_changes: 1 of ", ": missing"],
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
        "UPDATE sessions SET rejects = rejects + 5 WHERE session_id = 1",
        ["sessions: 1 of ", "session_id 1: rejects is "],
    ),
    "an epoch's figure": (
        "UPDATE session_epochs SET seen_numbers = 0 WHERE ctid = (SELECT min(ctid) FROM session_epochs)",
        ["session_epochs: 1 of ", ": seen_numbers is 0, should be "],
    ),
    "an epoch that nobody began": (
        "INSERT INTO session_epochs VALUES (1, '-infinity', NULL, NULL, 0, 0, 0, 0)",
        ["session_epochs: 1 of ", ": a row, should be none"],
    ),
    "sequence numbers that are gone": (
        "DELETE FROM session_numbers WHERE ctid = (SELECT min(ctid) FROM session_numbers)",
        ["session_numbers: 1 of ", ": missing"],
    ),
    "an event that is gone": (
        "DELETE FROM session_events WHERE ctid = (SELECT min(ctid) FROM session_events)",
        ["session_events: 1 of ", ": missing"],
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
        (
            "DELETE FROM order_ids WHERE (pair_id, kind, id) = (SELECT pair_id, kind, id FROM order_ids "
            "WHERE kind = 'order_id' ORDER BY order_key DESC, id LIMIT 1)"
        ),
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
    done = ingested.run("verify")
    assert done.exit_code == 1, done.output
    assert done.output.splitlines()[-1].endswith(" differences")
    for text in said:
        assert text in done.output


def test_differences_beyond_the_first_ones_are_counted(ingested: Ingested) -> None:
    changed = ingested.execute("UPDATE trades SET reports = reports + 1")
    done = ingested.run("verify", "--no-topic", "--examples", "3")
    assert f"trades: {changed:,} of {changed:,} differ" in done.output
    assert done.output.count(": reports is ") == 3


def test_without_the_topic_the_log_and_the_folds_are_compared(ingested: Ingested) -> None:
    nowhere = f"127.0.0.1:{free_port()}"
    done = ingested.run("verify", "--no-topic", FIXWATCH_KAFKA_BOOTSTRAP_SERVERS=nowhere)
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
    done = flow.run("verify", **environment)
    assert done.exit_code == 3
    assert "could not check: " in done.output


def test_what_retention_dropped_is_not_lost_and_the_rest_is_compared(ingested: Ingested) -> None:
    ingested.execute("SELECT make_message_partitions((now() AT TIME ZONE 'UTC')::date - 40, 1)")
    early = (
        "ingested_at = ingested_at - date_trunc('day', now() - ingested_at + interval '40 days') "
        "WHERE ingested_at <= (SELECT ingested_at FROM ingest_batches ORDER BY ingested_at OFFSET 9 LIMIT 1)"
    )
    for table in ("trades", "trade_changes"):
        ingested.execute(f"UPDATE {table} SET {early}")  # noqa: S608
    moved = ingested.execute(f"UPDATE messages SET {early}")  # noqa: S608
    assert 0 < moved < MESSAGES
    retained = ingested.run("db", "retain", "--days", "30")
    assert f"{moved:,} messages" in retained.output
    done = ingested.run("verify")
    assert done.exit_code == 0, done.output
    for fold in ("orders", "trades", "sessions"):
        assert re.search(rf"^{fold}: agrees.* cannot be compared any more", done.output, re.MULTILINE)
    newest = "(SELECT ctid FROM trades ORDER BY ingested_at DESC LIMIT 1)"
    ingested.execute(f"UPDATE trades SET last_px = 7 WHERE ctid = {newest}")  # noqa: S608
    assert "trades: 1 of " in ingested.run("verify", "--no-topic").output


def test_offsets_that_the_topic_does_not_have_are_no_holes(ingested: Ingested) -> None:
    # As if the last records had been markers of transactions: the log goes on behind them.
    ingested.execute("UPDATE ingest_offsets SET next_offset = next_offset + 2")
    done = ingested.run("verify")
    assert done.exit_code == 0, done.output
    assert done.output.count("; 2 cannot be compared any more") == 4
