"""What an error of Postgres means: wait and try again, a record that it cannot hold, or a person has to look."""

from __future__ import annotations

from typing import Final

import psycopg

#: What one record's values can cause: a value that a type cannot hold, a text too long for an index.
REFUSALS: Final = (psycopg.DataError, psycopg.errors.ProgramLimitExceeded)

#: What passes by waiting, by SQLSTATE. Some are no `OperationalError` to psycopg.
_PASSING: Final = {
    "25006": "read-only",
    "25P03": "transaction timed out",
    "25P04": "transaction timed out",
    "40001": "contention",
    "40P01": "contention",
    "53100": "disk full",
    "53200": "out of memory",
    "53300": "too many connections",
    "55P03": "lock timed out",
    "57014": "statement cancelled",
    "57P01": "shut down",
    "57P02": "crashed",
    "57P03": "starting, stopping or in recovery",
    "58030": "input/output error",
}


def outage(error: psycopg.Error) -> str | None:
    """What Postgres suffers from, if waiting can mend it; None where it cannot, or a record is to blame."""
    if isinstance(error, REFUSALS):
        return None
    if named := _PASSING.get(error.sqlstate or ""):
        return named
    return "gone" if isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError)) else None


def reason(error: psycopg.Error) -> str:
    """The first line of what Postgres says, for people."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
