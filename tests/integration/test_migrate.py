"""The schema, brought up to date by anyone, once."""

from __future__ import annotations

import threading

import psycopg
import pytest

from fixwatch.errors import DatabaseError
from fixwatch.store.folds import FOLDS, IDENTITIES, OTHERS
from fixwatch.store.migrate import applied, migrate, migrations, pending


def test_migrating_twice_does_nothing_the_second_time(empty_database_url: str) -> None:
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        numbers = [migration.number for migration in migrations()]
        assert applied(connection) == []
        assert [migration.number for migration in migrate(connection)] == numbers
        assert migrate(connection) == []
        assert applied(connection) == numbers
        assert pending(connection) == []


def test_processes_that_migrate_at_once_do_not_meet(empty_database_url: str) -> None:
    done: list[int] = []

    def run() -> None:
        with psycopg.connect(empty_database_url, autocommit=True) as connection:
            done.append(len(migrate(connection)))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == [0, 0, 0, len(migrations())]


def test_a_database_of_a_newer_version_is_refused(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("INSERT INTO schema_migrations (number, name, sha256) VALUES (9999, 'future', '')")
        with pytest.raises(DatabaseError, match="9999"):
            migrate(connection)


def test_a_migration_applied_in_another_form_is_refused(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("UPDATE schema_migrations SET sha256 = 'other' WHERE number = 1")
        with pytest.raises(DatabaseError, match="Migration 1 "):
            migrate(connection)


def test_partitions_of_the_log_are_made_once(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        query = "SELECT make_message_partitions('2026-03-01', 3)"
        assert connection.execute(query).fetchone() == (3,)
        assert connection.execute(query).fetchone() == (0,)


def test_every_table_is_a_fold_or_named_for_what_it_is(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        tables = connection.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace "
            "AND relkind IN ('r', 'p') AND NOT relispartition"
        )
        assert {name for (name,) in tables} == {"messages", *FOLDS, *IDENTITIES, *OTHERS}
