"""Fills, busts and corrections of each version."""

from __future__ import annotations

from decimal import Decimal

import polars as pl

from fixwatch.ingest import trades
from tests.unit.ingest.conftest import FrameOf, message


def report(seq: int, **more: object) -> bytes:
    """An ExecutionReport from the broker."""
    fields = {"_37": "O1", "_11": "C1", "_55": "IBM", "_54": "1", "_60": "20260102-09:30:00"} | more
    return message("8", seq, sender="BROKER", target="BUY", **fields)


def fill(seq: int, exec_id: str, qty: str = "100", px: str = "10.25", **more: object) -> bytes:
    return report(seq, **{"_17": exec_id, "_150": "F", "_39": "1", "_32": qty, "_31": px} | more)


def by_exec_id(frame: pl.DataFrame) -> dict[str, dict[str, object]]:
    return {row["exec_id"]: row for row in trades.fold(frame).to_dicts()}


def test_exec_type_f_is_a_fill_with_exact_decimals(frame_of: FrameOf) -> None:
    row = by_exec_id(frame_of([fill(1, "E1", "0.1", "1.233")]))["E1"]
    assert (row["last_qty"], row["last_px"]) == (Decimal("0.1"), Decimal("1.233"))
    assert (row["repeats"], row["conflicts"], row["bust_exec_id"]) == (0, 0, None)


def test_fix_42_fills_are_exec_type_1_and_2_of_a_new_report(frame_of: FrameOf) -> None:
    old = {"version": "FIX.4.2", "_20": "0", "_32": "5", "_31": "9"}
    frame = frame_of(
        [
            report(1, _17="P", _150="1", _39="1", **old),
            report(2, _17="F", _150="2", _39="2", **old),
            report(3, _17="N", _150="0", _39="0", **old | {"_32": "0", "_31": "0"}),
            report(4, _17="S", _150="1", _39="1", **old | {"_20": "3"}),
        ]
    )
    assert set(by_exec_id(frame)) == {"P", "F"}


def test_fix_40_fills_have_no_exec_type(frame_of: FrameOf) -> None:
    frame = frame_of([report(1, version="FIX.4.0", _17="P", _20="0", _39="1", _32="5", _31="9")])
    assert set(by_exec_id(frame)) == {"P"}


def test_what_is_no_fill_makes_no_trade(frame_of: FrameOf) -> None:
    frame = frame_of([report(n, _17=f"E{n}", _150=kind, _39=kind) for n, kind in enumerate("048C5", start=1)])
    assert trades.fold(frame).height == 0


def test_a_repeat_in_one_batch_is_counted_once(frame_of: FrameOf) -> None:
    again = fill(1, "E1", _43="Y", _122="20260102-09:30:01")
    row = by_exec_id(frame_of([fill(1, "E1"), again, again]))["E1"]
    assert (row["repeats"], row["conflicts"], row["last_qty"]) == (2, 0, 100)


def test_the_same_exec_id_with_other_content_is_a_conflict_and_the_first_stays(frame_of: FrameOf) -> None:
    row = by_exec_id(frame_of([fill(1, "E1", "100"), fill(2, "E1", "200")]))["E1"]
    assert (row["last_qty"], row["repeats"], row["conflicts"]) == (100, 1, 1)


def test_the_same_exec_id_on_another_session_is_another_trade(frame_of: FrameOf) -> None:
    other = message("8", 1, sender="BROKER", target="OTHER", _17="E1", _150="F", _32="1", _31="2", _37="O")
    assert trades.fold(frame_of([fill(1, "E1"), other])).height == 2


def test_a_bust_marks_the_trade_that_it_names(frame_of: FrameOf) -> None:
    frame = frame_of([fill(1, "E1"), report(2, _17="B1", _19="E1", _150="H", _39="0")])
    row = by_exec_id(frame)["E1"]
    assert (row["last_qty"], row["bust_exec_id"]) == (100, "B1")


def test_a_bust_may_come_before_its_trade(frame_of: FrameOf) -> None:
    bust = report(2, _17="B1", _19="E1", _150="H", _39="0")
    row = by_exec_id(frame_of([bust]))["E1"]
    assert (row["last_qty"], row["bust_exec_id"], row["symbol"]) == (None, "B1", None)
    assert by_exec_id(frame_of([bust, fill(1, "E1")]))["E1"]["last_qty"] == 100


def test_exec_trans_type_1_and_2_bust_and_correct_up_to_fix_42(frame_of: FrameOf) -> None:
    old = {"version": "FIX.4.2", "_150": "2", "_39": "2"}
    frame = frame_of(
        [
            report(1, _17="E1", _20="0", _32="5", _31="9", **old),
            report(2, _17="E2", _20="0", _32="5", _31="9", **old),
            report(3, _17="X1", _19="E1", _20="1", _32="5", _31="9", **old),
            report(4, _17="X2", _19="E2", _20="2", _32="4", _31="8.5", **old),
        ]
    )
    rows = by_exec_id(frame)
    assert set(rows) == {"E1", "E2"}
    assert rows["E1"]["bust_exec_id"] == "X1"
    assert (rows["E2"]["corrected_qty"], rows["E2"]["corrected_px"]) == (4, Decimal("8.5"))


def test_the_latest_correction_wins_whatever_its_place_in_the_batch(frame_of: FrameOf) -> None:
    late = report(3, _17="G2", _19="E1", _150="G", _39="1", _32="7", _31="3", _60="20260102-10:00:00")
    early = report(2, _17="G1", _19="E1", _150="G", _39="1", _32="6", _31="2", _60="20260102-09:45:00")
    for order in ([fill(1, "E1"), early, late], [late, fill(1, "E1"), early]):
        row = by_exec_id(frame_of(order))["E1"]
        assert (row["correct_exec_id"], row["corrected_qty"]) == ("G2", 7)


def test_of_corrections_with_one_time_and_one_exec_id_the_last_in_the_log_counts(frame_of: FrameOf) -> None:
    # More than a sort keeps in their order by itself.
    corrections = [
        report(n, _17="C", _19="E1", _150="G", _39="1", _32="5", _31=str(n)) for n in range(2, 100)
    ]
    row = by_exec_id(frame_of([fill(1, "E1"), *corrections]))["E1"]
    assert (row["correct_exec_id"], row["corrected_px"]) == ("C", Decimal(99))
