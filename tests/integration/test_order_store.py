"""Orders in a real Postgres: which are one, whichever message says so first, and whoever else stores meanwhile."""

from __future__ import annotations

from typing import Any

from fixwatch.ingest.batch import Batch
from tests.integration.test_batch_store import MakeStore, Query, Stored, make_store, query
from tests.unit.ingest.conftest import message

__all__ = ["make_store", "query"]

Message = tuple[bytes, int]


def sent(day: int, msg_type: str, seq: int, *, time: str = "09:30:00", **more: object) -> Message:
    """A message of January 2026, and its Kafka timestamp."""
    sides = {"sender": "BROKER", "target": "BUY"} if msg_type in "89" else {}
    value = message(msg_type, seq, **sides, **more).replace(b"52=20260102-", b"52=202601%02d-" % day)
    hours, minutes, seconds = map(int, time.split(":"))
    clock = 1_767_225_600_000 + 86_400_000 * (day - 1) + 1000 * (3600 * hours + 60 * minutes + seconds)
    begin = value.index(b"52=2026") + 12
    value = value[:begin] + time.encode() + value[begin + 8 :]
    body, _ = value.split(b"10=")[0], None
    return body + b"10=%03d\x01" % (sum(body) % 256), clock


def report(day: int, seq: int, status: str, *, time: str = "09:30:00", **more: object) -> Message:
    fields = {"_17": f"E{day}-{seq}", "_150": status, "_39": status, "_55": "IBM", "_54": "1"} | more
    quantities = {"_38": "100", "_14": "0", "_151": "100", "_6": "0"}
    return sent(day, "8", seq, time=time, **(quantities | fields))


class Flow:
    """Messages stored one batch after the other, in one partition."""

    def __init__(self, store: Stored) -> None:
        self._store = store
        self._next = 0

    def __call__(self, *messages: Message) -> None:
        values, times = zip(*messages, strict=True)
        offsets = list(range(self._next, self._next + len(values)))
        self._next += len(values)
        self._store.store(Batch(values, [0] * len(values), offsets, times), {})


def orders(query: Query) -> list[dict[str, Any]]:
    return query("SELECT * FROM orders WHERE merged_into IS NULL ORDER BY order_key")


def test_a_cl_ord_id_that_comes_again_on_another_day_is_another_order(
    make_store: MakeStore, query: Query
) -> None:
    store = Flow(make_store())
    for day in (2, 3):
        store(
            sent(day, "D", 1, _11="1", _55="IBM", _54="1", _38="100", _40="1"),
            report(day, 1, "0", _11="1", _37="1"),
            report(day, 2, "4", _11="1", _37="1", _151="0"),
        )
    found = orders(query)
    assert [(row["cl_ord_id"], row["ord_status"], row["messages"]) for row in found] == [("1", "4", 3)] * 2
    assert [row["trading_day"].day for row in found] == [2, 3]


def test_a_fill_days_later_is_of_the_order_that_was_good_till_cancel(
    make_store: MakeStore, query: Query
) -> None:
    store = Flow(make_store())
    store(
        sent(2, "D", 1, _11="1", _55="IBM", _54="1", _38="100", _40="1", _59="1"),
        report(2, 1, "0", _11="1", _37="X"),
    )
    store(report(5, 1, "2", _150="F", _11="1", _37="X", _14="100", _151="0", _32="100", _31="5", _6="5"))
    (order,) = orders(query)
    assert (order["ord_status"], order["messages"], order["fills"], order["defects"]) == ("2", 3, 1, None)


def test_an_order_that_is_sent_before_midnight_is_answered_after_it(
    make_store: MakeStore, query: Query
) -> None:
    store = Flow(make_store())
    store(sent(2, "D", 1, time="23:59:59", _11="1", _55="IBM", _54="1", _38="100", _40="1"))
    store(report(3, 1, "0", time="00:00:01", _11="1", _37="X"))
    (order,) = orders(query)
    assert (order["ord_status"], order["messages"]) == ("0", 2)


def test_orders_that_turn_out_to_be_one_are_one(make_store: MakeStore, query: Query) -> None:
    store = Flow(make_store())
    store(sent(2, "D", 1, _11="A", _55="IBM", _54="1", _38="100", _40="1"))
    store(report(2, 2, "5", _11="B", _37="X", _38="200", _151="200"))
    assert len(orders(query)) == 2
    store(sent(2, "G", 2, _11="B", _41="A", _55="IBM", _54="1", _38="200", _40="1"))
    (order,) = orders(query)
    assert (order["cl_ord_id"], order["order_qty"], order["waiting_for"], order["messages"]) == (
        "B",
        200,
        None,
        3,
    )
    keys = {"order_key": order["order_key"]}
    assert query("SELECT DISTINCT order_key FROM messages") == [keys]
    assert query("SELECT DISTINCT order_key FROM order_ids") == [keys]
    assert query("SELECT merged_into, events FROM orders WHERE merged_into IS NOT NULL") == [
        {"merged_into": order["order_key"], "events": None}
    ]
    # What is said of either of them from now on is said of that one.
    store(report(2, 3, "4", _11="B", _37="X", _38="200", _151="0"))
    (order,) = orders(query)
    assert (order["ord_status"], order["messages"]) == ("4", 4)


def test_a_status_request_says_that_two_orders_are_one(make_store: MakeStore, query: Query) -> None:
    store = Flow(make_store())
    store(report(2, 1, "0", _11="A", _37="X"))
    store(sent(2, "D", 1, _11="B", _55="IBM", _54="1", _38="100", _40="1"))
    assert len(orders(query)) == 2
    store(sent(2, "H", 2, _11="B", _37="X", _55="IBM", _54="1"))
    (order,) = orders(query)
    assert (order["order_id"], order["ord_status"], order["messages"]) == ("X", "0", 2)
    assert order["sent_at"] is not None
    assert query("SELECT DISTINCT order_key FROM messages") == [{"order_key": order["order_key"]}]


def test_status_requests_of_orders_that_nothing_was_said_of_are_of_one_order_later(
    make_store: MakeStore, query: Query
) -> None:
    store = Flow(make_store())
    store(sent(2, "H", 1, _11="A", _55="IBM", _54="1"))
    store(sent(2, "H", 2, _11="B", _37="X", _55="IBM", _54="1"))
    store(sent(2, "H", 3, _11="A", _37="X", _55="IBM", _54="1"))
    assert orders(query) == []
    store(sent(2, "D", 4, _11="B", _55="IBM", _54="1", _38="100", _40="1"))
    store(report(2, 1, "0", _11="A", _37="X"))
    (order,) = orders(query)
    assert (order["order_id"], order["ord_status"], order["messages"]) == ("X", "0", 2)
    assert query("SELECT DISTINCT order_key FROM messages") == [{"order_key": order["order_key"]}]


def test_an_order_that_became_another_one_while_its_batch_was_under_way_is_that_one(
    make_store: MakeStore, query: Query
) -> None:
    one, other = make_store(2), make_store(2)
    Flow(one)(
        sent(2, "D", 1, _11="A", _55="IBM", _54="1", _38="100", _40="1"),
        report(2, 2, "5", _11="B", _37="X", _38="200", _151="200"),
    )
    canceled, canceled_at = report(2, 3, "4", _11="B", _37="X", _38="200", _151="0")
    linking, linked_at = sent(2, "G", 2, _11="B", _41="A", _55="IBM", _54="1", _38="200", _40="1")

    def meanwhile() -> None:
        other.store(Batch([linking], [1], [0], [linked_at]), {})

    one.store(Batch([canceled], [0], [2], [canceled_at]), {}, meanwhile)
    (order,) = orders(query)
    assert (order["ord_status"], order["messages"], order["cl_ord_id"]) == ("4", 4, "B")
    assert query("SELECT DISTINCT order_key FROM messages") == [{"order_key": order["order_key"]}]
