"""Which messages are of one order, and what they say of it."""

from __future__ import annotations

from decimal import Decimal
from itertools import count, permutations
from typing import Any

import pyarrow as pa
import pytest

from fixwatch.ingest import orders
from fixwatch.ingest.order_rows import order_rows
from fixwatch.ingest.orders import Assigned
from fixwatch.ingest.rows import with_order_keys
from fixwatch.store.identities import KnownId
from tests.unit.ingest.conftest import message, rows_of_messages

DAY = 20_455  # 2026-01-02


def request(msg_type: str, seq: int, cl_ord_id: str, **more: object) -> bytes:
    return message(msg_type, seq, _11=cl_ord_id, **more)


def report(seq: int, cl_ord_id: str, status: str, **more: object) -> bytes:
    fields = {"_37": "O1", "_17": f"E{seq}", "_150": status, "_39": status} | more
    return message("8", seq, sender="BROKER", target="BUY", _11=cl_ord_id, **fields)


def assigned(messages: list[bytes], known: list[KnownId] | None = None) -> Assigned:
    numbers = count(100)
    chains = orders.Chains(order_rows(rows_of_messages(messages)))
    return chains.assign(known or [], lambda n: [next(numbers) for _ in range(n)])


def keys(messages: list[bytes], known: list[KnownId] | None = None) -> list[int | None]:
    return assigned(messages, known).order_key.to_pylist()


def row_of(messages: list[bytes]) -> dict[str, Any]:
    """The row of the one order that messages are of."""
    rows = order_rows(rows_of_messages(messages))
    (row,) = orders.merge(
        orders.fold(with_order_keys(rows, pa.array([1] * len(messages)))), {}
    ).orders.to_pylist()
    return row


def test_a_chain_of_replaces_is_one_order() -> None:
    assert keys(
        [
            request("D", 1, "A", _38="100"),
            request("G", 2, "B", _41="A", _38="200"),
            request("F", 3, "C", _41="B"),
            request("D", 4, "Z", _38="1"),
        ]
    ) == [100, 100, 100, 101]


def test_reports_join_by_order_id_alone() -> None:
    status = message("8", 9, sender="BROKER", target="BUY", _37="O1", _17="E9", _150="I", _39="0")
    assert keys([report(1, "A", "0"), status]) == [100, 100]


def test_an_order_id_of_none_joins_nothing() -> None:
    reject = {"sender": "BROKER", "target": "BUY", "_37": "NONE", "_39": "8", "_434": "1"}
    two = [message("9", 1, _11="A", _41="X", **reject), message("9", 2, _11="B", _41="Y", **reject)]
    assert keys(two) == [100, 101]


def test_one_cl_ord_id_on_two_session_pairs_is_two_orders() -> None:
    assert keys([request("D", 1, "A"), request("D", 1, "A", sender="OTHER")]) == [100, 101]


def test_known_ids_keep_their_order_key() -> None:
    found = assigned(
        [request("F", 2, "B", _41="A"), request("D", 3, "N")], [(1, "cl_ord_id", "A", DAY, DAY, True, 77)]
    )
    assert found.order_key.to_pylist() == [77, 100]
    assert found.new == [100]
    assert [tuple(row.values()) for row in found.fresh.to_pylist()] == [
        (1, "cl_ord_id", "B", DAY, True, 77),
        (1, "cl_ord_id", "N", DAY, True, 100),
    ]


def test_an_id_that_joins_two_known_orders_makes_them_the_older_one() -> None:
    found = assigned(
        [report(1, "A", "0"), report(2, "B", "0")],
        [(1, "cl_ord_id", "A", DAY, DAY, True, 8), (1, "cl_ord_id", "B", DAY, DAY, True, 5)],
    )
    assert found.order_key.to_pylist() == [5, 5]
    assert found.moved == {8: 5}


def test_an_id_that_is_used_again_on_another_day_is_another_order() -> None:
    found = assigned([request("D", 1, "A")], [(1, "cl_ord_id", "A", DAY, DAY - 1, True, 8)])
    assert found.order_key.to_pylist() == [100]
    assert found.fresh.num_rows == 1


def test_a_fill_on_another_day_is_of_the_order_that_is_still_open() -> None:
    found = assigned([report(1, "A", "1", _150="F", _32="1")], [(1, "cl_ord_id", "A", DAY, DAY - 1, True, 8)])
    assert found.order_key.to_pylist() == [8]
    assert {row["day"] for row in found.fresh.to_pylist()} == {DAY}


def test_messages_that_are_of_no_order_have_no_key() -> None:
    found = [message("0", 1), message("R", 2, _131="Q", _11="A"), b"garbage"]
    assert keys(found) == [None, None, None]


def test_the_report_sent_last_is_the_state_in_any_order_of_arrival() -> None:
    life = [
        request("D", 1, "A", _55="IBM", _54="1", _38="100", _44="10"),
        report(1, "A", "0", _38="100", _44="10", _14="0", _151="100", _6="0"),
        report(2, "A", "1", _38="100", _44="10", _14="40", _151="60", _6="10"),
        report(3, "A", "2", _38="100", _44="10", _14="100", _151="0", _6="9.5"),
    ]
    states = set()
    for order in permutations(life):
        row = row_of(list(order))
        row["events"] = None  # holds when each came
        states.add(str(row | {"first_seen": None, "last_seen": None, "waiting_since": None}))
        assert (row["ord_status"], row["cum_qty"], row["leaves_qty"], row["order_qty"]) == ("2", 100, 0, 100)
        assert (row["symbol"], row["messages"], row["repeats"], row["defects"]) == ("IBM", 4, 0, None)
    assert len(states) == 1


def test_a_repeat_counts_from_when_it_was_first_sent() -> None:
    repeat = report(5, "A", "0", _14="0", _43="Y", _122="20260102-09:29:00")
    row = row_of([report(2, "A", "2", _14="100"), repeat])
    assert (row["ord_status"], row["cum_qty"]) == ("2", 100)


@pytest.mark.parametrize("answer", ["5", "0"])
def test_a_replace_changes_the_terms_only_once_it_is_reported(answer: str) -> None:
    asked = [report(1, "A", "0", _38="100", _44="10"), request("G", 2, "B", _41="A", _38="300", _44="11")]
    row = row_of(asked)
    assert (row["order_qty"], row["cl_ord_id"], row["waiting_for"]) == (100, "A", "replace")
    row = row_of([*asked, report(3, "B", answer, _41="A", _38="300", _44="11")])
    assert (row["order_qty"], row["price"], row["cl_ord_id"]) == (300, Decimal(11), "B")
    assert row["waiting_for"] is None


@pytest.mark.parametrize("known", [(0,), (1,), (2,), (0, 1), (0, 1, 2)])
def test_an_order_that_only_requests_name_has_the_id_that_they_name_it_by(known: tuple[int, ...]) -> None:
    said = [
        request("F", 2, "B", _41="A", _37="O1"),
        report(1, "B", "6", _41="A"),
        message("9", 2, sender="BROKER", target="BUY", _37="O1", _11="B", _41="A", _39="1", _434="1"),
    ]
    assert row_of([said[at] for at in known])["cl_ord_id"] == "A"


def test_the_first_request_sent_without_an_answer_is_what_is_waited_for() -> None:
    new, cancel = request("D", 1, "A", _38="1"), request("F", 2, "B", _41="A")
    # Whichever the topic had first.
    assert row_of([new, cancel])["waiting_for"] == row_of([cancel, new])["waiting_for"] == "new"


def test_states_merge_to_what_all_messages_at_once_come_to() -> None:
    life = [
        request("D", 1, "A", _55="IBM", _54="1", _38="100", _44="10"),
        report(1, "A", "0", _38="100", _44="10", _14="0", _151="100", _6="0"),
        request("F", 2, "B", _41="A", _55="IBM", _54="1"),
        report(2, "B", "4", _41="A", _38="100", _14="0", _151="0", _6="0"),
    ]
    rows = with_order_keys(order_rows(rows_of_messages(life)), pa.array([1] * 4))
    whole = orders.merge(orders.fold(rows), {})
    state: dict[int, list[bytes]] = {}
    counted: dict[tuple[Any, ...], int] = {}
    for at in (3, 1, 0, 2):
        step = orders.merge(orders.fold(rows.slice(at, 1)), state)
        state = {1: [step.orders.column("events")[0].as_py()]}
        for minute, session, kind, bucket, times in zip(*step.latencies.to_pydict().values(), strict=True):
            key = (minute, session, kind, bucket)
            counted[key] = counted.get(key, 0) + times
    assert step.orders.to_pylist() == whole.orders.to_pylist()
    latencies = {tuple(row.values())[:4]: row["count"] for row in whole.latencies.to_pylist()}
    assert {key: times for key, times in counted.items() if times} == latencies
    assert {kind for _, _, kind, _ in latencies} == {"ack", "cancel"}


def test_a_damaged_state_is_an_error() -> None:
    rows = with_order_keys(order_rows(rows_of_messages([request("D", 1, "A")])), pa.array([1]))
    state = orders.merge(orders.fold(rows), {}).orders.column("events")[0].as_py()
    for damaged in (b"", state[:-1], state + b"x", b"\xff" * 40):
        with pytest.raises(ValueError, match="damaged"):
            orders.merge(orders.fold(rows), {1: [damaged]})


def test_a_bust_of_yesterday_is_of_the_order_of_yesterday_though_it_says_new() -> None:
    bust = report(1, "A", "0", version="FIX.4.2", _20="1", _19="E0", _14="0", _151="100", _6="0")
    assert keys([bust], [(1, "cl_ord_id", "A", DAY, DAY - 1, True, 8)]) == [8]


def test_quantities_that_are_too_far_apart_for_a_word_disagree_without_an_overflow() -> None:
    most = "9" * 20 + "." + "9" * 18
    row = row_of([report(1, "A", "0", _38=f"-{most}", _14=most, _151="1", _6="0")])
    assert row["defects"] is not None
