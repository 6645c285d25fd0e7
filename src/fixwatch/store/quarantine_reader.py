"""What was asked for of messages that are kept back, and what came of it, read in bounded time."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from fixwatch.store.asking import BIGINTS, INTEGERS, every, only
from fixwatch.store.quarantine_views import Action, Progress, Waiting
from fixwatch.store.read_pool import ReadPool
from fixwatch.store.sql import load

_SQL: Final = load("quarantine_reads")
_HISTORY: Final = _SQL["history"].format(columns=_SQL["columns"])
_OF_MESSAGE: Final = _SQL["of_message"].format(columns=_SQL["columns"])

#: Actions that wait are counted up to here.
MOST_COUNTED: Final = 10_000


class QuarantineReader:
    """Reads actions through a pool that somebody else owns; safe to share between threads.

    Every method raises `DatabaseError` when the database is not there, or takes longer than 3 s.
    """

    def __init__(self, pool: ReadPool) -> None:
        self._pool = pool

    def history(self, *, before: int | None = None, limit: int = 200) -> tuple[Action, ...]:
        """Actions, the newest first; from the one before `before` on. Fewer than `limit`: these are the last."""
        newest = BIGINTS[-1] if before is None else before
        if newest not in BIGINTS:
            return ()
        with self._pool.snapshot() as connection:
            return every(connection, Action, _HISTORY, {"before": newest, "limit": limit})

    def of_message(self, stream_id: int, kafka_offset: int, *, limit: int = 50) -> tuple[Action, ...]:
        """The newest actions of the message at a place, the newest first."""
        if stream_id not in INTEGERS or kafka_offset not in BIGINTS:
            return ()
        of = {"stream_id": stream_id, "kafka_offset": kafka_offset, "limit": limit}
        with self._pool.snapshot() as connection:
            return every(connection, Action, _OF_MESSAGE, of)

    def progress(self, request_id: UUID) -> Progress:
        """How far what was asked for at once is (`quarantine.ask`)."""
        with self._pool.snapshot() as connection:
            return only(connection, Progress, _SQL["progress"], {"request_id": request_id})

    def waiting(self) -> Waiting:
        """What is not carried out yet, and if anybody is there to do it."""
        with self._pool.snapshot() as connection:
            return only(connection, Waiting, _SQL["waiting"], {"most": MOST_COUNTED})
