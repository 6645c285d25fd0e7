"""Sums by minute, hour and day, read: trades, messages, latencies, over a stretch of time, in bounded time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Final, LiteralString, Protocol, TypeVar

import psycopg
from psycopg.rows import class_row

from fixwatch.histogram import bounds, quantile
from fixwatch.store.asking import numbers, texts
from fixwatch.store.read_pool import ReadPool
from fixwatch.store.rollup_views import (
    Latency,
    LatencyRollup,
    MessageRollup,
    MessagesBy,
    Rollup,
    Step,
    TradeChoices,
    TradeRollup,
    TradesBy,
)
from fixwatch.store.sql import load
from fixwatch.store.trade_window import trade_window

_SQL: Final = load("rollup_reads")

#: Rows of sums that one reading may read: some 100 ms of Postgres.
SCAN_ROWS: Final = 200_000
#: Rows that one reading answers with.
MOST_ROWS: Final = 10_000
_MOST_CHOICES: Final = 500


class _OfStep(Protocol):
    @property
    def at(self) -> datetime: ...


Row = TypeVar("Row", bound=_OfStep)


class RollupReader:
    """Reads sums through a pool that somebody else owns; safe to share between threads.

    Every method raises `DatabaseError` when the database is not there, or takes longer than 3 s. A stretch is from
    `since` (included) to `until` (not); sums are of whole minutes, and a step that it cuts has the sum of its part.
    """

    def __init__(self, pool: ReadPool) -> None:
        self._pool = pool

    def trades(
        self,
        step: Step,
        since: datetime,
        until: datetime,
        *,
        by: Collection[TradesBy] = (),
        symbols: tuple[str, ...] | None = None,
        accounts: tuple[str, ...] | None = None,
        sides: tuple[str, ...] | None = None,
        sessions: tuple[int, ...] | None = None,
    ) -> Rollup[TradeRollup]:
        """Trades that count by the minute of TransactTime(60), by currency and `by`."""
        of = {
            **{f"by_{name.value}": name in by for name in TradesBy},
            "symbols": texts(symbols),
            "accounts": texts(accounts),
            "sides": texts(sides),
            "sessions": numbers(sessions),
        }
        return self._rows(TradeRollup, "trades", step, since, until, of)

    def messages(
        self,
        step: Step,
        since: datetime,
        until: datetime,
        *,
        by: Collection[MessagesBy] = (),
        sessions: tuple[int, ...] | None = None,
        msg_types: tuple[str, ...] | None = None,
    ) -> Rollup[MessageRollup]:
        """Messages by the minute of their Kafka timestamp, `by` session, MsgType(35), verdict."""
        of = {
            **{f"by_{name.value}": name in by for name in MessagesBy},
            "sessions": numbers(sessions),
            "msg_types": texts(msg_types),
        }
        return self._rows(MessageRollup, "messages", step, since, until, of)

    def latencies(
        self,
        kind: Latency,
        step: Step,
        since: datetime,
        until: datetime,
        *,
        by_session: bool = False,
        sessions: tuple[int, ...] | None = None,
    ) -> Rollup[LatencyRollup]:
        """Percentiles of latencies; by the minute in which the answer was sent, of the session that sent it."""
        of = {"kind": kind.value, "by_session": by_session, "sessions": numbers(sessions)}
        buckets = self._rows(_Bucket, "latencies", step, since, until, of)
        return Rollup(tuple(_percentiles(buckets.rows)), buckets.searched_to)

    def choices(self, minutes: int) -> TradeChoices:
        """Symbols and sides of the last `minutes` in which anything was traded; at most 500 each."""
        with self._pool.snapshot() as connection:
            window = trade_window(connection, minutes)
            of = {"since": window.since, "until": window.until, "limit": _MOST_CHOICES}
            return TradeChoices(
                symbols=tuple(symbol for (symbol,) in connection.execute(_SQL["traded_symbols"], of)),
                sides=tuple(side for (side,) in connection.execute(_SQL["traded_sides"], of)),
            )

    def _rows(
        self, row: type[Row], name: str, step: Step, since: datetime, until: datetime, of: dict[str, Any]
    ) -> Rollup[Row]:
        of |= {
            "step": step.length,
            "since": since,
            "until": until,
            "scan": SCAN_ROWS,
            "limit": _LIMITS[name] + 1,
        }
        with self._pool.snapshot() as connection:
            with connection.cursor(row_factory=class_row(row)) as cursor:
                rows = cursor.execute(_STATEMENTS[name], of).fetchall()
            reach = _reach(connection, name, of)
        if len(rows) < of["limit"]:
            return Rollup(tuple(rows), reach)
        # The last step may go on behind the last row.
        whole = [one for one in rows if one.at > rows[-1].at] or rows[:-1]
        return Rollup(tuple(whole), whole[-1].at)


_TABLES: Final[dict[str, LiteralString]] = {
    "trades": "trade_minutes",
    "messages": "message_minutes",
    "latencies": "latency_minutes",
}
_SCANNED: Final[dict[str, LiteralString]] = {
    name: _SQL["scanned"].format(table=table) for name, table in _TABLES.items()
}
_STATEMENTS: Final[dict[str, LiteralString]] = {
    name: _SQL[name].format(scanned=scanned) for name, scanned in _SCANNED.items()
}
_REACHES: Final[dict[str, LiteralString]] = {
    name: _SQL["reach"].format(scanned=scanned) for name, scanned in _SCANNED.items()
}
#: A histogram has some fifty rows.
_LIMITS: Final = {"trades": MOST_ROWS, "messages": MOST_ROWS, "latencies": 10 * MOST_ROWS}


def _reach(connection: psycopg.Connection[Any], name: str, of: dict[str, Any]) -> datetime | None:
    row = connection.execute(_REACHES[name], of).fetchone()
    return None if row is None else row[0]


@dataclass(frozen=True, slots=True)
class _Bucket:
    at: datetime
    session_id: int | None
    bucket: int
    count: int


def _percentiles(rows: Iterable[_Bucket]) -> Iterator[LatencyRollup]:
    for (at, session_id), buckets in groupby(rows, lambda row: (row.at, row.session_id)):
        counts = {row.bucket: row.count for row in buckets if row.count > 0}
        if not counts:
            continue
        p50, p90, p95, p99 = (_time(quantile(counts, share)) for share in (0.5, 0.9, 0.95, 0.99))
        yield LatencyRollup(
            at=at,
            session_id=session_id,
            count=sum(counts.values()),
            least=_time(bounds(min(counts))[0]),
            p50=p50,
            p90=p90,
            p95=p95,
            p99=p99,
            greatest=_time(bounds(max(counts))[1]),
        )


def _time(microseconds: int | None) -> timedelta:
    return timedelta(microseconds=microseconds or 0)
