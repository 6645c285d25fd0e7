"""Messages of the log, read from a real Postgres: rows put there by SQL, and a flow that a real ingester stored."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, LiteralString

import psycopg
import pytest

from fixwatch.store import message_reader
from fixwatch.store.message_views import MessagePlace
from fixwatch.store.reader import Reader
from tests.integration.ingested import Ingested
from tests.integration.stored_rows import (
    HOSTILE,
    IMPOSSIBLE,
    put,
    put_message,
    put_order,
    put_session,
    put_stream,
    put_trade,
)

Database = psycopg.Connection[Any]


@pytest.fixture(scope="module")
def stored(flow: Ingested) -> Iterator[Reader]:
    """A reader of the flow."""
    found = Reader(flow.database_url)
    yield found
    found.close()


def rows(flow: Ingested, query: LiteralString) -> list[tuple[Any, ...]]:
    with psycopg.connect(flow.database_url) as connection:
        return connection.execute(query).fetchall()


def test_a_message_is_found_by_topic_partition_and_offset(stored: Reader, flow: Ingested) -> None:
    query = "SELECT topic, partition, kafka_offset, raw, msg_type FROM messages JOIN ingest_offsets USING (stream_id)"
    for topic, partition, offset, raw, msg_type in rows(flow, query)[::50]:
        found = stored.messages.at(topic, partition, offset)
        assert found is not None
        assert (found.raw, found.msg_type, found.topic, found.partition) == (raw, msg_type, topic, partition)
        assert found.decoded().raw == raw
        assert stored.messages.at_place(found.stream_id, offset) == found


def test_a_place_that_is_none_has_no_message(stored: Reader, flow: Ingested) -> None:
    assert stored.messages.at(flow.topic, 0, 0) is not None
    for topic in IMPOSSIBLE:
        assert stored.messages.at(topic, 0, 0) is None
        assert stored.messages.at(flow.topic, 0, 0, topic_id=topic) is None
    for number in (-1, 2**31, 2**63, 10**30):
        assert stored.messages.at(flow.topic, number, 0) is None
        assert stored.messages.at(flow.topic, 0, number) is None
        assert stored.messages.at_place(number, number) is None


def test_a_topic_that_was_made_anew_has_its_offsets_twice(database: Database, reader: Reader) -> None:
    gone, anew = put_stream(database, topic_id="gone"), put_stream(database, topic_id="anew")
    for stream_id, offset, raw in ((gone, 1, b"gone"), (gone, 2, b"gone"), (anew, 1, b"anew")):
        put_message(database, stream_id, offset, raw=raw)

    def raw(offset: int, topic_id: str | None = None) -> bytes | None:
        found = reader.messages.at("fix-trades", 0, offset, topic_id=topic_id)
        return None if found is None else found.raw

    assert (raw(1), raw(2), raw(1, "gone"), raw(2, "anew")) == (b"anew", b"gone", b"gone", None)


def test_a_message_is_cut_where_it_is_huge(database: Database, reader: Reader) -> None:
    stream_id = put_stream(database)
    put_message(database, stream_id, 7, defects=["too_long"], raw=b"\x00\xff" * 100_000)
    stored = reader.messages.at_place(stream_id, 7)
    assert stored is not None
    assert stored.raw == b"\x00\xff" * 32_768
    assert (stored.raw_bytes, stored.defects, stored.verdict) == (200_000, ["too_long"], "garbled")
    assert reader.messages.at_place(stream_id, 8) is None


def test_messages_are_found_by_any_id_that_they_bear(stored: Reader, flow: Ingested) -> None:
    query = "SELECT cl_ord_id, orig_cl_ord_id, order_id, stream_id, kafka_offset FROM messages WHERE order_key > 0"
    found = rows(flow, query)
    bearing: dict[str, set[tuple[int, int]]] = {}
    for *ids, stream_id, offset in found:
        for id_ in filter(None, ids):
            bearing.setdefault(id_, set()).add((stream_id, offset))
    for id_, places in list(bearing.items())[::40]:
        got = stored.messages.of_id(id_)
        assert {(message.stream_id, message.kafka_offset) for message in got} == places
        assert [message.place for message in got] == sorted((m.place for m in got), key=_key, reverse=True)
    for exec_id, stream_id, offset in rows(flow, "SELECT exec_id, stream_id, kafka_offset FROM trades")[::40]:
        got = stored.messages.of_id(exec_id)
        assert (stream_id, offset) in {(message.stream_id, message.kafka_offset) for message in got}
    for id_ in IMPOSSIBLE:
        assert stored.messages.of_id(id_) == ()


def _key(place: MessagePlace) -> tuple[datetime, int, int]:
    return place.ingested_at, place.stream_id, place.kafka_offset


def test_messages_of_an_id_come_page_by_page_while_others_arrive(database: Database, reader: Reader) -> None:
    stream_id, session_id = put_stream(database), put_session(database)
    put_order(database, 5)
    put(database, "order_ids", pair_id=1, id="C1", kind="cl_ord_id", day=1, starts=True, order_key=5)
    put_trade(database, session_id, "C1", datetime.now(UTC), stream_id=stream_id, kafka_offset=100)
    put_message(database, stream_id, 100, cl_ord_id=None, exec_id="C1")
    began = datetime.now(UTC) - timedelta(seconds=60)
    for number in range(10):
        at = began + timedelta(seconds=number // 3)
        put_message(database, stream_id, number, order_key=5, cl_ord_id="C1", ingested_at=at)
        put_message(database, stream_id, 20 + number, order_key=5, cl_ord_id="C2", ingested_at=at)
    seen: list[int] = []
    before = None
    while page := reader.messages.of_id("C1", before=before, limit=3):
        seen += [message.kafka_offset for message in page]
        before = page[-1].place
        put_message(database, stream_id, 1_000 + len(seen), order_key=5, cl_ord_id="C1")
    assert seen == [100, *reversed(range(10))]


def test_defective_messages_are_listed_by_reason(database: Database, reader: Reader) -> None:
    stream_id, session_id = put_stream(database), put_session(database)
    put_message(
        database, stream_id, 1, defects=["checksum_wrong:10", "value_out_of_range:54"], session_id=session_id
    )
    put_message(database, stream_id, 2, defects=["not_fix"])
    put_message(database, stream_id, 3, defects=["value_out_of_range:54"], quarantined=False)
    put_message(database, stream_id, 4, quarantined=False)

    def found(**wanted: Any) -> set[int]:
        return {message.kafka_offset for message in reader.messages.defective(**wanted).messages}

    assert found() == {1, 2}
    assert found(only_quarantined=False) == {1, 2, 3}
    assert found(only_quarantined=False, reasons=("value_out_of_range",)) == {1, 3}
    assert found(sessions=(session_id,)) == {1}
    assert found(reasons=IMPOSSIBLE) == set()
    assert found(sessions=(2**70, -1)) == set()
    unread = reader.messages.defective(reasons=("not_fix",)).messages[0]
    assert (unread.label, unread.topic, unread.cl_ord_id) == ("", "fix-trades", HOSTILE)


def test_defective_messages_come_page_by_page_while_others_arrive(
    database: Database, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(message_reader, "SCAN_MESSAGES", 4)
    stream_id = put_stream(database)
    began = datetime.now(UTC) - timedelta(seconds=60)
    for number in range(20):
        at = began + timedelta(seconds=number // 5)
        reason = "not_fix" if number % 5 else "too_long"
        put_message(database, stream_id, number, defects=[reason], ingested_at=at)
    for reasons, expected in ((None, list(range(20))), (("too_long",), [0, 5, 10, 15])):
        seen: list[int] = []
        before = None
        while True:
            page = reader.messages.defective(reasons=reasons, before=before, limit=3)
            seen += [message.kafka_offset for message in page.messages]
            before = page.older
            if before is None:
                break
            put_message(
                database, stream_id, 100 + len(seen), defects=["too_long"], ingested_at=datetime.now(UTC)
            )
        assert seen == expected[::-1]
        database.execute("DELETE FROM messages WHERE kafka_offset >= 100")
