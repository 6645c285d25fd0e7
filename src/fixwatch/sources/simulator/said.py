"""What the messages that reached the topic say of an order, whatever order they came in, and what that makes of it.

A message that cannot be read says nothing. One that was lost and sent again says what it said when it was sent
first. What one side says is ordered by its MsgSeqNum(34) (and by SendingTime(52), which grows with it), so the state
of an order is what the latest report says, even if reports before it never came; a request is answered by any report
with its ClOrdID(11) that is more than the notice that it is pending. A NewOrderSingle(D) names no OrderID(37), so it
is known to belong to the rest only by a message that has its ClOrdID.
"""

from __future__ import annotations

from enum import Enum
from typing import Final, NamedTuple

from fixwatch.sources.simulator.faults import Fault


class ExecKind(Enum):
    """What a report of a trade does: ExecTransType(20) up to FIX 4.2, ExecType(150) since 4.3."""

    TRADE = ("0", "F")
    BUST = ("1", "H")
    CORRECT = ("2", "G")

    def __init__(self, trans_type: str, exec_type: str) -> None:
        self.trans_type = trans_type
        self.exec_type = exec_type


# Plain tuples: they are made for every message, and classes would take several times as long.

#: OrderQty(38) and Price(44), empty where there is none.
Terms = tuple[str, str]
#: LeavesQty(151), CumQty(14) and AvgPx(6).
Sums = tuple[str, str, str]
#: What is done, and what it adds to the quantity and value traded, in the instrument's units.
Trade = tuple[ExecKind, int, int]
#: MsgType(35), ClOrdID(11), OrigClOrdID(41) or empty, and what is asked for.
Request = tuple[str, str, str, Terms]
#: ExecType(150) or, of OrderCancelReject(9), empty; OrdStatus(39), ClOrdID(11), OrigClOrdID(41) or empty, ...
Report = tuple[str, str, str, str, Terms, Sums, Trade | None]

NO_TERMS: Final[Terms] = ("", "")
NO_SUMS: Final[Sums] = ("", "", "")

#: OrdStatus(39) of orders of which nothing more is expected: Canceled, Rejected, Expired. A filled one may be asked
#: to become larger.
_ENDED: Final = frozenset("48C")
#: OrdStatus(39) that is a promise, and what is then waited for.
_PENDING: Final = {"A": "pending_new", "6": "pending_cancel", "E": "pending_replace"}
#: A request, and what is waited for until it is answered.
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


class Known:
    """What is known of one order: what nothing later makes needless, and sums of what adds up.

    All that was said would do as well, but when an order is over that takes as long to read as its messages to make.

    Attributes:
        owed: messages that were lost and may yet come.
        fills, quantity, value: fills that stand, and what they come to in the instrument's units.
        busts, corrections: how many of its fills were busted or corrected.
    """

    __slots__ = (
        "_answered_at", "_first_cl_ord_id", "_first_fill_at", "_is_connected", "_later_ids", "_latest", "_latest_seq",
        "_new", "_order_id", "_others", "_requests", "busts", "corrections", "fills", "owed", "quantity", "value",
    )  # fmt: skip

    def __init__(self, cl_ord_id: str, order_id: str) -> None:
        self._first_cl_ord_id = cl_ord_id
        self._order_id = order_id
        # The NewOrderSingle(D), and when it was sent.
        self._new: tuple[int, Terms] | None = None
        # The latest report that says everything, and its number.
        self._latest: Report | None = None
        self._latest_seq = 0
        self._answered_at = self._first_fill_at = 0
        self._is_connected = False
        # What few orders have: other reports and other requests with their numbers, ClOrdIDs that were reported.
        self._others: list[tuple[int, Fault | None, Report]] = []
        self._requests: list[tuple[int, str, str]] = []
        self._later_ids: tuple[str, ...] = ()
        self.owed = self.fills = self.quantity = self.value = self.busts = self.corrections = 0

    def hear(self, at: int, seq_num: int, fault: Fault | None, what: Request | Report) -> None:
        """A message reached the topic, which was sent first at `at`, and what befell it."""
        if len(what) == 4:
            self._ask(at, seq_num, what)
            return
        exec_type, _, own, original, _, _, trade = what
        if own == self._first_cl_ord_id:
            self._is_connected = True
        else:
            self._name(own, original, exec_type)
        if not exec_type or exec_type in _NOTICES or fault is Fault.MISSING_TAG:
            self._others.append((seq_num, fault, what))
            if not exec_type:
                return
        elif seq_num > self._latest_seq:
            self._latest_seq = seq_num
            self._latest = what
        if not self._answered_at or at < self._answered_at:
            self._answered_at = at
        if trade is not None:
            kind, quantity, value = trade
            self.quantity += quantity
            self.value += value
            if kind is ExecKind.TRADE:
                self.fills += 1
                if not self._first_fill_at or at < self._first_fill_at:
                    self._first_fill_at = at
            elif kind is ExecKind.BUST:
                self.fills -= 1
                self.busts += 1
            else:
                self.corrections += 1

    def _name(self, own: str, original: str, exec_type: str) -> None:
        """A report has a ClOrdID(11) that is not the order's first."""
        if original == self._first_cl_ord_id:
            self._is_connected = True
        if exec_type not in _NOTICES and own not in self._later_ids:
            self._later_ids += (own,)

    def _ask(self, at: int, seq_num: int, what: Request) -> None:
        msg_type, own, original, terms = what
        if msg_type == "D":
            self._new = at, terms
            return
        self._requests.append((seq_num, msg_type, own))
        if original == self._first_cl_ord_id:
            self._is_connected = True

    def states(self, resolution: int) -> list[OrderState]:
        """Nothing, one order, or two that nothing connects. `resolution`: of its version's times, microseconds."""
        found: list[OrderState] = []
        sent_at, terms = self._new or (0, NO_TERMS)
        sent_at -= sent_at % resolution
        if sent_at and not self._is_connected:
            found.append(
                OrderState("", self._first_cl_ord_id, "", "", "", "", *terms, 0, "new", sent_at, 0, 0)
            )
            sent_at, terms = 0, NO_TERMS
        status = leaves = ""
        cl_ord_id, sums = self._first_cl_ord_id, NO_SUMS
        if self._latest is not None:
            _, status, cl_ord_id, _, terms, sums, _ = self._latest
            leaves = sums[0]
        for seq_num, fault, (exec_type, as_said, own, _, wanted, summed, _) in sorted(self._others):
            if seq_num > self._latest_seq:
                status = as_said
                if exec_type:
                    terms, sums = wanted, summed
                    if exec_type not in _NOTICES:
                        cl_ord_id = own
                    if fault is not Fault.MISSING_TAG:
                        leaves = summed[0]
        if status or self._requests:
            found.append(
                OrderState(
                    self._order_id, cl_ord_id, status, sums[1], leaves, sums[2], terms[0], terms[1], self.fills,
                    self._waits_for(status, sent_at > 0), sent_at,
                    self._answered_at - self._answered_at % resolution,
                    self._first_fill_at - self._first_fill_at % resolution,
                )
            )  # fmt: skip
        return found

    def _waits_for(self, status: str, has_new: bool) -> str:
        """What the order waits for; the first of several requests without an answer."""
        if status in _ENDED:
            return ""
        if status in _PENDING:
            return _PENDING[status]
        if has_new and not status:
            return "new"
        for _, msg_type, cl_ord_id in sorted(self._requests):
            if cl_ord_id not in self._later_ids:
                return _WAITING[msg_type]
        return ""
