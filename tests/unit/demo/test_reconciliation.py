"""The ledger beside Postgres: every difference shows, in the line where it is."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from fixwatch.demo.reconciliation import Found, Line, reconcile
from fixwatch.sources.simulator.faults import Fault
from fixwatch.sources.simulator.ledger import Fills, Ledger

LEDGER = Ledger(
    state="complete",
    run="R1",
    messages=120,
    by_msg_type={"8": 80, "D": 36},
    by_session={"BUY->SELL": 36, "SELL->BUY": 80},
    garbled={"bad_checksum": 1, "not_fix": 1, "truncated": 1, "wrong_body_length": 1},
    verdicts={"valid": 111, "rejected": 5, "garbled": 4},
    fills={"EUR/USD": Fills(3, Decimal("3000000.5"), Decimal("3242100.540405"))},
    busts=2,
    corrections=1,
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
        "gap": 6,
        "never_acknowledged": 7,
    },
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
    repeats=5,
    missing=9,
    repeats_of_fills=2,
    poss_dups=3,
    non_ascii=4,
    unanswered=9,
)


def wrong(found: Found, ledger: Ledger = LEDGER) -> set[tuple[str, str]]:
    return {(line.section, line.name) for line in reconcile(ledger, found) if not line.agrees}


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
        ({"conflicts": 1}, ("Trades", "conflicts")),
        ({"non_ascii": 5}, ("Faults", "non_ascii")),
        ({"repeats": 6}, ("Faults", "repeat")),
        ({"missing": 8}, ("Faults", "gap")),
        ({"unanswered": 6}, ("Faults", "never_acknowledged")),
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


def test_every_kind_of_fault_has_a_line() -> None:
    named = {
        kind
        for line in reconcile(LEDGER, FOUND)
        if line.section == "Faults"
        for kind in line.name.split(", ")
    }
    assert named == set(Fault)


def test_more_agrees_only_where_that_is_said() -> None:
    assert Line("", "", 1, 2, at_least=True).agrees
    assert not Line("", "", 2, 1, at_least=True).agrees
    assert not Line("", "", 1, 2).agrees
