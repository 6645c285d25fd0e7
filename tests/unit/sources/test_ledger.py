from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixwatch.errors import SettingsError
from fixwatch.sources.simulator.carrier import Record
from fixwatch.sources.simulator.clock import SimulatedClock
from fixwatch.sources.simulator.faults import Fault, Faults
from fixwatch.sources.simulator.ledger import Epoch, Fills, Ledger
from fixwatch.sources.simulator.said import OrderState
from fixwatch.sources.simulator.simulation import Simulation, run_token

Run = tuple[list[Record], Ledger, list[OrderState]]
START = 1_772_811_000_000_000


def check(ledger: Ledger, orders: list[OrderState], found: Any) -> None:
    """The ledger and its orders say what the recount of the bytes says."""
    assert sorted(orders) == sorted(OrderState(**order) for order in found.orders)
    assert ledger.orders == len(orders)
    assert ledger.messages == found.messages
    assert sum(ledger.garbled.values()) == ledger.verdicts["garbled"] == found.garbled
    assert ledger.by_msg_type == found.by_msg_type
    assert ledger.by_session == found.by_session
    fills = {symbol: (row.count, row.quantity, row.notional) for symbol, row in ledger.fills.items()}
    assert fills == found.fills
    assert (ledger.busts, ledger.corrections, ledger.conflicts) == (
        found.busts,
        found.corrections,
        found.conflicts,
    )
    assert {epoch.session: (epoch.missed, epoch.missing) for epoch in ledger.epochs} == found.gaps
    assert {epoch.session: epoch.events for epoch in ledger.epochs} == found.events
    assert {(epoch.session, epoch.began_at) for epoch in ledger.epochs} == found.began
    assert sum(ledger.verdicts.values()) == ledger.messages
    assert sum(ledger.by_msg_type.values()) + sum(ledger.garbled.values()) == ledger.messages
    for session, by_msg_type in ledger.by_session_msg_type.items():
        assert sum(by_msg_type.values()) == ledger.by_session[session]


def numbers(ranges: tuple[tuple[int, int], ...]) -> int:
    return sum(last + 1 - first for first, last in ranges)


def test_the_ledger_of_a_quiet_run_agrees_with_its_bytes(quiet_run: Run, recount: Callable[..., Any]) -> None:
    records, ledger, orders = quiet_run
    check(ledger, orders, recount(value for _, value in records))
    assert ledger.verdicts == {"valid": len(records), "rejected": 0, "garbled": 0}
    assert ledger.faults == ledger.garbled == {}
    assert ledger.busts > 0
    assert ledger.corrections > 0


def test_the_ledger_of_a_faulty_run_agrees_with_its_bytes(
    faulty_run: Run, recount: Callable[..., Any]
) -> None:
    records, ledger, orders = faulty_run
    check(ledger, orders, recount(value for _, value in records))
    assert ledger.repeats == ledger.faults["poss_dup"] + ledger.faults["repeat"]
    assert 0 < ledger.repeats_of_fills < ledger.repeats + ledger.faults["poss_resend"]
    assert ledger.conflicts == ledger.faults["conflict"]
    assert ledger.verdicts["rejected"] == ledger.faults["missing_tag"] + ledger.faults["bad_enum"]
    lost = sum(ledger.faults[kind] for kind in ("gap", "bad_checksum", "wrong_body_length", "truncated"))
    assert sum(numbers(epoch.missed) for epoch in ledger.epochs) == lost + ledger.faults["resent"]
    assert lost <= sum(numbers(epoch.missing) for epoch in ledger.epochs) < lost + 30


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    shares=st.dictionaries(st.sampled_from(list(Fault)), st.floats(0, 0.06), max_size=len(Fault)),
)
def test_any_mix_of_faults_agrees_with_its_bytes(
    recount: Callable[..., Any], seed: int, shares: dict[Fault, float]
) -> None:
    simulation = Simulation(seed, SimulatedClock(START), run_token(START), Faults(shares))
    values = [value for _, value in simulation.records(800)]
    check(simulation.ledger("complete"), simulation.take_orders(), recount(values))


def test_json_keeps_every_digit(faulty_run: Run) -> None:
    ledger = faulty_run[1]
    assert Ledger.from_json(ledger.to_json()) == ledger
    row = json.loads(ledger.to_json())["fills"]["BTC/USD"]
    assert (row["quantity"], row["notional"]) == (
        str(ledger.fills["BTC/USD"].quantity),
        str(ledger.fills["BTC/USD"].notional),
    )


def test_a_file_is_replaced_whole(tmp_path: Path, quiet_run: Run) -> None:
    path = tmp_path / "ledger.json"
    Ledger("running", "A").write(path)
    quiet_run[1].write(path)
    assert Ledger.read(path) == quiet_run[1]
    assert [found.name for found in tmp_path.iterdir()] == ["ledger.json"]


def test_a_ledger_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be written"):
        Ledger("running", "A").write(tmp_path / "missing" / "ledger.json")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"fills": {"A": {}}}', '{"fills": {}, "nothing": 1}'])
def test_what_is_no_ledger_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "ledger.json"
    path.write_text(text)
    with pytest.raises(SettingsError, match=r"ledger\.json: this is not a simulator's ledger"):
        Ledger.read(path)


def test_merging_adds_every_count_and_every_digit() -> None:
    big = Decimal("123456789012345678901234567890.0000000001")
    first = Ledger(
        "complete", "A", messages=3, by_msg_type={"8": 2}, by_session={"S->T": 2},
        by_session_msg_type={"S->T": {"8": 2}}, epochs=(Epoch("S->T", 7, 9, ((2, 4), (6, 6)), ((6, 6),), {"A": 1}),),
        garbled={"not_fix": 1}, verdicts={"valid": 2, "garbled": 1}, orders=5, fills={"X": Fills(1, big, big)},
        busts=1, corrections=2, conflicts=3, repeats=4, repeats_of_fills=5, faults={"not_fix": 1},
    )  # fmt: skip
    second = Ledger(
        "running", "B", messages=5, by_msg_type={"8": 1, "D": 4}, by_session={"S->T": 1, "T->S": 4},
        by_session_msg_type={"S->T": {"8": 1}, "T->S": {"D": 4}}, epochs=(Epoch("S->T", 8, 5, ((2, 2),)),),
        verdicts={"valid": 5}, orders=1, fills={"X": Fills(1, Decimal("0.1"), big), "Y": Fills(2, big, big)},
        busts=1, corrections=1, conflicts=1, repeats=1, repeats_of_fills=1, faults={"gap": 1},
    )  # fmt: skip
    assert first.merge(second) == Ledger(
        "running", "A+B", messages=8, by_msg_type={"8": 3, "D": 4}, by_session={"S->T": 3, "T->S": 4},
        by_session_msg_type={"S->T": {"8": 3}, "T->S": {"D": 4}},
        # Each run counts from 1.
        epochs=(
            Epoch("S->T", 7, 9, ((2, 4), (6, 6)), ((6, 6),), {"A": 1}),
            Epoch("S->T", 8, 5, ((2, 2),)),
        ),
        garbled={"not_fix": 1}, verdicts={"valid": 7, "garbled": 1}, orders=6,
        fills={
            "X": Fills(
                2,
                Decimal("123456789012345678901234567890.1000000001"),
                Decimal("246913578024691357802469135780.0000000002"),
            ),
            "Y": Fills(2, big, big),
        },
        busts=2, corrections=3, conflicts=4, repeats=5, repeats_of_fills=6, faults={"not_fix": 1, "gap": 1},
    )  # fmt: skip
