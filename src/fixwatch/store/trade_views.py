"""Trades as the read side answers them. Times are aware datetimes in UTC, money is `Decimal`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import MAX_PREC, Context, Decimal
from functools import reduce
from typing import Final

from fixwatch.store.views import SessionName

#: Values of Side(54) that buy and that sell, sales short among them; of others (crosses, lending) it is not said.
BUYING: Final = frozenset("13")
SELLING: Final = frozenset("2456")
#: Sums are exact, whatever the number of digits; the default context keeps 28.
_EXACT: Final = Context(prec=MAX_PREC)


@dataclass(frozen=True, slots=True)
class TradeKey:
    """A place in a list of trades: `at` is what the list is ordered by, see `TradeFilter`."""

    at: datetime
    session_id: int
    exec_id: str
    side_no: int
    trading_day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade(SessionName):
    """One fill. `qty`, `px`, `notional` are what counts now; `last_qty`, `last_px` what was first reported.

    Of an ExecutionReport(8) `side_no` is 0 and `source` is `8`; of a TradeCaptureReport(AE) it is the number of the
    side. `traded_at` is TransactTime(60), or when it was sent. `repeats` are reports that said the same again,
    `conflicts` contents besides the first. `bust_exec_id`, `correct_exec_id`: its first bust, its latest correction.
    """

    ingested_at: datetime
    session_id: int
    exec_id: str
    side_no: int
    trading_day: date
    source: str
    stream_id: int
    kafka_offset: int
    traded_at: datetime
    cl_ord_id: str | None
    order_id: str | None
    account: str | None
    symbol: str | None
    side: str | None
    currency: str | None
    last_mkt: str | None
    transact_time: datetime | None
    trade_date: date | None
    settl_date: date | None
    qty: Decimal
    px: Decimal | None
    notional: Decimal
    last_qty: Decimal | None
    last_px: Decimal | None
    status: str
    repeats: int
    conflicts: int
    bust_exec_id: str | None
    correct_exec_id: str | None


@dataclass(frozen=True, slots=True)
class TradeFilter:
    """Which trades: None is any.

    `sides` are values of Side(54), `venues` of LastMkt(30), `statuses` are `new`, `corrected`, `busted`; `sessions`
    are session ids. `since` (included) and `until` (not) are of `traded_at`. `exec_ids` are also those of busts and
    corrections, which find their trade. `cl_ord_ids` and `order_ids` are what a trade itself says, `orders` are keys
    of orders (`Order.order_key`), whose chains have several.

    Trades come in the order of storing, the newest first. With `since` or `until` they come in that of `traded_at`.
    """

    symbols: tuple[str, ...] | None = None
    sides: tuple[str, ...] | None = None
    sessions: tuple[int, ...] | None = None
    accounts: tuple[str, ...] | None = None
    venues: tuple[str, ...] | None = None
    statuses: tuple[str, ...] | None = None
    since: datetime | None = None
    until: datetime | None = None
    exec_ids: tuple[str, ...] | None = None
    cl_ord_ids: tuple[str, ...] | None = None
    order_ids: tuple[str, ...] | None = None
    orders: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class TradePage:
    """A page of trades.

    `older` is where the next page goes on, None at the end. `searched_to` is set when the filter matched less
    than a page in the stretch that one reading may search: how far back that stretch reaches.
    """

    trades: tuple[Trade, ...]
    older: TradeKey | None
    searched_to: datetime | None


@dataclass(frozen=True, slots=True)
class TradeSum:
    """What trades of one currency and side come to, busted ones left out. `priced_qty`: of trades with a price."""

    currency: str
    side: str
    trades: int
    qty: Decimal
    priced_qty: Decimal
    notional: Decimal


@dataclass(frozen=True, slots=True)
class TradeTotals:
    """What the trades of a filter come to, busted ones left out.

    `searched_to` None: all of them. Otherwise those back to there, by what the filter's lists are ordered by.
    `from_rollups`: the minutes' sums were read, not the trades.
    """

    sums: tuple[TradeSum, ...]
    searched_to: datetime | None
    from_rollups: bool

    @property
    def trades(self) -> int:
        """How many."""
        return sum(of.trades for of in self.sums)

    @property
    def gross_qty(self) -> Decimal:
        """Quantity bought, sold and crossed."""
        return _sum(of.qty for of in self.sums)

    @property
    def net_qty(self) -> Decimal:
        """Quantity bought less quantity sold."""
        return _EXACT.subtract(
            _sum(of.qty for of in self.sums if of.side in BUYING),
            _sum(of.qty for of in self.sums if of.side in SELLING),
        )

    @property
    def notional(self) -> dict[str, Decimal]:
        """The sum of quantity x price by currency; '' where trades have none."""
        return {currency: _sum(of.notional for of in sums) for currency, sums in self._by_currency().items()}

    @property
    def vwap(self) -> dict[str, Decimal]:
        """The volume-weighted average price by currency, where something had a price and a quantity; 28 digits."""
        priced = {
            currency: _sum(of.priced_qty for of in sums) for currency, sums in self._by_currency().items()
        }
        return {
            currency: notional / priced[currency]
            for currency, notional in self.notional.items()
            if priced[currency]
        }

    def _by_currency(self) -> dict[str, list[TradeSum]]:
        found: dict[str, list[TradeSum]] = {}
        for of in self.sums:
            found.setdefault(of.currency, []).append(of)
        return found


def _sum(numbers: Iterable[Decimal]) -> Decimal:
    return reduce(_EXACT.add, numbers, Decimal(0))
