"""One order: its terms, and what has been done of it. How it lives is in `life.py`."""

from __future__ import annotations

from dataclasses import dataclass

from fixwatch.sources.simulator.market import Instrument
from fixwatch.sources.simulator.said import Known, Sums, Terms
from fixwatch.sources.simulator.sessions import SessionPair
from fixwatch.sources.simulator.wire import decimal_text

#: AvgPx(6) has this many digits more than the instrument's prices.
AVERAGE_DECIMALS = 4
_SCALE = 10**AVERAGE_DECIMALS

BUY, SELL, SELL_SHORT = "1", "2", "5"
MARKET, LIMIT = "1", "2"
DAY, IMMEDIATE_OR_CANCEL = "0", "3"


@dataclass(slots=True)
class Fill:
    """One execution of an order: its ExecID(17), quantity and price in the instrument's units.

    `intact` says if the message that reported it reached the topic undamaged: only such a fill is busted or
    corrected later, so that the correction's meaning never hangs on a message that nobody could read.
    """

    exec_id: str
    quantity: int
    price: int
    intact: bool


class Order:
    """An order as its broker sees it, and what the topic says of it.

    Quantities and prices are integers in the instrument's units; texts are the same as FIX writes it.

    Attributes:
        cl_ord_id: ClOrdID(11) of the newest accepted request.
        is_open: False once nothing more can be done of it: LeavesQty(151) is then 0.
        value: sum of quantity times price over `fills`.
        terms: OrderQty(38) and Price(44), and all terms as fields.
        sums: LeavesQty(151), CumQty(14) and AvgPx(6).
        instrument_fields: the Instrument block of its version, set by whoever writes the messages.
        known: what the topic says of it.
    """

    __slots__ = (
        "account", "cl_ord_id", "cum_quantity", "fills", "instrument", "instrument_fields", "is_open", "known",
        "ord_type", "order_id", "pair", "price", "quantity", "side", "sums", "terms", "terms_fields",
        "time_in_force", "value",
    )  # fmt: skip

    def __init__(
        self,
        pair: SessionPair,
        instrument: Instrument,
        account: str,
        cl_ord_id: str,
        order_id: str,
        side: str,
        quantity: int,
        price: int | None,
        time_in_force: str,
    ) -> None:
        self.pair = pair
        self.instrument = instrument
        self.account = account
        self.cl_ord_id = cl_ord_id
        self.order_id = order_id
        self.side = side
        self.ord_type = MARKET if price is None else LIMIT
        self.time_in_force = time_in_force
        self.cum_quantity = 0
        self.value = 0
        self.fills: list[Fill] = []
        self.is_open = True
        self.instrument_fields = ""
        self.known = Known(cl_ord_id, order_id)
        self.replace(quantity, price)

    @property
    def status(self) -> str:
        """OrdStatus(39) of an order that is not pending anything: New, Partially filled or Filled."""
        if not self.cum_quantity:
            return "0"
        return "1" if self.cum_quantity < self.quantity else "2"

    def replace(self, quantity: int, price: int | None) -> None:
        """Give it new terms, as a replace was accepted."""
        self.quantity = quantity
        self.price = price
        self.terms, self.terms_fields = self.wanted(quantity, price)
        self._sum_up()

    def close(self) -> None:
        """Nothing more can be done of it."""
        self.is_open = False
        self._sum_up()

    def fill(self, fill: Fill) -> None:
        """Book an execution."""
        self.fills.append(fill)
        self.cum_quantity += fill.quantity
        self.value += fill.quantity * fill.price
        self._sum_up()

    def bust(self, fill: Fill) -> None:
        """Take an execution out."""
        self.fills.remove(fill)
        self.cum_quantity -= fill.quantity
        self.value -= fill.quantity * fill.price
        self._sum_up()

    def correct(self, fill: Fill, quantity: int, price: int) -> None:
        """Change an execution's quantity and price."""
        self.cum_quantity += quantity - fill.quantity
        self.value += quantity * price - fill.quantity * fill.price
        fill.quantity, fill.price = quantity, price
        self._sum_up()

    def wanted(self, quantity: int, price: int | None) -> tuple[Terms, str]:
        """Terms of this order, its own or those that a replace asks for, and as fields."""
        instrument = self.instrument
        qty = decimal_text(quantity, instrument.quantity_decimals)
        px = "" if price is None else decimal_text(price, instrument.price_decimals)
        limit = f"44={px}\x01" if px else ""
        return (qty, px), (
            f"54={self.side}\x0138={qty}\x0140={self.ord_type}\x01{limit}15={instrument.currency}\x01"
            f"59={self.time_in_force}\x01"
        )

    def _sum_up(self) -> None:
        decimals = self.instrument.quantity_decimals
        cum = self.cum_quantity
        leaves = self.quantity - cum if self.is_open else 0
        self.sums: Sums = decimal_text(leaves, decimals), decimal_text(cum, decimals), self._average_text()

    def _average_text(self) -> str:
        """Exact, or rounded half up to `AVERAGE_DECIMALS` digits more than a price has."""
        if not self.cum_quantity:
            return "0"
        average = (2 * _SCALE * self.value + self.cum_quantity) // (2 * self.cum_quantity)
        return decimal_text(average, self.instrument.price_decimals + AVERAGE_DECIMALS)
