"""Alerts, read: what fires and what did, in bounded time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from fixwatch.store.asking import BIGINTS, every, only
from fixwatch.store.read_pool import ReadPool
from fixwatch.store.sql import load

_SQL: Final = load("alerts")

#: A watcher looks every few seconds; one that has not for so long is gone.
_GONE: Final = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert: `rule` was broken by `subject` from `fired_at` on, until `resolved_at`, None while it is.

    `about` is the subject as people know it, `why` what was wrong when it was last seen.
    """

    alert_id: int
    rule: str
    subject: str
    severity: str
    about: str
    why: str
    fired_at: datetime
    seen_at: datetime
    resolved_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    note: str | None

    @property
    def place(self) -> AlertPlace:
        """Its place in the history."""
        return AlertPlace(self.resolved_at or self.seen_at, self.alert_id)


class AlertPlace(NamedTuple):
    """A place in the history, which is in the order of ends."""

    resolved_at: datetime
    alert_id: int


@dataclass(frozen=True, slots=True)
class AlertCounts:
    """What fires, what of it nobody acknowledged, what of that is critical; `looked_at`: when somebody watched."""

    firing: int
    unacknowledged: int
    critical: int
    looked_at: datetime | None
    at: datetime

    @property
    def watched(self) -> bool:
        """If somebody looks now: else nothing fires, whatever is wrong."""
        return self.looked_at is not None and self.at - self.looked_at < _GONE


class AlertReader:
    """Reads through a pool that somebody else owns; safe to share between threads.

    Every method raises `DatabaseError` when the database is not there, or takes longer than 3 s.
    """

    def __init__(self, pool: ReadPool) -> None:
        self._pool = pool

    def counts(self) -> AlertCounts:
        """How many fire."""
        with self._pool.snapshot() as connection:
            return only(connection, AlertCounts, _SQL["counts"])

    def firing(self, *, limit: int = 500) -> tuple[Alert, ...]:
        """What fires: critical first, the newest first."""
        with self._pool.snapshot() as connection:
            return every(connection, Alert, _SQL["open_alerts"], {"limit": limit})

    def history(self, *, before: AlertPlace | None = None, limit: int = 100) -> tuple[Alert, ...]:
        """What is over, the latest end first, or those that ended before `before`."""
        of = {
            "before_time": None if before is None else before.resolved_at,
            "before_id": BIGINTS[-1] if before is None else before.alert_id,
            "limit": limit,
        }
        with self._pool.snapshot() as connection:
            return every(connection, Alert, _SQL["history"], of)
