"""The blotter in a real browser: filters in links, totals against SQL, exports with every row that matches."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pyarrow.parquet as pq
import pytest

from fixwatch.demo.stack import Stack
from tests.acceptance.chromium import Screen

pytestmark = pytest.mark.browser


@pytest.fixture
def trades(stack: Stack) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(stack.postgres.url, autocommit=True) as connection:
        yield connection


def one(trades: psycopg.Connection[Any], statement: Any, *values: Any) -> tuple[Any, ...]:
    row = trades.execute(statement, values).fetchone()
    assert row is not None
    return tuple(row)


def facts(screen: Screen) -> dict[str, str]:
    """What the trades that match come to, by name."""
    found: list[list[str]] = screen.page.locator(".st-key-totals dl div").evaluate_all(
        "pairs => pairs.map(pair => [...pair.children].map(part => part.textContent))"
    )
    return {name: value for name, value in found if name}


def past(trades: psycopg.Connection[Any], screen: Screen) -> tuple[str, str]:
    """A symbol that is traded, and a moment after which its trades do not count here: those before stand still."""
    row = screen.until(
        lambda: trades.execute(
            "SELECT symbol, to_char(max(traded_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS')"
            " FROM trades WHERE traded_at < now() - interval '2 seconds' GROUP BY symbol"
            " HAVING count(*) > 10 ORDER BY count(*) DESC LIMIT 1"
        ).fetchone(),
        "ten trades of a symbol",
    )
    return str(row[0]), str(row[1])


def test_totals_of_a_filter_are_those_of_sql(screen: Screen, trades: psycopg.Connection[Any]) -> None:
    symbol, until = past(trades, screen)
    screen.open(f"blotter?symbol={symbol}&side=Buy&to={until}%2B00:00")
    shown = screen.until(
        lambda: (found := facts(screen)).get("Trades that count", "0") != "0" and found, "totals"
    )
    count, qty, notional = one(
        trades,
        "SELECT count(*), sum(coalesce(corrected_qty, last_qty)),"
        " sum(coalesce(corrected_qty, last_qty) * coalesce(corrected_px, last_px)) FROM trades"
        " WHERE symbol = %s AND side = '1' AND bust_exec_id IS NULL AND traded_at < %s::timestamptz",
        symbol,
        until + "+00:00",
    )
    assert int(shown["Trades that count"].replace(",", "")) == count
    assert Decimal(shown["Quantity"].replace(",", "")) == qty
    (name,) = [name for name in shown if name.startswith("Notional")]
    assert Decimal(shown[name].replace(",", "")) == notional
    vwap = Decimal(shown[name.replace("Notional", "VWAP")].replace(",", ""))
    assert abs(vwap - notional / qty) < Decimal("0.000001")
    assert {(row["Symbol"], row["Side"]) for row in screen.until(screen.table, "trades")} == {(symbol, "Buy")}


@pytest.mark.parametrize("form", ["CSV", "Parquet"])
def test_export_has_every_trade_that_matches(
    screen: Screen, trades: psycopg.Connection[Any], tmp_path: Path, form: str
) -> None:
    _, until = past(trades, screen)
    screen.open(f"blotter?to={until}%2B00:00")
    screen.page.get_by_role("button", name="Export all that match").wait_for()
    screen.page.locator(".st-key-export_form").get_by_text(form, exact=True).click()
    screen.page.wait_for_timeout(500)
    screen.page.get_by_role("button", name="Export all that match").click()
    save = screen.page.get_by_role("button", name=f"Save {form.upper()}")
    save.wait_for()
    with screen.page.expect_download() as download:
        save.click()
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    if form == "CSV":
        with file.open(encoding="utf-8-sig", newline="") as opened:
            ids = [row["exec_id"] for row in csv.DictReader(opened)]
    else:
        ids = pq.read_table(file).column("exec_id").to_pylist()
    known = [
        row[0]
        for row in trades.execute(
            "SELECT exec_id FROM trades WHERE traded_at < %s::timestamptz", [until + "+00:00"]
        )
    ]
    assert len(ids) > 10
    assert sorted(ids) == sorted(known)
    screen.page.get_by_role("button", name="Done").click()
    screen.page.get_by_role("button", name="Export all that match").wait_for()


def test_a_trade_is_found_by_any_of_its_ids(screen: Screen, trades: psycopg.Connection[Any]) -> None:
    past(trades, screen)
    exec_id, order_id = one(
        trades, "SELECT exec_id, order_id FROM trades WHERE order_id IS NOT NULL AND status = 'new' LIMIT 1"
    )
    for id_ in (exec_id, order_id):
        screen.open(f"blotter?trade_id={id_}")
        rows = screen.until(screen.table, f"the trade of {id_}")
        assert exec_id in {row["ExecID"] for row in rows}
        assert {row["OrderID"] for row in rows} == {order_id}


@pytest.mark.parametrize(
    ("filters", "said"),
    [
        ("symbol=%3Cscript%3Ealert(1)%3C%2Fscript%3E", "No trades match"),
        ("trade_id=no-such-id", "No trades match"),
        ("from=yesterday", "From: not a time; write"),
        ("from=2026-01-02&to=2026-01-01", "nothing can be in between"),
        ("side=nonsense", "Left out of this link's filters"),
    ],
)
def test_filters_that_nothing_can_match_are_said(screen: Screen, filters: str, said: str) -> None:
    screen.open(f"blotter?{filters}")
    screen.page.get_by_text(said).first.wait_for()
