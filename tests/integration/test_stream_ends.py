"""Where the topic ends, told while nothing is stored: lag grows, and nobody waits for the telling."""

from __future__ import annotations

import time
from typing import Any

import psycopg

from fixwatch.demo.postgres import EmbeddedPostgres
from fixwatch.store.housekeeping import Housekeeping
from fixwatch.store.reader import Reader
from tests.integration.ingested import new_topic, wait_until
from tests.integration.stored_rows import put_stream

Database = psycopg.Connection[Any]


def put_stream_of(database: Database, ago: str, partition: int = 0) -> int:
    """A stream up to 5 of 10, of which a batch was stored so long ago."""
    stream_id = put_stream(database, 5, 10, partition)
    database.execute(
        "UPDATE ingest_offsets SET updated_at = now() - %s::interval WHERE stream_id = %s", [ago, stream_id]
    )
    return stream_id


def test_lag_is_of_the_later_of_batch_and_look(database: Database, reader: Reader) -> None:
    stream_id = put_stream_of(database, "1 minute")
    house = Housekeeping(database, "one", "1")
    house.report_ends({})
    assert reader.health().lag.records == 5
    house.report_ends({stream_id: 70})
    assert reader.health().lag.records == 65
    house.report_ends({stream_id: 80})
    assert reader.health().lag.records == 75
    assert [stream.lag for stream in reader.system.streams()] == [75]
    database.execute("UPDATE ingest_offsets SET next_offset = 9, updated_at = now() + interval '1 s'")
    assert reader.health().lag.records == 1


def test_nobody_is_waited_for(database: Database, database_url: str, reader: Reader) -> None:
    locked, other = (put_stream_of(database, "1 minute", partition) for partition in range(2))
    house = Housekeeping(database, "one", "1")
    with psycopg.connect(database_url) as batch_and_rebuild:
        batch_and_rebuild.execute("UPDATE ingest_offsets SET next_offset = 6")
        batch_and_rebuild.execute("LOCK TABLE ingest_offsets IN SHARE MODE")
        house.report_ends({locked: 70, other: 70})
        assert reader.health().lag.records == 130
        batch_and_rebuild.execute("SELECT FROM stream_ends WHERE stream_id = %s FOR UPDATE", [locked])
        house.report_ends({locked: 90, other: 90})
    assert reader.health().lag.records == 64 + 84


def test_lag_grows_while_nothing_can_be_stored(postgres: EmbeddedPostgres, broker: str) -> None:
    topic = new_topic(postgres, broker)
    with topic.ingesting():
        sent = topic.send(200, seed=1)
        wait_until(lambda: topic.stored() == sent)
        reader = Reader(topic.database_url)
        with psycopg.connect(topic.database_url) as blocker:
            # Every batch waits for this, as it does for a disk that hangs.
            blocker.execute("LOCK TABLE message_minutes IN SHARE MODE")
            more = topic.send(500, seed=2)
            wait_until(lambda: reader.health().lag.records == more)
            # For longer than it takes to be called dead.
            time.sleep(6)
            health = reader.health()
            assert health.lag.records == more
            assert [ingester.state for ingester in health.ingesters] == ["ingesting"]
        wait_until(lambda: topic.stored() == sent + more)
        wait_until(lambda: reader.health().lag.records == 0)
        reader.close()
