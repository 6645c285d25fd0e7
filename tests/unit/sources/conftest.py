"""Runs of the simulator that several tests look at."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from fixwatch.sources.simulator.carrier import Record
from fixwatch.sources.simulator.clock import SimulatedClock
from fixwatch.sources.simulator.faults import Fault, Faults
from fixwatch.sources.simulator.ledger import Ledger
from fixwatch.sources.simulator.said import OrderState
from fixwatch.sources.simulator.simulation import Simulation, run_token
from tests.unit.sources.second_opinion import Recount, count_again

#: 2026-03-06 (a Friday) 15:30:00 UTC, microseconds.
START = 1_772_811_000_000_000

Run = tuple[list[Record], Ledger, list[OrderState]]


@pytest.fixture(scope="session")
def simulate() -> Callable[..., Run]:
    """Runs a whole simulation: its records, its ledger and its orders."""

    def run(
        count: int = 2_000, seed: int = 1, faults: str = "none", start: int = START, step: int = 1_000
    ) -> Run:
        simulation = Simulation(seed, SimulatedClock(start, step), run_token(start), Faults.parse(faults))
        records = list(simulation.records(count))
        return records, simulation.ledger("complete"), simulation.take_orders()

    return run


@pytest.fixture(scope="session")
def quiet_run(simulate: Callable[..., Run]) -> Run:
    """A run without faults, long enough that everything happens."""
    return simulate(30_000)


@pytest.fixture(scope="session")
def faulty_run(simulate: Callable[..., Run]) -> Run:
    """A run with ten times the default faults, long enough that each of them happens."""
    rare = (Fault.CANCEL_UNANSWERED, Fault.REPLACE_UNANSWERED)
    return simulate(30_000, faults=",".join(f"{fault}={0.1 if fault in rare else 0.02}" for fault in Fault))


@pytest.fixture(scope="session")
def recount() -> Callable[[Iterable[bytes]], Recount]:
    """Counts a whole run from its bytes."""
    return count_again
