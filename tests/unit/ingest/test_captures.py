"""Trades out of TradeCaptureReports: one a side."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from fixwatch.ingest import trades
from fixwatch.ingest.trade_reports import ALL_SIDES
from tests.unit.ingest.trade_messages import Field, capture, fill, message, trade_rows


def fills(*messages: bytes) -> list[dict[str, Any]]:
    return trades.fold(trade_rows(messages)).fills.to_pylist()


def changes(*messages: bytes) -> list[tuple[Any, ...]]:
    names = ("exec_id", "ref_id", "side_no", "is_bust", "last_qty")
    return [
        tuple(row[name] for name in names) for row in trades.fold(trade_rows(messages)).changes.to_pylist()
    ]


def test_every_side_is_a_trade_with_an_order_of_its_own() -> None:
    raw = capture(1, "T1", sides=[[(11, "C1"), (1, "ACC1")], [(11, "C2"), (1, "ACC2"), (15, "EUR")]])
    names = (
        "exec_id",
        "side_no",
        "side",
        "order_id",
        "cl_ord_id",
        "account",
        "currency",
        "last_qty",
        "last_px",
    )
    assert [tuple(row[name] for name in names) for row in fills(raw)] == [
        ("T1", 1, "1", "O1", "C1", "ACC1", None, 100, Decimal("10.25")),
        ("T1", 2, "2", "O2", "C2", "ACC2", "EUR", 100, Decimal("10.25")),
    ]


def test_what_a_side_does_not_say_is_what_its_report_says() -> None:
    (row,) = fills(capture(1, "T1", (15, "USD"), (1, "ROOT")))
    assert (row["currency"], row["account"], row["symbol"]) == ("USD", "ROOT", "IBM")


def test_a_side_may_have_a_quantity_of_its_own() -> None:
    sides: list[list[Field]] = [
        [(1009, "60.5")],
        [(1009, "many")],
        [(1009, "1" * 30)],
        [(1009, ".")],
        [(1009, "-1")],
    ]
    assert [row["last_qty"] for row in fills(capture(1, "T1", sides=sides))] == [
        Decimal("60.5"),
        100,
        100,
        100,
        -1,
    ]


def test_a_report_without_sides_is_one_trade() -> None:
    raw = message("AE", 1, _571="T1", _55="IBM", _32="5", _31="2", _75="20260102")
    assert [(row["side_no"], row["side"], row["last_qty"]) for row in fills(raw)] == [(1, None, 5)]


def test_an_exec_id_of_the_same_text_is_another_trade() -> None:
    assert [(row["exec_id"], row["side_no"]) for row in fills(fill(1, "X"), capture(2, "X"))] == [
        ("X", 0),
        ("X", 1),
    ]


def test_values_that_are_no_utf_8_are_read_as_the_decoder_reads_them() -> None:
    raw = capture(1, "T1", sides=[[(1, "M\xe9l"), (11, "a\x00b")]])
    # As many bytes with the same sum, which are no UTF-8.
    (row,) = fills(raw.replace(b"M\xc3\xa9l", b"M\xfcpl"))
    assert (row["account"], row["cl_ord_id"]) == ("M\xfcpl", "a\ufffdb")
    (row,) = fills(capture(1, "T1", sides=[[(1, "x" * 256)]]))
    assert row["account"] is None


@pytest.mark.parametrize("how", [(487, 1), (487, 4), (487, 5), (856, 6), (856, 7), (150, "H")])
def test_a_cancel_or_a_reversal_busts_all_sides(how: Field) -> None:
    raw = capture(2, "T2", (572, "T1"), how, sides=[[], []])
    assert changes(raw) == [("T2", "T1", ALL_SIDES, True, 100)]
    assert fills(raw) == []


@pytest.mark.parametrize("how", [(487, 2), (856, 5), (150, "G")])
def test_a_replacement_corrects_side_by_side(how: Field) -> None:
    raw = capture(2, "T2", (572, "T1"), how, sides=[[(1009, "60")], []])
    assert changes(raw) == [("T2", "T1", 1, False, 60), ("T2", "T1", 2, False, 100)]


def test_a_replacement_without_sides_corrects_all() -> None:
    raw = message("AE", 1, _571="T2", _572="T1", _487="2", _55="IBM", _32="5", _31="2")
    assert changes(raw) == [("T2", "T1", ALL_SIDES, False, 5)]


@pytest.mark.parametrize("how", [(856, 1), (856, 3), (856, 4), (856, 11), (487, 3), (150, "I")])
def test_what_is_alleged_declined_or_only_added_is_no_trade(how: Field) -> None:
    raw = capture(1, "T1", (572, "T0"), how)
    assert (fills(raw), changes(raw)) == ([], [])


@pytest.mark.parametrize("how", [(856, 0), (856, 2), (487, 0), (150, "F")])
def test_what_is_submitted_or_accepted_is_a_trade(how: Field) -> None:
    assert len(fills(capture(1, "T1", how))) == 1


def test_a_repeat_of_a_report_is_one_of_each_side() -> None:
    raw = capture(1, "T1", sides=[[], []])
    assert [row["reports"] for row in fills(raw, raw)] == [2, 2]


def test_of_many_sides_a_hundred_are_trades() -> None:
    assert len(fills(capture(1, "T1", sides=[[]] * 500))) == 100
