"""Sums by minute, hour and day as the read side answers them. Times are aware and in UTC, money is `Decimal`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Generic, TypeVar

Row = TypeVar("Row")


class Step(StrEnum):
    """How long a step of time is. Steps begin at whole minutes, hours and days of UTC."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"

    @property
    def length(self) -> timedelta:
        """Its length."""
        return timedelta(**{f"{self.value}s": 1})


class TradesBy(StrEnum):
    """What trades are told apart by; by currency always."""

    SYMBOL = "symbol"
    ACCOUNT = "account"
    SESSION = "session"
    SIDE = "side"


class MessagesBy(StrEnum):
    """What messages are told apart by."""

    SESSION = "session"
    MSG_TYPE = "msg_type"
    VERDICT = "verdict"


class Latency(StrEnum):
    """What took so long: kinds of the table `latency_minutes`."""

    #: From NewOrderSingle(D), OrderCancelRequest(F), OrderCancelReplaceRequest(G) to the answer; to the first fill.
    ACK = "ack"
    CANCEL = "cancel"
    REPLACE = "replace"
    FIRST_FILL = "first_fill"
    #: SendingTime(52) less the Kafka timestamp.
    SKEW = "skew"


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeRollup:
    """Trades that count of one step; what they are not told apart by is None, what a trade does not say is ''."""

    at: datetime
    symbol: str | None
    account: str | None
    session_id: int | None
    side: str | None
    currency: str
    trades: int
    qty: Decimal
    priced_qty: Decimal
    notional: Decimal

    @property
    def vwap(self) -> Decimal | None:
        """The volume-weighted average price of those with a price; None where no quantity has one."""
        return self.notional / self.priced_qty if self.priced_qty else None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRollup:
    """Messages of one step by their Kafka timestamps. Session 0: it could not be read."""

    at: datetime
    session_id: int | None
    msg_type: str | None
    verdict: str | None
    messages: int
    bytes: int
    quarantined: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyRollup:
    """Latencies of one step, signed; each at most a sixteenth above what was measured. `session_id` None: of all."""

    at: datetime
    session_id: int | None
    count: int
    least: timedelta
    p50: timedelta
    p90: timedelta
    p95: timedelta
    p99: timedelta
    greatest: timedelta


@dataclass(frozen=True, slots=True)
class Rollup(Generic[Row]):
    """Rows of steps, the last step first. `searched_to` is set where one reading may not read all: what is before it
    is left out, whole steps at a time."""

    rows: tuple[Row, ...]
    searched_to: datetime | None


@dataclass(frozen=True, slots=True)
class TradeChoices:
    """Symbols and sides that were traded lately, for filters."""

    symbols: tuple[str, ...]
    sides: tuple[str, ...]
