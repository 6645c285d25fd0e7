"""Trades, read: lists by any of their filters, totals, and all that match, one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final, LiteralString

import psycopg
from psycopg.rows import class_row, dict_row

from fixwatch.store.asking import BIGINTS, INTEGERS, numbers, texts
from fixwatch.store.read_pool import ReadPool
from fixwatch.store.sql import load
from fixwatch.store.trade_views import Trade, TradeFilter, TradeKey, TradePage, TradeSum, TradeTotals

_SQL: Final = load("trade_reads")

#: Trades that one reading may look at: some 50 ms of Postgres.
SCAN_TRADES: Final = 20_000
#: Rows of minutes that one total may read: some 100 ms.
SCAN_MINUTES: Final = 200_000
#: Of so many symbols, accounts or sessions each has its own stretch of an index read.
_MOST_VALUES: Final = 100
#: Where something else is asked for too, so many times a page is read first: half or a quarter of all match a side.
_FIRST_STRETCH: Final = 8
#: Trades that a cursor brings at once.
_FETCHED: Final = 2_000
_MINUTE: Final = timedelta(minutes=1)
_MICROSECOND: Final = timedelta(microseconds=1)

#: What has an index of its own beside all trades, what picks least first, and the ids.
_VALUES: Final = ("accounts", "symbols", "sessions")
_ORDER_IDS: Final = ("cl_ord_ids", "order_ids", "orders")
#: What the minutes' sums know.
_OF_MINUTES: Final = {"symbols", "accounts", "sides", "sessions", "since", "until"}


@dataclass(frozen=True, slots=True)
class _Way:
    """A way to what matches: the statements that go it, and their parameters.

    `goes_on`: where it ends early, another page goes on from there.
    """

    page: LiteralString
    totals: LiteralString
    each: int = 0
    goes_on: bool = True


class TradeReader:
    """Reads trades through a pool that somebody else owns; safe to share between threads.

    Every method raises `DatabaseError` when the database is not there, or takes longer than 3 s.
    """

    def __init__(self, pool: ReadPool) -> None:
        self._pool = pool

    def page(self, wanted: TradeFilter, *, before: TradeKey | None = None, limit: int = 200) -> TradePage:
        """A page of the trades that match: the newest, or those before `before`."""
        if _is_empty(wanted):
            return TradePage((), older=None, searched_to=None)
        best = TradePage((), older=None, searched_to=None)
        with self._pool.snapshot() as connection:
            for way in _ways(wanted, limit):
                found = _page(connection, way, _parameters(wanted, before, limit, way))
                if found.searched_to is None:
                    return found
                if best.searched_to is None or (way.goes_on and found.searched_to < best.searched_to):
                    best = found
        return best

    def totals(self, wanted: TradeFilter) -> TradeTotals:
        """What the trades that match come to: from the sums of minutes where the filter is one that these know."""
        if _is_empty(wanted):
            return TradeTotals((), searched_to=None, from_rollups=False)
        best = TradeTotals((), searched_to=None, from_rollups=False)
        # One more than it may look at: it never has enough.
        limit = SCAN_TRADES + 1
        with self._pool.snapshot() as connection:
            if _given(wanted) <= _OF_MINUTES:
                found, is_cut = _sums(connection, _TOTALS_OF_MINUTES, _of_minutes(wanted))
                if not is_cut:
                    return replace(found, from_rollups=True)
            for way in _ways(wanted, limit):
                of = _parameters(wanted, None, limit, way) | {"scan": SCAN_TRADES}
                found, _ = _sums(connection, way.totals, of)
                if found.searched_to is None:
                    return found
                if best.searched_to is None or (way.goes_on and found.searched_to < best.searched_to):
                    best = found
        return best

    def stream(self, wanted: TradeFilter) -> Iterator[Trade]:
        """All trades that match, the first stored first, of one moment, in bounded memory: for exports.

        It has a connection of its own as long as it goes on, and takes as long as it takes; close it (or let go of
        it) to end it early.
        """
        if _is_empty(wanted):
            return
        of = _parameters(wanted, None, SCAN_TRADES, None)
        with (
            self._pool.long_snapshot() as connection,
            connection.cursor("trades", row_factory=class_row(Trade)) as cursor,
        ):
            cursor.itersize = _FETCHED
            yield from cursor.execute(_whole(_leading(_given(wanted))), of)


def _ways(wanted: TradeFilter, limit: int) -> Iterator[_Way]:
    """The ways to what matches, the best first: the next one is gone where one is not enough."""
    by_time = wanted.since is not None or wanted.until is not None
    at: LiteralString = "traded_at" if by_time else "ingested_at"
    given = _given(wanted)
    leading = _leading(given)
    if leading is not None:
        yield _found(leading, at)
        return
    indexed: list[tuple[LiteralString, int]] = [
        (name, len(getattr(wanted, name))) for name in _VALUES if name in given
    ]
    indexed = [(name, count) for name, count in indexed if count <= _MOST_VALUES]
    if by_time or not indexed:
        yield _Way(_head("head_all", "tail_page", at), _head("head_all", "tail_totals", at))
    for name, count in indexed:
        if by_time:
            # All that it has, where it has little: what was traded long ago may have been stored at any time.
            yield _found("found_each", at, name)
        else:
            most = max(SCAN_TRADES // count, 1)
            # All of a stretch is read before a page is made of it: a short one is enough for what matches often.
            lengths = [limit] if given == {name} else [max(_FIRST_STRETCH * limit // count, 1), most]
            for each in sorted({min(length, most) for length in lengths}):
                yield _Way(
                    _head("head_each", "tail_page", at, name),
                    _head("head_each", "tail_totals", at, name),
                    each=each,
                )


def _leading(given: set[str]) -> LiteralString | None:
    """The statement that ids lead to trades by, None where there are none."""
    if given.intersection(_ORDER_IDS):
        return "found_orders"
    return "found_exec_ids" if "exec_ids" in given else None


def _found(found: LiteralString, at: LiteralString, values: LiteralString = "symbols") -> _Way:
    return _Way(
        _head("head_found", "tail_page", at, values, found),
        _head("head_found", "tail_totals", at, values, found),
        goes_on=False,
    )


@cache
def _head(
    head: LiteralString,
    tail: LiteralString,
    at: LiteralString,
    values: LiteralString = "symbols",
    found: LiteralString = "found_each",
) -> LiteralString:
    """A head and a tail as one statement, every name in braces set in."""
    return (_SQL[head] + "\n" + _SQL[tail]).format(
        at=at, found=_leads(found, values), of_key=_SQL["of_key"], **_parts(at, values)
    )


def _parts(at: LiteralString, values: LiteralString) -> dict[str, LiteralString]:
    parts = {name: _SQL[name].format(at=at) for name in ("order", "slim", "before", "wanted", "columns")}
    return parts | {
        "stretch": _SQL["stretch_traded" if at == "traded_at" else "stretch_stored"],
        "values": _SQL[f"values_{values}"],
        "of_value": _SQL[f"of_{values}"],
    }


def _leads(found: LiteralString, values: LiteralString) -> LiteralString:
    return _SQL[found].format(values=_SQL[f"values_{values}"], of_value=_SQL[f"of_{values}"])


@cache
def _whole(found: LiteralString | None) -> LiteralString:
    among = (
        _SQL["among_all"]
        if found is None
        else _SQL["among_found"].format(found=_leads(found, "symbols"), of_key=_SQL["of_key"])
    )
    return _SQL["whole"].format(columns=_SQL["columns"], wanted=_SQL["wanted"], among=among)


_TOTALS_OF_MINUTES: Final = _SQL["totals_of_minutes"].format(slim=_SQL["slim"], wanted=_SQL["wanted"])


def _page(connection: psycopg.Connection[Any], way: _Way, of: Mapping[str, Any]) -> TradePage:
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(way.page, of).fetchall()
    at, *key = (rows[0][f"reach_{name}"] for name in _KEY)
    reach = None if at is None else TradeKey(at, *key)
    trades = tuple(
        Trade(**{name: value for name, value in row.items() if not name.startswith("reach_")})
        for row in rows
        if row["exec_id"] is not None
    )
    if reach is not None:
        return TradePage(trades, older=reach if way.goes_on else None, searched_to=reach.at)
    if len(trades) < of["limit"]:
        return TradePage(trades, older=None, searched_to=None)
    last = trades[-1]
    at = last.traded_at if of["by_time"] else last.ingested_at
    older = TradeKey(at, last.session_id, last.exec_id, last.side_no, last.trading_day)
    return TradePage(trades, older, searched_to=None)


def _sums(
    connection: psycopg.Connection[Any], statement: LiteralString, of: Mapping[str, Any]
) -> tuple[TradeTotals, bool]:
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(statement, of).fetchall()
    searched_to, is_cut = rows[0]["searched_to"], rows[0]["is_cut"]
    names = [field.name for field in fields(TradeSum)]
    sums = tuple(TradeSum(**{name: row[name] for name in names}) for row in rows if row["trades"] is not None)
    return TradeTotals(sums, searched_to, from_rollups=False), is_cut


_KEY: Final = [field.name for field in fields(TradeKey)]
_FIRST_KEY: Final[dict[str, Any]] = {
    "time": None,
    "session": INTEGERS[-1],
    "exec_id": "",
    "side_no": 0,
    "day": None,
}


def _parameters(wanted: TradeFilter, before: TradeKey | None, limit: int, way: _Way | None) -> dict[str, Any]:
    given = _given(wanted)
    key = _FIRST_KEY
    if before is not None:
        key = {
            "time": before.at,
            "session": before.session_id,
            "exec_id": before.exec_id,
            "side_no": before.side_no,
            "day": before.trading_day,
        }
    return {
        **_values(wanted),
        "only_exec_ids": texts(wanted.exec_ids) if given.intersection(_ORDER_IDS) else None,
        **{f"before_{name}": value for name, value in key.items()},
        "by_time": wanted.since is not None or wanted.until is not None,
        "limit": limit,
        "scan": max(SCAN_TRADES, limit) if given else limit,
        "each": way.each if way else 0,
    }


def _of_minutes(wanted: TradeFilter) -> dict[str, Any]:
    first = None if wanted.since is None else _floor(wanted.since + _MINUTE - _MICROSECOND)
    end = None if wanted.until is None else _floor(wanted.until)
    if first is not None and end is not None:
        # Both within one minute: it is read once.
        end = max(first, end)
    return {
        **_values(wanted),
        "only_exec_ids": None,
        "first_minute": first,
        "end_minute": end,
        "scan": SCAN_MINUTES,
        "scan_trades": SCAN_TRADES,
    }


def _values(wanted: TradeFilter) -> dict[str, Any]:
    return {
        **{
            name: texts(getattr(wanted, name))
            for name in (
                "symbols",
                "accounts",
                "sides",
                "venues",
                "statuses",
                "cl_ord_ids",
                "order_ids",
                "exec_ids",
            )
        },
        "sessions": numbers(wanted.sessions),
        "orders": numbers(wanted.orders, BIGINTS),
        "since": wanted.since,
        "until": wanted.until,
    }


def _floor(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)


def _given(wanted: TradeFilter) -> set[str]:
    """The names of what the filter asks for."""
    return {field.name for field in fields(wanted) if getattr(wanted, field.name) is not None}


def _is_empty(wanted: TradeFilter) -> bool:
    """If nothing can match: no value of a list, a stretch that ends before it begins."""
    nothing = any(value == [] for value in _values(wanted).values())
    ends = wanted.since is not None and wanted.until is not None and wanted.until <= wanted.since
    return nothing or ends
