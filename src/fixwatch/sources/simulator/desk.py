"""The desk says what happens to orders: requests of clients and reports of brokers, in each pair's own dialect."""

from __future__ import annotations

from typing import Final

from fixwatch.sources.simulator.carrier import Carrier
from fixwatch.sources.simulator.dialects import Dialect, dialect_of
from fixwatch.sources.simulator.faults import LOSING, UNANSWERED, Fault
from fixwatch.sources.simulator.orders import Fill, Order
from fixwatch.sources.simulator.said import NO_SUMS, NO_TERMS, ExecKind, Trade
from fixwatch.sources.simulator.sessions import SessionPair
from fixwatch.sources.simulator.wire import Stamp

#: OrderCancelReject(9) has no ExecType(150), and says nothing of quantities.
_NO_EXEC_TYPE: Final = ""


class Desk:
    """Sends the messages of all orders.

    Args:
        run: goes into every ClOrdID(11), OrderID(37) and ExecID(17), so that no two runs share one.
        pairs: the session pairs.
        carrier: takes messages to the topic.
        stamp: the moment, which the simulation moves on.
    """

    def __init__(self, run: str, pairs: tuple[SessionPair, ...], carrier: Carrier, stamp: Stamp) -> None:
        self._run = run
        self._send = carrier.send
        self._stamp = stamp
        self._dialects: dict[bytes, Dialect] = {pair.key: dialect_of(pair) for pair in pairs}
        self._next_id = 0

    def id(self, kind: str) -> str:
        """An identifier that no other run and no other order has."""
        self._next_id += 1
        return f"{kind}{self._run}-{self._next_id}"

    # Client to broker: each returns False if nobody will ever answer it.

    def new_order(self, order: Order) -> bool:
        """Send NewOrderSingle(D)."""
        dialect = self._dialects[order.pair.key]
        order.instrument_fields = dialect.instrument(order)
        body = dialect.new_order(order, self._stamp)
        what = "D", order.cl_ord_id, "", order.terms
        return self._send(order.pair.to_broker, "D", body, order.known, what) not in UNANSWERED

    def cancel_request(self, order: Order, cl_ord_id: str) -> bool:
        """Send OrderCancelRequest(F)."""
        body = self._dialects[order.pair.key].cancel_request(order, cl_ord_id, self._stamp)
        what = "F", cl_ord_id, order.cl_ord_id, NO_TERMS
        return self._send(order.pair.to_broker, "F", body, order.known, what) not in UNANSWERED

    def replace_request(self, order: Order, cl_ord_id: str, quantity: int, price: int | None) -> bool:
        """Send OrderCancelReplaceRequest(G)."""
        terms, fields = order.wanted(quantity, price)
        body = self._dialects[order.pair.key].replace_request(order, cl_ord_id, fields, self._stamp)
        what = "G", cl_ord_id, order.cl_ord_id, terms
        return self._send(order.pair.to_broker, "G", body, order.known, what) not in UNANSWERED

    def do_not_know(self, order: Order, fill: Fill) -> None:
        """Send DontKnowTrade(Q): the client does not accept a fill."""
        self._send(order.pair.to_broker, "Q", self._dialects[order.pair.key].do_not_know(order, fill))

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
        cl_ord_id = ids or order.cl_ord_id
        orig = f"41={orig_cl_ord_id}\x01" if orig_cl_ord_id else ""
        body = self._dialects[order.pair.key].state_report(
            order, self.id("E"), exec_type, status, f"11={cl_ord_id}\x01{orig}", more, self._stamp
        )
        what = exec_type, status, cl_ord_id, orig_cl_ord_id, order.terms, order.sums, None
        self._send(order.pair.to_client, "8", body, order.known, what)

    def trade(self, order: Order, quantity: int, price: int) -> Fill:
        """Book a fill and report it."""
        fill = Fill(self.id("E"), quantity, price, intact=True)
        order.fill(fill)
        trade = ExecKind.TRADE, quantity, quantity * price
        fill.intact = self._trade_report(order, fill.exec_id, trade, fill, "") not in LOSING
        return fill

    def bust(self, order: Order, fill: Fill) -> None:
        """Take a fill back and report it."""
        order.bust(fill)
        trade = ExecKind.BUST, -fill.quantity, -fill.quantity * fill.price
        self._trade_report(order, self.id("E"), trade, fill, fill.exec_id)

    def correct(self, order: Order, fill: Fill, quantity: int, price: int) -> None:
        """Change a fill and report it."""
        value = quantity * price - fill.quantity * fill.price
        trade = ExecKind.CORRECT, quantity - fill.quantity, value
        order.correct(fill, quantity, price)
        self._trade_report(order, self.id("E"), trade, fill, fill.exec_id)

    def cancel_reject(self, order: Order, cl_ord_id: str, text: str) -> None:
        """Send OrderCancelReject(9)."""
        status = order.status
        body = self._dialects[order.pair.key].cancel_reject(order, cl_ord_id, status, text, self._stamp)
        what = _NO_EXEC_TYPE, status, cl_ord_id, order.cl_ord_id, NO_TERMS, NO_SUMS, None
        self._send(order.pair.to_client, "9", body, order.known, what)

    def _trade_report(
        self, order: Order, exec_id: str, trade: Trade, fill: Fill, reference: str
    ) -> Fault | None:
        kind = trade[0]
        body = self._dialects[order.pair.key].trade_report(order, exec_id, kind, fill, reference, self._stamp)
        what = kind.exec_type, order.status, order.cl_ord_id, "", order.terms, order.sums, trade
        return self._send(order.pair.to_client, "8", body, order.known, what, is_fill=kind is ExecKind.TRADE)
