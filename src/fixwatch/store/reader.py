"""The read side: every question of the dashboard, each answered in bounded time whatever the size of the log.

Rollups and bounded stretches of indexes only; the statements are in `reads.sql`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

import psycopg
from psycopg.rows import class_row

from fixwatch.store import figures, sql, views
from fixwatch.store.order_reader import OrderReader
from fixwatch.store.read_pool import ReadPool
from fixwatch.store.session_reader import SessionReader

Row = TypeVar("Row")

#: Rows that one reading may search for matches of a filter: some 50 ms of Postgres.
SCAN_ROWS: Final = 20_000
#: Bytes of a message that are read for people: nobody reads on, and records may be megabytes.
MOST_RAW_BYTES: Final = 64 * 1024
#: Trades that are counted for a rate; a rate above this a minute comes from the newest ones.
_COUNTED_TRADES: Final = 10_000
#: What counts as recent for the status line and the sessions page.
RECENT_MINUTES: Final = 5
_INGEST_HISTORY_MINUTES: Final = 10
_INGEST_STEP_SECONDS: Final = 5
_MOST_SESSIONS: Final = 500
_MOST_CHOICES: Final = 500
#: Bars of a chart of trades over time: at most this many.
_MOST_STEPS: Final = 60
_STEPS: Final = (1, 2, 5, 10, 15, 30, 60)
#: Where the newest page begins: before everything.
_END: Final = (None, 2**31 - 1, "", 0, None)

_SQL: Final = sql.load("reads")


class Reader:
    """Reads from Postgres; safe to share between threads.

    Every method raises `DatabaseError` when the database is not there, is not migrated, or takes longer than
    3 s; the message is for people and holds no password.

    Raises:
        DatabaseError: `database_url` is not a libpq URL.
    """

    def __init__(self, database_url: str) -> None:
        self._pool = ReadPool(database_url)
        #: What is asked of orders.
        self.orders = OrderReader(self._pool)
        #: What is asked of sessions besides their figures.
        self.of_sessions = SessionReader(self._pool)

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()

    def health(self) -> figures.Health:
        """What the status line is made from."""
        with self._pool.snapshot() as connection:
            return figures.Health(
                rates=_one(connection, figures.IngestRates, "ingest_rates"),
                lag=_one(connection, figures.Lag, "lag"),
                ingesters=_rows(connection, figures.Ingester, "ingesters"),
                session_counts=_one(connection, figures.SessionCounts, "session_counts"),
                recent=_one(connection, figures.MessageTotals, "message_totals", {"minutes": RECENT_MINUTES}),
            )

    def overview(self, minutes: int, *, symbols: int = 12) -> figures.Overview:
        """The front page over the last `minutes`, with the `symbols` of the greatest notional."""
        with self._pool.snapshot() as connection:
            window = _trade_window(connection, minutes)
            step_minutes = _step(window.minutes)
            span = {"since": window.since, "until": window.until}
            rates = _one(connection, figures.IngestRates, "ingest_rates")
            return figures.Overview(
                rates=rates,
                trades_per_second=_trades_per_second(connection, rates.seconds),
                lag=_one(connection, figures.Lag, "lag"),
                messages=_one(connection, figures.MessageTotals, "message_totals", {"minutes": minutes}),
                trades=_scalar(connection, "trade_totals", span),
                window=window,
                session_counts=_one(connection, figures.SessionCounts, "session_counts"),
                ingesters=_rows(connection, figures.Ingester, "ingesters"),
                symbols=_rows(
                    connection, figures.SymbolVolume, "trades_by_symbol", {**span, "limit": symbols}
                ),
                trade_steps=_rows(
                    connection, figures.TradeStep, "trades_over_time", {**span, "step_minutes": step_minutes}
                ),
                trade_step_minutes=step_minutes,
                ingest_steps=_rows(
                    connection,
                    figures.IngestStep,
                    "ingest_history",
                    {"minutes": _INGEST_HISTORY_MINUTES, "step_seconds": _INGEST_STEP_SECONDS},
                ),
                ingest_step_seconds=_INGEST_STEP_SECONDS,
                defects=_rows(
                    connection, figures.DefectCount, "defect_counts", {"minutes": minutes, "limit": 20}
                ),
            )

    def sessions(self) -> tuple[views.Session, ...]:
        """The directions of all sessions, by name; at most 500."""
        parameters = {"minutes": RECENT_MINUTES, "limit": _MOST_SESSIONS}
        with self._pool.snapshot() as connection:
            return _rows(connection, views.Session, "sessions", parameters)

    def trade_choices(self, minutes: int) -> views.TradeChoices:
        """Symbols and sides of the last `minutes` in which anything was traded; at most 500 each."""
        with self._pool.snapshot() as connection:
            window = _trade_window(connection, minutes)
            parameters = {"since": window.since, "until": window.until, "limit": _MOST_CHOICES}
            return views.TradeChoices(
                symbols=tuple(row[0] for row in connection.execute(_SQL["traded_symbols"], parameters)),
                sides=tuple(row[0] for row in connection.execute(_SQL["traded_sides"], parameters)),
            )

    def trades(
        self, wanted: views.TradeFilter, *, before: views.TradeKey | None = None, limit: int = 200
    ) -> views.TradePage:
        """A page of the blotter: the newest trades that match, or those before `before`."""
        time, session_id, exec_id, side_no, day = (
            _END
            if before is None
            else (before.ingested_at, before.session_id, before.exec_id, before.side_no, before.trading_day)
        )
        filtered = wanted != views.TradeFilter()
        parameters = {
            "before_time": time,
            "before_session": session_id,
            "before_exec_id": exec_id,
            "before_side_no": side_no,
            "before_day": day,
            "symbols": _array(wanted.symbols),
            "sides": _array(wanted.sides),
            "sessions": _array(wanted.sessions),
            "limit": limit,
            "scan": SCAN_ROWS if filtered else limit,
        }
        with self._pool.snapshot() as connection:
            trades = _rows(connection, views.Trade, "trades", parameters)
            if len(trades) == limit:
                return views.TradePage(trades, older=trades[-1].key, searched_to=None)
            reach = _first(connection, views.TradeKey, "trades_reach", parameters)
        return views.TradePage(trades, older=reach, searched_to=None if reach is None else reach.ingested_at)

    def defective_messages(
        self,
        *,
        only_quarantined: bool = True,
        reasons: tuple[str, ...] | None = None,
        sessions: tuple[int, ...] | None = None,
        limit: int = 200,
    ) -> views.DefectivePage:
        """The newest messages with defects; `reasons` are labels of `DefectReason`, `sessions` session ids."""
        parameters = {
            "only_quarantined": only_quarantined,
            "reasons": _array(reasons),
            "sessions": _array(sessions),
            "limit": limit,
            "scan": SCAN_ROWS,
        }
        with self._pool.snapshot() as connection:
            messages = _rows(connection, views.DefectiveMessage, "defective_messages", parameters)
            if len(messages) == limit:
                return views.DefectivePage(messages, searched_to=None)
            reach = connection.execute(_SQL["defective_reach"], parameters).fetchone()
        return views.DefectivePage(messages, searched_to=None if reach is None else reach[0])

    def defect_counts(self, minutes: int, *, limit: int = 20) -> tuple[figures.DefectCount, ...]:
        """The commonest defects of the last `minutes`."""
        with self._pool.snapshot() as connection:
            return _rows(
                connection, figures.DefectCount, "defect_counts", {"minutes": minutes, "limit": limit}
            )

    def message(self, stream_id: int, kafka_offset: int) -> views.StoredMessage | None:
        """The message at a place in the topic, its first 64 KiB; None where there is none."""
        parameters = {"stream_id": stream_id, "kafka_offset": kafka_offset, "most_bytes": MOST_RAW_BYTES}
        with self._pool.snapshot() as connection:
            return _first(connection, views.StoredMessage, "message", parameters)


def _rows(
    connection: psycopg.Connection[Any],
    row: type[Row],
    name: str,
    parameters: Mapping[str, Any] | None = None,
) -> tuple[Row, ...]:
    with connection.cursor(row_factory=class_row(row)) as cursor:
        return tuple(cursor.execute(_SQL[name], parameters))


def _first(
    connection: psycopg.Connection[Any],
    row: type[Row],
    name: str,
    parameters: Mapping[str, Any] | None = None,
) -> Row | None:
    with connection.cursor(row_factory=class_row(row)) as cursor:
        return cursor.execute(_SQL[name], parameters).fetchone()


def _one(
    connection: psycopg.Connection[Any],
    row: type[Row],
    name: str,
    parameters: Mapping[str, Any] | None = None,
) -> Row:
    (only,) = _rows(connection, row, name, parameters)
    return only


def _scalar(connection: psycopg.Connection[Any], name: str, parameters: Mapping[str, Any]) -> int:
    (row,) = connection.execute(_SQL[name], parameters)
    return int(row[0])


def _array(values: tuple[Any, ...] | None) -> list[Any] | None:
    # psycopg makes arrays of lists; of tuples it makes records.
    return None if values is None else list(values)


def _step(minutes: int) -> int:
    """Minutes a bar of a chart of trades over `minutes`."""
    return next((step for step in _STEPS if minutes <= step * _MOST_STEPS), _STEPS[-1])


def _trade_window(connection: psycopg.Connection[Any], minutes: int) -> figures.Window:
    """The last `minutes`; where nothing was traded in them, those that end with the newest trade."""
    (row,) = connection.execute(_SQL["newest_trade_minute"])
    now: datetime = row[0].astimezone(UTC)
    newest: datetime | None = row[1]
    until = now.replace(second=0, microsecond=0) + timedelta(minutes=1)
    length = timedelta(minutes=minutes)
    if newest is None or newest >= until - length:
        return figures.Window(until - length, until, live=True)
    until = newest + timedelta(minutes=1)
    return figures.Window(until - length, until, live=False)


def _trades_per_second(connection: psycopg.Connection[Any], seconds: float) -> float:
    (row,) = connection.execute(_SQL["trade_rate"], {"most": _COUNTED_TRADES})
    trades, since, now = row
    if trades == _COUNTED_TRADES:
        seconds = max(1.0, (now - since).total_seconds())
    return float(trades) / seconds
