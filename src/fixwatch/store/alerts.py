"""Alerts in Postgres: written by whoever watches, acknowledged by people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import psycopg

from fixwatch.store.connection import LET_GO
from fixwatch.store.operating import operating, signed
from fixwatch.store.sql import load

#: Characters.
MOST_TEXT: Final = 1_000
#: Alerts that are acknowledged at once.
MOST_ACKNOWLEDGED: Final = 1_000
#: Days that an alert is kept after its end.
_KEPT_DAYS: Final = 90

_SQL: Final = load("alerts")


@dataclass(frozen=True, slots=True)
class Firing:
    """A rule that is broken by a subject: '' the system itself. `about` is the subject as people know it."""

    rule: str
    subject: str
    severity: str
    about: str
    why: str


class Ended(NamedTuple):
    """An alert that is over."""

    rule: str
    subject: str
    about: str


class AlertBook:
    """What fires, written through an autocommit connection that somebody else owns; any psycopg.Error passes."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        for statement in LET_GO:
            connection.execute(statement)

    def begin(self) -> bool:
        """Become the one who watches, as long as the connection lasts; False: somebody else does."""
        row = self._connection.execute(_SQL["begin"]).fetchone()
        return row is not None and bool(row[0])

    def firing(self) -> set[tuple[str, str]]:
        """Rules and subjects of what fires."""
        return {(rule, subject) for rule, subject in self._connection.execute(_SQL["firing"])}

    def record(self, seen: Sequence[Firing], gone_after: float, watcher: str) -> list[Ended]:
        """One round: what is seen fires, or goes on; what was not seen for `gone_after` s is over, and returned."""
        with self._connection.transaction():
            if seen:
                self._connection.execute(_SQL["see"], _columns(seen))
            ended = self._connection.execute(_SQL["resolve"], {"seconds": gone_after}).fetchall()
            self._connection.execute(_SQL["record_round"], {"watcher": watcher})
        return [Ended(*row) for row in ended]

    def sweep(self) -> None:
        """Forget what ended three months ago."""
        self._connection.execute(_SQL["sweep"], {"days": _KEPT_DAYS})


def acknowledge(database_url: str, alert_ids: Iterable[int], *, by: str, note: str = "") -> int:
    """Say that somebody has seen these alerts; how many nobody had before. Who was first stays.

    Raises:
        ValueError: nobody says it, a text is too long or Postgres cannot hold it, or there are too many alerts.
        DatabaseError: the database is not there, or its user may not.
    """
    by, note = signed(by, note)
    ids = list(alert_ids)
    if not 0 < len(ids) <= MOST_ACKNOWLEDGED:
        raise ValueError(f"1 to {MOST_ACKNOWLEDGED:,} alerts at a time.")
    with operating(database_url, "alerts") as connection:
        return connection.execute(_SQL["acknowledge"], {"alert_ids": ids, "by": by, "note": note}).rowcount


def _columns(seen: Sequence[Firing]) -> dict[str, list[str]]:
    return {
        "rule": [firing.rule for firing in seen],
        "subject": [firing.subject for firing in seen],
        "severity": [firing.severity for firing in seen],
        "about": [_fit(firing.about) for firing in seen],
        "why": [_fit(firing.why) for firing in seen],
    }


def _fit(text: str) -> str:
    return text if len(text) <= MOST_TEXT else text[: MOST_TEXT - 1] + "…"
