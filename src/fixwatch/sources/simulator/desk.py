"""The desk sends what happens to orders: it numbers, stamps and frames, lets faults befall, and counts."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from random import Random
from typing import NamedTuple

from fixwatch.sources.simulator.dialects import Dialect, ExecKind, dialect_of
from fixwatch.sources.simulator.faults import (
    GARBLING,
    REPEATING,
    Fault,
    Faults,
    not_fix,
    spoil_body,
    spoil_frame,
)
from fixwatch.sources.simulator.orders import Fill, Order
from fixwatch.sources.simulator.sessions import Direction, SessionPair
from fixwatch.sources.simulator.tally import Tally
from fixwatch.sources.simulator.wire import Stamp


class Record(NamedTuple):
    """What goes to the topic."""

    key: bytes
    value: bytes


class Desk:
    """Sends the messages of all session pairs.

    Args:
        run: goes into every ClOrdID(11), OrderID(37) and ExecID(17), so that no two runs share one.
        pairs: the session pairs.
        faults: what goes wrong, how often.
        rng: decides on faults; it is not the one that decides on orders, so that the same orders live with
            and without faults (but for those never acknowledged).
        stamp: the moment, which the simulation moves on.
        tally: counts.

    Attributes:
        out: what has been sent since the simulation took it last.
        attempts: records that were sent, and those that were lost on purpose.
        later: second copies and strays that were decided on, each to be sent by a call.
    """

    def __init__(
        self,
        run: str,
        pairs: tuple[SessionPair, ...],
        faults: Faults,
        rng: Random,
        stamp: Stamp,
        tally: Tally,
    ) -> None:
        self.out: list[Record] = []
        self.attempts = 0
        self.later: list[Callable[[], None]] = []
        self._run = run
        self._faults = faults
        self._rng = rng
        self._stamp = stamp
        self._tally = tally
        self._dialects: dict[bytes, Dialect] = {pair.key: dialect_of(pair) for pair in pairs}
        self._next_id = 0

    def id(self, kind: str) -> str:
        """An identifier that no other run and no other order has."""
        self._next_id += 1
        return f"{kind}{self._run}-{self._next_id}"

    # Session level

    def admin(self, direction: Direction, msg_type: str, body: str) -> None:
        """Send a message of the session level; Logon(A) and Logout(5) are never faulty."""
        if msg_type in "A5":
            self._deliver(direction, msg_type, body, None, False)
        else:
            self._send(direction, msg_type, body)

    # Client to broker

    def new_order(self, order: Order) -> bool:
        """Send NewOrderSingle(D); False if nobody will ever answer it."""
        dialect = self._dialects[order.pair.key]
        order.instrument_fields = dialect.instrument(order)
        fault = self._send(order.pair.to_broker, "D", dialect.new_order(order, self._stamp))
        return fault is not Fault.NEVER_ACKNOWLEDGED

    def cancel_request(self, order: Order, cl_ord_id: str) -> None:
        """Send OrderCancelRequest(F)."""
        dialect = self._dialects[order.pair.key]
        body = dialect.cancel_request(order, cl_ord_id, self._stamp)
        self._send(order.pair.to_broker, "F", body)

    def replace_request(self, order: Order, cl_ord_id: str, quantity: int, price: int | None) -> None:
        """Send OrderCancelReplaceRequest(G)."""
        dialect = self._dialects[order.pair.key]
        body = dialect.replace_request(order, cl_ord_id, order.terms(quantity, price), self._stamp)
        self._send(order.pair.to_broker, "G", body)

    # Broker to client

    def report(
        self,
        order: Order,
        exec_type: str,
        status: str,
        orig_cl_ord_id: str = "",
        more: str = "",
        ids: str = "",
    ) -> None:
        """Send ExecutionReport(8) of a change of state.

        Args:
            order: the order.
            exec_type: ExecType(150).
            status: OrdStatus(39).
            orig_cl_ord_id: OrigClOrdID(41) where a request led to the change.
            more: further fields.
            ids: ClOrdID(11) of the request where it is not yet the order's.
        """
        dialect = self._dialects[order.pair.key]
        orig = f"41={orig_cl_ord_id}\x01" if orig_cl_ord_id else ""
        body = dialect.state_report(
            order,
            self.id("E"),
            exec_type,
            status,
            f"11={ids or order.cl_ord_id}\x01{orig}",
            more,
            self._stamp,
        )
        self._send(order.pair.to_client, "8", body)

    def trade(self, order: Order, quantity: int, price: int) -> Fill:
        """Book a fill and report it."""
        fill = Fill(self.id("E"), quantity, price, intact=True)
        order.fill(fill)
        fill.intact = self._trade_report(order, fill.exec_id, ExecKind.TRADE, fill, "")
        if fill.intact:
            self._tally.fill(order.instrument, fill)
        return fill

    def bust(self, order: Order, fill: Fill) -> None:
        """Take a fill back and report it."""
        order.bust(fill)
        if self._trade_report(order, self.id("E"), ExecKind.BUST, fill, fill.exec_id):
            self._tally.bust(order.instrument, fill)

    def correct(self, order: Order, fill: Fill, quantity: int, price: int) -> None:
        """Change a fill and report it."""
        before = Fill(fill.exec_id, fill.quantity, fill.price, fill.intact)
        order.correct(fill, quantity, price)
        if self._trade_report(order, self.id("E"), ExecKind.CORRECT, fill, fill.exec_id):
            self._tally.correct(order.instrument, before, fill)

    def cancel_reject(self, order: Order, cl_ord_id: str, text: str) -> None:
        """Send OrderCancelReject(9)."""
        dialect = self._dialects[order.pair.key]
        body = dialect.cancel_reject(order, cl_ord_id, order.status, text, self._stamp)
        self._send(order.pair.to_client, "9", body)

    # The way to the topic

    def _trade_report(self, order: Order, exec_id: str, kind: ExecKind, fill: Fill, reference: str) -> bool:
        """Send it; True if it arrived so that it can be read."""
        body = self._dialects[order.pair.key].trade_report(order, exec_id, kind, fill, reference, self._stamp)
        fault = self._send(order.pair.to_client, "8", body, kind is ExecKind.TRADE)
        return fault not in GARBLING and fault is not Fault.GAP

    def _send(self, direction: Direction, msg_type: str, body: str, is_fill: bool = False) -> Fault | None:
        """Number, frame and send a message, or what the fault that befalls it makes of it."""
        fault = self._faults.draw(self._rng, msg_type)
        if fault is Fault.NOT_FIX:
            self.later.append(partial(self._stray, direction))
            fault = None
        self._deliver(direction, msg_type, body, fault, is_fill)
        return fault

    def _deliver(
        self, direction: Direction, msg_type: str, body: str, fault: Fault | None, is_fill: bool
    ) -> None:
        self.attempts += 1
        stamp = self._stamp
        seq_num = direction.next_seq_num
        direction.next_seq_num = seq_num + 1
        direction.last_sent = stamp.now
        time = stamp.text(direction.version.micros)
        if fault is None or fault in REPEATING:
            message = direction.message(msg_type, seq_num, time, body)
            self._tally.message(direction.name, msg_type, None)
            if fault is Fault.REPEAT:
                self.later.append(partial(self._repeat, direction, msg_type, message, is_fill))
            elif fault is Fault.POSS_DUP:
                self.later.append(partial(self._poss_dup, direction, msg_type, seq_num, time, body, is_fill))
        else:
            self._tally.message(direction.name, msg_type, fault)
            if fault is Fault.GAP:
                return
            message = direction.message(msg_type, seq_num, time, spoil_body(fault, msg_type, body))
            message = spoil_frame(fault, message, self._rng)
        self.out.append(Record(direction.pair_key, message))

    def _repeat(self, direction: Direction, msg_type: str, message: bytes, is_fill: bool) -> None:
        """The same bytes again."""
        self.attempts += 1
        self._tally.repeat(direction.name, msg_type, Fault.REPEAT, is_fill)
        self.out.append(Record(direction.pair_key, message))

    def _poss_dup(
        self, direction: Direction, msg_type: str, seq_num: int, time: str, body: str, is_fill: bool
    ) -> None:
        """The same content again with PossDupFlag(43)=Y and OrigSendingTime(122)."""
        self.attempts += 1
        now = self._stamp.text(direction.version.micros)
        self._tally.repeat(direction.name, msg_type, Fault.POSS_DUP, is_fill)
        message = direction.message(msg_type, seq_num, now, body, repeat_of=time)
        self.out.append(Record(direction.pair_key, message))

    def _stray(self, direction: Direction) -> None:
        """A record that is no FIX message, under the session's key."""
        self.attempts += 1
        self._tally.not_fix()
        self.out.append(Record(direction.pair_key, not_fix(self._rng)))
