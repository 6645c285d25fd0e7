"""Orders as the read side answers them. Times are aware datetimes in UTC, money is `Decimal`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from fixwatch.store.meanings import meaning

_ORD_REJ_REASON, _CXL_REJ_REASON = 103, 102


class OrderList(StrEnum):
    """Which orders a list is of, and in which order: the newest first, or where they wait, those that began last."""

    ALL = "all"
    #: Not filled, canceled, rejected, expired or done for the day.
    OPEN = "open"
    #: A request is not answered, or a state is a promise.
    WAITING = "waiting"
    #: Waiting for longer than the rules of their session allow.
    STUCK = "stuck"
    REJECTED = "rejected"
    #: Something about them contradicts itself.
    DEFECTIVE = "defective"


@dataclass(frozen=True, slots=True)
class OrderPlace:
    """A place in a list of orders; `waiting_since` only in those of orders that wait."""

    order_key: int
    waiting_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class SessionPair:
    """A session pair; `ends`: both ends, three parts each."""

    pair_id: int
    ends: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One order; the columns of the table `orders`, and the moment `at` in which they were read.

    `ends`: both ends of its session pair, six parts. `may_wait`: how long its session's rules let it wait for what it
    waits for, None where it waits for nothing.
    """

    order_key: int
    pair_id: int
    ends: list[str]
    trading_day: date | None
    cl_ord_id: str | None
    order_id: str | None
    list_id: str | None
    account: str | None
    symbol: str | None
    side: str | None
    ord_type: str | None
    time_in_force: str | None
    currency: str | None
    order_qty: Decimal | None
    price: Decimal | None
    stop_px: Decimal | None
    ord_status: str | None
    exec_type: str | None
    cum_qty: Decimal | None
    leaves_qty: Decimal | None
    avg_px: Decimal | None
    text: str | None
    ord_rej_reason: int | None
    cxl_rej_reason: int | None
    state_time: datetime | None
    sent_at: datetime | None
    answered_at: datetime | None
    first_fill_at: datetime | None
    waiting_for: str | None
    waiting_since: datetime | None
    fills: int
    defects: list[str] | None
    legs: list[dict[str, Any]] | None
    messages: int
    repeats: int
    first_seen: datetime | None
    last_seen: datetime | None
    at: datetime
    may_wait: timedelta | None

    @property
    def answered_in(self) -> timedelta | None:
        """From NewOrderSingle(D) to the first report, by the clocks of both sides: it may be negative."""
        return _between(self.sent_at, self.answered_at)

    @property
    def filled_in(self) -> timedelta | None:
        """From NewOrderSingle(D) to the first fill, likewise."""
        return _between(self.sent_at, self.first_fill_at)

    @property
    def waited(self) -> timedelta | None:
        """How long it has waited, by Kafka's clock and the database's; None where it waits for nothing."""
        return _between(self.waiting_since, self.at)

    @property
    def is_stuck(self) -> bool:
        """If it has waited for longer than it may."""
        waited = self.waited
        return waited is not None and self.may_wait is not None and waited > self.may_wait

    @property
    def reject_reason(self) -> str | None:
        """What its OrdRejReason(103) means, as `UNKNOWN_SYMBOL`; the number where no version has it."""
        return meaning(_ORD_REJ_REASON, self.ord_rej_reason)

    @property
    def cancel_reject_reason(self) -> str | None:
        """What the CxlRejReason(102) of its last OrderCancelReject(9) means, likewise."""
        return meaning(_CXL_REJ_REASON, self.cxl_rej_reason)

    @property
    def place(self) -> OrderPlace:
        """Where it stands in lists."""
        return OrderPlace(self.order_key, self.waiting_since)


def _between(begin: datetime | None, end: datetime | None) -> timedelta | None:
    return None if begin is None or end is None else end - begin


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """Which orders: None is any. `pairs` are session pairs (`Order.pair_id`)."""

    symbols: tuple[str, ...] | None = None
    accounts: tuple[str, ...] | None = None
    pairs: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class OrderPage:
    """A page of a list.

    `older` is where the next page goes on, None at the end. `complete` is False where the filter matched less than a
    page in the stretch that one reading may search; `searched_to` says how far that reaches back: when the last
    order that was looked at was first seen.
    """

    orders: tuple[Order, ...]
    older: OrderPlace | None
    complete: bool
    searched_to: datetime | None = None
