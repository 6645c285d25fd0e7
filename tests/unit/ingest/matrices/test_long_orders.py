"""Orders of many messages: what is kept of them is bounded, and what they come to is the same all the same."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest

from tests.unit.ingest.matrices.book import Row, told
from tests.unit.ingest.matrices.messages import OPENED, Sent, fix_time, poss_dup
from tests.unit.ingest.matrices.test_matrices import COUNTERS, arrived, said

_TERMS: Final = ((55, "IBM"), (54, "1"))


def sent(at: int, msg_type: str, cl_ord_id: str, *body: tuple[int, Any]) -> Sent:
    sender, target = ("BROKER", "CLIENT") if msg_type in "89" else ("CLIENT", "BROKER")
    time = OPENED + timedelta(milliseconds=200 * at)
    fields = ((11, cl_ord_id), *_TERMS, (60, fix_time(time)), *body)
    return Sent(at, "FIX.4.4", msg_type, sender, target, at, time, fields)


def execution(at: int, cl_ord_id: str, kind: str, status: str, cum: int, qty: int, *more: Any) -> Sent:
    figures = ((38, qty), (14, cum), (151, qty - cum), (6, Decimal(50)))
    return sent(at, "8", cl_ord_id, (37, "O"), (17, f"E{at}"), (150, kind), (39, status), *figures, *more)


def filled(times: int) -> list[Sent]:
    """An order of so many fills of 1."""
    fills = [
        execution(at + 2, "A", "F", "2" if at + 1 == times else "1", at + 1, times, (32, 1), (31, 50))
        for at in range(times)
    ]
    new = sent(0, "D", "A", (38, times), (40, "2"), (44, 50))
    return [new, execution(1, "A", "0", "0", 0, times), *fills]


def replaced(times: int) -> list[Sent]:
    """An order that is replaced so many times; each time that is pending first, and a fill of 1 follows."""
    life = [sent(0, "D", "R0", (38, 100), (40, "2"), (44, 50)), execution(1, "R0", "0", "0", 0, 100)]
    for time in range(times):
        of, to, at, qty = f"R{time}", f"R{time + 1}", 4 * time + 2, 101 + time
        status = "1" if time else "0"
        life += [
            sent(at, "G", to, (41, of), (38, qty), (40, "2"), (44, 50)),
            execution(at + 1, to, "E", "E", time, qty - 1, (41, of)),
            execution(at + 2, to, "5", status, time, qty, (41, of)),
            execution(at + 3, to, "F", "1", time + 1, qty, (32, 1), (31, 50)),
        ]
    return life


def row_of(batches: Sequence[Sequence[Sent]]) -> Row:
    (row,) = told(map(arrived, batches)).orders()
    return row


def slices(messages: list[Sent], size: int) -> list[list[Sent]]:
    return [messages[at : at + size] for at in range(0, len(messages), size)]


def test_a_thousand_fills_are_one_order_however_they_are_divided() -> None:
    life = filled(1000)
    rows = [row_of(slices(life, size)) for size in (1, 7, 100, 1002)]
    assert rows[0] == rows[1] == rows[2] == rows[3]
    row = rows[0]
    assert (row["ord_status"], row["cum_qty"], row["leaves_qty"], row["fills"]) == ("2", 1000, 0, 1000)
    assert (row["messages"], row["repeats"], row["defects"], row["waiting_for"]) == (1002, 0, None, None)
    assert (row["sent_at"], row["first_fill_at"]) == (OPENED, OPENED + timedelta(milliseconds=400))


def test_the_state_of_a_long_order_is_bounded() -> None:
    row = row_of(slices(filled(4000), 500))
    assert (row["fills"], row["messages"]) == (4000, 4002)
    assert len(row["events"]) < 32_768


@pytest.mark.parametrize("life", [filled(300), replaced(100)], ids=["filled", "replaced"])
@pytest.mark.parametrize("size", [1, 50, 1000])
def test_all_of_a_long_order_sent_again_counts_as_repeats(life: list[Sent], size: int) -> None:
    once = row_of([life])
    repeats = [poss_dup(message, timedelta(hours=1)) for message in life]
    twice = row_of([*slices(life, size), *slices(repeats, size)])
    assert said(twice, without=COUNTERS) == said(once, without=COUNTERS)
    assert (twice["messages"], twice["repeats"]) == (2 * len(life), len(life))


@pytest.mark.parametrize("life", [filled(300), replaced(100)], ids=["filled", "replaced"])
def test_messages_of_a_long_order_that_come_in_a_little_disorder_make_no_difference(life: list[Sent]) -> None:
    whole = told([arrived(life)])
    for seed in range(5):
        rng = Random(seed)
        mixed = sorted(life, key=lambda one: one.at + rng.uniform(0, 30))
        book = told(map(arrived, slices(mixed, rng.choice([1, 5, 40]))))
        assert book.orders() == whole.orders()
        assert +book.latencies == +whole.latencies


@pytest.mark.parametrize("lost", [slice(0, 200), slice(2, 202), slice(100, 400)])
def test_a_gap_in_a_long_order_that_is_filled_later_is_not_missing(lost: slice) -> None:
    life = filled(600)
    whole = told([arrived(life)])
    gap = [poss_dup(message, timedelta(hours=1)) for message in life[lost]]
    rest = [message for message in life if message not in life[lost]]
    book = told(map(arrived, [*slices(rest, 50), *slices(gap, 50), *slices(gap, 50)]))
    (row,) = book.orders()
    names = (
        "ord_status",
        "cum_qty",
        "order_qty",
        "fills",
        "defects",
        "sent_at",
        "answered_at",
        "first_fill_at",
    )
    assert [row[name] for name in names] == [whole.orders()[0][name] for name in names]
    assert row["messages"] - row["repeats"] == 602
    assert +book.latencies == +whole.latencies


def test_an_order_that_is_replaced_on_and_on_waits_for_the_last_answer_only() -> None:
    life = replaced(200)
    for size in (1, 37, 1000):
        row = row_of(slices(life, size))
        assert (row["waiting_for"], row["cl_ord_id"], row["order_qty"]) == (None, "R200", 300)
        assert (row["fills"], row["repeats"], row["defects"]) == (200, 0, None)
    assert row_of(slices(life[:-2], 37))["waiting_for"] == "pending_replace"
    assert row_of(slices(life[:-3], 37))["waiting_for"] == "replace"


def test_a_request_without_an_answer_is_waited_for_while_much_else_happens() -> None:
    life = filled(600)
    asked = [*life[:100], sent(99_999, "F", "B", (41, "A"), (38, 600)), *life[100:-1]]
    row = row_of(slices(asked, 20))
    assert (row["waiting_for"], row["fills"]) == ("cancel", 599)


def test_a_fill_that_was_long_ago_can_be_busted() -> None:
    life = filled(300)
    bust = execution(400, "A", "H", "1", 299, 300, (19, "E5"))
    for size in (1, 40, 1000):
        row = row_of(slices([*life, bust], size))
        assert (row["fills"], row["cum_qty"], row["defects"]) == (299, 299, None)
    # And long ago itself.
    more = [execution(at, "A", "I", "1", 299, 300) for at in range(401, 600)]
    row = row_of(slices([*life, bust, *more], 40))
    assert (row["fills"], row["cum_qty"], row["defects"]) == (299, 299, None)


def test_an_order_that_was_stored_by_an_earlier_version_goes_on() -> None:
    life = filled(80)
    book = told(arrived(part) for part in slices(life[:-1], 20))
    # What was stored of these messages before ids of those that are kept no longer were.
    book.states = dict.fromkeys(book.states, (Path(__file__).parent / "long_order.v1.state").read_bytes())
    book.take(arrived(life[-1:]))
    assert [said(row, without={"events"}) for row in book.orders()] == [
        said(row_of([life]), without={"events"})
    ]
