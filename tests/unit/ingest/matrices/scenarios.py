"""The Order State Change Matrices as data: what is sent in each, and what the order waits for afterwards.

`fix44.txt`: FIX 4.4 volume 4, A.1 to L.1, less those of which we are not sure (E.1.d, G.1.a and b, I.1.c and on, all
of K; the replacement at the end of G.1.c). `fix42.txt`: FIX 4.2 appendix D, D1 to D37 less D20, D21, D24 and D25.
`lives.txt`: states and versions that no matrix shows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Final

_HERE: Final = Path(__file__).parent

#: Codes of ExecType(150) and OrdStatus(39).
CODES: Final = {
    "New": "0",
    "PartialFill": "1",
    "PartiallyFilled": "1",
    "Fill": "2",
    "Filled": "2",
    "DoneForDay": "3",
    "Canceled": "4",
    "Replaced": "5",
    "PendingCancel": "6",
    "Stopped": "7",
    "Rejected": "8",
    "Suspended": "9",
    "PendingNew": "A",
    "Calculated": "B",
    "Expired": "C",
    "Restated": "D",
    "PendingReplace": "E",
    "Trade": "F",
    "TradeCorrect": "G",
    "TradeCancel": "H",
    "OrderStatus": "I",
}
#: Codes of ExecTransType(20).
TRANS: Final = {"New": "0", "Cancel": "1", "Correct": "2", "Status": "3"}
MSG_TYPES: Final = {
    "New": "D",
    "Cancel": "F",
    "Replace": "G",
    "Status": "H",
    "Execution": "8",
    "CancelReject": "9",
}


@dataclass(frozen=True, slots=True)
class Step:
    """A row of a matrix: one message, and what its order waits for after it. Values that are not there are None."""

    time: str
    day: int
    msg_type: str
    cl_ord_id: str | None
    orig_cl_ord_id: str | None
    exec_type: str | None
    ord_status: str | None
    trans: str | None
    order_qty: Decimal | None
    cum_qty: Decimal | None
    leaves_qty: Decimal | None
    last_qty: Decimal | None
    waits_for: str | None
    more: dict[int, str]

    @property
    def from_broker(self) -> bool:
        """If it is the broker who sends it."""
        return self.msg_type in "89"


@dataclass(frozen=True, slots=True)
class Scenario:
    """One way through a matrix. `name` is the matrix and, where the order ends early, the time at which it does."""

    name: str
    title: str
    version: str
    steps: tuple[Step, ...]

    def in_version(self, version: str) -> Scenario:
        """The same scenario, spoken in another version."""
        return replace(self, name=f"{self.name}-{version}", version=version)


def read(file: str, version: str = "") -> list[Scenario]:
    """All ways through the matrices of a file; a title may name a version of its own in brackets."""
    text = re.sub(r"(?m)^#.*\n", "", (_HERE / file).read_text("utf-8"))
    blocks = [block.strip().split("\n") for block in text.split("\n\n")]
    return [scenario for block in blocks for scenario in _ways(block, version)]


def _ways(block: list[str], version: str) -> Iterator[Scenario]:
    heading = re.fullmatch(r"(\S+) (?:\[(\S+)] )?(.+)", block[0])
    assert heading is not None
    name, own_version, title = heading.groups()
    columns = block[1].split()
    passed: list[Step] = []
    for line in block[2:]:
        values = line.split()
        step = _step(dict(zip(columns, values, strict=False)), values[len(columns) :])
        if step.time.endswith("?"):
            at = f"{name}@{step.time.rstrip('?')}-{step.ord_status}"
            yield Scenario(at, title, own_version or version, (*passed, step))
        else:
            passed.append(step)
    yield Scenario(name, title, own_version or version, tuple(passed))


def _step(row: dict[str, str], more: list[str]) -> Step:
    row = {name: value for name, value in row.items() if value != "-"}
    said = row.get("received") or row["sent"]
    parts = re.fullmatch(r"(\w+)\((\w*)(?:,(\w+))?\)", said)
    assert parts is not None, said
    kind, cl_ord_id, orig_cl_ord_id = parts.groups()
    day, _, _ = row["time"].rpartition("/")
    return Step(
        row["time"],
        int(day or 1),
        MSG_TYPES[kind],
        cl_ord_id or None,
        orig_cl_ord_id,
        CODES[row["ExecType"]] if "ExecType" in row else None,
        CODES[row["OrdStatus"]] if "OrdStatus" in row else None,
        TRANS[row["Trans"]] if "Trans" in row else None,
        *(
            Decimal(row[name]) if name in row else None
            for name in ("OrderQty", "CumQty", "LeavesQty", "LastQty")
        ),
        row.get("waits_for"),
        {int(tag): value for tag, _, value in (field.partition("=") for field in more)},
    )


FIX44: Final = read("fix44.txt", "FIX.4.4")
FIX42: Final = read("fix42.txt", "FIX.4.2")
LIVES: Final = read("lives.txt")
EVERY: Final = [*FIX44, *FIX42, *LIVES]
