"""Of a flood, the next batch is begun while one is written: in their order, and never one without those before it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from fixwatch.errors import Fenced
from fixwatch.ingest import batch_write
from fixwatch.ingest.batch import Batch
from fixwatch.ingest.batch_store import BatchStore
from fixwatch.settings import load
from fixwatch.store.connection import connect
from fixwatch.store.identities import Identities
from fixwatch.store.writer import Writer
from tests.integration.ingested import wait_until
from tests.unit.ingest.trade_messages import fill

#: So few rows that every batch here is one of a flood.
_BATCH_ROWS = 4


class Flood:
    """A BatchStore of two writers, and what Postgres has of it."""

    def __init__(self, database_url: str) -> None:
        self.connections = [connect(database_url, application_name="test", autocommit=True) for _ in range(4)]
        self.watching, control, *writing = self.connections
        settings = load(database_url=database_url, batch_rows=_BATCH_ROWS)
        self.batches = BatchStore(
            [Writer(connection) for connection in writing], Identities(control), settings, "test"
        )
        self.writers = [connection.info.backend_pid for connection in writing]
        self.batches.locate("one", [0])

    def close(self) -> None:
        self.batches.close()
        for connection in self.connections:
            connection.close()

    def trades(self) -> list[str]:
        return [
            exec_id for (exec_id,) in self.watching.execute("SELECT exec_id FROM trades ORDER BY exec_id")
        ]

    def offset(self) -> int:
        row = self.watching.execute("SELECT next_offset FROM ingest_offsets").fetchone()
        assert row is not None
        return int(row[0])

    def both_have_begun(self) -> bool:
        """If both writers are within a transaction, and the log's rows of both are sent."""
        rows = self.watching.execute(
            "SELECT count(DISTINCT pid) FROM pg_locks "
            "WHERE pid = ANY (%s) AND relation = 'messages'::regclass AND mode = 'RowExclusiveLock'",
            (self.writers,),
        ).fetchone()
        return rows == (2,)


@pytest.fixture
def flood(database_url: str) -> Iterator[Flood]:
    made = Flood(database_url)
    yield made
    made.close()


@contextmanager
def offsets_locked(database_url: str) -> Iterator[None]:
    """Nobody can move offsets on within the block."""
    with psycopg.connect(database_url) as connection:
        connection.execute("SELECT FROM ingest_offsets FOR UPDATE")
        yield


def fills(first: int, last: int, **fields: str) -> Batch:
    numbers = range(first, last + 1)
    values = [fill(number, f"E{number}", **fields) for number in numbers]
    return Batch(
        values,
        [0] * len(values),
        [number - 1 for number in numbers],
        [1_767_346_200_000 + number for number in numbers],
    )


def test_the_next_batch_is_begun_and_waits_for_the_one_before(
    flood: Flood, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_write, "_STAY", 0.01)
    with offsets_locked(database_url):
        assert flood.batches.store(fills(1, 2), {}) == {}
        assert flood.batches.store(fills(3, 4), {}) == {}
        wait_until(flood.both_have_begun)
        assert flood.trades() == []
    assert flood.batches.store(fills(5, 6), {})[0] in (2, 4)
    assert flood.batches.finish() == {0: 6}
    assert flood.trades() == ["E1", "E2", "E3", "E4", "E5", "E6"]


def test_what_comes_after_a_refused_record_is_stored_too(flood: Flood, database_url: str) -> None:
    flood.watching.execute(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN RAISE EXCEPTION 'not this one' USING ERRCODE = 'data_exception'; END $$"
    )
    flood.watching.execute(
        "CREATE TRIGGER refuse BEFORE INSERT ON trades FOR EACH ROW "
        "WHEN (NEW.exec_id = 'E1') EXECUTE FUNCTION refuse()"
    )
    with offsets_locked(database_url):
        flood.batches.store(fills(1, 2), {})
        flood.batches.store(fills(3, 4), {})
        wait_until(flood.both_have_begun)
    assert flood.batches.finish() == {0: 4}
    assert flood.trades() == ["E2", "E3", "E4"]
    refused = flood.watching.execute(
        "SELECT kafka_offset, defects FROM messages WHERE quarantined"
    ).fetchall()
    assert refused == [(0, ["refused_by_database"])]
    assert flood.watching.execute("SELECT count(*) FROM messages").fetchone() == (4,)


def test_nothing_is_stored_behind_a_batch_that_is_fenced(flood: Flood, database_url: str) -> None:
    with psycopg.connect(database_url) as owner:
        # Who has the partition now stores something.
        owner.execute("UPDATE ingest_offsets SET next_offset = 1")
        flood.batches.store(fills(1, 2), {})
        flood.batches.store(fills(3, 4), {})
        wait_until(flood.both_have_begun)
    with pytest.raises(Fenced):
        flood.batches.finish()
    assert flood.batches.partitions == []
    assert flood.trades() == []
    assert flood.watching.execute("SELECT count(*) FROM messages").fetchone() == (0,)
    assert flood.offset() == 1


def test_after_a_failure_both_writers_are_free_again(flood: Flood, database_url: str) -> None:
    flood.batches.store(fills(1, 2), {})
    assert flood.batches.finish() == {0: 2}
    other = Flood(database_url)
    try:
        other.batches.store(fills(3, 4), {})
        other.batches.finish()
    finally:
        other.close()
    flood.batches.store(fills(3, 4), {})
    with pytest.raises(Fenced):
        flood.batches.finish()
    assert flood.batches.locate("one", [0]) == {0: 4}
    for first in (5, 7, 9):
        flood.batches.store(fills(first, first + 1), {})
    assert flood.batches.finish()[0] == 10
    assert len(flood.trades()) == 10
    assert flood.watching.execute("SELECT count(*) FROM messages").fetchone() == (10,)
