"""Figures and events of sessions."""

from __future__ import annotations

import random
from typing import Any

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from fixwatch.fix.encoder import encode
from fixwatch.ingest import sessions
from tests.unit.ingest.conftest import message, rows_of_messages
from tests.unit.ingest.session_messages import gap_fill, logon, reset, sent, us


def figures(*messages: bytes) -> dict[str, Any]:
    (row,) = sessions.fold(rows_of_messages(messages)).figures.to_pylist()
    return row


def events(*messages: bytes, opened: pa.Int32Array | None = None) -> list[dict[str, Any]]:
    rows = sessions.fold(rows_of_messages(messages), opened).events.to_pylist()
    return [{name: value for name, value in row.items() if value is not None} for row in rows]


def test_messages_are_counted_by_what_they_are() -> None:
    row = figures(
        logon(1),
        sent(2, 2),
        sent(3, 3, "1", _112="T"),
        sent(4, 4, "2", _7=1, _16=0),
        sent(5, 5, "3", _45=7),
        sent(6, 6, "j", _372="D", _380=0),
        sent(7, 7, "Q", _37="O", _17="E", _127="A", _55="X", _54=1),
        sent(8, 8, "B", _148="news", _33=1, _58="text"),
        sent(9, 8, "B", orig=8, _148="news", _33=1, _58="text"),
        reset(10, 9, 20),
        sent(11, 20, "5"),
    )
    found = {name: row[name] for name in sessions.FIGURES.names[1:12]}
    assert found == {
        "messages": 11,
        "application_messages": 4,
        "poss_dups": 1,
        "logons": 1,
        "logouts": 1,
        "resets": 2,
        "rejects": 1,
        "business_rejects": 1,
        "dont_know_trades": 1,
        "resend_requests": 1,
        "test_requests": 1,
    }


def test_what_was_sent_last_says_the_state_not_what_came_last() -> None:
    row = figures(sent(9, 4, "5"), logon(8, 3), sent(10, 5), sent(7, 2))
    assert (row["logged_on"], row["state_seq_num"], row["heart_bt_int"]) == (False, 4, 30)
    assert row["last_sent_seq_num"] == 5
    assert row["begin_string"] == "FIX.4.4"


def test_neither_logon_nor_logout_says_nothing_of_the_state() -> None:
    row = figures(sent(1, 3))
    assert (row["logged_on"], row["state_sent"], row["heart_bt_int"], row["heart_sent"]) == (None,) * 4


def test_a_logon_that_is_sent_again_is_not_a_new_one() -> None:
    again = logon(9, 1, _43="Y", _122="20260102-09:30:00.001")
    row = figures(logon(1), sent(5, 2, "5"), again)
    assert (row["logged_on"], row["logons"]) == (False, 2)


def test_each_direction_and_sub_id_is_a_session_of_its_own() -> None:
    rows = rows_of_messages(
        [message("0", 1), message("0", 1, sender="BROKER", target="BUY"), message("0", 1, _50="DESK")]
    )
    assert sessions.fold(rows).figures.column("session_id").to_pylist() == [1, 2, 3]
    # SenderSubID makes another pair; the two directions without one are a pair.
    assert len(set(rows.column("pair_id").to_pylist())) == 2


def test_messages_that_are_kept_back_take_no_part() -> None:
    rows = rows_of_messages([encode([(35, "0"), (34, "1")]), b"garbage", message("0", 1)[:-4]])
    said = sessions.fold(rows)
    assert [part.num_rows for part in (said.figures, said.events, said.touched, said.resets)] == [0, 0, 0, 0]
    assert sessions.merge(said, []).num_rows == 0


def test_what_is_rare_is_an_event() -> None:
    found = events(
        logon(1, _58="good morning"),
        sent(2, 2),
        gap_fill(3, 3, 10),
        reset(4, 10, 20),
        sent(5, 20, "2", _7=5, _16=0),
        sent(6, 21, "1", _112="ping"),
        sent(7, 22, "0", _112="pong"),
        sent(8, 23, "3", _45=7, _371=55, _372="D", _373=1, _58="Symbol is missing"),
        sent(9, 24, "j", _45=8, _372="D", _379="C1", _380=3),
        sent(10, 25, "Q", _37="O", _17="E1", _127="B", _55="X", _54=1),
        sent(11, 26, "5", _58="x" * 1_000),
    )
    for event in found:
        assert event.pop("session_id") == 1
        event.pop("sent")
    assert found == [
        {"seq_num": 1, "kind": "logon", "text": "good morning"},
        {"seq_num": 3, "kind": "gap_fill", "begin_number": 3, "end_number": 9},
        {"seq_num": 10, "kind": "reset", "begin_number": 20},
        {"seq_num": 20, "kind": "resend_request", "begin_number": 5, "end_number": 0},
        {"seq_num": 21, "kind": "test_request", "ref_id": "ping"},
        {"seq_num": 22, "kind": "heartbeat", "ref_id": "pong"},
        {
            "seq_num": 23,
            "kind": "reject",
            "ref_seq_num": 7,
            "ref_tag": 55,
            "ref_msg_type": "D",
            "reason": "1",
            "text": "Symbol is missing",
        },
        {
            "seq_num": 24,
            "kind": "business_reject",
            "ref_seq_num": 8,
            "ref_msg_type": "D",
            "ref_id": "C1",
            "reason": "3",
        },
        {"seq_num": 25, "kind": "dont_know_trade", "ref_id": "E1", "reason": "B"},
        {"seq_num": 26, "kind": "logout", "text": "x" * 255},
    ]


def test_an_event_that_comes_again_is_one() -> None:
    request = sent(6, 21, "1", _112="ping")
    assert len(events(request, request, sent(60, 21, "1", orig=6, _112="ping"))) == 1


def test_of_two_events_with_one_key_the_same_one_stays_in_any_order() -> None:
    a, b, c = (sent(6, 21, "1", _112=ref) for ref in ("b", "a", "c"))
    assert events(a, b, c) == events(c, b, a) == events(b, c, a)
    assert events(a, b, c)[0]["ref_id"] == "a"


def test_minutes_out_of_hours_are_events() -> None:
    order = {"_11": "A", "_55": "X", "_54": 1, "_60": "20260102-09:30:00", "_40": 1, "_38": 1}
    batch = [
        logon(1),
        sent(2, 2),
        sent(3, 3, "D", **order),
        sent(59_999, 4, "D", **order),
        sent(60_000, 5, "D", **order),
        sent(130_000, 6, "D", **order),
        sent(200_000, 7, "5"),
    ]
    opened = pa.array([0, 0, 0, 0, 0, 1, 0], pa.int32())
    found = [event for event in events(*batch, opened=opened) if event["kind"] == "out_of_hours"]
    assert [int(event["sent"].timestamp() * 1_000_000) for event in found] == [us(0), us(60_000)]
    assert {event["seq_num"] for event in found} == {0}


MESSAGES = st.lists(
    st.builds(
        lambda ms, seq, kind, text: sent(
            ms, seq, kind, _98=0, _108=len(text), _58=text or "-", _112="T", _36=seq, _123="Y"
        ),
        st.integers(0, 5),
        st.integers(1, 3),
        st.sampled_from("A501"),
        st.text("ab", max_size=3),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=200, deadline=None)
@given(MESSAGES, st.randoms(use_true_random=False))
def test_no_order_of_messages_changes_what_they_say(messages: list[bytes], rng: random.Random) -> None:
    kafka_times = [1_767_346_200_000] * len(messages)
    said = sessions.fold(rows_of_messages(messages, kafka_times=kafka_times))
    again = sessions.fold(rows_of_messages(rng.sample(messages, len(messages)), kafka_times=kafka_times))
    assert (again.figures, again.events) == (said.figures, said.events)
    assert (again.touched, again.resets) == (said.touched, said.resets)
