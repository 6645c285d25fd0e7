"""Asking for something of messages that are kept back: rows of `quarantine_actions`, which an ingester carries out.

Whoever asks needs INSERT on these columns and nothing else (docs/quarantine.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal
from uuid import UUID, uuid4

from fixwatch.store.message_views import MessagePlace
from fixwatch.store.operating import operating, signed
from fixwatch.store.sql import load

Kind = Literal["reingest", "dismiss", "reopen"]

#: Messages that are asked for at once.
MOST_MESSAGES: Final = 10_000

_SQL: Final = load("quarantine")


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
    requested_by, note = signed(requested_by, note)
    if kind == "dismiss" and not note:
        raise ValueError("A dismissal needs a note: why may this message be left where it is?")
    if not 0 < len(places) <= MOST_MESSAGES:
        raise ValueError(f"1 to {MOST_MESSAGES:,} messages at a time.")
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
    with operating(database_url, "quarantine_actions") as connection:
        connection.execute(_SQL["ask"], of)
    return request_id
