"""The running count behind the ledger: plain integers, quick enough to be kept for every message."""

from __future__ import annotations

from collections import Counter, defaultdict
from decimal import Decimal

from fixwatch.sources.simulator.faults import GARBLING, REJECTING, Fault
from fixwatch.sources.simulator.ledger import Fills, Ledger, State
from fixwatch.sources.simulator.market import INSTRUMENTS, Instrument
from fixwatch.sources.simulator.orders import Fill
from fixwatch.sources.simulator.wire import decimal_text


class _Sums:
    """Trades of one instrument in its own units."""

    __slots__ = ("count", "notional", "quantity")

    def __init__(self) -> None:
        self.count = 0
        self.quantity = 0
        self.notional = 0

    def add(self, count: int, quantity: int, notional: int) -> None:
        self.count += count
        self.quantity += quantity
        self.notional += notional


class Tally:
    """Counts what is sent; `ledger()` says what that makes. How each fault counts: see `ledger`."""

    def __init__(self, run: str) -> None:
        self._run = run
        self._readable: defaultdict[tuple[str, str], int] = defaultdict(int)
        self._rejected = 0
        self._missing: Counter[str] = Counter()
        self._garbled: Counter[Fault] = Counter()
        self._faults: Counter[Fault] = Counter()
        self._sums = {instrument.symbol: _Sums() for instrument in INSTRUMENTS}
        self._busts = 0
        self._corrections = 0
        self._repeats = 0
        self._repeats_of_fills = 0

    def message(self, session: str, msg_type: str, fault: Fault | None) -> None:
        """Count a message of a session, with what befell it."""
        if fault is None:
            self._readable[session, msg_type] += 1
            return
        self._faults[fault] += 1
        if fault is Fault.GAP:
            self._missing[session] += 1
            return
        if fault in GARBLING:
            self._missing[session] += 1
            self._garbled[fault] += 1
            return
        self._rejected += fault in REJECTING
        self._readable[session, msg_type] += 1

    def not_fix(self) -> None:
        """Count a record that is no FIX message."""
        self._faults[Fault.NOT_FIX] += 1
        self._garbled[Fault.NOT_FIX] += 1

    def repeat(self, session: str, msg_type: str, fault: Fault, of_fill: bool) -> None:
        """Count the second copy of an intact message."""
        self._faults[fault] += 1
        self._readable[session, msg_type] += 1
        self._repeats += 1
        self._repeats_of_fills += of_fill

    def fill(self, instrument: Instrument, fill: Fill) -> None:
        """Count a fill that arrived."""
        self._sums[instrument.symbol].add(1, fill.quantity, fill.quantity * fill.price)

    def bust(self, instrument: Instrument, fill: Fill) -> None:
        """Take a fill out, as its bust arrived."""
        self._sums[instrument.symbol].add(-1, -fill.quantity, -fill.quantity * fill.price)
        self._busts += 1

    def correct(self, instrument: Instrument, before: Fill, after: Fill) -> None:
        """Change a fill, as its correction arrived."""
        notional = after.quantity * after.price - before.quantity * before.price
        self._sums[instrument.symbol].add(0, after.quantity - before.quantity, notional)
        self._corrections += 1

    @property
    def messages(self) -> int:
        """Records sent so far."""
        return sum(self._readable.values()) + self._garbled.total()

    def ledger(self, state: State) -> Ledger:
        """The ledger of what has been counted so far."""
        by_msg_type: Counter[str] = Counter()
        by_session: Counter[str] = Counter()
        by_both: defaultdict[str, dict[str, int]] = defaultdict(dict)
        for (session, msg_type), count in sorted(self._readable.items()):
            by_msg_type[msg_type] += count
            by_session[session] += count
            by_both[session][msg_type] = count
        readable = by_msg_type.total()
        garbled = self._garbled.total()
        return Ledger(
            state=state,
            run=self._run,
            messages=readable + garbled,
            by_msg_type=dict(by_msg_type),
            by_session=dict(by_session),
            by_session_msg_type=dict(by_both),
            missing=dict(sorted(self._missing.items())),
            garbled={fault.value: count for fault, count in sorted(self._garbled.items())},
            verdicts={"valid": readable - self._rejected, "rejected": self._rejected, "garbled": garbled},
            fills={
                instrument.symbol: _fills(instrument, self._sums[instrument.symbol])
                for instrument in INSTRUMENTS
                if self._sums[instrument.symbol].count
            },
            busts=self._busts,
            corrections=self._corrections,
            repeats=self._repeats,
            repeats_of_fills=self._repeats_of_fills,
            faults={fault.value: count for fault, count in sorted(self._faults.items())},
        )


def _fills(instrument: Instrument, sums: _Sums) -> Fills:
    quantity = instrument.quantity_decimals
    return Fills(
        sums.count,
        Decimal(decimal_text(sums.quantity, quantity)),
        Decimal(decimal_text(sums.notional, quantity + instrument.price_decimals)),
    )
