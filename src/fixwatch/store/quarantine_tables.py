"""What is asked for of messages that are kept back, as an ingester reads it and writes down what came of it.

See `quarantine.sql`. `QuarantineTables` works inside a transaction, the functions outside of one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple
from uuid import uuid4

import psycopg
from psycopg.rows import class_row

from fixwatch.store.copy import Arrays
from fixwatch.store.sql import load

_SQL: Final = load("quarantine")

#: Others may hold what we need for a batch's time; who waits longer waits for something that is not passing.
_LOCK_TIMEOUT: Final = "SET LOCAL lock_timeout = '1s'"
#: What was re-ingested in vain: the last so many are looked at when a session is founded.
_IN_VAIN: Final = 5_000
#: Who asks for those that have a session now, and why, as people read it.
_OURSELVES: Final = "its session was founded by another message that was re-ingested"


class OpenAction(NamedTuple):
    """An action that is asked for, and the place of its message."""

    action_id: int
    kind: str
    stream_id: int
    kafka_offset: int
    ingested_at: datetime


@dataclass(frozen=True, slots=True)
class LogRow:
    """A message as the log has it. `raw` is None where it is not kept back, or would be too many bytes at once."""

    stream_id: int
    kafka_offset: int
    quarantined: bool
    verdict: str
    defects: list[str]
    session_id: int | None
    msg_type: str | None
    kafka_time: datetime
    raw: bytes | None


def is_open(connection: psycopg.Connection, topic: str) -> bool:
    """If anything is asked for of the topic's messages that can be carried out now."""
    (found,) = connection.execute(_SQL["is_open"], {"topic": topic}).fetchone() or (False,)
    if not found:
        return False
    (held,) = connection.execute(_SQL["is_log_held"]).fetchone() or (False,)
    return not held


def open_actions(connection: psycopg.Connection, topic: str, limit: int) -> list[OpenAction]:
    """The oldest `limit` actions that are open, of each message the first, the oldest first."""
    rows = connection.execute(_SQL["open"], {"topic": topic, "limit": limit})
    return sorted(OpenAction(*row) for row in rows)


class QuarantineTables:
    """`quarantine_actions` and the rows of the log that they are of, through a cursor that somebody else owns."""

    def __init__(self, cursor: psycopg.Cursor) -> None:
        self._cursor = cursor

    def begin(self) -> bool:
        """Be the only one who carries out actions until the transaction ends; False: somebody else is.

        Raises:
            psycopg.errors.LockNotAvailable: writers are stopped; so is everything from here on that would wait.
        """
        self._cursor.execute(_LOCK_TIMEOUT)
        self._cursor.execute(_SQL["stand_aside"])
        (alone,) = self._cursor.execute(_SQL["try_alone"]).fetchone() or (False,)
        return bool(alone)

    def still_open(self, action_ids: Sequence[int]) -> set[int]:
        """Those that nobody has carried out meanwhile."""
        return {row[0] for row in self._cursor.execute(_SQL["still_open"], {"action_ids": list(action_ids)})}

    def rows(self, actions: Sequence[OpenAction], most_bytes: int) -> list[LogRow]:
        """The log's rows of messages that were stored at one time, sorted by place."""
        of = {**_places(actions), "bytes": most_bytes}
        with self._cursor.connection.cursor(row_factory=class_row(LogRow), binary=True) as cursor:
            return cursor.execute(_SQL["rows"], of).fetchall()

    def remove(self, actions: Sequence[OpenAction]) -> int:
        """Take the log's rows of messages away, which are kept back, to append them again; how many there were."""
        self._cursor.execute(_SQL["note_before"], {"action_ids": [action.action_id for action in actions]})
        return self._cursor.execute(_SQL["remove"], _places(actions)).rowcount

    def sweep_minutes(self, message_minutes: Arrays, defect_minutes: Arrays) -> None:
        """Remove those of these minutes that count nothing any more."""
        if message_minutes.rows:
            self._cursor.execute(_SQL["sweep_message_minutes"], message_minutes.columns)
        if defect_minutes.rows:
            self._cursor.execute(_SQL["sweep_defect_minutes"], defect_minutes.columns)

    def close_reingested(self, action_ids: Sequence[int], done_by: str) -> None:
        """Write down what became of messages that were removed and appended again."""
        self._finish("reingested", action_ids, done_by=done_by)

    def close(self, action_ids: Sequence[int], outcome: str, done_by: str) -> None:
        """Write down one outcome for all of these."""
        if action_ids:
            self._finish("close", action_ids, outcome=outcome, done_by=done_by)

    def decide(self, action_ids: Sequence[int], done_by: str) -> None:
        """Carry out dismissals, and what takes them back; those that are done are left alone."""
        self._finish("decide", action_ids, done_by=done_by)

    def unseen_sessions(self, session_ids: Sequence[int]) -> list[tuple[str, str]]:
        """SenderCompID and TargetCompID of those of which nothing is folded yet."""
        return self._cursor.execute(
            _SQL["unseen_sessions"], {"session_ids": list(session_ids)}, binary=True
        ).fetchall()

    def ask_for_named(self, founded: Sequence[tuple[str, str]]) -> None:
        """Ask again for what was re-ingested in vain, has no session, and seems to be of one of these."""
        self._cursor.execute(
            _SQL["ask_for_named"],
            {
                "senders": [f"49={sender}\x01".encode() for sender, _ in founded],
                "targets": [f"56={target}\x01".encode() for _, target in founded],
                "note": _OURSELVES,
                "request_id": uuid4(),
                "limit": _IN_VAIN,
            },
        )

    def _finish(self, statement: str, action_ids: Sequence[int], **of: str) -> None:
        parameters = {"action_ids": list(action_ids), **of}
        self._cursor.execute(_SQL[statement], parameters)
        self._cursor.execute(_SQL["end_dismissals"], parameters)


def _places(actions: Sequence[OpenAction]) -> dict[str, object]:
    return {
        "stream_ids": [action.stream_id for action in actions],
        "kafka_offsets": [action.kafka_offset for action in actions],
        "ingested_at": actions[0].ingested_at,
    }
