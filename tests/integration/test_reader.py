"""The read side against a real Postgres: rows go in by SQL, so that only the reading is under test."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest

import fixwatch.store
from fixwatch.errors import DatabaseError
from fixwatch.store import sql
from fixwatch.store.order_views import OrderList
from fixwatch.store.read_pool import ReadPool
from fixwatch.store.reader import Reader
from fixwatch.store.trade_views import TradeFilter
from tests.integration.stored_rows import put_batch, put_stream, put_trade_minute


def test_empty_database_answers_everything(reader: Reader) -> None:
    overview = reader.overview(60)
    assert (overview.lag.stored, overview.rates.last_batch, overview.rates.messages) == (0, None, 0)
    assert (overview.trades, overview.symbols, overview.defects) == (0, (), ())
    assert overview.window.live
    assert all(step.messages == 0 and step.lag is None for step in overview.ingest_steps)
    assert reader.health().ingesters == ()
    assert reader.sessions.list() == ()
    assert reader.trades.page(TradeFilter()).trades == ()
    assert reader.trades.totals(TradeFilter()).trades == 0
    assert list(reader.trades.stream(TradeFilter())) == []
    assert all(reader.orders.list(which).orders == () for which in OrderList)
    assert reader.messages.defective().messages == ()
    assert reader.messages.at("fix-trades", 0, 0) is None
    assert reader.rollups.choices(60).symbols == ()


def test_rates_and_latency_are_of_the_last_minute(database: psycopg.Connection[Any], reader: Reader) -> None:
    for ago, messages, latency_ms in [(3_000, 999, 5_000), (30, 100, 20), (20, 200, 40), (10, 300, 60)]:
        put_batch(database, ago, messages, latency_ms)
    rates = reader.health().rates
    assert (rates.messages, rates.seconds, rates.messages_per_second) == (600, 60.0, 10.0)
    # Percentiles of messages, not of batches; the last message of each batch was stored at once.
    assert (rates.latency_p50_ms, rates.latency_p95_ms) == (40, 60)
    assert (rates.latency_p50_least_ms, rates.latency_p95_least_ms) == (0, 0)
    assert rates.last_batch_age is not None
    assert timedelta(seconds=10) <= rates.last_batch_age < timedelta(seconds=40)


def test_rate_of_the_first_seconds_is_over_those_seconds(
    database: psycopg.Connection[Any], reader: Reader
) -> None:
    put_batch(database, 10, 1_000, 20)
    assert 1_000 / 40 < reader.health().rates.messages_per_second <= 100


def test_ingest_history_adds_up_and_shows_silence_as_zero(
    database: psycopg.Connection[Any], reader: Reader
) -> None:
    put_batch(database, 60, 40, 20)
    put_batch(database, 120, 2, 20)
    steps = reader.overview(60).ingest_steps
    assert sum(step.messages for step in steps) == 42
    assert {step.lag for step in steps} == {3, None}
    assert 118 <= len(steps) <= 121


def test_lag_is_what_the_streams_have_beyond_the_log(
    database: psycopg.Connection[Any], reader: Reader
) -> None:
    put_stream(database, next_offset=90, high_watermark=100)
    # A topic that shrank (retention) is not behind.
    put_stream(database, next_offset=50, high_watermark=20, partition=1)
    lag = reader.health().lag
    assert (lag.records, lag.stored, lag.streams) == (10, 140, 2)


def test_what_was_left_of_a_topic_that_is_gone_is_no_lag(
    reader: Reader, database: psycopg.Connection[Any]
) -> None:
    put_stream(database, next_offset=5, high_watermark=500, topic_id="gone")
    put_stream(database, next_offset=10, high_watermark=12, topic_id="anew")
    assert reader.health().lag.records == 2


def test_only_ingesters_seen_lately_are_alive(database: psycopg.Connection[Any], reader: Reader) -> None:
    database.execute(
        "INSERT INTO ingesters (ingester_id, seen_at, state, version) VALUES"
        " ('alive', now(), 'ingesting', '1'), ('dead', now() - interval '6 seconds', 'ingesting', '1')"
    )
    assert [ingester.ingester_id for ingester in reader.health().ingesters] == ["alive"]


def test_volumes_are_exact_and_of_the_window(database: psycopg.Connection[Any], reader: Reader) -> None:
    now = datetime.now(UTC)
    put_trade_minute(database, now, "AAPL", "1", 3, "0.1")
    put_trade_minute(database, now, "AAPL", "2", 2, "0.2")
    put_trade_minute(
        database, now - timedelta(minutes=3), "BTC-USD", "1", 1, "12345678901234567890.000000000000000001"
    )
    put_trade_minute(database, now - timedelta(minutes=90), "OLD", "1", 7, "1")
    overview = reader.overview(60)
    assert [(volume.symbol, volume.notional) for volume in overview.symbols] == [
        ("BTC-USD", Decimal("12345678901234567890.000000000000000001")),
        ("AAPL", Decimal("0.3")),
    ]
    assert overview.trades == 6
    assert sum(step.trades for step in overview.trade_steps) == 6
    assert reader.rollups.choices(60).symbols == ("AAPL", "BTC-USD")
    assert reader.rollups.choices(60).sides == ("1", "2")


def test_window_ends_with_the_newest_trade_when_nothing_was_traded_lately(
    database: psycopg.Connection[Any], reader: Reader
) -> None:
    last = datetime(2019, 3, 1, 14, 30, tzinfo=UTC)
    put_trade_minute(database, last, "AAPL", "1", 3, "1")
    put_trade_minute(database, last - timedelta(minutes=59), "AAPL", "1", 2, "1")
    put_trade_minute(database, last - timedelta(minutes=60), "AAPL", "1", 1, "1")
    overview = reader.overview(60)
    assert not overview.window.live
    assert overview.window.until == last + timedelta(minutes=1)
    assert overview.trades == 5


def test_defects_are_counted_by_reason_and_tag(database: psycopg.Connection[Any], reader: Reader) -> None:
    database.execute(
        "INSERT INTO defect_minutes SELECT date_trunc('minute', now()), s, 'checksum_wrong', 10, 2"
        " FROM generate_series(1, 3) AS s"
    )
    (count,) = reader.defect_counts(60)
    assert (count.reason, count.ref_tag, count.defects) == ("checksum_wrong", 10, 6)


def test_reading_cannot_write(database_url: str) -> None:
    pool = ReadPool(database_url)
    try:
        with pytest.raises(DatabaseError, match="read-only"), pool.snapshot() as connection:
            connection.execute("DELETE FROM trades")
    finally:
        pool.close()


def test_slow_statement_is_stopped_and_the_pool_goes_on(database_url: str) -> None:
    pool = ReadPool(database_url)
    try:
        with pytest.raises(DatabaseError, match="asked to stop"), pool.snapshot() as connection:
            connection.execute("SELECT set_config('statement_timeout', '20', true); SELECT pg_sleep(5)")
        with pool.snapshot() as connection:
            assert connection.execute("SHOW statement_timeout").fetchone() == ("3s",)
    finally:
        pool.close()


def test_database_without_migrations_says_what_to_run(empty_database_url: str) -> None:
    reader = Reader(empty_database_url)
    try:
        with pytest.raises(DatabaseError, match="fixwatch db migrate"):
            reader.health()
    finally:
        reader.close()


def test_missing_database_is_named(database_url: str) -> None:
    reader = Reader(database_url.replace("/test_", "/missing_"))
    try:
        with pytest.raises(DatabaseError, match=r'database "missing_.*" does not exist'):
            reader.health()
    finally:
        reader.close()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://user:s3cret@127.0.0.1:1/fixwatch",
        "postgresql://user:s3cret@no-such-host.invalid/fixwatch",
        "postgresql://user:pa@s3cret@127.0.0.1:1/fixwatch",
    ],
)
def test_dead_server_is_said_without_the_password(url: str, caplog: pytest.LogCaptureFixture) -> None:
    reader = Reader(url)
    try:
        for _ in range(2):
            with pytest.raises(DatabaseError, match="does not answer") as raised:
                reader.health()
            assert "s3cret" not in str(raised.value)
            assert "\n" not in str(raised.value)
    finally:
        reader.close()
    assert "s3cret" not in caplog.text


def test_url_that_is_none_is_said_without_the_password() -> None:
    with pytest.raises(DatabaseError, match="not a libpq URL") as raised:
        Reader("postgresql://user:s3cret@host:54x32/fixwatch?nonsense=1")
    assert "s3cret" not in str(raised.value)


def test_every_statement_is_asked_for() -> None:
    directory = Path(fixwatch.store.__path__[0])
    for file in sorted(directory.glob("*reads.sql")):
        name = file.stem
        reader = directory / (name.removesuffix("reads") + "reader.py")
        sources = [path.read_text("utf-8") for path in (reader, directory / "trade_window.py")]
        text = file.read_text("utf-8")
        unused = [
            statement
            for statement in sql.load(name)
            if not any(f'"{statement}"' in source for source in sources) and f"{{{statement}}}" not in text
        ]
        # Those that are named by what they are of.
        assert [one for one in unused if one.split("_")[0] not in _NAMED_BY_PARTS] == [], file.name


#: `values_symbols`, `which_open`, `trades_reach`: their names are made of two parts.
_NAMED_BY_PARTS = {"values", "of", "which", "trades", "messages", "latencies"}
