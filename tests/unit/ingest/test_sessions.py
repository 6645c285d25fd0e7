"""What a batch says of a session."""

from __future__ import annotations

import polars as pl

from fixwatch.ingest import sessions
from tests.unit.ingest.conftest import FrameOf, message


def only(frame: pl.DataFrame) -> dict[str, object]:
    rows = sessions.fold(frame).to_dicts()
    assert len(rows) == 1
    return rows[0]


def test_numbers_in_a_row_leave_no_gap(frame_of: FrameOf) -> None:
    row = only(frame_of([message("0", n) for n in (5, 6, 7)]))
    assert (row["first_seq_num"], row["last_seq_num"], row["gaps"], row["missing"]) == (5, 7, 0, 0)
    assert row["messages"] == 3
    assert row["begin_string"] == "FIX.4.4"


def test_a_jump_is_one_gap_of_what_is_missing(frame_of: FrameOf) -> None:
    row = only(frame_of([message("0", n) for n in (1, 2, 6, 7, 9)]))
    assert (row["gaps"], row["missing"], row["last_seq_num"]) == (2, 4, 9)


def test_a_possdup_repeat_is_counted_and_opens_no_gap(frame_of: FrameOf) -> None:
    repeat = message("0", 2, _43="Y", _122="20260102-09:30:00")
    row = only(frame_of([message("0", 1), message("0", 2), message("0", 3), repeat, message("0", 4)]))
    assert (row["gaps"], row["poss_dups"], row["last_seq_num"], row["messages"]) == (0, 1, 4, 5)


def test_a_repeat_without_possdup_opens_no_gap(frame_of: FrameOf) -> None:
    row = only(frame_of([message("0", n) for n in (1, 2, 3, 2, 4)]))
    assert (row["gaps"], row["last_seq_num"]) == (0, 4)


def test_a_logon_with_reset_flag_begins_a_new_count(frame_of: FrameOf) -> None:
    logon = message("A", 1, _98="0", _108="30", _141="Y")
    row = only(frame_of([message("0", 900), logon, message("0", 2)]))
    assert (row["resets"], row["gaps"], row["first_seq_num"], row["last_seq_num"]) == (1, 0, 900, 2)
    assert row["heart_bt_int"] == 30
    assert row["logged_on"] is True


def test_a_sequence_reset_moves_the_count_without_a_gap(frame_of: FrameOf) -> None:
    reset = message("4", 3, _36="100")
    row = only(frame_of([message("0", 2), reset, message("0", 100), message("0", 101)]))
    assert (row["resets"], row["gaps"], row["last_seq_num"]) == (1, 0, 101)


def test_a_gap_fill_moves_the_count_without_a_reset(frame_of: FrameOf) -> None:
    fill = message("4", 3, _123="Y", _36="10", _43="Y", _122="20260102-09:30:00")
    row = only(frame_of([message("0", 2), fill, message("0", 10)]))
    assert (row["resets"], row["gaps"], row["last_seq_num"]) == (0, 0, 10)


def test_a_logout_ends_the_session(frame_of: FrameOf) -> None:
    assert only(frame_of([message("A", 1, _98="0", _108="30"), message("5", 2)]))["logged_on"] is False
    assert only(frame_of([message("0", 3)]))["logged_on"] is None


def test_each_direction_and_sub_id_is_a_session_of_its_own(frame_of: FrameOf) -> None:
    frame = frame_of(
        [
            message("0", 1),
            message("0", 1, sender="BROKER", target="BUY"),
            message("0", 1, _50="DESK"),
        ]
    )
    assert sessions.fold(frame).height == 3
    # SenderSubID makes another pair; the two directions without one are a pair.
    assert frame["pair_id"].n_unique() == 2


def test_rejects_of_both_levels_are_counted(frame_of: FrameOf) -> None:
    row = only(frame_of([message("3", 1, _45="7"), message("j", 2, _372="D", _380="0")]))
    assert row["rejects"] == 2


def test_a_message_without_comp_ids_is_of_no_session(frame_of: FrameOf) -> None:
    from fixwatch.fix.encoder import encode

    frame = frame_of([encode([(35, "0"), (34, "1")]), message("0", 1)])
    assert frame["session_id"].to_list() == [None, 1]
    assert frame["folded"].to_list() == [False, True]
