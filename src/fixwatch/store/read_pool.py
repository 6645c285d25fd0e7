"""Connections for reading: few, read-only, impatient, and calm about a database that is not there.

A screen asks every second or two. So a reading never waits long: a statement is cut off, a server that is away
is asked again only after a moment, and whoever asks in between gets the same answer at once.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg_pool import ConnectionPool, PoolTimeout

from fixwatch.errors import DatabaseError

#: A statement that runs longer is cut off: the server has other work, and the viewer has stopped waiting.
STATEMENT_TIMEOUT_MS: Final = 3_000
#: How long a reading waits for a connection.
_POOL_TIMEOUT_S: Final = 2.0
_CONNECT_TIMEOUT_S: Final = 2
#: After a failure nobody tries again for this long: the viewers of a dead database cost nothing.
_OUTAGE_S: Final = 1.0
_MOST_CONNECTIONS: Final = 4

#: Everything that is read is small or a stretch of an index. A plan that reads a whole table instead, because
#: statistics are old or the values of a filter are not known, would make an answer's cost grow with the log. To
#: compile a plan (jit), or to start workers for it, takes longer than any answer; and so does planning, of a view or
#: of a partition for each day: a statement that is asked again has the plan that it had.
_PLANS: Final = (
    "-c jit=off -c max_parallel_workers_per_gather=0 -c plan_cache_mode=force_generic_plan"
    " -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off"
)
_CONNECTION: Final[dict[str, Any]] = {
    "application_name": "fixwatch dashboard",
    "connect_timeout": _CONNECT_TIMEOUT_S,
    "options": f"-c timezone=UTC {_PLANS} -c statement_timeout={STATEMENT_TIMEOUT_MS}",
}
#: An export takes as long as it takes, but not when its reader is gone.
_LONG_CONNECTION: Final[dict[str, Any]] = _CONNECTION | {
    "application_name": "fixwatch export",
    "options": f"-c timezone=UTC {_PLANS} -c idle_in_transaction_session_timeout=600s",
}

_SAFE_HOST: Final = re.compile(r"[A-Za-z0-9._:/\[\]-]+")


class ReadPool:
    """A pool of connections whose transactions are read-only snapshots in UTC.

    Raises:
        DatabaseError: `database_url` is not a libpq URL.
    """

    def __init__(self, database_url: str) -> None:
        self._database_url = database_url
        self._place = _place(database_url)
        self._lock = threading.Lock()
        #: Until when nobody tries again, and why. At first nothing is known: the first reading finds out.
        self._outage: tuple[float, str] | None = (0.0, "")
        # The pool logs every attempt that fails, with the host; we say it once, to the viewer.
        logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
        self._pool = ConnectionPool(
            database_url,
            kwargs=_CONNECTION,
            # None are held open: the pool's own retries back off for minutes, a screen wants to recover at once.
            min_size=0,
            max_size=_MOST_CONNECTIONS,
            timeout=_POOL_TIMEOUT_S,
            reconnect_timeout=0,
            max_idle=30,
            configure=_configure,
            check=ConnectionPool.check_connection,
            open=True,
            name="read",
        )

    def close(self) -> None:
        """Close every connection."""
        self._pool.close(timeout=1)

    @contextmanager
    def snapshot(self) -> Iterator[psycopg.Connection[Any]]:
        """One transaction that sees one moment of the database.

        Raises:
            DatabaseError: the database is not there, has no tables of ours, or took too long.
        """
        with self._explained(), self._pool.connection() as connection:
            yield connection

    @contextmanager
    def long_snapshot(self) -> Iterator[psycopg.Connection[Any]]:
        """As `snapshot`, on a connection of its own, and statements may take as long as they take.

        Raises:
            DatabaseError: as `snapshot`, or nothing was read for ten minutes.
        """
        with self._explained(), psycopg.connect(self._database_url, **_LONG_CONNECTION) as connection:
            _configure(connection)
            yield connection

    @contextmanager
    def _explained(self) -> Iterator[None]:
        self._end_outage()
        try:
            yield
        except psycopg.Error as error:
            message = self._explain(error)
            if isinstance(error, psycopg.OperationalError) and not isinstance(
                error, psycopg.errors.QueryCanceled
            ):
                self._outage = (time.monotonic() + _OUTAGE_S, message)
            raise DatabaseError(message) from error

    def _end_outage(self) -> None:
        """Raise what is known of an outage, or find out if it is over."""
        with self._lock:
            if self._outage is None:
                return
            until, message = self._outage
            now = time.monotonic()
            if now < until:
                raise DatabaseError(message)
            # One asks; who comes in the meantime gets the old answer.
            self._outage = (now + _OUTAGE_S, message) if message else self._outage
        # Not through the pool: it would wait its whole time for a server that refuses at once.
        refusal = self._probe()
        self._outage = None if refusal is None else (time.monotonic() + _OUTAGE_S, refusal)
        if refusal is not None:
            raise DatabaseError(refusal)

    def _explain(self, error: psycopg.Error) -> str:
        match error:
            case psycopg.errors.UndefinedTable():
                return "The database has no fixwatch tables yet. Run: fixwatch db migrate"
            case psycopg.errors.UndefinedColumn() | psycopg.errors.UndefinedFunction():
                return "The database's tables are of another version of fixwatch. Run: fixwatch db migrate"
            case psycopg.errors.QueryCanceled():
                return (
                    f"Postgres took longer than {STATEMENT_TIMEOUT_MS // 1000} s to answer and was asked to stop. "
                    "It may be busy; a shorter window or a narrower filter asks for less."
                )
            case psycopg.errors.InsufficientPrivilege():
                return "The database user may not read fixwatch's tables. Grant it SELECT on them."
            case PoolTimeout():
                busy = f"Postgres at {self._place} is busy: no connection came free within {_POOL_TIMEOUT_S:g} s."
                return self._probe() or busy
            case psycopg.OperationalError():
                return f"Postgres at {self._place} does not answer: {_reason(error)}."
            case _:
                return f"Postgres refused to answer: {str(error).strip().splitlines()[0]}"

    def _probe(self) -> str | None:
        """Why a connection cannot be had; None where it can."""
        try:
            psycopg.connect(self._database_url, **_CONNECTION).close()
        except psycopg.OperationalError as error:
            return f"Postgres at {self._place} does not answer: {_reason(error)}."
        return None


def _configure(connection: psycopg.Connection[Any]) -> None:
    connection.read_only = True
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ


def _place(database_url: str) -> str:
    """`host:port/database` of the URL, for people: never the user or the password."""
    try:
        parts = conninfo_to_dict(database_url)
    except psycopg.ProgrammingError as error:
        # psycopg quotes the URL in this message, and with it the password.
        raise DatabaseError(
            "FIXWATCH_DATABASE_URL is not a libpq URL (postgresql://user:password@host:port/database)."
        ) from error
    place = f"{parts.get('host', 'localhost')}:{parts.get('port', 5432)}/{parts.get('dbname', '')}".rstrip(
        "/"
    )
    # A password with an unescaped '@' ends up in what libpq takes for the host.
    return place if _SAFE_HOST.fullmatch(place) else "the address in FIXWATCH_DATABASE_URL"


_REASONS: Final = (
    ("Connection refused", "nothing listens there"),
    ("No such file or directory", "nothing listens there"),
    ("timeout", "it is silent"),
    ("could not translate host name", "there is no such host"),
    ("Name or service not known", "there is no such host"),
    ("no password supplied", "it wants a password"),
)


def _reason(error: psycopg.Error) -> str:
    """Why a connection failed, in a few words. The server's own words where it gave some."""
    text = str(error)
    if said := re.search(r"FATAL:\s+(.+)", text):
        return said[1].strip()
    return next((words for sign, words in _REASONS if sign in text), "the connection broke")
