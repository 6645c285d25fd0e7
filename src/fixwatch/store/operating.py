"""What a person does to the database: one short statement, with a name and a note, or why it may not be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg

from fixwatch.errors import DatabaseError
from fixwatch.store.asking import can_be_text
from fixwatch.store.faults import reason

#: Characters.
MOST_NAME: Final = 200
MOST_NOTE: Final = 2_000

_CONNECTION: Final[dict[str, Any]] = {
    "application_name": "fixwatch operator",
    "connect_timeout": 2,
    "options": "-c timezone=UTC -c statement_timeout=5000 -c lock_timeout=2000",
}


def signed(name: str, note: str) -> tuple[str, str]:
    """A name and a note as they are kept: without blanks around them.

    Raises:
        ValueError: there is no name, or one of them is too long or cannot be text in Postgres.
    """
    name, note = name.strip(), note.strip()
    if not name:
        raise ValueError("Who are you? A name is kept with everything that is done.")
    if not (can_be_text(name) and can_be_text(note)):
        raise ValueError("A name and a note are text without NUL.")
    if len(name) > MOST_NAME or len(note) > MOST_NOTE:
        raise ValueError(f"A name has at most {MOST_NAME} characters, a note {MOST_NOTE:,}.")
    return name, note


@contextmanager
def operating(database_url: str, table: str) -> Iterator[psycopg.Connection]:
    """A connection for one thing that is done to `table`, in one transaction.

    Raises:
        DatabaseError: the database is not there, or its user may not; nothing was done.
    """
    try:
        with psycopg.connect(database_url, **_CONNECTION) as connection:
            yield connection
    except psycopg.Error as error:
        raise DatabaseError(_explained(error, table)) from error


def _explained(error: psycopg.Error, table: str) -> str:
    match error:
        case psycopg.errors.InsufficientPrivilege() | psycopg.errors.ReadOnlySqlTransaction():
            return f"You may look but not act: the database user may not write to {table}."
        case psycopg.errors.UndefinedTable():
            return f"The database has no table {table} yet. Run: fixwatch db migrate"
        case psycopg.OperationalError():
            return "Postgres does not answer, so nothing was done. Try again when it is back."
        case _:
            return f"Postgres refused it, so nothing was done: {reason(error)}"
