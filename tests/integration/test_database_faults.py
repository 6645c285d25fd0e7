"""Postgres is gone, full, read-only, slow or strict: the ingester waits, says so, and stores everything once."""

from __future__ import annotations

import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from fixwatch.demo.postgres import EmbeddedPostgres
from fixwatch.store.migrate import migrate
from tests.integration.conftest import Start
from tests.integration.test_ingester import (
    PATIENCE,
    make_topic,
    produce,
    stored,
    wait_for_rows,
    wait_until,
)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """What the first ingester says."""
    return tmp_path / "ingest0.log"


@pytest.fixture
def own_postgres() -> Iterator[EmbeddedPostgres]:
    """A Postgres that may be stopped."""
    with (
        tempfile.TemporaryDirectory(prefix="fixwatch-") as directory,
        EmbeddedPostgres(Path(directory) / "data") as server,
    ):
        with psycopg.connect(server.url, autocommit=True) as connection:
            migrate(connection)
        yield server


def execute(database_url: str, *statements: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)  # type: ignore[call-overload]


#: Ends the ingesters' connections.
CUT_OFF = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE application_name = 'fixwatch ingest' AND datname = current_database()"
)


def test_a_postgres_that_is_stopped_at_once_and_started_again_is_waited_for_in_the_group(
    start: Start, own_postgres: EmbeddedPostgres, broker: str, topic: str, log: Path
) -> None:
    make_topic(broker, topic)
    url = own_postgres.url
    ingester = start(FIXWATCH_DATABASE_URL=url)
    produce(broker, topic, 0, 100)
    wait_until(lambda: b"partitions_assigned" in log.read_bytes(), "the group")
    wait_for_rows(url, 100)
    assert own_postgres.pid is not None
    postmaster = psutil.Process(own_postgres.pid)
    postmaster.send_signal(signal.SIGQUIT)
    postmaster.wait(PATIENCE)
    wait_until(lambda: b"database_lost" in log.read_bytes(), "the message")
    produce(broker, topic, 100, 100)
    own_postgres.start()
    wait_for_rows(url, 200)
    ingester.send_signal(signal.SIGTERM)
    assert ingester.wait(PATIENCE) == 0
    text = log.read_text()
    assert "Traceback" not in text
    assert text.count("partitions_assigned") == 1, text
    assert text.count("database_lost") == text.count("database_back") == 1, text


def test_the_end_comes_at_once_though_postgres_is_gone(
    start: Start, own_postgres: EmbeddedPostgres, broker: str, topic: str, log: Path
) -> None:
    make_topic(broker, topic)
    ingester = start(FIXWATCH_DATABASE_URL=own_postgres.url)
    produce(broker, topic, 0, 10)
    wait_for_rows(own_postgres.url, 10)
    own_postgres.stop()
    wait_until(lambda: b"database_lost" in log.read_bytes(), "the message")
    ingester.send_signal(signal.SIGTERM)
    assert ingester.wait(PATIENCE) == 0
    assert "Traceback" not in log.read_text()


def test_a_full_disk_is_waited_out(
    start: Start, database_url: str, broker: str, topic: str, log: Path
) -> None:
    make_topic(broker, topic)
    execute(
        database_url,
        "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'no space left on device' USING ERRCODE = 'disk_full'; END $$",
        "CREATE TRIGGER full_disk BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION full_disk()",
    )
    ingester = start()
    produce(broker, topic, 0, 100)
    wait_until(lambda: b"disk full" in log.read_bytes(), "the message")

    def reported() -> bool:
        with psycopg.connect(database_url, autocommit=True) as connection:
            rows = connection.execute("SELECT state, detail FROM ingesters").fetchall()
        return rows == [("waiting for the database", "disk full: no space left on device")]

    wait_until(reported, "the state in ingesters")
    assert stored(database_url) == (0, 0)
    execute(database_url, "DROP TRIGGER full_disk ON messages")
    wait_for_rows(database_url, 100)
    assert ingester.poll() is None
    # Each try is not a line.
    assert log.read_text().count("disk full") < 8


def test_a_database_that_became_read_only_is_waited_out(
    start: Start, database_url: str, broker: str, topic: str, log: Path
) -> None:
    make_topic(broker, topic)
    start()
    produce(broker, topic, 0, 50)
    wait_for_rows(database_url, 50)
    name = database_url.rsplit("/", 1)[1].partition("?")[0]
    execute(database_url, f"ALTER DATABASE {name} SET default_transaction_read_only = on", CUT_OFF)
    wait_until(lambda: b"read-only" in log.read_bytes(), "the message")
    produce(broker, topic, 50, 50)
    execute(
        database_url,
        "SET default_transaction_read_only = off",
        f"ALTER DATABASE {name} RESET default_transaction_read_only",
    )
    wait_for_rows(database_url, 100)


@pytest.fixture
def plain_user(database_url: str) -> Iterator[str]:
    """The database's URL for a role that may do what an ingester does, and is nobody special."""
    name = database_url.rsplit("/", 1)[1].partition("?")[0]
    role = f"plain_{name}"
    execute(
        database_url,
        f"CREATE ROLE {role} LOGIN",
        f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}",
        f"GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {role}",
        f"GRANT ALL ON SCHEMA public TO {role}",
    )
    yield database_url.replace("//postgres@", f"//{role}@")
    execute(database_url, CUT_OFF, f"DROP OWNED BY {role}", f"DROP ROLE {role}")


def test_too_many_connections_are_waited_out(
    start: Start, database_url: str, plain_user: str, broker: str, topic: str, log: Path
) -> None:
    make_topic(broker, topic)
    name = database_url.rsplit("/", 1)[1].partition("?")[0]
    execute(database_url, f"ALTER DATABASE {name} CONNECTION LIMIT 0")
    ingester = start(FIXWATCH_DATABASE_URL=plain_user)
    produce(broker, topic, 0, 10)
    wait_until(lambda: b"too many connections" in log.read_bytes(), "the message")
    execute(database_url, f"ALTER DATABASE {name} CONNECTION LIMIT -1")
    wait_for_rows(database_url, 10)
    ingester.kill()
    ingester.wait()


def test_a_missing_permission_ends_it_with_one_clear_line(
    start: Start, database_url: str, plain_user: str, broker: str, topic: str, log: Path
) -> None:
    make_topic(broker, topic)
    execute(
        database_url, f"REVOKE INSERT ON messages FROM plain_{plain_user.rsplit('/', 1)[1].split('?')[0]}"
    )
    ingester = start(FIXWATCH_DATABASE_URL=plain_user)
    produce(broker, topic, 0, 10)
    assert ingester.wait(PATIENCE) == 1
    last = log.read_text().splitlines()[-1]
    assert last.startswith("fixwatch: Postgres refuses what an ingester has to do: permission denied")
    assert "Traceback" not in log.read_text()


def test_a_database_of_a_newer_version_ends_it_with_one_clear_line(
    start: Start, database_url: str, log: Path
) -> None:
    execute(database_url, "INSERT INTO schema_migrations (number, name, sha256) VALUES (9999, 'future', '')")
    assert start().wait(PATIENCE) == 1
    assert log.read_text().splitlines()[-1] == (
        "fixwatch: The database has migrations that this fixwatch does not know (9999): "
        "it was migrated by a newer version. Use that version."
    )


def test_a_postgres_slower_than_the_group_waits_for_costs_the_partitions_and_no_record(
    start: Start, database_url: str, broker: str, topic: str
) -> None:
    make_topic(broker, topic)
    impatient = '{"max.poll.interval.ms": 6000, "session.timeout.ms": 6000}'
    ingester = start(FIXWATCH_KAFKA_CONFIG=impatient)
    produce(broker, topic, 0, 100)
    wait_for_rows(database_url, 100)
    with psycopg.connect(database_url) as connection:
        connection.execute("SELECT 1 FROM ingest_offsets FOR UPDATE")
        produce(broker, topic, 100, 100)
        time.sleep(8)
    wait_for_rows(database_url, 200)
    produce(broker, topic, 200, 100)
    wait_for_rows(database_url, 300)
    assert ingester.poll() is None


def test_a_stop_finishes_the_batch_in_hand(start: Start, database_url: str, broker: str, topic: str) -> None:
    make_topic(broker, topic, partitions=1)
    ingester = start()
    produce(broker, topic, 0, 10)
    wait_for_rows(database_url, 10)
    with (
        psycopg.connect(database_url) as connection,
        psycopg.connect(database_url, autocommit=True) as watching,
    ):
        connection.execute("SELECT 1 FROM ingest_offsets FOR UPDATE")
        produce(broker, topic, 10, 50)

        def writing() -> bool:
            rows = watching.execute(
                "SELECT 1 FROM pg_stat_activity WHERE application_name = 'fixwatch ingest' "
                "AND datname = current_database() AND wait_event_type = 'Lock'"
            )
            return rows.fetchone() is not None

        wait_until(writing, "a batch that waits for the lock")
        ingester.send_signal(signal.SIGTERM)
        time.sleep(1)
        assert ingester.poll() is None
    assert ingester.wait(PATIENCE) == 0
    rows, distinct = stored(database_url)
    assert rows == distinct > 10


@pytest.mark.slow
def test_who_is_frozen_in_the_middle_of_a_transaction_holds_nobody_up_and_writes_nothing(
    start: Start, database_url: str, broker: str, topic: str, log: Path
) -> None:
    make_topic(broker, topic, partitions=1)
    zombie = start()
    produce(broker, topic, 0, 10)
    wait_for_rows(database_url, 10)
    with (
        psycopg.connect(database_url) as connection,
        psycopg.connect(database_url, autocommit=True) as watching,
    ):
        # Its offsets are moved, its rows are not written yet.
        connection.execute("LOCK TABLE messages IN ACCESS EXCLUSIVE MODE")
        produce(broker, topic, 10, 50)

        def writing() -> bool:
            rows = watching.execute(
                "SELECT 1 FROM pg_stat_activity WHERE application_name = 'fixwatch ingest' "
                "AND datname = current_database() AND wait_event_type = 'Lock'"
            )
            return rows.fetchone() is not None

        wait_until(writing, "a batch that waits for the lock")
        zombie.send_signal(signal.SIGSTOP)
    start()
    wait_for_rows(database_url, 60)
    zombie.send_signal(signal.SIGCONT)
    produce(broker, topic, 60, 40)
    wait_for_rows(database_url, 100)
    wait_until(lambda: b"_lost" in log.read_bytes(), "what it says when it has thawed")
    zombie.send_signal(signal.SIGTERM)
    assert zombie.wait(PATIENCE) == 0
    assert stored(database_url) == (100, 100)


def test_a_log_without_a_partition_for_today_gets_one(
    start: Start, database_url: str, broker: str, topic: str
) -> None:
    make_topic(broker, topic)
    ingester = start()
    produce(broker, topic, 0, 10)
    wait_for_rows(database_url, 10)
    with psycopg.connect(database_url, autocommit=True) as connection:
        # As if a clock had jumped to a day that nobody had prepared.
        connection.execute("TRUNCATE messages")
        for (partition,) in connection.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'messages'::regclass"
        ).fetchall():
            connection.execute(f"DROP TABLE {partition}")
        migrate(connection)
    produce(broker, topic, 10, 20)
    wait_for_rows(database_url, 20)
    assert ingester.poll() is None
