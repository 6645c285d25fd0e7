"""Which stretch of time the screens show of trades."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import psycopg

from fixwatch.store.figures import Window
from fixwatch.store.sql import load

_NEWEST: Final = load("rollup_reads")["newest_trade_minute"]


def trade_window(connection: psycopg.Connection[Any], minutes: int) -> Window:
    """The last `minutes`; where nothing was traded in them, those that end with the newest trade."""
    (row,) = connection.execute(_NEWEST)
    now: datetime = row[0].astimezone(UTC)
    newest: datetime | None = row[1]
    until = now.replace(second=0, microsecond=0) + timedelta(minutes=1)
    length = timedelta(minutes=minutes)
    if newest is None or newest >= until - length:
        return Window(until - length, until, live=True)
    until = newest + timedelta(minutes=1)
    return Window(until - length, until, live=False)
