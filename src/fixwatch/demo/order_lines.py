"""The orders of the ledger beside those of Postgres: how many are how, and in what they agree. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from fixwatch.demo.lines import Line
from fixwatch.sources.simulator.said import OrderState

#: How OrdStatus(39) is called.
_STATUSES: Final = {
    "": "without an answer",
    "0": "New",
    "1": "Partially filled",
    "2": "Filled",
    "3": "Done for day",
    "4": "Canceled",
    "5": "Replaced",
    "6": "Pending cancel",
    "7": "Stopped",
    "8": "Rejected",
    "9": "Suspended",
    "A": "Pending new",
    "C": "Expired",
    "E": "Pending replace",
}
#: What is compared of each order, and how it is called.
_FIELDS: Final = {
    "order_id": "OrderID(37)",
    "cl_ord_id": "ClOrdID(11)",
    "ord_status": "OrdStatus(39)",
    "cum_qty": "CumQty(14)",
    "leaves_qty": "LeavesQty(151)",
    "avg_px": "AvgPx(6)",
    "order_qty": "OrderQty(38)",
    "price": "Price(44)",
    "fills": "fills",
    "waiting_for": "waiting for",
    "sent_at": "sent at",
    "answered_at": "answered at",
    "first_fill_at": "first fill at",
}
#: Orders that are named where some do not agree.
_EXAMPLES: Final = 5


def key(order: OrderState) -> str:
    """What an order is known by: its OrderID(37), or where nobody said it, its ClOrdID(11)."""
    return order.order_id or order.cl_ord_id


def order_lines(expected: Iterable[OrderState], found: Mapping[str, OrderState]) -> list[Line]:
    """Counts of orders by state and by what they wait for, then a line for each thing that orders can differ in."""
    sent: Counter[str] = Counter()
    agreeing: Counter[str] = Counter()
    differences: dict[str, list[str]] = {name: [] for name in _FIELDS}
    statuses: Counter[str] = Counter()
    waiting: Counter[str] = Counter()
    lost: list[str] = []
    orders = 0
    for order in expected:
        orders += 1
        statuses[order.ord_status] += 1
        waiting[order.waiting_for] += 1
        held = found.get(key(order))
        if held is None:
            lost.append(key(order))
            continue
        for name, value, other in zip(_FIELDS, order, held, strict=True):
            if value == other or (isinstance(value, str) and _plain(value) == other):
                agreeing[name] += 1
            elif len(differences[name]) < _EXAMPLES:
                differences[name].append(
                    f"{key(order)}: {value or 'none'} sent, {other or 'none'} in Postgres"
                )
        sent[key(order)] += 1
    more = [name for name in found if name not in sent]
    have = Counter(order.ord_status for order in found.values())
    wait = Counter(order.waiting_for for order in found.values())
    return [
        Line("Orders", "known", orders, orders - len(lost), differences=tuple(lost[:_EXAMPLES])),
        Line("Orders", "unknown to the ledger", 0, len(more), differences=tuple(more[:_EXAMPLES])),
        *(
            Line("Orders", _STATUSES.get(status, f"OrdStatus(39)={status}"), statuses[status], have[status])
            for status in sorted(statuses.keys() | have.keys())
        ),
        *(
            Line("Orders", f"waiting for {waits}", waiting[waits], wait[waits])
            for waits in sorted(waiting.keys() | wait.keys())
            if waits
        ),
        *(
            Line(
                "Orders", f"{called}: the same", orders, agreeing[name], differences=tuple(differences[name])
            )
            for name, called in _FIELDS.items()
        ),
    ]


def _plain(number: str) -> str:
    """A number without zeros behind its digits; any other text as it is."""
    return number.rstrip("0").rstrip(".") if "." in number else number
