"""Connections to Postgres, and waiting for one that is not there yet."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any, Final

import psycopg

from fixwatch.errors import DatabaseError

#: Seconds. A host that does not answer at all would otherwise hold a process for minutes.
CONNECT_TIMEOUT: Final = 5

#: For connections that only ever look rows up by key: arrays have no statistics, and a plan that reads
#: a whole table instead would make the cost of a batch grow with the table.
KEY_LOOKUPS: Final = ("SET enable_hashjoin = off", "SET enable_mergejoin = off", "SET enable_seqscan = off")

#: A server that is cut off, rather than down, is noticed after some 15 s, not after the system's two hours.
_KEEPALIVE: Final = {
    "keepalives_idle": 5,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}

#: For connections that write: locks of a process that is frozen, or of a host that is gone, are let go; otherwise
#: whoever takes its partitions over waits for the system's two hours. One frozen within a COPY is not idle:
#: see `Housekeeping.end_frozen`.
LET_GO: Final = (
    "SET idle_in_transaction_session_timeout = '15s'",
    "SET tcp_keepalives_idle = 5",
    "SET tcp_keepalives_interval = 3",
    "SET tcp_keepalives_count = 3",
    "SET tcp_user_timeout = '15s'",
)

#: Seconds between attempts: at first, and at most.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0


class Backoff:
    """How long to wait before each of several attempts: twice as long each time, up to a limit.

    With jitter, so that many processes do not knock together on a server that comes back.
    """

    def __init__(self) -> None:
        self._pause = _FIRST_PAUSE

    def next(self) -> float:
        """Seconds to wait now."""
        pause, self._pause = self._pause, min(self._pause * 2, _LONGEST_PAUSE)
        return pause * random.uniform(0.5, 1.0)  # noqa: S311

    def reset(self) -> None:
        """It went well: the next time starts short again."""
        self._pause = _FIRST_PAUSE


def connect(database_url: str, *, application_name: str, **options: Any) -> psycopg.Connection:
    """One connection, in UTC.

    Raises:
        DatabaseError: the URL is not one.
        psycopg.OperationalError: the server is not there, or it refuses us.
    """
    try:
        return psycopg.connect(
            database_url,
            application_name=application_name,
            connect_timeout=CONNECT_TIMEOUT,
            options="-c timezone=UTC",
            **(_KEEPALIVE | options),
        )
    except psycopg.ProgrammingError as error:
        # psycopg quotes the URL in this message, and with it the password.
        raise DatabaseError(
            "FIXWATCH_DATABASE_URL is not a libpq URL (postgresql://user:password@host:port/database)."
        ) from error


def wait_to_connect(
    database_url: str,
    *,
    application_name: str,
    on_wait: Callable[[str], None],
    give_up: Callable[[], bool] = lambda: False,
    **options: Any,
) -> psycopg.Connection:
    """A connection as soon as the server lets us in; `on_wait` is told why we wait, at every attempt.

    A refusal (no such database, a wrong password) is waited out too: at first start the database is often
    being made at this moment. The reason that `on_wait` is told names it.

    Raises:
        DatabaseError: the URL is not one, or `give_up` said so.
    """
    backoff = Backoff()
    while True:
        try:
            return connect(database_url, application_name=application_name, **options)
        except psycopg.OperationalError as error:
            reason = str(error).strip().splitlines()[0]
            on_wait(reason)
            ends = time.monotonic() + backoff.next()
            while time.monotonic() < ends:
                if give_up():
                    raise DatabaseError(f"Postgres is not there: {reason}") from error
                time.sleep(0.05)
