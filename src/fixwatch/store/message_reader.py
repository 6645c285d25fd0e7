"""Messages of the log, read: by their places, by ids, of an order, and those with defects, in bounded time."""

from __future__ import annotations

from typing import Any, Final, LiteralString

from fixwatch.store.asking import BIGINTS, INTEGERS, can_be_text, every, first, numbers, texts
from fixwatch.store.message_views import DefectiveMessage, DefectivePage, MessagePlace, StoredMessage
from fixwatch.store.read_pool import ReadPool
from fixwatch.store.sql import load

_SQL: Final = load("message_reads")
_PARTS: Final[dict[str, LiteralString]] = {"columns": _SQL["columns"], "named": _SQL["named"]}
_AT_PLACE: Final = _SQL["at_place"].format(**_PARTS)
_AT_OFFSET: Final = _SQL["at_offset"].format(**_PARTS)
_OF_ORDER: Final = _SQL["of_order"].format(**_PARTS)
_OF_ID: Final = _SQL["of_id"].format(**_PARTS)
_DEFECTIVE: Final = _SQL["defective"].format(**_PARTS)

#: Messages that one reading may search for matches of a filter: some 50 ms of Postgres.
SCAN_MESSAGES: Final = 20_000
#: Bytes of a message that are read for people: nobody reads on, and records may be megabytes.
MOST_RAW_BYTES: Final = 64 * 1024


class MessageReader:
    """Reads the log through a pool that somebody else owns; safe to share between threads.

    Every method raises `DatabaseError` when the database is not there, or takes longer than 3 s.
    """

    def __init__(self, pool: ReadPool) -> None:
        self._pool = pool

    def at(
        self, topic: str, partition: int, kafka_offset: int, *, topic_id: str | None = None
    ) -> StoredMessage | None:
        """The message at a place in the topic, None where there is none.

        A topic that was made anew has its offsets once more: `topic_id` says which incarnation is meant, None the
        newest that has the offset.
        """
        if not (can_be_text(topic) and can_be_text(topic_id or "")):
            return None
        of = {"topic": topic, "topic_id": topic_id, "partition": partition, "kafka_offset": kafka_offset}
        return self._one(_AT_OFFSET, of)

    def at_place(self, stream_id: int, kafka_offset: int) -> StoredMessage | None:
        """The message at a place in a stream, None where there is none."""
        return self._one(_AT_PLACE, {"stream_id": stream_id, "kafka_offset": kafka_offset})

    def of_order(
        self, order_key: int, *, after: MessagePlace | None = None, limit: int = 200
    ) -> tuple[StoredMessage, ...]:
        """An order's messages as they were stored, from behind `after` on; fewer than `limit`: these are the last."""
        of = {
            "order_key": order_key,
            "after_time": None if after is None else after.ingested_at,
            "after_stream": INTEGERS[0] if after is None else after.stream_id,
            "after_offset": BIGINTS[0] if after is None else after.kafka_offset,
            "limit": limit,
        }
        return self._many(_OF_ORDER, of)

    def of_id(
        self, id_: str, *, before: MessagePlace | None = None, limit: int = 200
    ) -> tuple[StoredMessage, ...]:
        """Messages that bear a ClOrdID(11), OrigClOrdID(41), OrderID(37) or ExecID(17), the newest first.

        An ExecID alone finds fills, busts and corrections. Fewer than `limit`: these are the last. Of an order that
        has more messages than one reading may search, the newest count.
        """
        if not can_be_text(id_):
            return ()
        of = {"id": id_, **_before(before), "limit": limit, "scan": SCAN_MESSAGES}
        return self._many(_OF_ID, of)

    def defective(
        self,
        *,
        only_quarantined: bool = True,
        dismissed: bool | None = False,
        reasons: tuple[str, ...] | None = None,
        sessions: tuple[int, ...] | None = None,
        before: MessagePlace | None = None,
        limit: int = 200,
    ) -> DefectivePage:
        """A page of messages with defects: the newest, or those before `before`.

        `reasons` are labels of `DefectReason`, `sessions` session ids. Messages that were dismissed are left out;
        `dismissed=True`: only these, None: these too.
        """
        of = {
            "only_quarantined": only_quarantined,
            "dismissed": dismissed,
            "reasons": texts(reasons),
            "sessions": numbers(sessions),
            **_before(before),
            "limit": limit,
            "scan": max(SCAN_MESSAGES, limit),
        }
        with self._pool.snapshot() as connection:
            messages = every(connection, DefectiveMessage, _DEFECTIVE, of)
            if len(messages) == limit:
                return DefectivePage(messages, older=messages[-1].place, searched_to=None)
            reach = first(connection, MessagePlace, _SQL["defective_reach"], of)
        return DefectivePage(messages, older=reach, searched_to=None if reach is None else reach.ingested_at)

    def _one(self, statement: LiteralString, of: dict[str, Any]) -> StoredMessage | None:
        return next(iter(self._many(statement, of)), None)

    def _many(self, statement: LiteralString, of: dict[str, Any]) -> tuple[StoredMessage, ...]:
        if any(isinstance(value, int) and value not in BIGINTS for value in of.values()):
            return ()
        with self._pool.snapshot() as connection:
            return every(connection, StoredMessage, statement, of | {"most_bytes": MOST_RAW_BYTES})


def _before(place: MessagePlace | None) -> dict[str, Any]:
    return {
        "before_time": None if place is None else place.ingested_at,
        "before_stream": INTEGERS[-1] if place is None else place.stream_id,
        "before_offset": BIGINTS[-1] if place is None else place.kafka_offset,
    }
