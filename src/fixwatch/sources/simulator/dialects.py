"""The bodies of application messages, as each version writes them.

What differs: FIX 4.2 tells the kind of an execution by ExecTransType(20) and ExecType(150)=1/2, names people
by ClientID(109) and ExecBroker(76), and capacity by Rule80A(47). Since 4.3 a fill is ExecType(150)=F, a bust
H, a correction G, people are in the Parties group and capacity is OrderCapacity(528). FIX 4.4 volume 4; FIX
4.2 appendix D.
"""

from __future__ import annotations

from typing import Final

from fixwatch.sources.simulator.orders import BUY, Fill, Order
from fixwatch.sources.simulator.said import ExecKind
from fixwatch.sources.simulator.sessions import FIX42, FIX44, FIX50SP2, SessionPair, Version
from fixwatch.sources.simulator.wire import Stamp, decimal_text


class Dialect:
    """Writes the bodies of one session pair's application messages, the way of FIX 4.4."""

    def __init__(self, pair: SessionPair) -> None:
        self._pair = pair
        self._micros = pair.version.micros
        self._people = (
            f"453=2\x01448={pair.client}\x01447=D\x01452=3\x01448={pair.client}-DESK\x01447=D\x01452=11\x01"
        )
        self._capacity = "528=A\x01"

    def instrument(self, order: Order) -> str:
        """The Instrument block."""
        return self._security(order) + f"461={order.instrument.cfi}\x01"

    def new_order(self, order: Order, stamp: Stamp) -> str:
        """NewOrderSingle(D)."""
        return (
            f"11={order.cl_ord_id}\x01{self._people}1={order.account}\x0121=1\x01100={order.instrument.venue}\x01"
            f"{order.instrument_fields}60={stamp.text(self._micros)}\x01{order.terms_fields}{self._capacity}"
        )

    def cancel_request(self, order: Order, cl_ord_id: str, stamp: Stamp) -> str:
        """OrderCancelRequest(F)."""
        return (
            f"41={order.cl_ord_id}\x0137={order.order_id}\x0111={cl_ord_id}\x01{self._people}1={order.account}\x01"
            f"{order.instrument_fields}54={order.side}\x0160={stamp.text(self._micros)}\x0138={order.terms[0]}\x01"
        )

    def replace_request(self, order: Order, cl_ord_id: str, terms: str, stamp: Stamp) -> str:
        """OrderCancelReplaceRequest(G)."""
        return (
            f"37={order.order_id}\x01{self._people}41={order.cl_ord_id}\x0111={cl_ord_id}\x01"
            f"1={order.account}\x0121=1\x01100={order.instrument.venue}\x01{order.instrument_fields}"
            f"60={stamp.text(self._micros)}\x01{terms}{self._capacity}"
        )

    def cancel_reject(self, order: Order, cl_ord_id: str, status: str, text: str, stamp: Stamp) -> str:
        """OrderCancelReject(9), answering a cancel that came too late: CxlRejReason(102)=0."""
        return (
            f"37={order.order_id}\x0111={cl_ord_id}\x0141={order.cl_ord_id}\x0139={status}\x01"
            f"1={order.account}\x0160={stamp.text(self._micros)}\x01434=1\x01102=0\x0158={text}\x01"
        )

    def do_not_know(self, order: Order, fill: Fill) -> str:
        """DontKnowTrade(Q): DKReason(127)=Z, other."""
        return (
            f"37={order.order_id}\x0117={fill.exec_id}\x01127=Z\x01{order.instrument_fields}"
            f"54={order.side}\x0138={order.terms[0]}\x01"
        )

    def state_report(
        self, order: Order, exec_id: str, exec_type: str, status: str, ids: str, more: str, stamp: Stamp
    ) -> str:
        """ExecutionReport(8) of a change of state.

        Args:
            order: the order, after the change.
            exec_id: ExecID(17).
            exec_type: ExecType(150).
            status: OrdStatus(39).
            ids: ClOrdID(11) and, where there is one, OrigClOrdID(41), as fields.
            more: fields that only this state has, such as OrdRejReason(103).
            stamp: now.
        """
        return self._report(order, exec_id, f"150={exec_type}\x0139={status}\x01", ids, more, stamp)

    def trade_report(
        self, order: Order, exec_id: str, kind: ExecKind, fill: Fill, reference: str, stamp: Stamp
    ) -> str:
        """ExecutionReport(8) of a fill, a bust or a correction; `reference`: ExecRefID(19) or empty."""
        refers = f"19={reference}\x01" if reference else ""
        what = f"{refers}150={kind.exec_type}\x0139={order.status}\x01"
        ids = f"11={order.cl_ord_id}\x01"
        return self._report(order, exec_id, what, ids, self._execution(order, fill, stamp), stamp)

    def _report(self, order: Order, exec_id: str, what: str, ids: str, more: str, stamp: Stamp) -> str:
        leaves, cum, average = order.sums
        now = stamp.micros if self._micros else stamp.millis
        return (
            f"37={order.order_id}\x01{ids}{self._people}17={exec_id}\x01{what}1={order.account}\x01"
            f"{order.instrument_fields}{order.terms_fields}{self._capacity}{more}"
            f"151={leaves}\x0114={cum}\x016={average}\x0175={stamp.today}\x0160={now}\x01"
        )

    def _execution(self, order: Order, fill: Fill, stamp: Stamp) -> str:
        taker = "2" if order.side == BUY else "1"
        return f"{self._last(order, fill, stamp)}851={taker}\x01527=X{fill.exec_id}\x01"

    def _last(self, order: Order, fill: Fill, stamp: Stamp) -> str:
        instrument = order.instrument
        return (
            f"32={decimal_text(fill.quantity, instrument.quantity_decimals)}\x01"
            f"31={decimal_text(fill.price, instrument.price_decimals)}\x0130={instrument.venue}\x0129=1\x01"
            f"63=0\x0164={stamp.settlement(instrument.settlement_days)}\x01"
        )

    def _security(self, order: Order) -> str:
        instrument = order.instrument
        identity = f"48={instrument.isin}\x0122=4\x01" if instrument.isin else ""
        return f"55={instrument.symbol}\x01{identity}207={instrument.venue}\x01"


class Dialect42(Dialect):
    """FIX 4.2: ExecTransType(20), no Parties, LastShares(32) and LastPx(31) zero where nothing traded."""

    def __init__(self, pair: SessionPair) -> None:
        super().__init__(pair)
        self._people = f"109={pair.client}\x01"
        self._capacity = "47=A\x01"

    def instrument(self, order: Order) -> str:
        """The instrument's fields; SecurityType(167) stands where 4.4 has CFICode(461)."""
        return self._security(order) + ("167=CS\x01" if order.instrument.isin else "167=FOR\x01")

    def state_report(
        self, order: Order, exec_id: str, exec_type: str, status: str, ids: str, more: str, stamp: Stamp
    ) -> str:
        """As in 4.4, with ExecTransType(20)=0 and a last execution of nothing."""
        what = f"20=0\x01150={exec_type}\x0139={status}\x01"
        return self._report(order, exec_id, what, ids, f"32=0\x0131=0\x01{more}", stamp)

    def trade_report(
        self, order: Order, exec_id: str, kind: ExecKind, fill: Fill, reference: str, stamp: Stamp
    ) -> str:
        """As in 4.4, but the kind is in ExecTransType(20) and ExecType(150) repeats the order's state."""
        refers = f"19={reference}\x01" if reference else ""
        what = f"20={kind.trans_type}\x01{refers}150={order.status}\x0139={order.status}\x01"
        ids = f"11={order.cl_ord_id}\x01"
        return self._report(order, exec_id, what, ids, self._execution(order, fill, stamp), stamp)

    def _execution(self, order: Order, fill: Fill, stamp: Stamp) -> str:
        commission = f"12={decimal_text(fill.quantity, order.instrument.quantity_decimals + 3)}\x0113=3\x01"
        return f"{self._last(order, fill, stamp)}{commission}76={self._pair.broker}\x01"


class Dialect50(Dialect):
    """FIX 5.0 SP2: as 4.4, with microseconds, the venue's TrdMatchID(880) and AggressorIndicator(1057)."""

    def _execution(self, order: Order, fill: Fill, stamp: Stamp) -> str:
        instrument = order.instrument
        gross = decimal_text(
            fill.quantity * fill.price, instrument.quantity_decimals + instrument.price_decimals
        )
        aggressor = "Y" if order.side == BUY else "N"
        return (
            f"{self._last(order, fill, stamp)}880=M{fill.exec_id}\x011057={aggressor}\x01381={gross}\x01"
            f"527=X{fill.exec_id}\x01"
        )


_DIALECTS: Final[dict[Version, type[Dialect]]] = {FIX42: Dialect42, FIX44: Dialect, FIX50SP2: Dialect50}


def dialect_of(pair: SessionPair) -> Dialect:
    """The dialect that a session pair speaks."""
    return _DIALECTS[pair.version](pair)
