"""Exports: every trade of a filter in a file, and nothing in it that a spreadsheet runs."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from fixwatch.dashboard import exports
from fixwatch.dashboard.exports import Export, Form
from fixwatch.errors import DatabaseError
from fixwatch.store.trade_views import Trade

AT = datetime(2026, 1, 2, 9, 30, 0, 123456, tzinfo=UTC)


def trade(**more: Any) -> Trade:
    row: dict[str, Any] = dict.fromkeys(Trade.__dataclass_fields__)
    row |= {
        "sender_comp_id": "A",
        "target_comp_id": "B",
        "ingested_at": AT,
        "traded_at": AT,
        "trading_day": date(2026, 1, 2),
        "session_id": 1,
        "exec_id": "E1",
        "side_no": 0,
        "source": "8",
        "stream_id": 1,
        "kafka_offset": 7,
        "symbol": "AAPL",
        "qty": Decimal("100"),
        "px": Decimal("1.2345"),
        "notional": Decimal("123.45"),
        "status": "new",
        "repeats": 0,
        "conflicts": 0,
    }
    return Trade(**row | more)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "\uff1d1", '=HYPERLINK("x")']
)
def test_what_a_spreadsheet_would_run_is_text(text: str, tmp_path: Path) -> None:
    path = tmp_path / "trades.csv"
    exports.write_csv(path, [trade(symbol=text, account=text, exec_id=text)])
    (row,) = rows(path)
    assert row["symbol"] == row["account"] == row["exec_id"] == f"'{text}"


def test_amounts_are_exact_and_negative_ones_are_numbers(tmp_path: Path) -> None:
    path = tmp_path / "trades.csv"
    exports.write_csv(path, [trade(px=Decimal("-0.000000000000000001"), qty=Decimal("1E+3"))])
    (row,) = rows(path)
    assert (row["px"], row["qty"], row["time"]) == (
        "-0.000000000000000001",
        "1000",
        "2026-01-02T09:30:00.123456+00:00",
    )


def test_parquet_has_types_and_leaves_out_what_fits_nowhere(tmp_path: Path) -> None:
    path = tmp_path / "trades.parquet"
    exports.write_parquet(path, [trade(), trade(qty=Decimal(10) ** 30), trade(account="a\0b", px=None)])
    table = pq.read_table(path)
    assert table.column("qty").to_pylist() == [Decimal(100), None, Decimal(100)]
    assert table.column("px").to_pylist() == [Decimal("1.2345"), Decimal("1.2345"), None]
    assert table.column("time").to_pylist() == [AT] * 3


@pytest.mark.parametrize("form", list(Form))
def test_export_writes_all_and_is_gone_with_its_holder(form: Form) -> None:
    export = Export(lambda: (trade(exec_id=f"E{number}") for number in range(12_345)), form)
    export.wait(60)
    assert (export.finished, export.error, export.rows) == (True, None, 12_345)
    found = len(rows(export.path)) if form is Form.CSV else pq.read_metadata(export.path).num_rows
    assert found == 12_345
    path = export.path
    del export
    assert not path.exists()


def test_an_export_of_too_many_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "MOST_ROWS", 10)
    export = Export(lambda: (trade() for _ in range(1_000)), Form.CSV)
    export.wait(60)
    assert (export.rows, len(rows(export.path))) == (10, 10)


def test_a_database_that_goes_away_is_said() -> None:
    def broken() -> Iterator[Trade]:
        yield trade()
        raise DatabaseError("Postgres is away.")

    export = Export(broken, Form.CSV)
    export.wait(60)
    assert (export.finished, export.error) == (True, "Postgres is away.")
