"""What is said of an order in a few words."""

from __future__ import annotations

from typing import Final

from fixwatch.dashboard import wording
from fixwatch.dashboard.status import Level
from fixwatch.store.order_views import Order

_ORD_STATUS, _ORD_TYPE, _TIME_IN_FORCE = 39, 40, 59
#: Of OrdStatus(39), the sign of how it stands.
_SIGNS: Final = {"1": "◐", "2": "✓", "4": "○", "8": "✕", "C": "○", "3": "○"}
_OPEN: Final = "●"
_WAITING: Final = {
    "new": "an answer to the order",
    "cancel": "an answer to the cancel",
    "replace": "an answer to the replace",
    "pending_new": "the end of pending new",
    "pending_cancel": "the end of pending cancel",
    "pending_replace": "the end of pending replace",
}
_DEFECTS: Final = {
    "quantities_disagree": "quantities disagree",
    "cum_qty_went_back": "CumQty went back",
    "avg_px_disagrees": "AvgPx disagrees",
    "fill_after_end": "filled after its end",
    "overfilled": "overfilled",
}


def state(order: Order) -> str:
    """Its state with a sign: `✓ Filled`."""
    if order.ord_status is None:
        return "? No answer yet"
    return f"{_SIGNS.get(order.ord_status, _OPEN)} {wording.meaning(_ORD_STATUS, order.ord_status)}"


def state_level(order: Order) -> Level:
    """How bad its state is."""
    if order.ord_status == "8":
        return Level.TROUBLE
    return Level.EMPTY if order.ord_status in (None, "3", "4", "C") else Level.OK


def price(order: Order) -> str:
    """Its price, or what it has instead of one: `Market`, `stop 10.5`."""
    shown = [wording.amount(order.price, least_places=2)] if order.price is not None else []
    if order.stop_px is not None:
        shown.append(f"stop {wording.amount(order.stop_px, least_places=2)}")
    return ", ".join(shown) or wording.meaning(_ORD_TYPE, order.ord_type)


def terms(order: Order) -> str:
    """What was asked for, in a line: `Buy 1,000 AAPL, Limit 10.50`."""
    words = [wording.side(order.side)] if order.side else []
    words += [wording.amount(order.order_qty)] if order.order_qty is not None else []
    words.append(wording.visible(order.symbol or "of unknown symbol", most=40))
    kind = wording.meaning(_ORD_TYPE, order.ord_type) if order.ord_type else ""
    at = price(order)
    return " ".join(words) + (
        f", {kind} {at}" if kind and kind != at else f", {at}" if at != wording.NOTHING else ""
    )


def time_in_force(order: Order) -> str:
    """How long it is good for."""
    return wording.meaning(_TIME_IN_FORCE, order.time_in_force)


def waiting(order: Order) -> str:
    """What it waits for, and for how long; empty where it does not."""
    if order.waiting_for is None:
        return ""
    waited = "" if order.waited is None else f", {wording.ago(order.waited)}"
    sign = "▲ " if order.is_stuck else ""
    return f"{sign}{_WAITING.get(order.waiting_for, order.waiting_for)}{waited}"


def remark(order: Order) -> str:
    """Its reject reason, its defects, its text."""
    words = [f"✕ {_plain(reason)}" for reason in (order.reject_reason, order.cancel_reject_reason) if reason]
    words += [f"▲ {defect(found)}" for found in order.defects or ()]
    words += [wording.visible(order.text)] if order.text else []
    return " · ".join(words)


def defect(found: str) -> str:
    """A defect of an order as words."""
    return _DEFECTS.get(found, found.replace("_", " "))


def ends(order: Order) -> str:
    """Both ends of its session pair."""
    return wording.ends(order.ends)


def _plain(meaning: str) -> str:
    return meaning.replace("_", " ").capitalize()
