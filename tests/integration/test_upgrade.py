"""A database of an older version: its log is kept, and `fixwatch rebuild` folds it as this version does."""

from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest
from psycopg import sql

from fixwatch.demo.postgres import EmbeddedPostgres
from fixwatch.store import migrate
from tests.integration.ingested import Ingested, new_database, wait_until

#: The last migration before orders, trades and sessions were folded as they are now.
BEFORE = 6
#: What is not folded from the log, in an order that foreign keys allow.
KEPT = ("ingest_offsets", "session_pairs", "sessions", "messages")


def columns(connection: psycopg.Connection, table: str) -> set[str]:
    rows = connection.execute(
        "SELECT attname FROM pg_attribute "
        "WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''",
        (table,),
    )
    return {name for (name,) in rows}


def copy(source: psycopg.Connection, target: psycopg.Connection, table: str) -> None:
    """Copy the rows of a table, in the columns that both have."""
    shared = sql.SQL(", ").join(
        sql.Identifier(name) for name in sorted(columns(source, table) & columns(target, table))
    )
    name = sql.Identifier(table)
    with (
        source.cursor() as reading,
        target.cursor() as writing,
        reading.copy(sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT").format(shared, name)) as rows,
        writing.copy(sql.SQL("COPY {} ({}) FROM STDIN").format(name, shared)) as into,
    ):
        for row in rows:
            into.write(row)


@pytest.fixture
def older(postgres: EmbeddedPostgres, flow: Ingested, monkeypatch: pytest.MonkeyPatch) -> Ingested:
    """The flow's log in a database of the version that had the first migrations alone, with folds of that time."""
    made = replace(flow, database_url=new_database(postgres))
    with (
        psycopg.connect(flow.database_url) as source,
        psycopg.connect(made.database_url, autocommit=True) as target,
    ):
        with monkeypatch.context() as then:
            known = migrate.migrations()
            then.setattr(migrate, "migrations", lambda: [one for one in known if one.number <= BEFORE])
            migrate.migrate(target)
        target.execute("SELECT make_message_partitions((now() AT TIME ZONE 'UTC')::date - 1, 4)")
        for table in KEPT:
            copy(source, target, table)
        target.execute(
            "INSERT INTO orders (order_key, pair_id, first_seen, last_seen) "
            "SELECT order_key, min(pair_id), now(), now() FROM messages JOIN sessions USING (session_id) "
            "WHERE order_key IS NOT NULL GROUP BY order_key"
        )
    return made


def test_an_older_log_is_folded_anew_by_rebuild_and_doctor_says_so_before(older: Ingested) -> None:
    assert older.run("db", "migrate").exit_code == 0
    assert "fixwatch rebuild" in older.run("doctor").output
    done = older.run("rebuild")
    assert done.exit_code == 0, done.output
    assert "fixwatch rebuild" not in older.run("doctor").output
    verified = older.run("verify")
    assert verified.exit_code == 0, verified.output
    assert older.query("SELECT count(*) > 100 FROM trades") == [(True,)]


def test_the_next_ingester_takes_an_older_database_on(older: Ingested) -> None:
    before = older.stored()
    with older.ingesting():
        wait_until(lambda: older.query("SELECT coalesce(sum(partitions), 0) FROM ingesters") == [(4,)])
    assert older.stored() == before
    assert older.run("rebuild").exit_code == 0
    assert older.run("verify").exit_code == 0
