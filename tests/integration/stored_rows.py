"""Rows put into a real Postgres by SQL, so that only the reading of them is under test."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import psycopg
from psycopg import sql

#: What a name may be, if nobody keeps it from being it.
HOSTILE = "<script>alert(1)</script> ' ; DROP TABLE trades; -- %s {x}"
#: What no row can have, and Postgres may not take.
IMPOSSIBLE = ("", "x" * 10_000, "\0", "a\0b", "\ud800", "' OR 1=1 --", "%s", "{}", "‮")


def put(database: psycopg.Connection[Any], table: str, **row: Any) -> None:
    """A row of a table."""
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, row)),
        sql.SQL(", ").join(map(sql.Placeholder, row)),
    )
    database.execute(statement, row)


def put_session(database: psycopg.Connection[Any], sender: str = "ALPHA", target: str = "BROKER") -> int:
    """One direction of a session, logged on; TargetSubID is DESK. Its id."""
    row = database.execute(
        "WITH pair AS (INSERT INTO session_pairs (ends) VALUES (%(ends)s)"
        " ON CONFLICT (ends) DO UPDATE SET ends = excluded.ends RETURNING pair_id)"
        " INSERT INTO sessions (pair_id, sender_comp_id, target_comp_id, target_sub_id, logged_on)"
        " SELECT pair_id, %(sender)s, %(target)s, 'DESK', true FROM pair RETURNING session_id",
        {"ends": sorted((sender, target)), "sender": sender, "target": target},
    ).fetchone()
    assert row is not None
    return int(row[0])


def put_stream(
    database: psycopg.Connection[Any],
    next_offset: int = 0,
    high_watermark: int = 0,
    partition: int = 0,
    topic_id: str = "id",
) -> int:
    """A stream of the topic `fix-trades`; its id."""
    row = database.execute(
        "INSERT INTO ingest_offsets (topic, topic_id, partition, next_offset, high_watermark)"
        " VALUES ('fix-trades', %s, %s, %s, %s) RETURNING stream_id",
        (topic_id, partition, next_offset, high_watermark),
    ).fetchone()
    assert row is not None
    return int(row[0])


def put_trade(
    database: psycopg.Connection[Any], session_id: int, exec_id: str, at: datetime, **more: Any
) -> None:
    """A buy of 100 AAPL at 1.10, stored, sent and traded `at`; `more` are other columns of `trades`."""
    row = {
        "session_id": session_id,
        "exec_id": exec_id,
        "side_no": 0,
        "trading_day": "2026-01-02",
        "stream_id": 1,
        "kafka_offset": 1,
        "ingested_at": at,
        "sent": at,
        "msg_seq_num": 1,
        "symbol": "AAPL",
        "side": "1",
        "last_qty": 100,
        "last_px": Decimal("1.10"),
        "content": 1,
        "reports": 1,
    }
    put(database, "trades", **row | more)


def put_trade_minute(
    database: psycopg.Connection[Any],
    minute: datetime,
    symbol: str = "AAPL",
    side: str = "1",
    trades: int = 1,
    notional: str = "10",
    **more: Any,
) -> None:
    """Trades of 10 in the minute of `minute`, in all."""
    row = {
        "minute": minute.replace(second=0, microsecond=0),
        "symbol": symbol,
        "account": "",
        "currency": "",
        "session_id": 1,
        "side": side,
        "trades": trades,
        "qty": 10,
        "priced_qty": 10,
        "notional": Decimal(notional),
    }
    put(database, "trade_minutes", **row | more)


def put_batch(database: psycopg.Connection[Any], ago: float, messages: int, latency_ms: int) -> None:
    """A batch that was stored `ago` seconds ago."""
    database.execute(
        "INSERT INTO ingest_batches (ingested_at, committed_at, ingester_id, messages, bytes, rejected, garbled,"
        " quarantined, lag, first_kafka_time, last_kafka_time, decode_ms, write_ms)"
        " SELECT at, at, 'one', %(messages)s, 100, 0, 0, 0, 3, at - make_interval(secs => %(latency)s), at, 1, 1"
        " FROM (SELECT now() - make_interval(secs => %(ago)s) AS at) AS batch",
        {"ago": ago, "messages": messages, "latency": latency_ms / 1000},
    )


def put_message(database: psycopg.Connection[Any], stream_id: int, offset: int, **more: Any) -> None:
    """A garbled, quarantined message of now; `more` are other columns of `messages`."""
    now = database.execute("SELECT now()").fetchone()
    assert now is not None
    row = {
        "stream_id": stream_id,
        "kafka_offset": offset,
        "kafka_time": now[0],
        "ingested_at": now[0],
        "verdict": "garbled",
        "quarantined": True,
        "defects": None,
        "msg_type": "8",
        "cl_ord_id": HOSTILE,
        "raw": b"8=FIX.4.4",
    }
    put(database, "messages", **row | more)


def put_order(database: psycopg.Connection[Any], order_key: int, pair_id: int = 1, **more: Any) -> None:
    """An order of which nothing is known; `more` are other columns of `orders`."""
    put(database, "orders", order_key=order_key, pair_id=pair_id, **more)
