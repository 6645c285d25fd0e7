"""The read side: every question of the dashboard and the API, answered in bounded time whatever the size of the log.

Sums by minute, small tables and bounded stretches of indexes only. What is asked of one subject is in a reader of its
own; here are the answers that take something of each. The statements are in the `.sql` files of the same names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import psycopg

from fixwatch.session_settings import SessionSettings
from fixwatch.store import figures
from fixwatch.store.alert_reader import AlertReader
from fixwatch.store.asking import every, only
from fixwatch.store.message_reader import MessageReader
from fixwatch.store.order_reader import OrderReader
from fixwatch.store.quarantine_reader import QuarantineReader
from fixwatch.store.read_pool import ReadPool
from fixwatch.store.rollup_reader import RollupReader
from fixwatch.store.session_reader import SessionReader
from fixwatch.store.sql import load
from fixwatch.store.system_reader import SystemReader
from fixwatch.store.trade_reader import TradeReader
from fixwatch.store.trade_window import trade_window

#: Trades that are counted for a rate; a rate above this a minute comes from the newest ones.
_COUNTED_TRADES: Final = 10_000
_INGEST_HISTORY_MINUTES: Final = 10
_INGEST_STEP_SECONDS: Final = 5
#: Bars of a chart of trades over time: at most this many.
_MOST_STEPS: Final = 60
_STEPS: Final = (1, 2, 5, 10, 15, 30, 60)

_NO_RULES: Final = SessionSettings()
_SQL: Final = load("reads")


class Reader:
    """Reads from Postgres; safe to share between threads. `rules` are what is set for sessions.

    Every method, of the readers of one subject too, raises `DatabaseError` when the database is not there, is not
    migrated, or takes longer than 3 s; the message is for people and holds no password. Names and numbers that no row
    can have find nothing.

    Attributes:
        orders: orders by ids, their timelines, lists of them.
        trades: lists, totals and exports of trades.
        rollups: sums and percentiles by minute, hour and day.
        sessions: sessions, their events and sequence numbers.
        messages: the log.
        quarantine: what was asked for of messages that are kept back.
        system: ingesters, streams, batches, sizes.
        alerts: what fires, and what did.

    Raises:
        DatabaseError: `database_url` is not a libpq URL.
    """

    def __init__(self, database_url: str, rules: SessionSettings = _NO_RULES) -> None:
        self._pool = ReadPool(database_url)
        self.orders = OrderReader(self._pool, rules)
        self.trades = TradeReader(self._pool)
        self.rollups = RollupReader(self._pool)
        self.sessions = SessionReader(self._pool)
        self.messages = MessageReader(self._pool)
        self.quarantine = QuarantineReader(self._pool)
        self.system = SystemReader(self._pool)
        self.alerts = AlertReader(self._pool)

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()

    def health(self) -> figures.Health:
        """What the status line is made from."""
        with self._pool.snapshot() as connection:
            return figures.Health(
                rates=only(connection, figures.IngestRates, _SQL["ingest_rates"]),
                lag=only(connection, figures.Lag, _SQL["lag"]),
                ingesters=every(connection, figures.Ingester, _SQL["ingesters"]),
                session_counts=only(connection, figures.SessionCounts, _SQL["session_counts"]),
                recent=only(
                    connection,
                    figures.MessageTotals,
                    _SQL["message_totals"],
                    {"minutes": figures.RECENT_MINUTES},
                ),
            )

    def overview(self, minutes: int, *, symbols: int = 12) -> figures.Overview:
        """The front page over the last `minutes`, with the `symbols` of the greatest notional."""
        with self._pool.snapshot() as connection:
            window = trade_window(connection, minutes)
            step_minutes = _step(window.minutes)
            span = {"since": window.since, "until": window.until}
            rates = only(connection, figures.IngestRates, _SQL["ingest_rates"])
            return figures.Overview(
                rates=rates,
                trades_per_second=_trades_per_second(connection, rates.seconds),
                lag=only(connection, figures.Lag, _SQL["lag"]),
                messages=only(
                    connection, figures.MessageTotals, _SQL["message_totals"], {"minutes": minutes}
                ),
                trades=_scalar(connection, "trade_totals", span),
                window=window,
                session_counts=only(connection, figures.SessionCounts, _SQL["session_counts"]),
                ingesters=every(connection, figures.Ingester, _SQL["ingesters"]),
                symbols=every(
                    connection, figures.SymbolVolume, _SQL["trades_by_symbol"], {**span, "limit": symbols}
                ),
                trade_steps=every(
                    connection,
                    figures.TradeStep,
                    _SQL["trades_over_time"],
                    {**span, "step_minutes": step_minutes},
                ),
                trade_step_minutes=step_minutes,
                ingest_steps=every(
                    connection,
                    figures.IngestStep,
                    _SQL["ingest_history"],
                    {"minutes": _INGEST_HISTORY_MINUTES, "step_seconds": _INGEST_STEP_SECONDS},
                ),
                ingest_step_seconds=_INGEST_STEP_SECONDS,
                defects=every(
                    connection, figures.DefectCount, _SQL["defect_counts"], {"minutes": minutes, "limit": 20}
                ),
            )

    def defect_counts(self, minutes: int, *, limit: int = 20) -> tuple[figures.DefectCount, ...]:
        """The commonest defects of the last `minutes`."""
        with self._pool.snapshot() as connection:
            return every(
                connection, figures.DefectCount, _SQL["defect_counts"], {"minutes": minutes, "limit": limit}
            )


def _scalar(connection: psycopg.Connection[Any], name: str, parameters: Mapping[str, Any]) -> int:
    (row,) = connection.execute(_SQL[name], parameters)
    return int(row[0])


def _step(minutes: int) -> int:
    """Minutes a bar of a chart of trades over `minutes`."""
    return next((step for step in _STEPS if minutes <= step * _MOST_STEPS), _STEPS[-1])


def _trades_per_second(connection: psycopg.Connection[Any], seconds: float) -> float:
    (row,) = connection.execute(_SQL["trade_rate"], {"most": _COUNTED_TRADES})
    trades, since, now = row
    if trades == _COUNTED_TRADES:
        seconds = max(1.0, (now - since).total_seconds())
    return float(trades) / seconds
