"""Sums by minute, hour and day, read from a real Postgres."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from fixwatch.histogram import bounds
from fixwatch.store import rollup_reader
from fixwatch.store.reader import Reader
from fixwatch.store.rollup_views import Latency, MessagesBy, Step, TradesBy
from tests.integration.stored_rows import IMPOSSIBLE, put, put_trade_minute

Database = psycopg.Connection[Any]
#: The begin of a UTC day.
DAY = datetime(2026, 3, 2, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def put_latency(database: Database, minute: datetime, bucket: int, count: int, session_id: int = 1) -> None:
    put(
        database,
        "latency_minutes",
        minute=minute,
        session_id=session_id,
        kind="ack",
        bucket=bucket,
        count=count,
    )


def test_trades_are_summed_by_steps_exactly(database: Database, reader: Reader) -> None:
    for minute, symbol, notional in [
        (0, "A", "0.1"),
        (1, "A", "0.2"),
        (59, "B", "12345678901234567890.000000000000000001"),
        (60, "A", "5"),
        (24 * 60, "A", "7"),
    ]:
        put_trade_minute(database, DAY + minute * MINUTE, symbol, notional=notional)

    def sums(step: Step, *by: TradesBy) -> list[tuple[Any, ...]]:
        found = reader.rollups.trades(step, DAY, DAY + 2 * timedelta(days=1), by=by)
        assert found.searched_to is None
        return [((row.at - DAY) / MINUTE, row.symbol, row.trades, row.notional) for row in found.rows]

    big = Decimal("12345678901234567890.000000000000000001")
    all_day = Decimal("12345678901234567895.300000000000000001")
    assert sums(Step.DAY) == [(1440, None, 1, 7), (0, None, 4, all_day)]
    assert sums(Step.HOUR, TradesBy.SYMBOL) == [
        (1440, "A", 1, 7),
        (60, "A", 1, 5),
        (0, "A", 2, Decimal("0.3")),
        (0, "B", 1, big),
    ]
    assert [row[0] for row in sums(Step.MINUTE)] == [1440, 60, 59, 1, 0]


def test_trades_are_told_apart_and_filtered(database: Database, reader: Reader) -> None:
    put_trade_minute(database, DAY, "A", side="1", account="X", session_id=1, currency="USD")
    put_trade_minute(
        database, DAY, "A", side="2", account="Y", session_id=2, currency="EUR", qty=4, priced_qty=0
    )

    def found(**of: Any) -> list[tuple[Any, ...]]:
        rows = reader.rollups.trades(Step.DAY, DAY, DAY + HOUR, **of).rows
        return [(row.symbol, row.account, row.session_id, row.side, row.currency, row.vwap) for row in rows]

    everything = list(TradesBy)
    assert found(by=everything) == [("A", "X", 1, "1", "USD", 1), ("A", "Y", 2, "2", "EUR", None)]
    assert found() == [(None, None, None, None, "EUR", None), (None, None, None, None, "USD", 1)]
    assert found(by=[TradesBy.SIDE], accounts=("X",)) == [(None, None, None, "1", "USD", 1)]
    assert found(sides=("2",), sessions=(2,), symbols=("A",)) == [(None, None, None, None, "EUR", None)]
    assert found(symbols=()) == []
    assert found(symbols=IMPOSSIBLE) == []
    assert found(sessions=(2**40,)) == []


def test_a_stretch_ends_before_until_and_may_be_empty(database: Database, reader: Reader) -> None:
    for minute in range(3):
        put_trade_minute(database, DAY + minute * MINUTE)
    found = reader.rollups.trades(Step.MINUTE, DAY + MINUTE, DAY + 2 * MINUTE)
    assert [row.at for row in found.rows] == [DAY + MINUTE]
    assert reader.rollups.trades(Step.MINUTE, DAY + HOUR, DAY).rows == ()


def test_more_than_may_be_read_or_told_is_cut_at_whole_steps(
    database: Database, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    for minute in range(180):
        put_trade_minute(database, DAY + minute * MINUTE, "A")
        put_trade_minute(database, DAY + minute * MINUTE, "B")
    by = [TradesBy.SYMBOL]
    monkeypatch.setattr(rollup_reader, "SCAN_ROWS", 200)
    found = reader.rollups.trades(Step.HOUR, DAY, DAY + 3 * HOUR, by=by)
    assert [(row.at, row.trades) for row in found.rows] == [(DAY + 2 * HOUR, 60)] * 2
    assert found.searched_to == DAY + 2 * HOUR
    monkeypatch.setattr(rollup_reader, "SCAN_ROWS", 10_000)
    monkeypatch.setitem(rollup_reader._LIMITS, "trades", 5)
    found = reader.rollups.trades(Step.MINUTE, DAY, DAY + 3 * HOUR, by=by)
    assert [row.symbol for row in found.rows] == ["A", "B"] * 2
    assert found.searched_to == found.rows[-1].at == DAY + 178 * MINUTE


def test_messages_are_counted_by_session_type_and_verdict(database: Database, reader: Reader) -> None:
    for session_id, msg_type, verdict, messages in [
        (1, "D", "valid", 5),
        (1, "8", "valid", 9),
        (1, "8", "garbled", 2),
        (0, "", "garbled", 1),
    ]:
        put(
            database,
            "message_minutes",
            minute=DAY,
            session_id=session_id,
            msg_type=msg_type,
            verdict=verdict,
            messages=messages,
            bytes=10,
            quarantined=0,
        )

    def found(**of: Any) -> list[tuple[Any, ...]]:
        rows = reader.rollups.messages(Step.HOUR, DAY, DAY + HOUR, **of).rows
        return [(row.session_id, row.msg_type, row.verdict, row.messages) for row in rows]

    assert found() == [(None, None, None, 17)]
    assert found(by=[MessagesBy.SESSION]) == [(0, None, None, 1), (1, None, None, 16)]
    assert found(by=[MessagesBy.VERDICT, MessagesBy.MSG_TYPE], sessions=(1,), msg_types=("8",)) == [
        (None, "8", "garbled", 2),
        (None, "8", "valid", 9),
    ]


def test_latencies_are_signed_percentiles(database: Database, reader: Reader) -> None:
    for bucket, count in ((-20, 1), (3, 98), (100, 1)):
        put_latency(database, DAY, bucket, count)
    put_latency(database, DAY, 40, 1, session_id=2)
    put_latency(database, DAY + HOUR, 5, 0)
    (row,) = reader.rollups.latencies(Latency.ACK, Step.MINUTE, DAY, DAY + 2 * HOUR, sessions=(1,)).rows
    microsecond = timedelta(microseconds=1)
    assert (row.at, row.session_id, row.count) == (DAY, None, 100)
    assert row.least == bounds(-20)[0] * microsecond < timedelta()
    assert row.p50 == row.p90 == row.p95 == row.p99 == 3 * microsecond
    assert row.greatest == bounds(100)[1] * microsecond
    both = reader.rollups.latencies(Latency.ACK, Step.HOUR, DAY, DAY + HOUR, by_session=True).rows
    assert [(row.session_id, row.count) for row in both] == [(1, 100), (2, 1)]
    assert reader.rollups.latencies(Latency.SKEW, Step.HOUR, DAY, DAY + HOUR).rows == ()


def test_choices_are_what_was_traded_lately(database: Database, reader: Reader) -> None:
    now = datetime.now(UTC)
    put_trade_minute(database, now, "B", side="2")
    put_trade_minute(database, now, "", side="")
    put_trade_minute(database, now - 90 * MINUTE, "OLD")
    choices = reader.rollups.choices(60)
    assert (choices.symbols, choices.sides) == (("B",), ("2",))
