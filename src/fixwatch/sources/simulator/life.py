"""The life of an order as a generator: it sends, then says how long to wait, and goes on.

Time is counted in turns, so that the mix of messages is the same at any rate. States as in the Order State
Change Matrices of FIX 4.4 volume 4 (FIX 4.2 appendix D).
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Generator
from enum import Enum, auto
from itertools import accumulate
from random import Random
from typing import Final

from fixwatch.sources.simulator.desk import Desk
from fixwatch.sources.simulator.market import Market
from fixwatch.sources.simulator.orders import BUY, IMMEDIATE_OR_CANCEL, Order
from fixwatch.sources.simulator.sessions import FIX42
from fixwatch.sources.simulator.turns import Life


class Fate(Enum):
    """How an order ends."""

    FILLED = auto()
    CANCELED = auto()
    REPLACED = auto()
    EXPIRED = auto()
    REJECTED = auto()
    TOO_LATE = auto()
    DONE_FOR_DAY = auto()
    BUSTED = auto()
    CORRECTED = auto()
    SUSPENDED = auto()
    STOPPED = auto()


#: Of a hundred orders, how many end so.
_WEIGHTS: Final = {
    Fate.FILLED: 42,
    Fate.CANCELED: 17,
    Fate.REPLACED: 11,
    Fate.EXPIRED: 6,
    Fate.REJECTED: 5,
    Fate.TOO_LATE: 5,
    Fate.DONE_FOR_DAY: 4,
    Fate.BUSTED: 3,
    Fate.CORRECTED: 3,
    Fate.SUSPENDED: 2,
    Fate.STOPPED: 2,
}
_FATES: Final = tuple(_WEIGHTS)
_LIMITS: Final = tuple(accumulate(_WEIGHTS.values()))

_ACK_TURNS: Final = 6
_FILL_TURNS: Final = 200
_SECOND_THOUGHT_TURNS: Final = 300
#: Share of requests without an answer that the broker says are pending.
_PENDING_FOR_EVER: Final = 0.3
#: Share of busts that a client asked for by DontKnowTrade(Q).
_UNKNOWN_TRADES: Final = 0.5


def pick_fate(rng: Random) -> Fate:
    """How an order will end."""
    return _FATES[bisect(_LIMITS, rng.random() * _LIMITS[-1])]


def live(order: Order, fate: Fate, desk: Desk, market: Market, rng: Random) -> Life:
    """The whole life of one order."""
    if not desk.new_order(order):
        return
    yield _soon(rng)
    if fate is Fate.REJECTED:
        order.close()
        desk.report(order, "8", "8", more="103=3\x0158=Order exceeds credit limit\x01")
        return
    if order.pair.pending_new:
        desk.report(order, "A", "A")
        yield _soon(rng)
    desk.report(order, "0", "0")
    yield _a_while(rng)
    if order.time_in_force == IMMEDIATE_OR_CANCEL:
        yield from _fill(order, desk, market, rng, order.quantity // 2)
        yield from _close(order, desk, "C" if fate is Fate.EXPIRED else "4")
        return
    match fate:
        case Fate.CANCELED:
            yield from _fill(order, desk, market, rng, _part(order, rng))
            yield from _cancel(order, desk, rng)
        case Fate.TOO_LATE:
            yield from _cancel_too_late(order, desk, market, rng)
        case Fate.EXPIRED:
            yield from _fill(order, desk, market, rng, _part(order, rng))
            yield from _close(order, desk, "C")
        case Fate.DONE_FOR_DAY:
            yield from _fill(order, desk, market, rng, _part(order, rng))
            yield from _close(order, desk, "3")
        case Fate.REPLACED:
            yield from _fill(order, desk, market, rng, _part(order, rng))
            if (yield from _replace(order, desk, rng)):
                yield from _fill(order, desk, market, rng, order.quantity)
        case Fate.SUSPENDED:
            yield from _fill(order, desk, market, rng, _part(order, rng))
            yield from _suspend(order, desk, rng)
            yield from _fill(order, desk, market, rng, order.quantity)
        case Fate.STOPPED:
            desk.report(order, "7", "7")
            yield _a_while(rng)
            yield from _fill(order, desk, market, rng, order.quantity)
        case _:
            yield from _fill(order, desk, market, rng, order.quantity)
    if fate in (Fate.BUSTED, Fate.CORRECTED):
        yield int(rng.random() * _SECOND_THOUGHT_TURNS) + 1
        yield from _second_thought(order, fate, desk, rng)
        yield from _fill(order, desk, market, rng, order.quantity)


def _fill(order: Order, desk: Desk, market: Market, rng: Random, up_to: int) -> Life:
    """Fill until CumQty(14) is `up_to`, in one to four executions."""
    lot = order.instrument.lot
    slice_size = max(lot, up_to // (1 + int(rng.random() * 4)) // lot * lot)
    while (left := up_to - order.cum_quantity) > 0:
        desk.trade(order, min(left, slice_size), _execution_price(order, market))
        yield _a_while(rng)


def _execution_price(order: Order, market: Market) -> int:
    price = market.price(order.instrument)
    if order.price is None:
        return price
    return min(price, order.price) if order.side == BUY else max(price, order.price)


def _cancel(order: Order, desk: Desk, rng: Random) -> Life:
    cl_ord_id, original = desk.id("C"), order.cl_ord_id
    answered = desk.cancel_request(order, cl_ord_id)
    yield _soon(rng)
    if answered or rng.random() < _PENDING_FOR_EVER:
        desk.report(order, "6", "6", original, ids=cl_ord_id)
        yield _soon(rng)
    if not answered:
        return
    order.close()
    order.cl_ord_id = cl_ord_id
    desk.report(order, "4", "4", original)


def _cancel_too_late(order: Order, desk: Desk, market: Market, rng: Random) -> Life:
    """The last fill crosses the request to cancel."""
    cl_ord_id = desk.id("C")
    answered = desk.cancel_request(order, cl_ord_id)
    yield _soon(rng)
    desk.trade(order, order.quantity - order.cum_quantity, _execution_price(order, market))
    if answered:
        yield _soon(rng)
        desk.cancel_reject(order, cl_ord_id, "Too late to cancel")


def _replace(order: Order, desk: Desk, rng: Random) -> Generator[int, None, bool]:
    """Replace it; False if the request is never answered."""
    cl_ord_id, original = desk.id("C"), order.cl_ord_id
    quantity, price = order.quantity, order.price
    if price is None or rng.random() < 0.5:
        quantity += order.instrument.lot * (1 + int(rng.random() * 5))
    else:
        price += order.instrument.tick * (3 if order.side == BUY else -3)
    answered = desk.replace_request(order, cl_ord_id, quantity, price)
    yield _soon(rng)
    if answered or rng.random() < _PENDING_FOR_EVER:
        desk.report(order, "E", "E", original, ids=cl_ord_id)
        yield _soon(rng)
    if not answered:
        return False
    order.replace(quantity, price)
    order.cl_ord_id = cl_ord_id
    # FIX 4.2 has an OrdStatus(39) for it; since 4.3 only ExecType(150) says that it was replaced.
    status = "5" if order.pair.version is FIX42 and not order.cum_quantity else order.status
    desk.report(order, "5", status, original)
    yield _a_while(rng)
    return True


def _suspend(order: Order, desk: Desk, rng: Random) -> Life:
    """Suspended for a while, then restated as what it was: ExecRestatementReason(378)=4, the broker's choice."""
    desk.report(order, "9", "9")
    yield _a_while(rng)
    desk.report(order, "D", order.status, more="378=4\x01")
    yield _a_while(rng)


def _close(order: Order, desk: Desk, state: str) -> Life:
    """The broker ends the order by itself: expired, canceled or done for the day."""
    order.close()
    desk.report(order, state, state)
    yield 1


def _second_thought(order: Order, fate: Fate, desk: Desk, rng: Random) -> Life:
    """A fill that was reported undamaged is busted, or corrected by price or quantity."""
    fill = next((fill for fill in reversed(order.fills) if fill.intact), None)
    if fill is None:
        return
    if fate is Fate.BUSTED:
        if rng.random() < _UNKNOWN_TRADES:
            desk.do_not_know(order, fill)
            yield _soon(rng)
        desk.bust(order, fill)
    elif fill.quantity > order.instrument.lot and rng.random() < 0.3:
        desk.correct(order, fill, fill.quantity - order.instrument.lot, fill.price)
    else:
        desk.correct(order, fill, fill.quantity, fill.price + order.instrument.tick)
    yield _a_while(rng)


def _part(order: Order, rng: Random) -> int:
    """Some of the order: none, or up to all but one lot."""
    lots = order.quantity // order.instrument.lot
    return int(rng.random() * lots) * order.instrument.lot


def _soon(rng: Random) -> int:
    return 1 + int(rng.random() * _ACK_TURNS)


def _a_while(rng: Random) -> int:
    return 1 + int(rng.random() * _FILL_TURNS)
