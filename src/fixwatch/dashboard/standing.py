"""Who trades most, and how today stands against yesterday: from the sums of minutes. Pure but for reading."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import MAX_PREC, Context, Decimal
from typing import Final

from fixwatch.store.figures import Window
from fixwatch.store.reader import Reader
from fixwatch.store.rollup_views import MessagesBy, Step, TradeRollup, TradesBy

#: Sums are exact, whatever the number of digits.
_EXACT: Final = Context(prec=MAX_PREC)
_DAY: Final = timedelta(days=1)
#: Names of each kind that are shown.
MOST_NAMES: Final = 12


@dataclass(frozen=True, slots=True)
class Top:
    """What one account or counterparty traded in one currency; '' where a trade does not say."""

    name: str
    currency: str
    trades: int
    notional: Decimal


@dataclass(frozen=True, slots=True)
class Tops:
    """Accounts and counterparties by notional, the first of every currency first: amounts of two cannot be compared.

    A counterparty is a direction of a session, by its label: who reports the trade, and to whom. Not `complete`: of a
    part of the window, one reading may not read all of it.
    """

    accounts: tuple[Top, ...]
    counterparties: tuple[Top, ...]
    complete: bool


def tops(reader: Reader, window: Window, labels: Mapping[int, str]) -> Tops:
    """Those of a window; `labels` of sessions by id. Raises DatabaseError while the database does not answer."""
    found = reader.rollups.trades(
        Step.DAY, window.since, window.until, by=(TradesBy.ACCOUNT, TradesBy.SESSION)
    )
    return Tops(
        _ranked(found.rows, lambda row: row.account or ""),
        _ranked(found.rows, lambda row: labels.get(row.session_id or 0, "")),
        complete=found.searched_to is None,
    )


def _ranked(rows: Iterable[TradeRollup], name: Callable[[TradeRollup], str]) -> tuple[Top, ...]:
    trades: defaultdict[tuple[str, str], int] = defaultdict(int)
    notional: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    of_currency: defaultdict[str, int] = defaultdict(int)
    for row in rows:
        key = (row.currency, name(row))
        trades[key] += row.trades
        notional[key] = _EXACT.add(notional[key], row.notional)
        of_currency[row.currency] += row.trades
    ordered = sorted(notional, key=lambda key: (-notional[key], key))
    seen: defaultdict[str, int] = defaultdict(int)
    ranked = []
    for currency, who in ordered:
        seen[currency] += 1
        ranked.append((seen[currency], -of_currency[currency], currency, who))
    return tuple(
        Top(who, currency, trades[currency, who], notional[currency, who])
        for _, _, currency, who in sorted(ranked)[:MOST_NAMES]
    )


@dataclass(frozen=True, slots=True)
class Stretch:
    """What a stretch of whole minutes has: messages, those with defects, trades, notional by currency."""

    messages: int
    defective: int
    trades: int
    notional: Mapping[str, Decimal]

    @property
    def is_empty(self) -> bool:
        """If nothing at all is known of it."""
        return not (self.messages or self.trades)


@dataclass(frozen=True, slots=True)
class Days:
    """The same stretch of today and of yesterday; not `complete`: one of them is known in part only."""

    today: Stretch
    yesterday: Stretch
    complete: bool

    @property
    def currency(self) -> str:
        """The currency whose notional is compared: that of the largest notional that both days have, or any has."""
        both = self.today.notional.keys() & self.yesterday.notional.keys()
        known = both or self.today.notional.keys() | self.yesterday.notional.keys()
        return max(
            known, key=lambda currency: (self.today.notional.get(currency, Decimal()), currency), default=""
        )


def days(reader: Reader, minutes: int, now: datetime) -> Days:
    """The last `minutes` that are over, and those of a day before. Raises DatabaseError likewise."""
    until = now.replace(second=0, microsecond=0)
    today, whole = _stretch(reader, until - timedelta(minutes=minutes), until)
    until -= _DAY
    yesterday, is_whole = _stretch(reader, until - timedelta(minutes=minutes), until)
    return Days(today, yesterday, whole and is_whole)


def _stretch(reader: Reader, since: datetime, until: datetime) -> tuple[Stretch, bool]:
    messages = reader.rollups.messages(Step.DAY, since, until, by=(MessagesBy.VERDICT,))
    trades = reader.rollups.trades(Step.DAY, since, until)
    notional: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in trades.rows:
        notional[row.currency] = _EXACT.add(notional[row.currency], row.notional)
    found = Stretch(
        messages=sum(of.messages for of in messages.rows),
        defective=sum(of.messages for of in messages.rows if of.verdict != "valid"),
        trades=sum(of.trades for of in trades.rows),
        notional=notional,
    )
    return found, messages.searched_to is None and trades.searched_to is None
