"""The read side against a real Postgres: rows go in by SQL, so that only the reading is under test."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest

from fixwatch.errors import DatabaseError
from fixwatch.store import reader as reader_module
from fixwatch.store import sql
from fixwatch.store.read_pool import ReadPool
from fixwatch.store.reader import Reader
from fixwatch.store.views import TradeFilter

HOSTILE = "<script>alert(1)</script> ' ; DROP TABLE trades; -- %s {x}"


@pytest.fixture
def reader(database_url: str) -> Iterator[Reader]:
    found = Reader(database_url)
    yield found
    found.close()


@pytest.fixture
def database(database_url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


def _session(database: psycopg.Connection[Any], sender: str = "ALPHA", target: str = "BROKER") -> int:
    row = database.execute(
        "WITH pair AS (INSERT INTO session_pairs (ends) VALUES (%(ends)s)"
        " ON CONFLICT (ends) DO UPDATE SET ends = excluded.ends RETURNING pair_id)"
        " INSERT INTO sessions (pair_id, sender_comp_id, target_comp_id, target_sub_id, logged_on)"
        " SELECT pair_id, %(sender)s, %(target)s, 'DESK', true FROM pair RETURNING session_id",
        {"ends": sorted((sender, target)), "sender": sender, "target": target},
    ).fetchone()
    assert row is not None
    return int(row[0])


def _stream(
    database: psycopg.Connection[Any],
    next_offset: int = 0,
    high_watermark: int = 0,
    partition: int = 0,
    topic_id: str = "id",
) -> int:
    row = database.execute(
        "INSERT INTO ingest_offsets (topic, topic_id, partition, next_offset, high_watermark)"
        " VALUES ('fix-trades', %s, %s, %s, %s) RETURNING stream_id",
        (topic_id, partition, next_offset, high_watermark),
    ).fetchone()
    assert row is not None
    return int(row[0])


def _trade(
    database: psycopg.Connection[Any],
    session_id: int,
    exec_id: str,
    at: datetime,
    *,
    symbol: str = "AAPL",
    side: str = "1",
    bust: str | None = None,
) -> None:
    database.execute(
        "INSERT INTO trades (session_id, exec_id, side_no, trading_day, stream_id, kafka_offset, ingested_at, sent,"
        " msg_seq_num, symbol, side, last_qty, last_px, content, reports, bust_exec_id)"
        " VALUES (%s, %s, 0, '2026-01-02', 1, 1, %s, %s, 1, %s, %s, 100, 1.10, 1, 1, %s)",
        (session_id, exec_id, at, at, symbol, side, bust),
    )


def _trade_minute(
    database: psycopg.Connection[Any], minute: datetime, symbol: str, side: str, trades: int, notional: str
) -> None:
    database.execute(
        "INSERT INTO trade_minutes (minute, symbol, account, currency, session_id, side, trades, qty, priced_qty,"
        " notional) VALUES (date_trunc('minute', %s::timestamptz), %s, '', '', 1, %s, %s, 10, 10, %s)",
        (minute, symbol, side, trades, Decimal(notional)),
    )


def _batch(database: psycopg.Connection[Any], ago: float, messages: int, latency_ms: int) -> None:
    database.execute(
        "INSERT INTO ingest_batches (ingested_at, committed_at, ingester_id, messages, bytes, rejected, garbled,"
        " quarantined, lag, first_kafka_time, last_kafka_time, decode_ms, write_ms)"
        " SELECT at, at, 'one', %(messages)s, 100, 0, 0, 0, 3, at - make_interval(secs => %(latency)s), at, 1, 1"
        " FROM (SELECT now() - make_interval(secs => %(ago)s) AS at) AS batch",
        {"ago": ago, "messages": messages, "latency": latency_ms / 1000},
    )


def _message(
    database: psycopg.Connection[Any],
    stream_id: int,
    offset: int,
    *,
    defects: list[str] | None,
    quarantined: bool = True,
    session_id: int | None = None,
    raw: bytes = b"8=FIX.4.4",
) -> None:
    database.execute(
        "INSERT INTO messages (stream_id, kafka_offset, kafka_time, ingested_at, session_id, verdict, quarantined,"
        " defects, msg_type, cl_ord_id, raw)"
        " VALUES (%s, %s, now(), now(), %s, 'garbled', %s, %s, '8', %s, %s)",
        (stream_id, offset, session_id, quarantined, defects, HOSTILE, raw),
    )


def test_empty_database_answers_everything(reader: Reader) -> None:
    overview = reader.overview(60)
    assert (overview.lag.stored, overview.rates.last_batch, overview.rates.messages) == (0, None, 0)
    assert (overview.trades, overview.symbols, overview.defects) == (0, (), ())
    assert overview.window.live
    assert all(step.messages == 0 and step.lag is None for step in overview.ingest_steps)
    assert reader.health().ingesters == ()
    assert reader.sessions() == ()
    assert reader.trades(TradeFilter()).trades == ()
    assert reader.defective_messages().messages == ()
    assert reader.message(1, 0) is None
    assert reader.trade_choices(60).symbols == ()


def test_rates_and_latency_are_of_the_last_minute(database: psycopg.Connection[Any], reader: Reader) -> None:
    for ago, messages, latency_ms in [(3_000, 999, 5_000), (30, 100, 20), (20, 200, 40), (10, 300, 60)]:
        _batch(database, ago, messages, latency_ms)
    rates = reader.health().rates
    assert (rates.messages, rates.seconds, rates.messages_per_second) == (600, 60.0, 10.0)
    assert (rates.latency_p50_ms, rates.latency_p95_ms) == (40, 58)
    assert rates.last_batch_age is not None
    assert timedelta(seconds=10) <= rates.last_batch_age < timedelta(seconds=40)


def test_rate_of_the_first_seconds_is_over_those_seconds(
    database: psycopg.Connection[Any], reader: Reader
) -> None:
    _batch(database, 10, 1_000, 20)
    assert 1_000 / 40 < reader.health().rates.messages_per_second <= 100


def test_ingest_history_adds_up_and_shows_silence_as_zero(
    database: psycopg.Connection[Any], reader: Reader
) -> None:
    _batch(database, 60, 40, 20)
    _batch(database, 120, 2, 20)
    steps = reader.overview(60).ingest_steps
    assert sum(step.messages for step in steps) == 42
    assert {step.lag for step in steps} == {3, None}
    assert 118 <= len(steps) <= 121


def test_lag_is_what_the_streams_have_beyond_the_log(
    database: psycopg.Connection[Any], reader: Reader
) -> None:
    _stream(database, next_offset=90, high_watermark=100)
    # A topic that shrank (retention) is not behind.
    _stream(database, next_offset=50, high_watermark=20, partition=1)
    lag = reader.health().lag
    assert (lag.records, lag.stored, lag.streams) == (10, 140, 2)


def test_what_was_left_of_a_topic_that_is_gone_is_no_lag(
    reader: Reader, database: psycopg.Connection[Any]
) -> None:
    _stream(database, next_offset=5, high_watermark=500, topic_id="gone")
    _stream(database, next_offset=10, high_watermark=12, topic_id="anew")
    assert reader.health().lag.records == 2


def test_only_ingesters_seen_lately_are_alive(database: psycopg.Connection[Any], reader: Reader) -> None:
    database.execute(
        "INSERT INTO ingesters (ingester_id, seen_at, state, version) VALUES"
        " ('alive', now(), 'ingesting', '1'), ('dead', now() - interval '6 seconds', 'ingesting', '1')"
    )
    assert [ingester.ingester_id for ingester in reader.health().ingesters] == ["alive"]


def test_volumes_are_exact_and_of_the_window(database: psycopg.Connection[Any], reader: Reader) -> None:
    now = datetime.now(UTC)
    _trade_minute(database, now, "AAPL", "1", 3, "0.1")
    _trade_minute(database, now, "AAPL", "2", 2, "0.2")
    _trade_minute(
        database, now - timedelta(minutes=3), "BTC-USD", "1", 1, "12345678901234567890.000000000000000001"
    )
    _trade_minute(database, now - timedelta(minutes=90), "OLD", "1", 7, "1")
    overview = reader.overview(60)
    assert [(volume.symbol, volume.notional) for volume in overview.symbols] == [
        ("BTC-USD", Decimal("12345678901234567890.000000000000000001")),
        ("AAPL", Decimal("0.3")),
    ]
    assert overview.trades == 6
    assert sum(step.trades for step in overview.trade_steps) == 6
    assert reader.trade_choices(60).symbols == ("AAPL", "BTC-USD")
    assert reader.trade_choices(60).sides == ("1", "2")


def test_window_ends_with_the_newest_trade_when_nothing_was_traded_lately(
    database: psycopg.Connection[Any], reader: Reader
) -> None:
    last = datetime(2019, 3, 1, 14, 30, tzinfo=UTC)
    _trade_minute(database, last, "AAPL", "1", 3, "1")
    _trade_minute(database, last - timedelta(minutes=59), "AAPL", "1", 2, "1")
    _trade_minute(database, last - timedelta(minutes=60), "AAPL", "1", 1, "1")
    overview = reader.overview(60)
    assert not overview.window.live
    assert overview.window.until == last + timedelta(minutes=1)
    assert overview.trades == 5


def test_trades_come_newest_first_page_by_page(database: psycopg.Connection[Any], reader: Reader) -> None:
    session_id = _session(database)
    now = datetime.now(UTC)
    for number in range(5):
        # Two of one moment: the page must not end between them and lose one.
        _trade(database, session_id, f"E{number}", now + timedelta(seconds=number // 2))
    first = reader.trades(TradeFilter(), limit=2)
    second = reader.trades(TradeFilter(), before=first.older, limit=2)
    third = reader.trades(TradeFilter(), before=second.older, limit=2)
    pages = [[trade.exec_id for trade in page.trades] for page in (first, second, third)]
    assert pages == [["E4", "E3"], ["E2", "E1"], ["E0"]]
    assert third.older is None
    assert first.trades[0].label == "ALPHA → BROKER/DESK"


def test_filters_match_symbol_side_and_session(database: psycopg.Connection[Any], reader: Reader) -> None:
    alpha, bravo = _session(database, "ALPHA"), _session(database, "BRAVO")
    now = datetime.now(UTC)
    _trade(database, alpha, "E1", now, symbol="AAPL", side="1")
    _trade(database, alpha, "E2", now, symbol=HOSTILE, side="2")
    _trade(database, bravo, "E3", now, symbol="AAPL", side="2")

    def found(**wanted: Any) -> set[str]:
        return {trade.exec_id for trade in reader.trades(TradeFilter(**wanted)).trades}

    assert found(symbols=("AAPL",)) == {"E1", "E3"}
    assert found(symbols=(HOSTILE,)) == {"E2"}
    assert found(sides=("2",)) == {"E2", "E3"}
    assert found(sessions=(alpha,), sides=("2",)) == {"E2"}
    assert found(symbols=("NONE",)) == set()


def test_rare_match_is_searched_for_in_stretches(
    database: psycopg.Connection[Any], reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader_module, "SCAN_ROWS", 3)
    session_id = _session(database)
    now = datetime.now(UTC)
    _trade(database, session_id, "RARE", now - timedelta(hours=1), symbol="RARE")
    for number in range(4):
        _trade(database, session_id, f"E{number}", now + timedelta(seconds=number))
    wanted = TradeFilter(symbols=("RARE",))
    first = reader.trades(wanted)
    assert first.trades == ()
    assert first.searched_to == now + timedelta(seconds=1)
    second = reader.trades(wanted, before=first.older)
    assert [trade.exec_id for trade in second.trades] == ["RARE"]
    assert second.older is None


def test_busted_trade_is_shown_and_counts_nothing(database: psycopg.Connection[Any], reader: Reader) -> None:
    _trade(database, _session(database), "E1", datetime.now(UTC), bust="B1")
    (trade,) = reader.trades(TradeFilter()).trades
    assert (trade.status, trade.notional, trade.last_qty, trade.last_px) == (
        "busted",
        0,
        100,
        Decimal("1.10"),
    )


def test_defective_messages_are_listed_by_reason(database: psycopg.Connection[Any], reader: Reader) -> None:
    stream_id, session_id = _stream(database), _session(database)
    _message(
        database, stream_id, 1, defects=["checksum_wrong:10", "value_out_of_range:54"], session_id=session_id
    )
    _message(database, stream_id, 2, defects=["not_fix"])
    _message(database, stream_id, 3, defects=["value_out_of_range:54"], quarantined=False)
    _message(database, stream_id, 4, defects=None, quarantined=False)

    def found(**wanted: Any) -> set[int]:
        return {message.kafka_offset for message in reader.defective_messages(**wanted).messages}

    assert found() == {1, 2}
    assert found(only_quarantined=False) == {1, 2, 3}
    assert found(only_quarantined=False, reasons=("value_out_of_range",)) == {1, 3}
    assert found(sessions=(session_id,)) == {1}
    unread = reader.defective_messages(reasons=("not_fix",)).messages[0]
    assert (unread.label, unread.topic, unread.cl_ord_id) == ("", "fix-trades", HOSTILE)


def test_message_is_found_by_its_place_and_cut_where_it_is_huge(
    database: psycopg.Connection[Any], reader: Reader
) -> None:
    stream_id = _stream(database)
    _message(database, stream_id, 7, defects=["too_long"], raw=b"\x00\xff" * 100_000)
    stored = reader.message(stream_id, 7)
    assert stored is not None
    assert stored.raw == b"\x00\xff" * 32_768
    assert (stored.raw_bytes, stored.defects, stored.verdict) == (200_000, ["too_long"], "garbled")
    assert reader.message(stream_id, 8) is None


def test_sessions_tell_their_figures(database: psycopg.Connection[Any], reader: Reader) -> None:
    session_id = _session(database)
    database.execute("UPDATE sessions SET messages = 12")
    database.execute(
        "INSERT INTO session_numbers VALUES"
        " (%(s)s, '2026-01-02', 0, '', '{[1,12),[15,16)}', '{}', 12, 12, 10, 12, '2026-01-03')",
        {"s": session_id},
    )
    database.execute(
        "INSERT INTO session_epochs VALUES (%s, '2026-01-02', 'logon_reset', 1, 12, 12, 10, 12)",
        (session_id,),
    )
    database.execute(
        "INSERT INTO message_minutes VALUES (date_trunc('minute', now()), %s, '8', 'garbled', 5, 1, 2),"
        " (now() - interval '1 hour', %s, '8', 'valid', 100, 1, 0)",
        (session_id, session_id),
    )
    (session,) = reader.sessions()
    assert (session.label, session.logged_on) == ("ALPHA → BROKER/DESK", True)
    assert (session.messages, session.missing, session.gaps, session.last_number) == (12, 3, 1, 15)
    assert (session.recent_messages, session.recent_quarantined) == (5, 2)


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
    source = Path(reader_module.__file__).read_text("utf-8")
    assert [name for name in sql.load("reads") if f'"{name}"' not in source] == []
