"""Fills, busts and corrections of each version, out of ExecutionReports."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from fixwatch.ingest import trades
from fixwatch.ingest.rows import ROWS
from tests.unit.ingest.trade_messages import bust, correction, fill, message, report, trade_rows


def fills(messages: Sequence[bytes]) -> dict[str, dict[str, Any]]:
    return {row["exec_id"]: row for row in trades.fold(trade_rows(messages)).fills.to_pylist()}


def changes(messages: Sequence[bytes]) -> list[tuple[str, str, bool]]:
    found = trades.fold(trade_rows(messages)).changes.to_pylist()
    return [(row["exec_id"], row["ref_id"], row["is_bust"]) for row in found]


def test_exec_type_f_is_a_fill_with_exact_decimals() -> None:
    row = fills(
        [fill(1, "E1", "0.1", "1.233", _1="ACC", _15="USD", _30="XNAS", _75="20260102", _64="20260105")]
    )["E1"]
    assert (row["last_qty"], row["last_px"]) == (Decimal("0.1"), Decimal("1.233"))
    assert (row["account"], row["currency"], row["last_mkt"]) == ("ACC", "USD", "XNAS")
    assert (row["trading_day"], row["trade_date"]) == (date(2026, 1, 2), date(2026, 1, 2))
    assert row["settl_date"] == date(2026, 1, 5)
    assert row["sent"] == datetime(2026, 1, 2, 9, 30, 1, 1000, UTC)
    assert (row["side_no"], row["reports"], row["contents"]) == (0, 1, None)


def test_fix_42_fills_are_exec_type_1_and_2_of_a_new_report() -> None:
    old = {"version": "FIX.4.2", "_20": "0", "_32": "5", "_31": "9"}
    found = fills(
        [
            report(1, _17="P", _150="1", _39="1", **old),
            report(2, _17="F", _150="2", _39="2", **old),
            report(3, _17="N", _150="0", _39="0", **old | {"_32": "0", "_31": "0"}),
            report(4, _17="S", _150="1", _39="1", **old | {"_20": "3"}),
        ]
    )
    assert set(found) == {"P", "F"}


def test_fix_40_fills_have_no_exec_type() -> None:
    old = {"version": "FIX.4.0", "_20": "0", "_31": "9"}
    found = fills(
        [
            report(1, _17="P", _39="1", _32="5", **old),
            report(2, _17="F", _39="2", _32="5", **old),
            report(3, _17="A", _39="0", _32="5", **old),
        ]
    )
    assert set(found) == {"P", "F"}


def test_a_fix_40_report_of_a_partly_filled_order_is_no_fill_without_a_quantity() -> None:
    old = {"version": "FIX.4.0", "_20": "0", "_39": "1"}
    assert fills([report(1, _17="Z", _32="0", _31="0", **old), report(2, _17="N", **old)]) == {}


@pytest.mark.parametrize("kind", ["0", "3", "4", "5", "6", "8", "A", "C", "D", "E", "I"])
def test_what_is_no_fill_makes_no_trade(kind: str) -> None:
    found = trades.fold(trade_rows([report(1, _17="E1", _150=kind, _39="1", _32="5", _31="1")]))
    assert (found.fills.num_rows, found.changes.num_rows) == (0, 0)


def test_other_messages_and_what_is_kept_back_say_nothing_of_trades() -> None:
    rows = trade_rows([message("D", 1, _11="C1", _150="F"), b"garbage", fill(2, "E1")[:-3]])
    assert trades.fold(rows).fills.num_rows == 0
    assert trades.fold(pa.RecordBatch.from_pylist([], ROWS)).fills.num_rows == 0


def test_a_fill_of_nothing_is_a_fill() -> None:
    assert fills([fill(1, "E1", qty=0)])["E1"]["last_qty"] == 0


def test_a_negative_price_stays_negative() -> None:
    assert fills([fill(1, "E1", px="-37.63")])["E1"]["last_px"] == Decimal("-37.63")


def test_a_fill_without_price_quantity_or_currency_has_none() -> None:
    row = fills([report(1, _17="E1", _150="F", _39="1")])["E1"]
    assert (row["last_qty"], row["last_px"], row["currency"]) == (None, None, None)


def test_a_fill_without_exec_id_is_known_by_what_it_says() -> None:
    nameless = {"_150": "F", "_39": "1", "_32": "5", "_31": "9"}
    first, second = report(1, **nameless), report(2, **nameless)
    again = report(9, **nameless, _43="Y", _122="20260102-09:30:01.001")
    found = fills([first, second, first])
    assert sorted(row["reports"] for row in found.values()) == [1, 2]
    assert all(exec_id.startswith("no-id:") for exec_id in found)
    assert (
        len(fills([first, again, second])) == 3
    )  # another number, so nobody can say that it is the same one


def test_a_repeat_is_one_more_report() -> None:
    again = fill(1, "E1", _43="Y", _122="20260102-09:30:01.001")
    row = fills([fill(1, "E1"), again, again])["E1"]
    assert (row["reports"], row["contents"], row["last_qty"]) == (3, None, 100)


def test_of_reports_with_one_exec_id_the_one_that_was_sent_first_counts() -> None:
    early, late = fill(1, "E1", 100), fill(2, "E1", 200)
    for messages in ([early, late], [late, early]):
        row = fills(messages)["E1"]
        assert (row["last_qty"], row["reports"]) == (100, 2)
        assert len(row["contents"].split()) == 2


@pytest.mark.parametrize(
    "other",
    [{"_32": "1"}, {"_31": "1"}, {"_55": "MSFT"}, {"_54": "2"}, {"_37": "O2"}, {"_1": "ACC"}, {"_15": "USD"}],
)
def test_other_values_are_another_content(other: dict[str, str]) -> None:
    fields = {"_17": "E1", "_150": "F", "_39": "1", "_32": "100", "_31": "10.25"}
    row = fills([report(1, **fields), report(1, **fields | other)])["E1"]
    assert len(row["contents"].split()) == 2


def test_the_same_number_written_otherwise_is_the_same_content() -> None:
    row = fills([fill(1, "E1", "100", "10.25"), fill(2, "E1", "100.00", "0010.250")])["E1"]
    assert (row["reports"], row["contents"]) == (2, None)


def test_at_most_sixteen_contents_are_told_apart_the_same_ones_in_any_order() -> None:
    many = [fill(n, "E1", n) for n in range(1, 41)]
    forth, back = fills(many)["E1"], fills(many[::-1])["E1"]
    assert forth["contents"] == back["contents"]
    assert len(forth["contents"].split()) == trades.MOST_CONTENTS
    assert forth["reports"] == 40


def test_the_same_exec_id_of_another_session_or_day_is_another_trade() -> None:
    found = trades.fold(
        trade_rows([fill(1, "E1"), fill(1, "E1", sender="BANK"), fill(1, "E1", at="20260103-09:30:00")])
    )
    assert [(row["session_id"], row["trading_day"].day) for row in found.fills.to_pylist()] == [
        (2, 2),
        (1, 2),
        (2, 3),
    ]


def test_a_repeat_on_the_next_day_is_of_the_day_when_it_was_sent_first() -> None:
    again = fill(1, "E1", at="20260103-07:00:00", _43="Y", _122="20260102-09:30:01.001")
    resent = fill(2, "E1", at="20260103-07:00:00", _97="Y")
    assert fills([fill(1, "E1"), again, resent])["E1"]["reports"] == 3


def test_busts_and_corrections_name_a_fill() -> None:
    assert changes([bust(2, "B", "E1"), correction(3, "G", "E2")]) == [("B", "E1", True), ("G", "E2", False)]


def test_exec_trans_type_1_and_2_bust_and_correct_up_to_fix_42() -> None:
    old = {"version": "FIX.4.2", "_150": "2", "_39": "2", "_32": "4", "_31": "8.5"}
    messages = [report(3, _17="X1", _19="E1", _20="1", **old), report(4, _17="X2", _19="E2", _20="2", **old)]
    assert changes(messages) == [("X1", "E1", True), ("X2", "E2", False)]
    assert fills(messages) == {}
    oldest = {"version": "FIX.4.0", "_39": "2", "_32": "4", "_31": "8.5"}
    assert changes([report(3, _17="X1", _19="E1", _20="1", **oldest)]) == [("X1", "E1", True)]


def test_a_change_without_exec_ref_id_names_its_own_id() -> None:
    assert changes([report(1, _17="E1", _150="H", _39="0")]) == [("E1", "E1", True)]


def test_a_change_without_any_id_is_kept() -> None:
    ((own, ref, is_bust),) = changes([report(1, _150="H", _39="0")])
    assert own == ref
    assert own.startswith("no-id:")
    assert is_bust


def test_contents_are_numbers_that_stay_the_same_for_ever() -> None:
    # They are stored: another number would make every stored trade a conflict.
    found = trades.fold(trade_rows([fill(1, "E1"), correction(2, "G", "E1")]))
    assert found.fills.column("content").to_pylist() == [-568323252079550041]
    assert found.changes.column("content").to_pylist() == [4945661124121540128]


def test_columns_may_begin_anywhere_in_their_buffers() -> None:
    rows = trade_rows([fill(1, "E0"), bust(2, "B0", "E0"), fill(3, "E1"), bust(4, "B1", "E1")])
    found = trades.fold(rows.slice(2))
    assert found.fills.column("exec_id").to_pylist() == ["E1"]
    assert found.changes.column("ref_id").to_pylist() == ["E1"]
