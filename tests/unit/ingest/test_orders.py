"""Which messages are of one order, and what they say of it."""

from __future__ import annotations

from itertools import count, permutations

import polars as pl
import pytest

from fixwatch.ingest import orders
from tests.unit.ingest.conftest import FrameOf, message


def request(msg_type: str, seq: int, cl_ord_id: str, **more: object) -> bytes:
    return message(msg_type, seq, _11=cl_ord_id, **more)


def report(seq: int, cl_ord_id: str, status: str, **more: object) -> bytes:
    fields = {"_37": "O1", "_17": f"E{seq}", "_150": status, "_39": status} | more
    return message("8", seq, sender="BROKER", target="BUY", _11=cl_ord_id, **fields)


def keyed(frame: pl.DataFrame) -> pl.DataFrame:
    numbers = count(1)
    chains = orders.Chains(frame)
    _, keys, _ = chains.assign([], lambda n: [next(numbers) for _ in range(n)])
    return frame.with_columns(keys)


def test_a_chain_of_replaces_is_one_order(frame_of: FrameOf) -> None:
    frame = keyed(
        frame_of(
            [
                request("D", 1, "A", _38="100"),
                request("G", 2, "B", _41="A", _38="200"),
                request("F", 3, "C", _41="B"),
                request("D", 4, "Z", _38="1"),
            ]
        )
    )
    assert frame["order_key"].to_list() == [1, 1, 1, 2]


def test_reports_join_by_order_id_alone(frame_of: FrameOf) -> None:
    status = message("8", 9, sender="BROKER", target="BUY", _37="O1", _17="E9", _150="I", _39="0")
    frame = keyed(frame_of([report(1, "A", "0"), status]))
    assert frame["order_key"].to_list() == [1, 1]


def test_an_order_id_of_none_joins_nothing(frame_of: FrameOf) -> None:
    reject = {"sender": "BROKER", "target": "BUY", "_37": "NONE", "_39": "8", "_434": "1"}
    frame = keyed(
        frame_of([message("9", 1, _11="A", _41="X", **reject), message("9", 2, _11="B", _41="Y", **reject)])
    )
    assert frame["order_key"].to_list() == [1, 2]


def test_one_cl_ord_id_on_two_session_pairs_is_two_orders(frame_of: FrameOf) -> None:
    frame = keyed(frame_of([request("D", 1, "A"), request("D", 1, "A", sender="OTHER")]))
    assert frame["order_key"].to_list() == [1, 2]


def test_known_ids_keep_their_order_key(frame_of: FrameOf) -> None:
    frame = frame_of([request("F", 2, "B", _41="A"), request("D", 3, "N")])
    pair = frame["pair_id"][0]
    chains = orders.Chains(frame)
    known = [(pair, "cl_ord_id", "A", 77)]
    fresh, keys, new = chains.assign(known, lambda n: [100 + i for i in range(n)])
    assert keys.to_list() == [77, 100]
    assert new == [100]
    assert [tuple(row.values()) for row in fresh.to_pylist()] == [
        (pair, "cl_ord_id", "B", 77),
        (pair, "cl_ord_id", "N", 100),
    ]


def test_an_id_that_joins_two_known_orders_takes_the_older_one(frame_of: FrameOf) -> None:
    frame = frame_of([report(1, "A", "0", _37="O1"), report(2, "B", "0", _37="O1")])
    pair = frame["pair_id"][0]
    known = [(pair, "cl_ord_id", "A", 8), (pair, "cl_ord_id", "B", 5)]
    _, keys, _ = orders.Chains(frame).assign(known, lambda n: [100 + i for i in range(n)])
    assert keys.to_list() == [5, 5]


def test_messages_that_are_of_no_order_have_no_key(frame_of: FrameOf) -> None:
    frame = keyed(frame_of([message("0", 1), message("R", 2, _131="Q", _11="A"), b"garbage"]))
    assert frame["order_key"].to_list() == [None, None, None]
    assert orders.fold(frame).height == 0


def test_the_report_sent_last_is_the_state_in_any_order_of_arrival(frame_of: FrameOf) -> None:
    life = [
        request("D", 1, "A", _55="IBM", _54="1", _38="100", _44="10"),
        report(1, "A", "0", _38="100", _44="10", _14="0", _151="100", _6="0"),
        report(2, "A", "1", _38="100", _44="10", _14="40", _151="60", _6="10"),
        report(3, "A", "2", _38="100", _44="10", _14="100", _151="0", _6="9.5"),
    ]
    states = set()
    for order in permutations(life):
        row = orders.fold(keyed(frame_of(list(order)))).to_dicts()[0]
        states.add(
            tuple(
                row[name]
                for name in ("ord_status", "cum_qty", "leaves_qty", "order_qty", "symbol", "messages")
            )
        )
    assert states == {("2", 100, 0, 100, "IBM", 4)}


def test_a_repeat_counts_from_when_it_was_first_sent(frame_of: FrameOf) -> None:
    repeat = report(5, "A", "0", _14="0", _43="Y", _122="20260102-09:29:00")
    row = orders.fold(keyed(frame_of([report(2, "A", "2", _14="100"), repeat]))).to_dicts()[0]
    assert (row["ord_status"], row["cum_qty"]) == ("2", 100)


@pytest.mark.parametrize("answer", ["5", "0"])
def test_a_replace_changes_the_terms_only_once_it_is_reported(frame_of: FrameOf, answer: str) -> None:
    asked = [report(1, "A", "0", _38="100", _44="10"), request("G", 2, "B", _41="A", _38="300", _44="11")]
    row = orders.fold(keyed(frame_of(asked))).to_dicts()[0]
    assert (row["order_qty"], row["cl_ord_id"]) == (100, "A")
    done = [*asked, report(3, "B", answer, _41="A", _38="300", _44="11")]
    row = orders.fold(keyed(frame_of(done))).to_dicts()[0]
    assert (row["order_qty"], row["price"], row["cl_ord_id"]) == (300, 11, "B")
