"""Who works on the log as a whole: verifications share it, a rebuild or a retention has it alone.

Ingesters and readers take no part: nothing here stops them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import psycopg

from fixwatch.errors import DatabaseError
from fixwatch.store.connection import connect
from fixwatch.store.migrate import pending
from fixwatch.store.sql import load

_SQL: Final = load("log_lock")


@contextmanager
def hold_log(
    database_url: str, *, application_name: str, shared: bool = False
) -> Iterator[psycopg.Connection]:
    """A connection in autocommit mode that holds the log's lock until the block ends, or the process does.

    Raises:
        DatabaseError: Postgres is not there or goes away, its schema is not ours, or somebody holds the log.
    """
    try:
        with connect(database_url, application_name=application_name, autocommit=True) as connection:
            if missing := pending(connection):
                raise DatabaseError(
                    f"The database lacks {len(missing)} migrations, from {missing[0].number} on: "
                    "run `fixwatch db migrate` first."
                )
            taken = connection.execute(_SQL["try_shared" if shared else "try_exclusive"]).fetchone()
            if taken is None or not taken[0]:
                raise DatabaseError(
                    "A verification, a rebuild or a retention is at work on this database: try again when it is "
                    "done."
                )
            yield connection
    except psycopg.errors.InsufficientPrivilege as error:
        raise DatabaseError(
            f"The user of FIXWATCH_DATABASE_URL may not do this: {str(error).strip()}. Take the ingesters' user."
        ) from error
    except psycopg.OperationalError as error:
        raise DatabaseError(f"Postgres is not there: {str(error).strip()}") from error
