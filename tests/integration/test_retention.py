"""Old days of the log go, whole and alone, and nobody is stopped for it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner

from fixwatch.cli import app
from fixwatch.errors import DatabaseError
from fixwatch.store import retention
from fixwatch.store.log_lock import hold_log
from fixwatch.store.retention import drop_old, old_partitions

Query = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture
def query(database_url: str) -> Iterator[Query]:
    with psycopg.connect(database_url, autocommit=True) as connection:

        def ask(statement: str, *values: object) -> list[tuple[Any, ...]]:
            cursor = connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

        yield ask


@pytest.fixture
def forty_days(query: Query) -> None:
    """A message a day of the last forty, and folds of the first of them."""
    query("SELECT make_message_partitions((now() AT TIME ZONE 'UTC')::date - 40, 44)")
    query("""
        INSERT INTO messages (stream_id, kafka_offset, kafka_time, ingested_at, verdict, quarantined, raw)
        SELECT 1, 40 - n, at, at, 'garbled', true, '\\x00'
        FROM generate_series(0, 40) AS n,
             LATERAL (SELECT (date_trunc('day', now(), 'UTC') - make_interval(days => n)) AS at)
    """)
    query("INSERT INTO orders (order_key, pair_id, first_seen, last_seen) VALUES (1, 1, 'epoch', 'epoch')")


def run(database_url: str, *arguments: str) -> str:
    done = CliRunner(env={"FIXWATCH_DATABASE_URL": database_url}).invoke(app, ["db", "retain", *arguments])
    assert done.exit_code == 0, done.output
    return done.output


def days_left(query: Query) -> int:
    return int(query("SELECT count(*) FROM messages")[0][0])


@pytest.mark.usefixtures("forty_days")
def test_older_days_are_dropped_and_said_and_folds_stay(database_url: str, query: Query) -> None:
    said = run(database_url, "--days", "30")
    assert days_left(query) == 31
    assert said.count("1 messages") == 10
    assert "of 10 days" in said
    assert query("SELECT count(*) FROM orders") == [(1,)]
    assert query(
        "SELECT count(*) FROM pg_class WHERE starts_with(relname, 'messages_2') AND relkind = 'r'"
    ) == [(34,)]
    assert "nothing to drop" in run(database_url, "--days", "30")


@pytest.mark.usefixtures("forty_days")
def test_what_was_dropped_is_written_down(database_url: str, query: Query) -> None:
    run(database_url, "--days", "30")
    assert query("SELECT * FROM log_begins") == [(1, 10)]
    assert query(
        "SELECT count(*), sum(messages)::int, max(last_kafka_time) < min(now()) FROM log_dropped"
    ) == [(10, 10, True)]


@pytest.mark.usefixtures("forty_days")
def test_a_dry_run_drops_nothing(database_url: str, query: Query) -> None:
    assert run(database_url, "--days", "30", "--dry-run").count("would drop messages_") == 10
    assert days_left(query) == 41


@pytest.mark.usefixtures("forty_days")
def test_a_reader_is_waited_for_while_others_read_and_write(
    database_url: str, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "_LOCK_TIMEOUT", "SET lock_timeout = '50ms'")
    monkeypatch.setattr(retention, "_PAUSE", 0.01)
    waited = threading.Event()
    dropped: list[str] = []

    def retain() -> None:
        with hold_log(database_url, application_name="test") as connection:
            dropped.extend(
                partition.relname for partition, _ in drop_old(connection, 30, lambda _: waited.set())
            )

    with psycopg.connect(database_url) as reader:
        reader.execute("SELECT count(*) FROM messages")
        thread = threading.Thread(target=retain)
        thread.start()
        assert waited.wait(30)
        query("SET lock_timeout = '5s'")
        query("""
            INSERT INTO messages (stream_id, kafka_offset, kafka_time, ingested_at, verdict, quarantined, raw)
            VALUES (1, 41, now(), now(), 'garbled', true, '\\x00')
        """)
        query("SELECT make_message_partitions((now() AT TIME ZONE 'UTC')::date + 3, 1)")
        assert query("SELECT max(kafka_offset) FROM messages") == [(41,)]
        assert not dropped
    thread.join(60)
    assert len(dropped) == 10


@pytest.mark.usefixtures("forty_days")
def test_a_reader_that_never_leaves_ends_it_and_the_next_run_goes_on(
    database_url: str, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "_LOCK_TIMEOUT", "SET lock_timeout = '20ms'")
    monkeypatch.setattr(retention, "_PAUSE", 0.01)
    monkeypatch.setattr(retention, "_TRIES", 3)
    with psycopg.connect(database_url) as reader, hold_log(database_url, application_name="t") as connection:
        reader.execute("SELECT count(*) FROM messages")
        with pytest.raises(DatabaseError, match="reading messages_"):
            list(drop_old(connection, 30))
    run(database_url, "--days", "30")
    assert days_left(query) == 31
    assert query("SELECT count(*) FROM log_dropped") == [(10,)]


@pytest.mark.usefixtures("forty_days")
def test_a_partition_that_was_detached_before_a_crash_is_dropped(database_url: str, query: Query) -> None:
    with hold_log(database_url, application_name="test") as connection:
        oldest, kept = (partition.relname for partition in old_partitions(connection, 30)[:2])
    query(f"COMMENT ON TABLE {oldest} IS 'fixwatch: being dropped'")
    query(f"ALTER TABLE messages DETACH PARTITION {oldest}")
    query(f"ALTER TABLE messages DETACH PARTITION {kept}")
    assert oldest in run(database_url, "--days", "30")
    # Somebody detached the other one to keep it.
    assert query("SELECT to_regclass(%s) IS NULL, to_regclass(%s) IS NULL", oldest, kept) == [(True, False)]


def test_two_do_not_work_on_the_log_at_once_but_verifications_do(database_url: str) -> None:
    with hold_log(database_url, application_name="one", shared=True):
        with hold_log(database_url, application_name="two", shared=True):
            pass
        with (
            pytest.raises(DatabaseError, match="at work"),
            hold_log(database_url, application_name="three"),
        ):
            pass


def test_a_database_without_our_schema_is_refused(empty_database_url: str) -> None:
    with (
        pytest.raises(DatabaseError, match="fixwatch db migrate"),
        hold_log(empty_database_url, application_name="test"),
    ):
        pass


def test_a_user_without_the_rights_is_told(database_url: str) -> None:
    with (
        pytest.raises(DatabaseError, match="may not do this: permission denied"),
        hold_log(database_url, application_name="test") as connection,
    ):
        connection.execute("SET ROLE pg_monitor; SELECT count(*) FROM orders")
