"""Trades, read from a real Postgres: rows put there by SQL, and a flow that a real ingester has stored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any, LiteralString

import psycopg
import pytest
from psycopg.rows import dict_row

from fixwatch.store import trade_reader
from fixwatch.store.reader import Reader
from fixwatch.store.trade_views import Trade, TradeFilter, TradeKey, TradePage
from tests.integration.ingested import Ingested
from tests.integration.stored_rows import (
    HOSTILE,
    IMPOSSIBLE,
    put,
    put_message,
    put_order,
    put_session,
    put_stream,
    put_trade,
    put_trade_minute,
)

Database = psycopg.Connection[Any]
NOW = datetime(2026, 3, 2, 15, 0, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def stored(flow: Ingested) -> Iterator[Reader]:
    """A reader of the flow."""
    found = Reader(flow.database_url)
    yield found
    found.close()


def rows(flow: Ingested, query: LiteralString, *values: object) -> list[dict[str, Any]]:
    with psycopg.connect(flow.database_url, row_factory=dict_row) as connection:
        return connection.execute(query, values).fetchall()


def pages(reader: Reader, wanted: TradeFilter, limit: int = 200) -> Iterator[TradePage]:
    before = None
    while True:
        page = reader.trades.page(wanted, before=before, limit=limit)
        yield page
        before = page.older
        if before is None:
            break


def ids(reader: Reader, wanted: TradeFilter, limit: int = 200) -> list[str]:
    return [trade.exec_id for page in pages(reader, wanted, limit) for trade in page.trades]


def test_trades_come_newest_first_page_by_page(database: Database, reader: Reader) -> None:
    session_id = put_session(database)
    for number in range(5):
        # Two of one moment: the page must not end between them and lose one.
        put_trade(database, session_id, f"E{number}", NOW + timedelta(seconds=number // 2))
    found = list(pages(reader, TradeFilter(), limit=2))
    assert [[trade.exec_id for trade in page.trades] for page in found] == [
        ["E4", "E3"],
        ["E2", "E1"],
        ["E0"],
    ]
    assert found[-1].older is None
    assert found[0].trades[0].label == "ALPHA → BROKER/DESK"


def test_filters_match_what_they_name(database: Database, reader: Reader) -> None:
    alpha, bravo = put_session(database, "ALPHA"), put_session(database, "BRAVO")
    put_trade(database, alpha, "E1", NOW, account="A", last_mkt="XNAS", cl_ord_id="C1", order_id="O1")
    put_trade(database, alpha, "E2", NOW, symbol=HOSTILE, side="2", account=HOSTILE, last_mkt=HOSTILE)
    put_trade(database, bravo, "E3", NOW, side="2", account="B", bust_exec_id="B3")
    put_trade(database, bravo, "E4", NOW, symbol=None, side=None, correct_exec_id="K4", corrected_px=2)

    def found(**wanted: Any) -> set[str]:
        return set(ids(reader, TradeFilter(**wanted)))

    assert found(symbols=("AAPL",)) == {"E1", "E3"}
    assert found(symbols=(HOSTILE,)) == {"E2"}
    assert found(symbols=(HOSTILE, "AAPL")) == {"E1", "E2", "E3"}
    assert found(sides=("2",)) == {"E2", "E3"}
    assert found(accounts=("A", "B")) == {"E1", "E3"}
    assert found(accounts=(HOSTILE,), symbols=("AAPL",)) == set()
    assert found(sessions=(alpha,), sides=("2",)) == {"E2"}
    assert found(sessions=(alpha, bravo), symbols=("AAPL",), accounts=("B",)) == {"E3"}
    assert found(venues=("XNAS",)) == {"E1"}
    assert found(statuses=("busted", "corrected")) == {"E3", "E4"}
    assert found(exec_ids=("E1", "E4", "E9")) == {"E1", "E4"}
    assert found(exec_ids=("E1",), sessions=(bravo,)) == set()


def test_what_no_row_can_have_finds_nothing(database: Database, reader: Reader) -> None:
    put_trade(database, put_session(database), "E1", NOW, account="A", cl_ord_id="C1", order_id="O1")
    texts = ("symbols", "accounts", "sides", "venues", "statuses", "exec_ids", "cl_ord_ids", "order_ids")
    for name in texts:
        for value in IMPOSSIBLE:
            wanted = TradeFilter(**{name: (value,)})
            assert reader.trades.page(wanted) == TradePage((), None, None)
            assert reader.trades.totals(wanted).sums == ()
            assert list(reader.trades.stream(wanted)) == []
    for name in (*texts, "sessions", "orders"):
        assert ids(reader, TradeFilter(**{name: ()})) == []
    for number in (-1, 0, 2**31, 2**63, 10**30):
        assert ids(reader, TradeFilter(sessions=(number,))) == []
        assert ids(reader, TradeFilter(orders=(number,))) == []
    assert ids(reader, TradeFilter(since=NOW, until=NOW)) == []
    assert ids(reader, TradeFilter(since=NOW + MINUTE, until=NOW - MINUTE)) == []
    assert ids(reader, TradeFilter(since=datetime.max.replace(tzinfo=UTC))) == []
    assert ids(reader, TradeFilter(until=datetime.min.replace(tzinfo=UTC))) == []
    assert ids(reader, TradeFilter(symbols=("AAPL", *IMPOSSIBLE))) == ["E1"]
    nowhere = TradeKey(datetime.min.replace(tzinfo=UTC), 2**31 - 1, "x" * 10_000, 0, NOW.date())
    assert reader.trades.page(TradeFilter(), before=nowhere).trades == ()


def test_a_rare_match_is_searched_for_in_stretches(
    database: Database, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trade_reader, "SCAN_TRADES", 3)
    session_id = put_session(database)
    put_trade(database, session_id, "RARE", NOW - timedelta(hours=1), last_mkt="XRARE")
    for number in range(4):
        put_trade(database, session_id, f"E{number}", NOW + timedelta(seconds=number))
    wanted = TradeFilter(venues=("XRARE",))
    first = reader.trades.page(wanted, limit=2)
    assert first.trades == ()
    assert first.searched_to == NOW + timedelta(seconds=1)
    second = reader.trades.page(wanted, before=first.older, limit=2)
    assert [trade.exec_id for trade in second.trades] == ["RARE"]
    assert second.older is None
    totals = reader.trades.totals(wanted)
    assert (totals.trades, totals.searched_to) == (0, NOW + timedelta(seconds=1))


def test_a_symbol_and_a_side_are_found_in_a_short_stretch_first(
    database: Database, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trade_reader, "SCAN_TRADES", 12)
    session_id = put_session(database)
    for number in range(20):
        side = "2" if number % 10 == 0 else "1"
        put_trade(database, session_id, f"E{number}", NOW + timedelta(seconds=number), side=side)
    # One is within a stretch of eight, two only within the longest; what is beyond it is the next page's.
    found = list(pages(reader, TradeFilter(symbols=("AAPL",), sides=("1",)), limit=1))
    assert [trade.exec_id for page in found for trade in page.trades] == [
        f"E{number}" for number in reversed(range(20)) if number % 10
    ]
    found = list(pages(reader, TradeFilter(symbols=("AAPL",), sides=("2",)), limit=1))
    assert [trade.exec_id for page in found for trade in page.trades] == ["E10", "E0"]
    assert found[0].searched_to is None


def test_a_rare_symbol_is_found_at_once_however_much_else_was_traded(
    database: Database, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trade_reader, "SCAN_TRADES", 3)
    session_id = put_session(database)
    put_trade(database, session_id, "RARE", NOW - timedelta(hours=1), symbol="RARE", side="2")
    for number in range(10):
        put_trade(database, session_id, f"E{number}", NOW + timedelta(seconds=number))
    for wanted in (
        TradeFilter(symbols=("RARE",)),
        TradeFilter(symbols=("RARE",), sides=("2",)),
        TradeFilter(symbols=("RARE",), sessions=(session_id,)),
        TradeFilter(symbols=("RARE",), since=NOW - timedelta(hours=2)),
    ):
        page = reader.trades.page(wanted, limit=2)
        assert ([trade.exec_id for trade in page.trades], page.older, page.searched_to) == (
            ["RARE"],
            None,
            None,
        )


def test_a_stretch_of_trading_is_in_the_order_of_trading(database: Database, reader: Reader) -> None:
    session_id = put_session(database)
    traded = [NOW - timedelta(hours=hour) for hour in (5, 1, 3, 2, 4)]
    for number, at in enumerate(traded):
        # An old log that was stored today, not in order, one without a TransactTime.
        time = {"sent": at} if number == 2 else {"transact_time": at}
        put_trade(database, session_id, f"E{number}", NOW + timedelta(seconds=number), **time)
    assert ids(reader, TradeFilter(since=NOW - timedelta(hours=4)), limit=2) == ["E1", "E3", "E2", "E4"]
    assert ids(reader, TradeFilter(until=NOW - timedelta(hours=3))) == ["E4", "E0"]
    between = TradeFilter(since=NOW - timedelta(hours=4), until=NOW - timedelta(hours=2), symbols=("AAPL",))
    assert ids(reader, between, limit=1) == ["E2", "E4"]


def test_pages_neither_skip_nor_repeat_while_trades_arrive(database: Database, reader: Reader) -> None:
    session_id = put_session(database)
    for number in range(20):
        put_trade(database, session_id, f"E{number:02}", NOW + timedelta(seconds=number // 3))
    for wanted in (TradeFilter(), TradeFilter(symbols=("AAPL",)), TradeFilter(since=NOW)):
        seen: list[str] = []
        for number, page in enumerate(pages(reader, wanted, limit=3)):
            seen += [trade.exec_id for trade in page.trades]
            # New ones, and one that was traded long ago.
            at = NOW + timedelta(minutes=1 + number)
            put_trade(database, session_id, f"N{number}-{wanted.since}{wanted.symbols}", at)
        old = [exec_id for exec_id in seen if exec_id.startswith("E")]
        assert old == [f"E{number:02}" for number in reversed(range(20))]
        database.execute("DELETE FROM trades WHERE exec_id LIKE 'N%'")


def test_a_busted_trade_is_shown_and_counts_nothing(database: Database, reader: Reader) -> None:
    put_trade(database, put_session(database), "E1", NOW, bust_exec_id="B1")
    (trade,) = reader.trades.page(TradeFilter()).trades
    assert (trade.status, trade.notional, trade.last_qty, trade.last_px) == (
        "busted",
        0,
        100,
        Decimal("1.10"),
    )
    totals = reader.trades.totals(TradeFilter(statuses=("busted",)))
    assert (totals.trades, totals.gross_qty, totals.vwap) == (0, 0, {})


def test_a_trade_is_found_by_its_bust_and_by_a_correction_of_its_correction(
    database: Database, reader: Reader
) -> None:
    session_id = put_session(database)
    put_trade(database, session_id, "E1", NOW)
    put_trade(database, session_id, "E2", NOW)
    for ref_id, exec_id in (("E1", "K1"), ("K1", "K2"), ("K2", "K1"), ("E2", "B2")):
        put(
            database,
            "trade_changes",
            session_id=session_id,
            ref_id=ref_id,
            exec_id=exec_id,
            side_no=0,
            trading_day="2026-01-02",
            content=1,
            ingested_at=NOW,
            stream_id=1,
            kafka_offset=1,
            sent=NOW,
            msg_seq_num=1,
            is_bust=exec_id == "B2",
        )
    assert ids(reader, TradeFilter(exec_ids=("K2",))) == ["E1"]
    assert ids(reader, TradeFilter(exec_ids=("B2",))) == ["E2"]


def test_trades_of_an_order_are_those_of_its_reports_captures_and_reports_without_an_id(
    database: Database, reader: Reader
) -> None:
    stream_id, session_id = put_stream(database), put_session(database)
    other = put_session(database, "OTHER")
    put_order(database, 7, cl_ord_id="C2", order_id="O1")
    put_order(database, 8, merged_into=7)
    place = {"stream_id": stream_id, "session_id": session_id, "order_key": 7, "quarantined": False}
    put_message(database, offset=1, cl_ord_id="C1", exec_id="E1", order_id="O1", **place)
    put_message(
        database,
        offset=2,
        cl_ord_id="C2",
        exec_id=None,
        order_id="O1",
        last_qty=5,
        ingested_at=NOW_TODAY,
        **place,
    )
    put_message(database, offset=3, cl_ord_id="C2", exec_id="E3", order_id="O1", **place)
    put_trade(database, session_id, "E1", NOW, cl_ord_id="C1", order_id="O1")
    put_trade(
        database,
        session_id,
        "no-id:1",
        NOW_TODAY,
        stream_id=stream_id,
        kafka_offset=2,
        cl_ord_id="C2",
        order_id="O1",
    )
    put_trade(database, session_id, "T1", NOW, side_no=1, order_id="O1")
    put_trade(database, session_id, "T1", NOW, side_no=2, order_id="O9")
    # Another order's fill of another day has the same ExecID; another session's capture the same OrderID.
    put_trade(database, session_id, "E3", NOW, trading_day="2025-01-01", order_id="O5")
    put_trade(database, other, "T1", NOW, side_no=1, order_id="O1")
    for key in (7, 8):
        found = reader.trades.page(TradeFilter(orders=(key,))).trades
        assert Counter((trade.exec_id, trade.side_no) for trade in found) == {
            ("E1", 0): 1,
            ("no-id:1", 0): 1,
            ("T1", 1): 1,
        }


NOW_TODAY = datetime.now(UTC)


def test_an_order_id_finds_trades_of_reports_and_captures_of_every_session(
    database: Database, reader: Reader
) -> None:
    stream_id, session_id, other = put_stream(database), put_session(database), put_session(database, "OTHER")
    put_order(database, 7)
    put(database, "order_ids", pair_id=1, id="O1", kind="order_id", day=1, starts=True, order_key=7)
    put(database, "order_ids", pair_id=1, id="C1", kind="cl_ord_id", day=1, starts=True, order_key=7)
    place = {"stream_id": stream_id, "session_id": session_id, "order_key": 7}
    put_message(database, offset=1, cl_ord_id="C1", exec_id="E1", order_id="O1", **place)
    put_message(database, offset=2, cl_ord_id="C2", exec_id="E2", order_id="O1", **place)
    put_trade(database, session_id, "E1", NOW, cl_ord_id="C1", order_id="O1")
    put_trade(database, session_id, "E2", NOW, cl_ord_id="C2", order_id="O1")
    put_trade(database, other, "T1", NOW, side_no=1, order_id="O1", cl_ord_id="C1")
    assert set(ids(reader, TradeFilter(order_ids=("O1",)))) == {"E1", "E2", "T1"}
    assert set(ids(reader, TradeFilter(cl_ord_ids=("C1",)))) == {"E1", "T1"}
    assert set(ids(reader, TradeFilter(cl_ord_ids=("C1",), exec_ids=("E1", "E2")))) == {"E1"}
    assert [
        trade.exec_id for trade in reader.trades.stream(TradeFilter(order_ids=("O1",), sessions=(other,)))
    ] == ["T1"]


def test_totals_are_exact_from_minutes_and_from_the_trades_at_their_ends(
    database: Database, reader: Reader
) -> None:
    session_id = put_session(database)
    for number, (seconds, side, more) in enumerate(
        [
            (0, "1", {}),
            (20, "2", {"currency": "USD", "last_px": None}),
            (70, "5", {"last_qty": Decimal("0.1")}),
            (100, "8", {"bust_exec_id": "B"}),
            (130, "1", {"corrected_qty": 7, "correct_exec_id": "K"}),
        ]
    ):
        put_trade(database, session_id, f"E{number}", NOW + timedelta(seconds=seconds), side=side, **more)
    database.execute(
        "INSERT INTO trade_minutes SELECT date_trunc('minute', traded_at), symbol, '', coalesce(currency, ''),"
        " session_id, side, count(*), sum(qty), coalesce(sum(qty) FILTER (WHERE px IS NOT NULL), 0), sum(notional)"
        " FROM trades WHERE status <> 'busted' GROUP BY 1, 2, 4, 5, 6"
    )
    whole = reader.trades.totals(TradeFilter())
    assert whole.from_rollups
    assert whole.searched_to is None
    assert (whole.trades, whole.gross_qty, whole.net_qty) == (4, Decimal("207.1"), Decimal("6.9"))
    assert whole.notional == {"": Decimal("117.81"), "USD": 0}
    assert whole.vwap == {"": Decimal("1.10")}
    for since in range(-90, 180, 15):
        for length in (5, 15, 45, 60, 100, 200):
            begin = NOW + timedelta(seconds=since)
            wanted = TradeFilter(since=begin, until=begin + timedelta(seconds=length))
            found = reader.trades.totals(wanted)
            counted = [trade for trade in reader.trades.stream(wanted) if trade.status != "busted"]
            assert found.trades == len(counted)
            assert found.gross_qty == sum(trade.qty for trade in counted)
            assert sum(found.notional.values()) == sum(trade.notional for trade in counted)
            assert found.searched_to is None
    looked = reader.trades.totals(TradeFilter(statuses=("new", "corrected")))
    assert not looked.from_rollups
    assert (looked.trades, looked.gross_qty, looked.notional) == (
        whole.trades,
        whole.gross_qty,
        whole.notional,
    )


def test_totals_of_more_minutes_than_may_be_read_say_how_far_they_reach(
    database: Database, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    for minute in range(10):
        for symbol in "AB":
            put_trade_minute(database, NOW - minute * MINUTE, symbol)
    monkeypatch.setattr(trade_reader, "SCAN_MINUTES", 5)
    found = reader.trades.totals(TradeFilter())
    # The fifth row is of a minute that has another one.
    assert (found.trades, found.searched_to) == (4, NOW.replace(second=0) - MINUTE)


def test_the_flow_is_found_whole_by_every_filter(stored: Reader, flow: Ingested) -> None:
    trades = rows(
        flow, "SELECT * FROM trades ORDER BY ingested_at, session_id, exec_id, side_no, trading_day"
    )
    assert len(trades) > 500
    ways: dict[str, str] = {
        "symbols": "symbol",
        "accounts": "account",
        "sides": "side",
        "sessions": "session_id",
        "venues": "last_mkt",
        "statuses": "status",
    }
    for name, column in ways.items():
        for value, count in Counter(trade[column] for trade in trades).most_common():
            if value is None:
                continue
            expected = [trade["exec_id"] for trade in trades if trade[column] == value]
            wanted = TradeFilter(**{name: (value,)})
            assert ids(stored, wanted, limit=max(7, count // 3)) == expected[::-1]
            assert [trade.exec_id for trade in stored.trades.stream(wanted)] == expected
            totals = stored.trades.totals(wanted)
            qty = sum(trade["qty"] for trade in trades if trade[column] == value)
            assert (totals.gross_qty, totals.searched_to) == (qty, None)


def test_the_flow_is_found_by_every_stretch_of_time(stored: Reader, flow: Ingested) -> None:
    trades = rows(flow, "SELECT *, traded_at FROM trades")
    moments = sorted({trade["traded_at"] for trade in trades})[:: len(trades) // 10]
    for since, until in pairwise(moments):
        expected = sorted(trade["exec_id"] for trade in trades if since <= trade["traded_at"] < until)
        wanted = TradeFilter(since=since, until=until)
        found = [trade for page in pages(stored, wanted, limit=50) for trade in page.trades]
        assert sorted(trade.exec_id for trade in found) == expected
        assert [trade.traded_at for trade in found] == sorted((t.traded_at for t in found), reverse=True)
        assert stored.trades.totals(wanted).gross_qty == sum(trade.qty for trade in found)


def test_every_trade_of_the_flow_is_found_by_its_ids_and_its_order(stored: Reader, flow: Ingested) -> None:
    for trade in rows(flow, "SELECT * FROM trades ORDER BY exec_id LIMIT 60"):
        of = {"session_id": trade["session_id"], "exec_id": trade["exec_id"]}

        def has(page: TradePage, of: dict[str, Any] = of) -> bool:
            return of in [{"session_id": one.session_id, "exec_id": one.exec_id} for one in page.trades]

        assert has(stored.trades.page(TradeFilter(exec_ids=(trade["exec_id"],))))
        assert has(stored.trades.page(TradeFilter(order_ids=(trade["order_id"],))))
        assert has(stored.trades.page(TradeFilter(cl_ord_ids=(trade["cl_ord_id"],))))
        orders = stored.orders.by_id(trade["order_id"])
        assert any(has(stored.trades.page(TradeFilter(orders=(order.order_key,)))) for order in orders)


def test_what_an_order_has_filled_is_what_its_trades_come_to(stored: Reader, flow: Ingested) -> None:
    query = "SELECT order_key, fills, cum_qty FROM orders WHERE fills > 0 AND defects IS NULL ORDER BY 1 LIMIT 100"
    checked = 0
    for order in rows(flow, query):
        trades = stored.trades.page(TradeFilter(orders=(order["order_key"],))).trades
        standing = [trade for trade in trades if trade.status != "busted"]
        checked += len(standing) == order["fills"]
        assert len(standing) >= order["fills"]
    assert checked > 50


def test_an_export_is_of_one_moment_and_may_end_early(database: Database, reader: Reader) -> None:
    session_id = put_session(database)
    for number in range(5):
        put_trade(database, session_id, f"E{number}", NOW + timedelta(seconds=number))
    export = reader.trades.stream(TradeFilter())
    first: Trade = next(export)
    put_trade(database, session_id, "E9", NOW + timedelta(hours=1))
    assert [first.exec_id, *(trade.exec_id for trade in export)] == ["E0", "E1", "E2", "E3", "E4"]
    export = reader.trades.stream(TradeFilter())
    next(export)
    export.close()  # type: ignore[attr-defined]
    open_connections = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'fixwatch export'"
    row = database.execute(open_connections).fetchone()
    assert row is not None
