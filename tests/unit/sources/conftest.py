"""Runs of the simulator that several tests look at, and a second, slow opinion of what a run sent.

The second opinion splits the bytes; it shares nothing with the simulator's code.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal

import pytest

from fixwatch.sources.simulator.clock import SimulatedClock
from fixwatch.sources.simulator.desk import Record
from fixwatch.sources.simulator.faults import Faults
from fixwatch.sources.simulator.ledger import Ledger
from fixwatch.sources.simulator.simulation import Simulation, run_token

#: 2026-03-06 (a Friday) 15:30:00 UTC, microseconds.
START = 1_772_811_000_000_000

Run = tuple[list[Record], Ledger]


@pytest.fixture(scope="session")
def simulate() -> Callable[..., Run]:
    """Runs a whole simulation: its records and its ledger."""

    def run(
        count: int = 2_000, seed: int = 1, faults: str = "none", start: int = START, step: int = 1_000
    ) -> Run:
        simulation = Simulation(seed, SimulatedClock(start, step), run_token(start), Faults.parse(faults))
        records = list(simulation.records(count))
        return records, simulation.ledger("complete")

    return run


@pytest.fixture(scope="session")
def quiet_run(simulate: Callable[..., Run]) -> Run:
    """A run without faults, long enough that everything happens."""
    return simulate(30_000)


@pytest.fixture(scope="session")
def faulty_run(simulate: Callable[..., Run]) -> Run:
    """A run with ten times the default faults, long enough that each of them happens."""
    shares = ("bad_checksum", "wrong_body_length", "truncated", "missing_tag", "bad_enum", "non_ascii")
    shares += ("poss_dup", "repeat", "gap", "never_acknowledged", "not_fix")
    return simulate(30_000, faults=",".join(f"{name}=0.02" for name in shares))


@dataclass
class Recount:
    """The counts of `Ledger` that can be told from the bytes alone."""

    messages: int = 0
    garbled: int = 0
    by_msg_type: Counter[str] = field(default_factory=Counter)
    by_session: Counter[str] = field(default_factory=Counter)
    fills: dict[str, tuple[int, Decimal, Decimal]] = field(default_factory=dict)
    busts: int = 0
    corrections: int = 0


def split(message: bytes) -> list[tuple[int, str]]:
    """The fields of an intact message."""
    fields = [part.partition(b"=") for part in message.removesuffix(b"\x01").split(b"\x01")]
    return [(int(tag), value.decode("latin-1")) for tag, _, value in fields]


def is_intact(message: bytes) -> bool:
    """If BodyLength(9) and CheckSum(10) are there and true."""
    try:
        begin, length, rest = message.split(b"\x01", 2)
        body = rest[: int(length.removeprefix(b"9="))]
        head = b"\x01".join((begin, length, body))
    except ValueError:
        return False
    return (
        begin.startswith(b"8=FIX")
        and length.startswith(b"9=")
        and body.endswith(b"\x01")
        and message == head + b"10=%03d\x01" % (sum(head) % 256)
    )


def count_again(values: Iterable[bytes]) -> Recount:
    """Count a whole run."""
    count = Recount()
    trades: dict[tuple[str, str], tuple[str, Decimal, Decimal]] = {}
    busted: set[tuple[str, str]] = set()
    corrected: dict[tuple[str, str], tuple[Decimal, Decimal]] = {}
    for value in values:
        count.messages += 1
        if not is_intact(value):
            count.garbled += 1
            continue
        fields = dict(split(value))
        session = f"{fields[49]}->{fields[56]}"
        count.by_msg_type[fields[35]] += 1
        count.by_session[session] += 1
        if fields[35] != "8":
            continue
        if fields[8] == "FIX.4.2":
            kind = {"0": "F", "1": "H", "2": "G"}[fields[20]]
            if kind == "F" and fields[150] not in ("1", "2"):
                continue
        else:
            kind = fields[150]
        if kind == "F":
            trades[session, fields[17]] = (fields[55], Decimal(fields[32]), Decimal(fields[31]))
        elif kind == "H":
            busted.add((session, fields[19]))
        elif kind == "G":
            corrected[session, fields[19]] = (Decimal(fields[32]), Decimal(fields[31]))
    sums: defaultdict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 3)
    for key, (symbol, quantity, price) in trades.items():
        if key in busted:
            continue
        quantity, price = corrected.get(key, (quantity, price))
        before = sums[symbol]
        sums[symbol] = [before[0] + 1, before[1] + quantity, before[2] + quantity * price]
    count.fills = {symbol: (int(n), quantity, notional) for symbol, (n, quantity, notional) in sums.items()}
    count.busts = len(busted)
    count.corrections = len(corrected)
    return count


@pytest.fixture(scope="session")
def recount() -> Callable[[Iterable[bytes]], Recount]:
    """Counts a whole run from its bytes."""
    return count_again
