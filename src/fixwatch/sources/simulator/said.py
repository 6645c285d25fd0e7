"""What the messages that reached the topic say of an order, whatever order they came in, and what that makes of it.

A message that cannot be read says nothing. One that was lost and sent again says what it said when it was sent
first: OrigSendingTime(122) is its time. What one side says is ordered by (SendingTime(52), MsgSeqNum(34)), so the
state of an order is what the latest report says, even if reports before it never came; a request is answered by
any report with its ClOrdID(11) that is more than the notice that it is pending. A NewOrderSingle(D) names no
OrderID(37), so it is known to belong to the rest only by a message that has its ClOrdID.
"""

from __future__ import annotations

from enum import Enum
from typing import Final, NamedTuple, TypeVar

from fixwatch.sources.simulator.faults import Fault


class ExecKind(Enum):
    """What a report of a trade does: ExecTransType(20) up to FIX 4.2, ExecType(150) since 4.3."""

    TRADE = ("0", "F")
    BUST = ("1", "H")
    CORRECT = ("2", "G")

    def __init__(self, trans_type: str, exec_type: str) -> None:
        self.trans_type = trans_type
        self.exec_type = exec_type


#: OrderQty(38) and Price(44), empty where there is none.
Terms = tuple[str, str]
#: LeavesQty(151), CumQty(14) and AvgPx(6).
Sums = tuple[str, str, str]
#: What is done, ExecID(17), ExecRefID(19) or empty, and quantity and price in the instrument's units.
Trade = tuple[ExecKind, str, str, int, int]
#: MsgType(35), ClOrdID(11), OrigClOrdID(41) or empty, and what is asked for.
Request = tuple[str, str, str, Terms]
#: ExecType(150) or, of OrderCancelReject(9), empty; OrdStatus(39), ClOrdID(11), OrigClOrdID(41) or empty, ...
Report = tuple[str, str, str, str, Terms, Sums, Trade | None]
#: When it was sent first, microseconds since 1970; MsgSeqNum(34); the fault that befell it; what it says.
#: Plain tuples: they are made for every message, and classes would take several times as long.
W = TypeVar("W", Request, Report)
Said = tuple[int, int, Fault | None, W]


class Notes(list[Said[W]]):
    """What one side said of an order; `owed`: how many messages were lost and may yet come."""

    __slots__ = ("owed",)

    def __init__(self) -> None:
        super().__init__()
        self.owed = 0


NO_TERMS: Final[Terms] = ("", "")
NO_SUMS: Final[Sums] = ("", "", "")

#: OrdStatus(39) of orders of which nothing more is expected: Canceled, Rejected, Expired. A filled one may be asked
#: to become larger.
_ENDED: Final = frozenset("48C")
#: OrdStatus(39) that is a promise, and what is then waited for.
_PENDING: Final = {"A": "pending_new", "6": "pending_cancel", "E": "pending_replace"}
_WAITING: Final = {"F": "cancel", "G": "replace"}
#: ExecType(150) of reports that only say that a request is pending: its ClOrdID(11) is not yet the order's.
_NOTICES: Final = ("6", "E")


class OrderState(NamedTuple):
    """What is known of one order; texts are empty and times 0 where it is not known.

    Times are those of the messages, microseconds since 1970: the NewOrderSingle(D), the first report, the first fill.
    `fills` are those that stand.
    """

    order_id: str
    cl_ord_id: str
    ord_status: str
    cum_qty: str
    leaves_qty: str
    avg_px: str
    order_qty: str
    price: str
    fills: int
    waiting_for: str
    sent_at: int
    answered_at: int
    first_fill_at: int


class Trades(NamedTuple):
    """The fills of one order: those that stand, their quantity and value in the instrument's units, and the rest."""

    fills: int
    quantity: int
    value: int
    busts: int
    corrections: int


NO_TRADES: Final = Trades(0, 0, 0, 0, 0)


def settle(
    first_cl_ord_id: str, order_id: str, asked: Notes[Request], told: Notes[Report], resolution: int
) -> tuple[list[OrderState], Trades]:
    """What is known of an order by what was said of it: nothing, one order, or two that nothing connects.

    Sorts both lists. `resolution`: of the times that its version writes, in microseconds.
    """
    # One side's numbers are all different, so nothing behind them is compared.
    asked.sort()
    told.sort()
    states: list[OrderState] = []
    sent_at, terms, sums = 0, NO_TERMS, NO_SUMS
    if asked and asked[0][3][0] == "D":
        sent_at, terms = asked[0][0] - asked[0][0] % resolution, asked[0][3][3]
        if not _is_connected(first_cl_ord_id, asked, told):
            states.append(OrderState("", first_cl_ord_id, "", "", "", "", *terms, 0, "new", sent_at, 0, 0))
            del asked[0]
            sent_at, terms = 0, NO_TERMS
    if not asked and not told:
        return states, NO_TRADES
    # What names only the ClOrdID(11) of a request that is not accepted is of the order that it wanted to change.
    cl_ord_id, leaves, answered_at, first_fill_at = first_cl_ord_id, "", 0, 0
    trades: list[Trade] = []
    for at, _, fault, (exec_type, _, own, _, reported, summed, trade) in told:
        if exec_type:
            answered_at = answered_at or at
            terms, sums = reported, summed
            if exec_type not in _NOTICES:
                cl_ord_id = own
            if fault is not Fault.MISSING_TAG:
                leaves = summed[0]
            if trade is not None:
                trades.append(trade)
                if not first_fill_at and trade[0] is ExecKind.TRADE:
                    first_fill_at = at
    status = told[-1][3][1] if told else ""
    known = _sum_up(trades) if trades else NO_TRADES
    states.append(
        OrderState(
            order_id, cl_ord_id, status, sums[1], leaves, sums[2], terms[0], terms[1], known.fills,
            "" if status in _ENDED else _waits_for(status, asked, told),
            sent_at, answered_at - answered_at % resolution, first_fill_at - first_fill_at % resolution,
        )
    )  # fmt: skip
    return states, known


def _is_connected(cl_ord_id: str, asked: Notes[Request], told: Notes[Report]) -> bool:
    """If another message than its NewOrderSingle(D) has the order's first ClOrdID(11)."""
    for _, _, _, what in told:
        if what[2] == cl_ord_id or what[3] == cl_ord_id:
            return True
    return any(what[2] == cl_ord_id for _, _, _, what in asked)


def _waits_for(status: str, asked: Notes[Request], told: Notes[Report]) -> str:
    """What an order that has not ended waits for; the first of several requests without an answer."""
    if status in _PENDING:
        return _PENDING[status]
    for _, _, _, (kind, cl_ord_id, _, _) in asked:
        if kind == "D":
            if not status:
                return "new"
        elif not any(what[2] == cl_ord_id and what[0] not in _NOTICES for _, _, _, what in told):
            return _WAITING[kind]
    return ""


def _sum_up(trades: list[Trade]) -> Trades:
    fills = {trade[1]: trade for trade in trades if trade[0] is ExecKind.TRADE}
    busts = corrections = quantity = value = 0
    if len(fills) < len(trades):
        # A change names a fill that reached the topic, and a fill meets one of them at most.
        for trade in trades:
            if trade[0] is ExecKind.BUST:
                busts += 1
                del fills[trade[2]]
            elif trade[0] is ExecKind.CORRECT:
                corrections += 1
                fills[trade[2]] = trade
    for _, _, _, traded, price in fills.values():
        quantity += traded
        value += traded * price
    return Trades(len(fills), quantity, value, busts, corrections)
