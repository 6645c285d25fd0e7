"""Trades into a real Postgres: whatever came in whatever order, the tables are a function of what came."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fixwatch.ingest import trade_store
from fixwatch.ingest.trade_store import store_trades
from fixwatch.ingest.trades import fold
from fixwatch.store.trade_tables import Related, TradeTables
from fixwatch.store.writer import Writer
from tests.unit.ingest.trade_messages import bust, capture, correction, fill, report, trade_rows

NOW = datetime(2026, 1, 9, tzinfo=UTC)
TABLES = {
    "trades": "SELECT * FROM trades ORDER BY session_id, exec_id, side_no, trading_day",
    "changes": "SELECT * FROM trade_changes ORDER BY session_id, ref_id, exec_id, side_no, trading_day, content",
    "minutes": "SELECT * FROM trade_minutes ORDER BY minute, symbol, account, currency, session_id, side",
}
#: What a repeat of a record adds, and where it stands: everything else has to be the same with and without it.
COUNTED = {"reports", "repeats"}


class Trades:
    """A database of trades; batches are stored when `store` returns."""

    def __init__(self, url: str) -> None:
        self.connection = psycopg.connect(url, autocommit=True)
        self._writer = Writer(self.connection)

    def store(self, messages: Sequence[bytes], offsets: Sequence[int] | None = None) -> None:
        with self._writer.transaction() as transaction:
            store_trades(transaction.trades, fold(trade_rows(messages, offsets)), NOW)

    def tables(self) -> dict[str, list[dict[str, Any]]]:
        return {name: self.query(statement) for name, statement in TABLES.items()}

    def query(self, statement: str) -> list[dict[str, Any]]:
        cursor = self.connection.cursor(row_factory=psycopg.rows.dict_row)
        return cursor.execute(statement).fetchall()  # type: ignore[call-overload]

    def clear(self) -> None:
        self.connection.execute("TRUNCATE trades, trade_changes, trade_minutes")


@pytest.fixture
def trades(database_url: str) -> Iterator[Trades]:
    made = Trades(database_url)
    yield made
    made.connection.close()


def one(trades: Trades) -> dict[str, Any]:
    (row,) = trades.query("SELECT * FROM trades")
    return row


def minutes(trades: Trades) -> list[tuple[Any, ...]]:
    names = ("symbol", "account", "currency", "side", "trades", "qty", "priced_qty", "notional")
    return [tuple(row[name] for name in names) for row in trades.tables()["minutes"]]


def test_a_minute_has_what_net_gross_and_average_price_need(trades: Trades) -> None:
    trades.store(
        [
            fill(1, "E1", 100, "10.25", _1="ACC", _15="USD"),
            fill(2, "E2", 300, "10.75", _1="ACC", _15="USD"),
            fill(3, "E3", 50, "11", _1="ACC", _15="USD", _54="2"),
            fill(4, "E4", 7, "1.5"),
        ]
    )
    assert minutes(trades) == [
        ("IBM", "", "", "1", 1, 7, 7, Decimal("10.5")),
        ("IBM", "ACC", "USD", "1", 2, 400, 400, Decimal(4250)),
        ("IBM", "ACC", "USD", "2", 1, 50, 50, Decimal(550)),
    ]


def test_a_price_below_zero_makes_a_notional_below_zero(trades: Trades) -> None:
    trades.store([fill(1, "E1", 100, "-37.63"), fill(2, "E2", 10, "1")])
    assert minutes(trades) == [("IBM", "", "", "1", 2, 110, 110, Decimal(-3753))]


def test_products_are_exact_to_the_last_digit(trades: Trades) -> None:
    qty, px = "99999999999999999999.999999999999999999", "-0.000000000000000001"
    trades.store([fill(1, "E1", qty, px), fill(2, "E2", qty, px)])
    found = trades.query("SELECT notional::text FROM trade_minutes")
    assert found == [{"notional": "-199.999999999999999999999999999999999998"}]


def test_a_fill_without_price_counts_in_quantity_and_not_in_the_average(trades: Trades) -> None:
    trades.store([report(1, _17="E1", _150="F", _39="1", _32="5"), report(2, _17="E2", _150="F", _39="1")])
    assert minutes(trades) == [("IBM", "", "", "1", 2, 5, 0, 0)]
    assert [(row["status"], row["qty"], row["px"]) for row in trades.tables()["trades"]] == [
        ("new", 5, None),
        ("new", 0, None),
    ]


def test_a_minute_without_transact_time_is_that_of_sending(trades: Trades) -> None:
    trades.store([fill(1, "E1", _60="20260102-11:12:13"), fill(2, "E2", _60=None)])
    assert [(row["minute"].hour, row["minute"].minute) for row in trades.tables()["minutes"]] == [
        (9, 30),
        (11, 12),
    ]


def test_a_bust_takes_the_trade_out_of_its_minute_and_a_correction_moves_it(trades: Trades) -> None:
    trades.store([fill(1, "E1"), fill(2, "E2", 200)])
    trades.store([correction(3, "C", "E2", 150, "10"), bust(4, "B", "E1")])
    assert minutes(trades) == [("IBM", "", "", "1", 1, 150, 150, 1500)]
    trades.store([bust(5, "B2", "C")])
    assert minutes(trades) == []
    assert [(row["status"], row["qty"], row["last_qty"]) for row in trades.tables()["trades"]] == [
        ("busted", 0, 100),
        ("busted", 0, 200),
    ]


def test_a_report_that_was_sent_earlier_takes_the_place_of_the_one_that_came_first(trades: Trades) -> None:
    trades.store([fill(5, "E1", 500, _55="MSFT", _60="20260102-10:00:00")])
    trades.store([fill(1, "E1", 100)], [1])
    row = one(trades)
    assert (row["symbol"], row["qty"], row["kafka_offset"], row["conflicts"]) == ("IBM", 100, 1, 1)
    assert minutes(trades) == [("IBM", "", "", "1", 1, 100, 100, Decimal(1025))]


def test_repeats_and_conflicts_are_told_apart(trades: Trades) -> None:
    trades.store([fill(1, "E1"), fill(2, "E1"), fill(3, "E1", 200)])
    trades.store([fill(4, "E1", 200), fill(5, "E1", 300), fill(6, "E1")])
    row = one(trades)
    assert (row["reports"], row["repeats"], row["conflicts"]) == (6, 3, 2)


def test_of_a_hundred_contents_sixteen_are_told_apart(trades: Trades) -> None:
    for n in range(1, 101):
        trades.store([fill(n, "E1", n)])
    row = one(trades)
    assert (row["reports"], row["conflicts"]) == (100, 15)


def test_the_bust_of_the_next_day_is_of_the_trade_of_this_one(trades: Trades) -> None:
    trades.store([fill(1, "E1"), fill(2, "E2")])
    trades.store([bust(1, "B", "E1", at="20260103-08:00:00"), fill(2, "E2", at="20260103-09:00:00")])
    trades.store([bust(3, "B2", "E2", at="20260103-10:00:00")])
    assert [(row["exec_id"], row["trading_day"].day, row["status"]) for row in trades.tables()["trades"]] == [
        ("E1", 2, "busted"),
        ("E2", 2, "new"),
        ("E2", 3, "busted"),
    ]


def test_a_bust_of_a_capture_busts_its_sides_and_no_fill_of_that_id(trades: Trades) -> None:
    trades.store([capture(1, "X", sides=[[], []]), fill(2, "X")])
    trades.store([capture(3, "Y", (572, "X"), (487, 1))])
    assert [(row["source"], row["side_no"], row["status"]) for row in trades.tables()["trades"]] == [
        ("8", 0, "new"),
        ("AE", 1, "busted"),
        ("AE", 2, "busted"),
    ]


@pytest.mark.parametrize("few", [0, 1_000])
def test_many_and_few_are_stored_to_the_same_end(
    trades: Trades, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trade_store, "_FEW", few)
    trades.store([fill(n, f"E{n}") for n in range(1, 7)])
    trades.store([fill(n, f"E{n}") for n in range(4, 10)] + [fill(50, "E9", 1), bust(51, "B", "E10")])
    trades.store([fill(10, "E10"), fill(11, "E11")])
    assert minutes(trades) == [("IBM", "", "", "1", 10, 1000, 1000, 10250)]
    counts = trades.query("SELECT sum(repeats) AS repeats, sum(conflicts) AS conflicts FROM trades")
    assert counts == [{"repeats": 3, "conflicts": 1}]


def test_few_new_trades_are_one_statement(trades: Trades, monkeypatch: pytest.MonkeyPatch) -> None:
    statements: list[str] = []
    execute = psycopg.Cursor.execute

    def counting(self: psycopg.Cursor, query: Any, *more: Any, **options: Any) -> psycopg.Cursor:
        statements.append(str(query))
        return execute(self, query, *more, **options)

    monkeypatch.setattr(psycopg.Cursor, "execute", counting)
    trades.store([fill(n, f"E{n}") for n in range(1, 50)])
    assert len(statements) == 1


#: Something of everything, over three days and two sessions.
EVENTS = [
    fill(1, "E1", _1="ACC"),
    fill(2, "E1", _1="ACC"),
    fill(3, "E1", 200, _1="BCC"),
    fill(3, "E1", 200, _11="C2", _1="BCC"),
    fill(4, "E2", _60="20260102-09:31:00"),
    fill(5, "E3", 0),
    fill(6, "E3", px=-9, _15="USD"),
    report(7, _150="F", _39="1", _32="1"),
    report(7, _150="F", _39="1", _32="1"),
    bust(8, "B1", "E2"),
    bust(9, "B2", "C2"),
    correction(10, "C1", "E1"),
    correction(11, "C2", "C1", 80),
    correction(12, "C3", "E3", 70, -2),
    correction(13, "E3", "E3", 60),
    bust(14, "0", "X1"),
    bust(14, "0", "E4"),
    fill(15, "E4", sender="BANK"),
    fill(15, "E4"),
    capture(16, "E1", sides=[[(1, "A")], [(1, "B"), (1009, 5)]]),
    capture(17, "T2", (572, "E1"), (487, 2), (32, 90), sides=[[], []]),
    capture(18, "T3", (572, "T2"), (487, 1)),
    capture(19, "T4", (1, "ROOT"), sides=[[(11, "C1")]]),
    fill(20, "E5", _1="ACC", _60="20260102-09:40:00"),
    fill(21, "E5", _1="ACC", _55="MSFT", _60="20260102-09:41:00"),
    fill(22, "E6", _1="ACC", _54="2", _15="EUR"),
    correction(23, "C6", "E6", 40, 3),
    correction(24, "C7", "E6", 45, 3),
    fill(1, "E1", 10, at="20260103-09:00:00"),
    bust(2, "B3", "E1", at="20260103-10:00:00"),
    bust(2, "B4", "E1", at="20260104-10:00:00", _75="20260102"),
    fill(3, "C1", 3, at="20260104-11:00:00"),
    bust(4, "B5", "C1", at="20260104-12:00:00"),
]


def same(a: dict[str, list[dict[str, Any]]], b: dict[str, list[dict[str, Any]]], *, but: set[str]) -> bool:
    def without(tables: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
        return {
            table: [{name: value for name, value in row.items() if name not in but} for row in rows]
            for table, rows in tables.items()
        }

    return without(a) == without(b)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)
@given(
    order=st.permutations(range(len(EVENTS))),
    sizes=st.lists(st.integers(1, 9), min_size=1),
    few=st.sampled_from([0, 1, 1_000]),
)
def test_every_order_and_every_division_into_batches_gives_the_same_tables(
    trades: Trades, order: list[int], sizes: list[int], few: int
) -> None:
    trades.clear()
    trades.store(EVENTS)
    at_once = trades.tables()
    trades.clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trade_store, "_FEW", few)
        for begin, end in _parts(len(order), sizes):
            part = order[begin:end]
            trades.store([EVENTS[at] for at in part], part)
    assert trades.tables() == at_once


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)
@given(
    repeats=st.lists(st.tuples(st.integers(0, len(EVENTS)), st.integers(0, len(EVENTS) - 1)), max_size=20),
    sizes=st.lists(st.integers(1, 9), min_size=1),
)
def test_repeats_anywhere_change_nothing_but_their_count(
    trades: Trades, repeats: list[tuple[int, int]], sizes: list[int]
) -> None:
    trades.clear()
    trades.store(EVENTS)
    without = trades.tables()
    trades.clear()
    # A record that is there again has its own place, which is behind.
    found = list(range(len(EVENTS)))
    for where, which in sorted(repeats, reverse=True):
        found.insert(where, which)
    for begin, end in _parts(len(found), sizes):
        part = found[begin:end]
        trades.store([EVENTS[at] for at in part], part)
    again = trades.tables()
    assert same(again, without, but=COUNTED)
    counted = {row["exec_id"] for row in without["trades"]}
    reports = sum(row["reports"] for row in again["trades"]) - sum(
        row["reports"] for row in without["trades"]
    )
    assert counted
    assert 0 <= reports <= 2 * len(repeats)


def _parts(length: int, sizes: Sequence[int]) -> Iterator[tuple[int, int]]:
    at = turn = 0
    while at < length:
        size = sizes[turn % len(sizes)]
        yield at, min(at + size, length)
        at, turn = at + size, turn + 1


def test_minutes_are_what_the_trades_come_to(trades: Trades) -> None:
    for begin in range(0, len(EVENTS), 4):
        trades.store(EVENTS[begin : begin + 4], range(begin, min(begin + 4, len(EVENTS))))
    summed = trades.query(
        """
        SELECT date_trunc('minute', traded_at) AS minute, coalesce(symbol, '') AS symbol,
               coalesce(account, '') AS account, coalesce(currency, '') AS currency, session_id,
               coalesce(side, '') AS side, count(*) AS trades, sum(qty) AS qty,
               sum(CASE WHEN px IS NULL THEN 0 ELSE qty END) AS priced_qty, sum(notional) AS notional
        FROM trades WHERE status <> 'busted' GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6
        """
    )
    assert trades.tables()["minutes"] == summed
    assert len(summed) > 3


@pytest.mark.parametrize("same", ["own id", "name"])
def test_a_thousand_busts_that_share_an_id_do_not_slow_the_next_one_down(
    trades: Trades, monkeypatch: pytest.MonkeyPatch, same: str
) -> None:
    read: list[int] = []
    related = TradeTables.related

    def counting(self: TradeTables, ids: Any) -> list[Related]:
        found = related(self, ids)
        read.append(len(found))
        return found

    monkeypatch.setattr(TradeTables, "related", counting)
    ids = [(f"B{n}", "0") if same == "name" else ("0", f"X{n}") for n in range(1_000)]
    trades.store([bust(n, own, ref) for n, (own, ref) in enumerate(ids)])
    trades.store([fill(1, "E1")])
    trades.store([bust(2, "B", "E1"), bust(3, "C", "0")] if same == "name" else [bust(2, "0", "E1")])
    assert one(trades)["status"] == "busted"
    assert max(read) < 5


def test_a_change_of_one_id_may_name_several_and_be_named(trades: Trades) -> None:
    # The bust names the later one of two corrections that have one id, however they come.
    events = [
        fill(1, "E1"),
        fill(2, "E2"),
        correction(3, "0", "E1", 10),
        correction(4, "0", "E2", 20),
        bust(5, "B", "0"),
        correction(6, "0", "X", 5),
    ]
    for order in (range(6), range(5, -1, -1), (4, 5, 0, 2, 3, 1)):
        for size in (1, 2, 6):
            trades.clear()
            for begin in range(0, 6, size):
                part = list(order[begin : begin + size])
                trades.store([events[at] for at in part], part)
            found = [(row["exec_id"], row["qty"], row["status"]) for row in trades.tables()["trades"]]
            # What the last one names is not there, and with it the bust is of no trade.
            assert found == [("E1", 10, "corrected"), ("E2", 20, "corrected")]


def test_ten_thousand_trades_of_which_half_are_known(trades: Trades) -> None:
    first = [fill(n, f"E{n}") for n in range(10_000)]
    trades.store(first[:5_000])
    trades.store(first, range(10_000))
    assert trades.query("SELECT count(*) AS n, sum(repeats) AS r FROM trades") == [{"n": 10_000, "r": 5_000}]
    assert trades.query("SELECT sum(trades) AS n FROM trade_minutes") == [{"n": 10_000}]


def test_a_fill_and_its_bust_that_two_store_at_once_meet(database_url: str) -> None:
    # Whoever holds the session's row writes its trades alone: the other one waits, and then sees them.
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "WITH p AS (INSERT INTO session_pairs (ends) VALUES ('{a}') RETURNING pair_id)"
            " INSERT INTO sessions (session_id, pair_id, sender_comp_id, target_comp_id) OVERRIDING SYSTEM VALUE"
            " SELECT 2, pair_id, 'BROKER', 'BUY' FROM p"
        )
    locked = threading.Event()

    def store(messages: list[bytes], first: bool) -> None:
        with (
            psycopg.connect(database_url, autocommit=True) as connection,
            Writer(connection).transaction() as transaction,
        ):
            if not first:
                locked.wait(10)
            connection.execute("SELECT 1 FROM sessions WHERE session_id = 2 FOR UPDATE")
            locked.set()
            store_trades(transaction.trades, fold(trade_rows(messages)), NOW)

    threads = [
        threading.Thread(target=store, args=([fill(1, "E1")], True)),
        threading.Thread(target=store, args=([bust(2, "B", "E1")], False)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT status FROM trades").fetchall() == [("busted",)]
        assert connection.execute("SELECT count(*) FROM trade_minutes").fetchall() == [(0,)]
