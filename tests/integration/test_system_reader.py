"""What is asked of the system itself, of a real Postgres."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from fixwatch.store.reader import Reader
from tests.integration.stored_rows import put, put_batch, put_session, put_stream


def test_an_empty_database_answers(reader: Reader) -> None:
    system = reader.system.system()
    assert (system.ingesters, system.streams, system.gaps, system.rebuilds_due) == ((), (), (), ())
    assert (system.batches.batches, system.batches.ms_p50, system.dropped.until) == (0, None, None)
    assert all(step.batches == 0 and step.largest is None for step in system.batch_steps)
    storage = reader.system.storage()
    assert storage.database.migration > 0
    assert {"orders", "trades", "sessions"} <= {table.name for table in storage.tables}
    assert reader.orders.pairs() == ()


def test_an_ingester_is_alive_for_five_seconds_and_kept_for_a_day(
    database: psycopg.Connection[Any], reader: Reader
) -> None:
    for name, ago in [("here", "1 second"), ("gone", "1 minute")]:
        database.execute(
            "INSERT INTO ingesters (ingester_id, seen_at, state, version)"
            " VALUES (%s, now() - %s::interval, 'ingesting', '1')",
            (name, ago),
        )
    assert [(found.ingester_id, found.alive) for found in reader.system.system().ingesters] == [
        ("here", True),
        ("gone", False),
    ]


def test_an_older_incarnation_of_a_topic_has_no_lag(
    database: psycopg.Connection[Any], reader: Reader
) -> None:
    put_stream(database, next_offset=5, high_watermark=100, topic_id="old")
    put_stream(database, next_offset=7, high_watermark=10, topic_id="new")
    streams = reader.system.streams()
    assert [(stream.topic_id, stream.current, stream.lag) for stream in streams] == [
        ("new", True, 3),
        ("old", False, 0),
    ]


def test_batches_of_the_last_minute_are_summed(database: psycopg.Connection[Any], reader: Reader) -> None:
    for ago, messages in [(600, 1_000), (30, 10), (20, 20), (10, 60)]:
        put_batch(database, ago, messages, 5)
    found = reader.system.system()
    assert (found.batches.batches, found.batches.messages) == (3, 90)
    assert (found.batches.messages_p50, found.batches.messages_most) == (20, 60)
    assert sum(step.messages for step in found.batch_steps) >= 90


@pytest.mark.parametrize(("offset", "reason"), [(9, None), (10, "deleted"), (19, "deleted"), (20, None)])
def test_a_gap_of_the_log_is_found_by_any_of_its_offsets(
    database: psycopg.Connection[Any], reader: Reader, offset: int, reason: str | None
) -> None:
    stream_id = put_stream(database, next_offset=30, high_watermark=30)
    put(database, "ingest_gaps", stream_id=stream_id, first_offset=10, last_offset=19, reason="deleted")
    found = reader.system.gap_at(stream_id, offset)
    assert (found.reason if found else None) == reason
    assert [(gap.first_offset, gap.last_offset) for gap in reader.system.system().gaps] == [(10, 19)]


def test_where_retention_left_the_log_to_begin(database: psycopg.Connection[Any], reader: Reader) -> None:
    stream_id = put_stream(database)
    assert reader.system.begin_of(stream_id) == 0
    put(database, "log_begins", stream_id=stream_id, first_offset=500)
    assert reader.system.begin_of(stream_id) == 500


def test_messages_of_a_session_are_told_apart_by_layer(
    database: psycopg.Connection[Any], reader: Reader
) -> None:
    session_id = put_session(database)
    minute = datetime.now(UTC).replace(second=0, microsecond=0)
    for msg_type, verdict, messages in [("8", "valid", 5), ("0", "valid", 2), ("D", "rejected", 3)]:
        row = {"msg_type": msg_type, "verdict": verdict, "messages": messages, "bytes": 1, "quarantined": 0}
        put(database, "message_minutes", minute=minute, session_id=session_id, **row)
    steps = reader.system.message_steps(session_id, 60, 1)
    assert len(steps) in (60, 61)
    sums = [
        sum(getattr(step, name) for step in steps)
        for name in ("application_messages", "session_messages", "defective")
    ]
    assert sums == [8, 2, 3]


def test_both_ends_of_a_session_pair_are_told(database: psycopg.Connection[Any], reader: Reader) -> None:
    put_session(database, "ALPHA", "BROKER")
    put_session(database, "BROKER", "ALPHA")
    (pair,) = reader.orders.pairs()
    assert pair.ends == ["ALPHA", "BROKER"]
