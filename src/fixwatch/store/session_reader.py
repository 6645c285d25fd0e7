"""Sessions, read: their state, events, epochs and gaps, in bounded time."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, LiteralString, TypeVar

from psycopg.rows import class_row

from fixwatch.store.asking import numbers, texts
from fixwatch.store.figures import RECENT_MINUTES
from fixwatch.store.read_pool import ReadPool
from fixwatch.store.session_views import (
    EventKey,
    NumberGap,
    SessionEpoch,
    SessionEvent,
    UnansweredTestRequest,
)
from fixwatch.store.sql import load
from fixwatch.store.views import Session

_Row = TypeVar("_Row")
_SQL: Final = load("session_reads")

#: Events of one session that one reading may search for those of some kinds.
_SCAN: Final = 5_000
_MOST_SESSIONS: Final = 500
#: The last 256,000 sequence numbers.
_CHUNKS: Final = 2_000
#: Behind every event.
_END: Final = EventKey(datetime.max, 2**31 - 1, 2**63 - 1, "out_of_hours")  # noqa: DTZ901


class SessionReader:
    """Reads sessions through a pool that somebody else owns; safe to share between threads.

    Every method raises `DatabaseError` when the database is not there, or takes longer than 3 s.
    """

    def __init__(self, pool: ReadPool) -> None:
        self._pool = pool

    def list(self) -> tuple[Session, ...]:
        """The directions of all sessions, by name; at most 500."""
        of = {"sessions": None, "minutes": RECENT_MINUTES, "limit": _MOST_SESSIONS}
        return self._rows(Session, "sessions", of)

    def one(self, session_id: int) -> Session | None:
        """A direction of a session; None where there is none."""
        of = {"sessions": numbers((session_id,)), "minutes": RECENT_MINUTES, "limit": 1}
        return next(iter(self._rows(Session, "sessions", of)), None)

    def events(
        self,
        *,
        sessions: tuple[int, ...] | None = None,
        kinds: tuple[str, ...] | None = None,
        before: EventKey | None = None,
        limit: int = 200,
    ) -> tuple[SessionEvent, ...]:
        """The newest events by when they were sent, or those before `before`; None is any session, any kind.

        Of kinds that are rare among a session's events, those among its next 5,000.
        """
        place = before or _END
        return self._rows(
            SessionEvent,
            "events",
            {
                "sessions": numbers(sessions),
                "kinds": texts(kinds),
                "before_sent": None if before is None else before.sent,
                "before_session": place.session_id,
                "before_seq_num": place.seq_num,
                "before_kind": place.kind,
                "limit": limit,
                "scan": limit if kinds is None else max(_SCAN, limit),
            },
        )

    def epochs(
        self, session_id: int, *, before: datetime | None = None, limit: int = 50
    ) -> tuple[SessionEpoch, ...]:
        """The epochs of a direction, the present one first, or those that began before `before`."""
        of = {"session_id": session_id, "before": before, "limit": limit}
        return self._rows(SessionEpoch, "epochs", of)

    def gaps(self, session_id: int, *, limit: int = 200) -> tuple[NumberGap, ...]:
        """What was skipped of the last 256,000 sequence numbers since the last reset, the newest first."""
        return self._rows(NumberGap, "gaps", {"session_id": session_id, "chunks": _CHUNKS, "limit": limit})

    def unanswered_test_requests(
        self, *, minutes: int = 10, limit: int = 200
    ) -> tuple[UnansweredTestRequest, ...]:
        """Those of each direction's last `minutes`, the newest first; the newest may be answered yet."""
        of = {"minutes": minutes, "limit": limit, "scan": _SCAN}
        return self._rows(UnansweredTestRequest, "unanswered_test_requests", of)

    def _rows(self, row: type[_Row], name: LiteralString, of: dict[str, Any]) -> tuple[_Row, ...]:
        with self._pool.snapshot() as connection, connection.cursor(row_factory=class_row(row)) as cursor:
            return tuple(cursor.execute(_SQL[name], of))
