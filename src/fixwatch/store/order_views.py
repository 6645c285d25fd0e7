"""Orders as the read side answers them. Times are aware datetimes in UTC, money is `Decimal`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from fixwatch.store.views import SessionName


class OrderList(StrEnum):
    """Which orders a list is of."""

    ALL = "all"
    #: Not filled, canceled, rejected, expired or done for the day.
    OPEN = "open"
    #: A request is not answered, or a state is a promise.
    WAITING = "waiting"
    REJECTED = "rejected"
    #: Something about them contradicts itself.
    DEFECTIVE = "defective"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One order; the columns of the table `orders`. `ends`: both ends of its session pair, six parts."""

    order_key: int
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

    @property
    def answered_in(self) -> timedelta | None:
        """From NewOrderSingle(D) to the first report, by the clocks of both sides: it may be negative."""
        return _between(self.sent_at, self.answered_at)

    @property
    def filled_in(self) -> timedelta | None:
        """From NewOrderSingle(D) to the first fill, likewise."""
        return _between(self.sent_at, self.first_fill_at)


def _between(begin: datetime | None, end: datetime | None) -> timedelta | None:
    return None if begin is None or end is None else end - begin


@dataclass(frozen=True, slots=True)
class OrderPage:
    """A page of a list, the newest order first.

    `older` is where the next page goes on, None at the end; `complete` is False where filters matched less than a
    page in the stretch that one reading may search: ask on from `older`.
    """

    orders: tuple[Order, ...]
    older: int | None
    complete: bool


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """Which orders: None is any."""

    symbols: tuple[str, ...] | None = None
    accounts: tuple[str, ...] | None = None
    #: Session pairs.
    pairs: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class MessagePlace:
    """A place in an order's timeline, which is in the order of storing."""

    ingested_at: datetime
    stream_id: int
    kafka_offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderMessage(SessionName):
    """One message of an order, as it was stored."""

    stream_id: int
    kafka_offset: int
    topic: str
    partition: int
    kafka_time: datetime
    ingested_at: datetime
    verdict: str
    quarantined: bool
    defects: list[str] | None
    msg_type: str | None
    msg_seq_num: int | None
    poss_dup: bool | None
    sending_time: datetime | None
    transact_time: datetime | None
    cl_ord_id: str | None
    orig_cl_ord_id: str | None
    exec_id: str | None
    exec_type: str | None
    ord_status: str | None
    order_qty: Decimal | None
    price: Decimal | None
    last_qty: Decimal | None
    last_px: Decimal | None
    cum_qty: Decimal | None
    leaves_qty: Decimal | None
    avg_px: Decimal | None
    #: The beginning of the message.
    raw: bytes

    @property
    def place(self) -> MessagePlace:
        """Where it stands in the timeline."""
        return MessagePlace(self.ingested_at, self.stream_id, self.kafka_offset)
