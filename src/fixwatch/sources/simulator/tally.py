"""The running count behind the ledger: plain integers, quick enough to be kept for every message."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal

from fixwatch.sources.simulator.faults import GARBLING, REJECTING, REPEATING, Fault
from fixwatch.sources.simulator.ledger import Epoch, Fills, Ledger, State, ranges
from fixwatch.sources.simulator.market import INSTRUMENTS, Instrument
from fixwatch.sources.simulator.said import Known
from fixwatch.sources.simulator.sessions import EVENTS, Direction
from fixwatch.sources.simulator.wire import decimal_text


class _Sums:
    """Trades of one instrument in its own units."""

    __slots__ = ("count", "notional", "quantity")

    def __init__(self) -> None:
        self.count = 0
        self.quantity = 0
        self.notional = 0


class Tally:
    """Counts what reaches the topic; `ledger()` says what that makes. How each fault counts: see `ledger`.

    What is intact is counted by the directions themselves, whoever sends it.
    """

    def __init__(self, run: str, directions: Sequence[Direction]) -> None:
        self._run = run
        self._directions = directions
        self._rejected = 0
        self._garbled: Counter[Fault] = Counter()
        self._faults: Counter[Fault] = Counter()
        self._sums = {instrument.symbol: _Sums() for instrument in INSTRUMENTS}
        self._orders = 0
        self._busts = 0
        self._corrections = 0
        self._repeats = 0
        self._repeats_of_fills = 0

    def fault(self, direction: Direction, msg_type: str, seq_num: int, fault: Fault) -> None:
        """Count a message, or its absence, by what befell it."""
        if direction.is_hidden:
            return
        if fault not in REPEATING:
            self._faults[fault] += 1
        if fault is Fault.GAP or fault is Fault.RESENT or fault in GARBLING:
            direction.missed.append(seq_num)
            direction.missing.add(seq_num)
            if fault in GARBLING:
                self._garbled[fault] += 1
            return
        self._rejected += fault in REJECTING
        direction.sent[msg_type] += 1

    def resent(self, direction: Direction, msg_type: str, seq_num: int, count: int) -> None:
        """Count a message that comes in the place of `count` lost ones, the first of them with `seq_num`."""
        if not direction.is_hidden:
            direction.sent[msg_type] += 1
            direction.missing.difference_update(range(seq_num, seq_num + count))

    def not_fix(self, direction: Direction) -> None:
        """Count a record that is no FIX message."""
        if not direction.is_hidden:
            self._faults[Fault.NOT_FIX] += 1
            self._garbled[Fault.NOT_FIX] += 1

    def again(self, direction: Direction, msg_type: str, fault: Fault, of_fill: bool) -> None:
        """Count the second copy of an intact message."""
        if not direction.is_hidden:
            self._faults[fault] += 1
            direction.sent[msg_type] += 1
            direction.repeated[msg_type] += 1
            self._repeats += 1
            self._repeats_of_fills += of_fill

    def anew(self, direction: Direction, fault: Fault, is_fill: bool) -> None:
        """Count what is said once more under a new number; the message itself is counted as any other."""
        if not direction.is_hidden:
            self._faults[fault] += 1
            self._repeats_of_fills += is_fill

    def settled(self, instrument: Instrument, orders: int, known: Known) -> None:
        """Count what was said of an order that is over."""
        self._orders += orders
        sums = self._sums[instrument.symbol]
        sums.count += known.fills
        sums.quantity += known.quantity
        sums.notional += known.value
        self._busts += known.busts
        self._corrections += known.corrections

    @property
    def messages(self) -> int:
        """Records sent so far."""
        return sum(sum(direction.sent.values()) for direction in self._directions) + self._garbled.total()

    def ledger(self, state: State) -> Ledger:
        """The ledger of what has been counted so far."""
        by_msg_type: Counter[str] = Counter()
        for direction in self._directions:
            by_msg_type.update(direction.sent)
        by_both = {
            direction.name: dict(sorted(direction.sent.items()))
            for direction in self._directions
            if direction.sent
        }
        readable = by_msg_type.total()
        garbled = self._garbled.total()
        return Ledger(
            state=state,
            run=self._run,
            messages=readable + garbled,
            by_msg_type=dict(sorted(by_msg_type.items())),
            by_session={session: sum(sent.values()) for session, sent in by_both.items()},
            by_session_msg_type=by_both,
            epochs=tuple(_epoch(direction) for direction in self._directions if direction.sent),
            garbled={fault.value: count for fault, count in sorted(self._garbled.items())},
            verdicts={"valid": readable - self._rejected, "rejected": self._rejected, "garbled": garbled},
            orders=self._orders,
            fills={
                instrument.symbol: _fills(instrument, self._sums[instrument.symbol])
                for instrument in INSTRUMENTS
                if self._sums[instrument.symbol].count
            },
            busts=self._busts,
            corrections=self._corrections,
            conflicts=self._faults[Fault.CONFLICT],
            repeats=self._repeats,
            repeats_of_fills=self._repeats_of_fills,
            faults={fault.value: count for fault, count in sorted(self._faults.items())},
        )


def _epoch(direction: Direction) -> Epoch:
    events = {
        msg_type: count - direction.repeated[msg_type]
        for msg_type, count in sorted(direction.sent.items())
        if msg_type in EVENTS
    }
    missed, missing = ranges(direction.missed), ranges(sorted(direction.missing))
    return Epoch(direction.name, direction.began_at, direction.next_seq_num - 1, missed, missing, events)


def _fills(instrument: Instrument, sums: _Sums) -> Fills:
    quantity = instrument.quantity_decimals
    return Fills(
        sums.count,
        Decimal(decimal_text(sums.quantity, quantity)),
        Decimal(decimal_text(sums.notional, quantity + instrument.price_decimals)),
    )
