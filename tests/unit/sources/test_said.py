"""What messages say of an order: the latest counts, whatever came before it, came late or never came."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixwatch.sources.simulator.faults import Fault
from fixwatch.sources.simulator.said import (
    NO_SUMS,
    NO_TERMS,
    ExecKind,
    Known,
    OrderState,
    Report,
    Request,
    Trade,
)

#: When a message was sent, its MsgSeqNum(34), what befell it, what it says.
Said = tuple[int, int, Fault | None, Request | Report]

TERMS = ("100", "10.00")
NEW: Said = (1_000, 1, None, ("D", "C1", "", TERMS))
CANCEL: Said = (5_000, 2, None, ("F", "C2", "C1", NO_TERMS))


def report(
    at: int,
    exec_type: str,
    status: str,
    cum: int = 0,
    *,
    own: str = "C1",
    original: str = "",
    trade: Trade | None = None,
    fault: Fault | None = None,
) -> Said:
    leaves = 0 if status in "234C8" else 100 - cum
    return at, at, fault, (exec_type, status, own, original, TERMS, (str(leaves), str(cum), "10"), trade)


def fill(at: int, cum: int, quantity: int, price: int = 10) -> Said:
    return report(
        at, "F", "2" if cum == 100 else "1", cum, trade=(ExecKind.TRADE, quantity, quantity * price)
    )


ACCEPTED = report(2_000, "0", "0")
PENDING = report(6_000, "6", "6", own="C2", original="C1")
CANCELED = report(7_000, "4", "4", own="C2", original="C1")


def known(*said: Said) -> Known:
    order = Known("C1", "O1")
    for one in said:
        order.hear(*one)
    return order


def state(*said: Said) -> OrderState:
    (one,) = known(*said).states(1)
    return one


def test_nothing_said_is_no_order() -> None:
    assert known().states(1) == []


def test_an_order_that_nobody_answers_waits() -> None:
    assert state(NEW) == OrderState("", "C1", "", "", "", "", "100", "10.00", 0, "new", 1_000, 0, 0)


def test_the_latest_report_says_what_the_order_is() -> None:
    assert state(NEW, ACCEPTED, fill(3_000, 40, 40)) == OrderState(
        "O1", "C1", "1", "40", "60", "10", "100", "10.00", 1, "", 1_000, 2_000, 3_000
    )


def test_no_order_of_arrival_makes_a_difference() -> None:
    said = (NEW, ACCEPTED, fill(3_000, 40, 40), CANCEL, PENDING, CANCELED)
    assert {str(known(*arrival).states(1)) for arrival in permutations(said)} == {str(known(*said).states(1))}


def test_reports_alone_tell_everything_but_when_the_order_was_sent() -> None:
    whole = state(NEW, ACCEPTED, fill(3_000, 40, 40), CANCEL, PENDING, CANCELED)
    assert state(ACCEPTED, fill(3_000, 40, 40), PENDING, CANCELED) == whole._replace(sent_at=0)


@pytest.mark.parametrize(
    ("said", "waits"),
    [
        ((NEW, ACCEPTED), ""),
        ((NEW, report(2_000, "A", "A")), "pending_new"),
        ((NEW, ACCEPTED, CANCEL), "cancel"),
        ((NEW, ACCEPTED, CANCEL, PENDING), "pending_cancel"),
        ((NEW, ACCEPTED, CANCEL, PENDING, CANCELED), ""),
        ((NEW, ACCEPTED, CANCEL, CANCELED), ""),
        ((NEW, ACCEPTED, CANCEL, fill(6_500, 100, 100)), "cancel"),
        # It has expired: nobody waits for an answer any more.
        ((NEW, ACCEPTED, CANCEL, report(6_500, "C", "C")), ""),
        # The answer could not be read, the report after it could.
        ((NEW, CANCEL, fill(6_500, 40, 40)), "cancel"),
        # Nobody knows that it was accepted, but somebody answered.
        ((NEW, PENDING), "pending_cancel"),
        ((NEW, CANCEL), "new"),
        ((CANCEL,), "cancel"),
    ],
)
def test_what_an_order_waits_for(said: tuple[Said, ...], waits: str) -> None:
    assert state(*said).waiting_for == waits


def test_a_cancel_that_is_refused_is_answered_and_leaves_the_quantities() -> None:
    refused: Said = (7_000, 7_000, None, ("", "1", "C2", "C1", NO_TERMS, NO_SUMS, None))
    found = state(NEW, ACCEPTED, fill(3_000, 40, 40), CANCEL, refused)
    assert (found.ord_status, found.cum_qty, found.waiting_for, found.cl_ord_id) == ("1", "40", "", "C1")


def test_the_id_of_a_request_is_the_orders_only_when_it_is_accepted() -> None:
    assert state(NEW, ACCEPTED, CANCEL, PENDING).cl_ord_id == "C1"
    assert state(PENDING).cl_ord_id == "C1"
    assert state(CANCELED).cl_ord_id == "C2"


def test_a_report_without_leaves_qty_leaves_it_as_it_was() -> None:
    without = report(4_000, "F", "1", 60, trade=(ExecKind.TRADE, 20, 200), fault=Fault.MISSING_TAG)
    found = state(NEW, ACCEPTED, fill(3_000, 40, 40), without)
    assert (found.cum_qty, found.leaves_qty, found.fills) == ("60", "60", 2)
    # What was lost and is sent again is of its own time.
    assert state(NEW, without, ACCEPTED).leaves_qty == "100"


def test_a_new_order_that_no_answer_names_is_an_order_of_its_own() -> None:
    answered_as_c2 = report(7_000, "F", "1", 40, own="C2", trade=(ExecKind.TRADE, 40, 400))
    new, rest = known(NEW, answered_as_c2).states(1)
    assert (new.cl_ord_id, new.order_id, new.waiting_for, new.sent_at) == ("C1", "", "new", 1_000)
    assert (rest.cl_ord_id, rest.order_id, rest.waiting_for, rest.sent_at) == ("C2", "O1", "", 0)


def test_times_are_as_exact_as_they_are_written() -> None:
    (found,) = known((1_999, 1, None, NEW[3]), report(3_001, "0", "0")).states(1_000)
    assert (found.sent_at, found.answered_at) == (1_000, 3_000)


def test_busts_and_corrections_change_what_was_traded() -> None:
    bust = report(4_000, "H", "0", 0, trade=(ExecKind.BUST, -40, -400))
    correction = report(5_000, "G", "1", 60, trade=(ExecKind.CORRECT, -10, -50))
    found = known(NEW, fill(2_000, 40, 40), fill(3_000, 100, 60), bust, correction)
    assert (found.fills, found.quantity, found.value) == (1, 50, 550)
    assert (found.busts, found.corrections) == (1, 1)
    (order,) = found.states(1)
    assert (order.fills, order.first_fill_at) == (1, 2_000)


@settings(max_examples=300, deadline=None)
@given(said=st.permutations(range(9)), cut=st.integers(0, 9))
def test_what_comes_late_changes_nothing_but_what_it_tells(said: list[int], cut: int) -> None:
    messages = [
        NEW,
        ACCEPTED,
        fill(3_000, 40, 40),
        report(4_000, "F", "1", 60, trade=(ExecKind.TRADE, 20, 200), fault=Fault.MISSING_TAG),
        CANCEL,
        (5_500, 5_500, None, ("", "1", "C2", "C1", NO_TERMS, NO_SUMS, None)),
        PENDING,
        report(6_500, "G", "1", 50, trade=(ExecKind.CORRECT, -10, -100)),
        report(6_700, "H", "1", 10, trade=(ExecKind.BUST, -40, -400)),
    ]
    some = said[:cut]
    arrived, in_order = known(*(messages[at] for at in some)), known(*(messages[at] for at in sorted(some)))
    assert arrived.states(1) == in_order.states(1)
    assert (arrived.fills, arrived.value) == (in_order.fills, in_order.value)
