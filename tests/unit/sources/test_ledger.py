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
from fixwatch.sources.simulator.clock import SimulatedClock
from fixwatch.sources.simulator.desk import Record
from fixwatch.sources.simulator.faults import Fault, Faults
from fixwatch.sources.simulator.ledger import Fills, Ledger
from fixwatch.sources.simulator.simulation import Simulation, run_token

Run = tuple[list[Record], Ledger]
START = 1_772_811_000_000_000


def check(ledger: Ledger, found: Any) -> None:
    """The ledger says what the recount of the bytes says."""
    assert ledger.messages == found.messages
    assert sum(ledger.garbled.values()) == ledger.verdicts["garbled"] == found.garbled
    assert ledger.by_msg_type == found.by_msg_type
    assert ledger.by_session == found.by_session
    fills = {symbol: (row.count, row.quantity, row.notional) for symbol, row in ledger.fills.items()}
    assert fills == found.fills
    assert (ledger.busts, ledger.corrections) == (found.busts, found.corrections)
    assert sum(ledger.verdicts.values()) == ledger.messages
    assert sum(ledger.by_msg_type.values()) + sum(ledger.garbled.values()) == ledger.messages
    for session, by_msg_type in ledger.by_session_msg_type.items():
        assert sum(by_msg_type.values()) == ledger.by_session[session]


def test_the_ledger_of_a_quiet_run_agrees_with_its_bytes(quiet_run: Run, recount: Callable[..., Any]) -> None:
    records, ledger = quiet_run
    check(ledger, recount(value for _, value in records))
    assert ledger.verdicts == {"valid": len(records), "rejected": 0, "garbled": 0}
    assert ledger.faults == ledger.garbled == ledger.missing == {}
    assert ledger.busts > 0
    assert ledger.corrections > 0


def test_the_ledger_of_a_faulty_run_agrees_with_its_bytes(
    faulty_run: Run, recount: Callable[..., Any]
) -> None:
    records, ledger = faulty_run
    check(ledger, recount(value for _, value in records))
    assert ledger.repeats == ledger.faults["poss_dup"] + ledger.faults["repeat"]
    assert 0 < ledger.repeats_of_fills < ledger.repeats
    assert ledger.verdicts["rejected"] == ledger.faults["missing_tag"] + ledger.faults["bad_enum"]
    lost = sum(ledger.faults[kind] for kind in ("gap", "bad_checksum", "wrong_body_length", "truncated"))
    assert sum(ledger.missing.values()) == lost


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    shares=st.dictionaries(st.sampled_from(list(Fault)), st.floats(0, 0.09), max_size=len(Fault)),
)
def test_any_mix_of_faults_agrees_with_its_bytes(
    recount: Callable[..., Any], seed: int, shares: dict[Fault, float]
) -> None:
    simulation = Simulation(seed, SimulatedClock(START), run_token(START), Faults(shares))
    values = [value for _, value in simulation.records(800)]
    check(simulation.ledger("complete"), recount(values))


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
        "complete", "A", 3, {"8": 2}, {"S->T": 2}, {"S->T": {"8": 2}}, {"S->T": 1}, {"not_fix": 1},
        {"valid": 2, "garbled": 1}, {"X": Fills(1, big, big)}, 1, 2, 3, 4, {"not_fix": 1},
    )  # fmt: skip
    second = Ledger(
        "running", "B", 5, {"8": 1, "D": 4}, {"S->T": 1, "T->S": 4}, {"S->T": {"8": 1}, "T->S": {"D": 4}}, {}, {},
        {"valid": 5}, {"X": Fills(1, Decimal("0.1"), big), "Y": Fills(2, big, big)}, 1, 1, 1, 1, {"gap": 1},
    )  # fmt: skip
    both = first.merge(second)
    assert both == Ledger(
        "running", "A+B", 8, {"8": 3, "D": 4}, {"S->T": 3, "T->S": 4}, {"S->T": {"8": 3}, "T->S": {"D": 4}},
        {"S->T": 1}, {"not_fix": 1}, {"valid": 7, "garbled": 1},
        {
            "X": Fills(
                2,
                Decimal("123456789012345678901234567890.1000000001"),
                Decimal("246913578024691357802469135780.0000000002"),
            ),
            "Y": Fills(2, big, big),
        },
        2, 3, 4, 5, {"not_fix": 1, "gap": 1},
    )  # fmt: skip
