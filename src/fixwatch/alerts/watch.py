"""The watcher: every few seconds it asks the rules what is wrong, and keeps in Postgres what fires and what is over.

One watches at a time; others wait for its connection to end. A database that is away is waited for: what happened
meanwhile cannot be known, what is wrong afterwards fires then.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from typing import Final

import psycopg

from fixwatch import session_settings
from fixwatch.alerts.rules import BY_LABEL, Moment, broken
from fixwatch.errors import DatabaseError
from fixwatch.settings import Settings
from fixwatch.store.alerts import AlertBook, Firing
from fixwatch.store.connection import wait_to_connect
from fixwatch.store.faults import reason
from fixwatch.store.order_views import OrderList
from fixwatch.store.reader import Reader
from fixwatch.telemetry import Seldom, logger

_log = logger("alerts")

#: Seconds without being seen after which an alert is over: what comes and goes is one alert.
GONE_AFTER: Final = 15.0
#: Stuck orders that are counted in a round.
_MOST_STUCK: Final = 500
_SWEEP_EVERY: Final = 3_600.0


class Watcher:
    """Watches until `stop` is set. `every`: seconds between two rounds, at most a few.

    Raises:
        DatabaseError: the URL of the database is not one.
        SettingsError: what is set for sessions cannot be read.
    """

    def __init__(self, settings: Settings, stop: threading.Event, every: float) -> None:
        self._url = settings.database_url.get_secret_value()
        self._rules = session_settings.load(settings.sessions)
        self._stop = stop
        self._every = every
        self._name = f"{socket.gethostname()}:{os.getpid()}"
        self._seldom = Seldom(60.0)

    def run(self) -> None:
        """Watch. Raises DatabaseError: Postgres refuses us for good, as where a permission is missing."""
        reader = Reader(self._url, self._rules)
        try:
            while not self._stop.is_set():
                try:
                    connection = wait_to_connect(
                        self._url,
                        application_name="fixwatch alert",
                        on_wait=self._away,
                        give_up=self._stop.is_set,
                        autocommit=True,
                    )
                except DatabaseError:
                    if self._stop.is_set():
                        return
                    raise
                with connection:
                    self._watch(connection, reader)
        finally:
            reader.close()

    def _watch(self, connection: psycopg.Connection, reader: Reader) -> None:
        """Watch through one connection, until it ends or we do."""
        try:
            book = AlertBook(connection)
            while not book.begin():
                if self._seldom.due("another"):
                    _log.info("another_watches")
                if self._stop.wait(self._every):
                    return
            _log.info("watching", every=self._every)
            rounds = _Rounds(book, self._name)
            while not self._stop.is_set():
                self._one_round(rounds, reader)
                self._stop.wait(self._every)
        except (psycopg.OperationalError, psycopg.errors.UndefinedTable) as error:
            self._away(reason(error))
            self._stop.wait(self._every)
        except psycopg.Error as error:
            raise DatabaseError(
                f"Postgres refuses what a watcher has to do: {reason(error)} (SQLSTATE {error.sqlstate})."
            ) from error

    def _one_round(self, rounds: _Rounds, reader: Reader) -> None:
        try:
            moment = read(reader)
        except DatabaseError as error:
            # Nothing is known of this moment, so nothing of it is kept: neither that it is well.
            self._away(str(error))
            return
        rounds.take(broken(moment, self._rules), time.monotonic())

    def _away(self, why: str) -> None:
        if self._seldom.due("away"):
            _log.warning("database_lost", reason=why)


class _Rounds:
    """From what is wrong in each round to what fires: what has lasted for as long as its rule wants."""

    def __init__(self, book: AlertBook, name: str) -> None:
        self._book = book
        self._name = name
        #: What fires, from an earlier watcher too, and since when the rest has been wrong.
        self._firing = book.firing()
        self._since: dict[tuple[str, str], float] = {}
        self._swept = float("-inf")

    def take(self, wrong: list[Firing], now: float) -> None:
        """Take what is wrong at `now`, s."""
        keys = {(firing.rule, firing.subject) for firing in wrong}
        self._since = {key: self._since.get(key, now) for key in keys}
        seen = [firing for firing in wrong if self._fires(firing, now)]
        ended = self._book.record(seen, GONE_AFTER, self._name)
        for firing in seen:
            if (firing.rule, firing.subject) not in self._firing:
                _log.warning(
                    "alert_fired",
                    rule=firing.rule,
                    severity=firing.severity,
                    about=firing.about,
                    why=firing.why,
                )
                self._firing.add((firing.rule, firing.subject))
        for over in ended:
            _log.info("alert_over", rule=over.rule, about=over.about)
            self._firing.discard((over.rule, over.subject))
        if now - self._swept >= _SWEEP_EVERY:
            self._book.sweep()
            self._swept = now

    def _fires(self, firing: Firing, now: float) -> bool:
        key = (firing.rule, firing.subject)
        return key in self._firing or now - self._since[key] >= BY_LABEL[firing.rule].seconds


def read(reader: Reader) -> Moment:
    """What the rules look at. Raises DatabaseError while the database does not answer."""
    return Moment(
        health=reader.health(),
        sessions=reader.sessions.list(),
        stuck=reader.orders.list(OrderList.STUCK, limit=_MOST_STUCK).orders,
        gaps=reader.system.gaps(),
    )
