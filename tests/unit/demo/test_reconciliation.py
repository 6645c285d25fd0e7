"""The ledger beside Postgres: every difference shows, in the line where it is."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from fixwatch.demo.lines import Line
from fixwatch.demo.reconciliation import Found, reconcile
from fixwatch.demo.session_lines import FoundEpoch
from fixwatch.sources.simulator.faults import Fault
from fixwatch.sources.simulator.ledger import Epoch, Fills, Ledger
from fixwatch.sources.simulator.said import OrderState

ORDERS = [
    OrderState("O1", "C1", "2", "100", "0", "10.50", "100", "10.50", 3, "", 1_000, 2_000, 3_000),
    OrderState("O2", "C2", "6", "0", "5", "0", "5", "", 0, "pending_cancel", 4_000, 5_000, 0),
    OrderState("", "C3", "", "", "", "", "5", "", 0, "new", 6_000, 0, 0),
]

LEDGER = Ledger(
    state="complete",
    run="R1",
    messages=120,
    by_msg_type={"8": 80, "D": 36},
    by_session={"BUY->SELL": 36, "SELL->BUY": 80},
    epochs=(
        Epoch("BUY->SELL", 5_000, 36, events={"A": 1, "2": 2}),
        Epoch("SELL->BUY", 6_000, 80, ((2, 9), (20, 24)), ((2, 9), (20, 20)), {"A": 1, "4": 1}),
    ),
    garbled={"bad_checksum": 1, "not_fix": 1, "truncated": 1, "wrong_body_length": 1},
    verdicts={"valid": 111, "rejected": 5, "garbled": 4},
    fills={"EUR/USD": Fills(3, Decimal("3000000.5"), Decimal("3242100.540405"))},
    orders=3,
    busts=2,
    corrections=1,
    conflicts=1,
    repeats=5,
    repeats_of_fills=2,
    faults={
        "bad_checksum": 1,
        "wrong_body_length": 1,
        "truncated": 1,
        "not_fix": 1,
        "missing_tag": 2,
        "bad_enum": 3,
        "non_ascii": 4,
        "poss_dup": 3,
        "repeat": 2,
        "poss_resend": 2,
        "conflict": 1,
        "gap": 6,
        "resent": 4,
        "never_acknowledged": 1,
        "cancel_unanswered": 3,
        "replace_unanswered": 1,
    },
)

SELLING = FoundEpoch(
    "SELL->BUY", 6_000, 80, ((2, 9), (20, 24)), ((2, 9), (20, 20)), {"A": 1, "4": 1}, shown=(2, 13, 9)
)
FOUND = Found(
    messages=120,
    stored=120,
    verdicts={"valid": 111, "rejected": 5, "garbled": 4},
    quarantined=4,
    by_msg_type={"8": 80, "D": 36},
    by_session={"BUY->SELL": 36, "SELL->BUY": 80},
    defects={
        "checksum_wrong": 1,
        "body_length_wrong": 1,
        "incomplete": 2,
        "required_tag_missing": 2,
        "value_out_of_range": 3,
    },
    # The same numbers, written with the digits that Postgres keeps.
    fills={"EUR/USD": Fills(3, Decimal("3000000.500000000000000000"), Decimal("3242100.5404050"))},
    busts=2,
    corrections=1,
    conflicts=1,
    epochs=(
        FoundEpoch("BUY->SELL", 5_000, 36, events={"A": 1, "2": 2}, shown=(0, 0, 0)),
        SELLING,
        # Of a run that is left out.
        FoundEpoch("SELL->BUY", 3_000, 7, ((2, 2),), ((2, 2),), {"A": 1}),
    ),
    repeats=5,
    same_again=2,
    repeats_of_fills=2,
    poss_resends=3,
    non_ascii=4,
    unanswered={"F": 4, "G": 1},
    # Postgres writes numbers without zeros behind them.
    orders={
        "O1": ORDERS[0]._replace(avg_px="10.5", price="10.5"),
        "O2": ORDERS[1],
        "C3": ORDERS[2],
    },
)


def wrong(found: Found, ledger: Ledger = LEDGER) -> set[tuple[str, str]]:
    orders = ORDERS if ledger.orders else []
    return {(line.section, line.name) for line in reconcile(ledger, orders, found) if not line.agrees}


def test_the_same_on_both_sides_agrees() -> None:
    assert wrong(FOUND) == set()


def test_nothing_sent_and_nothing_held_agrees() -> None:
    assert wrong(Found(), Ledger(state="complete", run="")) == set()


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"messages": 119}, ("Messages", "sent, and in the log")),
        ({"stored": 121}, ("Messages", "up to the stored offsets")),
        ({"verdicts": {"valid": 112, "rejected": 5, "garbled": 4}}, ("Messages", "valid")),
        ({"quarantined": 5}, ("Messages", "quarantined")),
        ({"by_msg_type": {"8": 80, "D": 35}}, ("MsgType(35)", "D")),
        ({"by_msg_type": {"8": 80, "D": 36, "": 1}}, ("MsgType(35)", "unknown")),
        ({"by_session": {"BUY->SELL": 36}}, ("Session", "SELL->BUY")),
        ({"by_session": {"BUY->SELL": 36, "SELL->BUY": 80, "X->Y": 1}}, ("Session", "X->Y")),
        ({"busts": 1}, ("Trades", "busts")),
        ({"corrections": 2}, ("Trades", "corrections")),
        ({"unseen": 1}, ("Trades", "busts, corrections of no trade")),
        ({"repeats_of_fills": 1}, ("Trades", "repeats of fills")),
        ({"non_ascii": 5}, ("Faults", "non_ascii")),
        ({"repeats": 6}, ("Faults", "poss_dup")),
        ({"poss_resends": 1}, ("Faults", "poss_resend")),
        ({"unanswered": {"F": 2, "G": 1}}, ("Faults", "cancel_unanswered")),
        ({"unanswered": {"F": 4}}, ("Faults", "replace_unanswered")),
        ({"logged_on": 1}, ("Sessions", "logged on")),
    ],
)
def test_each_difference_is_in_its_line(change: dict[str, Any], line: tuple[str, str]) -> None:
    assert wrong(replace(FOUND, **change)) == {line}


@pytest.mark.parametrize(
    ("reason", "line"),
    [
        ("checksum_wrong", "bad_checksum"),
        ("body_length_wrong", "wrong_body_length"),
        ("incomplete", "truncated, not_fix"),
        ("required_tag_missing", "missing_tag"),
        ("value_out_of_range", "bad_enum"),
    ],
)
def test_each_fault_is_held_against_its_defect(reason: str, line: str) -> None:
    without = {other: count for other, count in FOUND.defects.items() if other != reason}
    assert wrong(replace(FOUND, defects=without)) == {("Faults", line)}


@pytest.mark.parametrize(
    ("fills", "figure"),
    [
        (Fills(4, Decimal("3000000.5"), Decimal("3242100.540405")), "count"),
        (Fills(3, Decimal("3000000.6"), Decimal("3242100.540405")), "quantity"),
        # A float would not tell these apart.
        (Fills(3, Decimal("3000000.5"), Decimal("3242100.54040500000000000001")), "notional"),
    ],
)
def test_fills_agree_to_the_last_digit(fills: Fills, figure: str) -> None:
    assert wrong(replace(FOUND, fills={"EUR/USD": fills})) == {("Fills", f"EUR/USD {figure}")}


def test_a_symbol_that_only_one_side_knows_disagrees() -> None:
    other = {"EUR/USD": FOUND.fills["EUR/USD"], "XOM": Fills(1, Decimal(1), Decimal(100))}
    assert ("Fills", "XOM count") in wrong(replace(FOUND, fills=other))
    assert ("Fills", "EUR/USD notional") in wrong(replace(FOUND, fills={}))


def test_conflicts_and_gaps_are_held_against_the_faults_too() -> None:
    assert wrong(replace(FOUND, conflicts=2)) == {("Trades", "conflicts"), ("Faults", "conflict")}
    epochs = (FOUND.epochs[0],)
    assert wrong(replace(FOUND, epochs=epochs)) >= {
        ("Sessions", "SELL->BUY missed"),
        ("Sessions", "SELL->BUY missing"),
        ("Sessions", "last MsgSeqNum(34): the same"),
        ("Sessions", "Logon(A)"),
        ("Faults", "gap, resent"),
    }


@pytest.mark.parametrize(
    ("change", "line"),
    [
        # As many numbers, but others.
        ({"missed": ((2, 9), (30, 34))}, "SELL->BUY missed"),
        ({"missing": ((2, 9), (21, 21))}, "SELL->BUY missing"),
        ({"last_number": 81}, "last MsgSeqNum(34): the same"),
        ({"shown": (2, 13, 10)}, "shown as it is"),
        ({"events": {"A": 1, "4": 2}}, "gap fill, SequenceReset(4)"),
    ],
)
def test_a_session_that_differs_is_in_its_line(change: dict[str, Any], line: str) -> None:
    epochs = (FOUND.epochs[0], replace(SELLING, **change))
    assert wrong(replace(FOUND, epochs=epochs)) == {("Sessions", line)}


@pytest.mark.parametrize(
    ("change", "lines"),
    [
        ({"ord_status": "1"}, {"Partially filled", "Filled", "OrdStatus(39): the same"}),
        ({"waiting_for": "cancel"}, {"waiting for cancel", "waiting for: the same"}),
        ({"cl_ord_id": "C9"}, {"ClOrdID(11): the same"}),
        ({"leaves_qty": "1"}, {"LeavesQty(151): the same"}),
        ({"avg_px": "10.51"}, {"AvgPx(6): the same"}),
        ({"fills": 2}, {"fills: the same"}),
        ({"answered_at": 0}, {"answered at: the same"}),
    ],
)
def test_an_order_that_differs_is_named_where_it_does(change: dict[str, Any], lines: set[str]) -> None:
    orders = dict(FOUND.orders) | {"O1": FOUND.orders["O1"]._replace(**change)}
    found = [line for line in reconcile(LEDGER, ORDERS, replace(FOUND, orders=orders)) if not line.agrees]
    assert {line.name for line in found} == lines
    (named,) = [line.differences for line in found if line.differences]
    assert named[0].startswith("O1: ")


def test_an_order_that_only_one_side_knows_disagrees() -> None:
    more = dict(FOUND.orders) | {"O9": ORDERS[0]._replace(order_id="O9")}
    assert ("Orders", "unknown to the ledger") in wrong(replace(FOUND, orders=more))
    less = {"O1": FOUND.orders["O1"], "C3": FOUND.orders["C3"]}
    assert ("Orders", "known") in wrong(replace(FOUND, orders=less))


def test_every_kind_of_fault_has_a_line() -> None:
    named = {
        kind
        for line in reconcile(LEDGER, ORDERS, FOUND)
        if line.section == "Faults"
        for kind in line.name.split(", ")
    }
    assert named == set(Fault)


def test_figures_that_are_the_same_by_chance_disagree() -> None:
    assert not Line("", "", 1, 1, differences=("2 in the ledger", "3 in Postgres")).agrees


def test_more_agrees_only_where_that_is_said() -> None:
    assert Line("", "", 1, 2, at_least=True).agrees
    assert not Line("", "", 2, 1, at_least=True).agrees
    assert not Line("", "", 1, 2).agrees
