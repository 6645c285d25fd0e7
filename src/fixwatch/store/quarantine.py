"""Asking for something of messages that are kept back: rows of `quarantine_actions`, which an ingester carries out.

Whoever asks needs INSERT on these columns and nothing else (docs/quarantine.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal
from uuid import UUID, uuid4

import psycopg

from fixwatch.errors import DatabaseError
from fixwatch.store.asking import can_be_text
from fixwatch.store.faults import reason
from fixwatch.store.message_views import MessagePlace
from fixwatch.store.sql import load

Kind = Literal["reingest", "dismiss", "reopen"]

#: Characters.
MOST_NOTE: Final = 2_000
MOST_NAME: Final = 200
#: Messages that are asked for at once.
MOST_MESSAGES: Final = 10_000

_SQL: Final = load("quarantine")
_CONNECTION: Final[dict[str, Any]] = {
    "application_name": "fixwatch operator",
    "connect_timeout": 2,
    "options": "-c timezone=UTC -c statement_timeout=5000 -c lock_timeout=2000",
}


def ask(
    database_url: str, kind: Kind, places: Sequence[MessagePlace], *, requested_by: str, note: str = ""
) -> UUID:
    """Ask for an action for each of these messages, all or none; the number that tells how far it is.

    A dismissal has a note.

    Raises:
        ValueError: nobody asks, a text is too long or Postgres cannot hold it, a dismissal has no note, or there are
            too many messages.
        DatabaseError: the database is not there, or its user may not.
    """
    requested_by, note = requested_by.strip(), note.strip()
    _check(kind, len(places), requested_by, note)
    request_id = uuid4()
    of = {
        "request_id": request_id,
        "kind": kind,
        "requested_by": requested_by,
        "note": note,
        "stream_ids": [place.stream_id for place in places],
        "kafka_offsets": [place.kafka_offset for place in places],
        "ingested_ats": [place.ingested_at for place in places],
    }
    try:
        with psycopg.connect(database_url, **_CONNECTION) as connection:
            connection.execute(_SQL["ask"], of)
    except psycopg.Error as error:
        raise DatabaseError(_explain(error)) from error
    return request_id


def _check(kind: Kind, messages: int, requested_by: str, note: str) -> None:
    if not requested_by:
        raise ValueError("Who asks? A name is kept with every action.")
    if not (can_be_text(requested_by) and can_be_text(note)):
        raise ValueError("A name and a note are text without NUL.")
    if len(requested_by) > MOST_NAME:
        raise ValueError(f"A name has at most {MOST_NAME} characters.")
    if len(note) > MOST_NOTE:
        raise ValueError(f"A note has at most {MOST_NOTE:,} characters.")
    if kind == "dismiss" and not note:
        raise ValueError("A dismissal needs a note: why may this message be left where it is?")
    if not 0 < messages <= MOST_MESSAGES:
        raise ValueError(f"1 to {MOST_MESSAGES:,} messages at a time.")


def _explain(error: psycopg.Error) -> str:
    match error:
        case psycopg.errors.InsufficientPrivilege() | psycopg.errors.ReadOnlySqlTransaction():
            return "You may look but not act: the database user may not insert into quarantine_actions."
        case psycopg.errors.UndefinedTable():
            return "The database has no table quarantine_actions yet. Run: fixwatch db migrate"
        case psycopg.OperationalError():
            return "Postgres does not answer, so nothing was asked for. Try again when it is back."
        case _:
            return f"Postgres refused it, so nothing was asked for: {reason(error)}"
