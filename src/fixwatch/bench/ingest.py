"""How fast a topic gets into Postgres: ours, the limit that COPY sets, and a row at a time.

All three in one run, on one embedded broker and one embedded Postgres, which share the machine with them:

- *ours*: `fixwatch ingest` as its own process drains the topic, with all folds and indexes. The time is from the
  first poll that brought something to the last commit.
- *the limit*: the very rows that it left behind, dumped from its tables in binary form, are sent by COPY into
  the same tables with the same indexes in another database: nothing is decoded, folded or looked up.
- *a row at a time*: one INSERT and one commit a message, as most consumers in tutorials do.
"""

from __future__ import annotations

import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import sql

from fixwatch.bench import row_at_a_time
from fixwatch.bench.drain import drain
from fixwatch.bench.machine import machine
from fixwatch.bench.topic import Preloaded, preload
from fixwatch.demo.broker import EmbeddedBroker
from fixwatch.demo.found import find
from fixwatch.demo.postgres import EmbeddedPostgres
from fixwatch.demo.reconciliation import reconcile
from fixwatch.store.migrate import migrate

#: Messages that the row-at-a-time consumer stores: enough for a rate, and it takes seconds.
ROWS_AT_A_TIME: Final = 4_000

_FOLDS: Final = (
    "session_pairs",
    "sessions",
    "orders",
    "order_ids",
    "trade_changes",
    "trade_minutes",
    "message_minutes",
    "defect_minutes",
)


def run(messages: int, seed: int = 1) -> dict[str, Any]:
    """Measure; the keys are `messages_per_s`, `copy_limit_messages_per_s`, `ratio_to_copy_limit`, ...

    Raises:
        FixwatchError: a part did not work.
    """
    with (
        tempfile.TemporaryDirectory(prefix="fixwatch-bench-") as directory,
        EmbeddedPostgres(Path(directory) / "postgres", "ours") as postgres,
        EmbeddedBroker() as broker,
    ):
        sent = preload(broker.bootstrap_servers, messages, seed)
        seconds, peak_rss = drain(postgres.url, broker.bootstrap_servers, messages)
        verified = _verified(postgres.url, sent)
        limit = _copy_limit(postgres, Path(directory) / "rows")
        rows = min(ROWS_AT_A_TIME, messages)
        row_database = _fresh_database(postgres, "row_at_a_time")
        at_a_time = rows / row_at_a_time.run(row_database, broker.bootstrap_servers, rows)
    ours = messages / seconds
    return {
        "machine": machine(),
        "messages": messages,
        "messages_per_s": round(ours),
        "copy_limit_messages_per_s": round(messages / limit),
        "ratio_to_copy_limit": round(ours * limit / messages, 3),
        "row_at_a_time_messages_per_s": round(at_a_time),
        "ratio_to_row_at_a_time": round(ours / at_a_time, 1),
        "row_at_a_time_clients": row_at_a_time.clients(),
        "verified": verified,
        "peak_rss_mb": round(peak_rss / 1e6),
    }


def _verified(url: str, sent: Preloaded) -> bool:
    """If Postgres holds what the simulator sent: counts, quantities and notional to the cent, every order."""
    found = find(url, [sent.topic.topic_id], [sent.ledger.run])
    return all(line.agrees for line in reconcile(sent.ledger, sent.orders, found))


def _copy_limit(postgres: EmbeddedPostgres, directory: Path) -> float:
    """Send the rows that are there by COPY into the same tables of a fresh database; the seconds it took.

    A batch's messages and trades are a transaction; the folds, whose rows have no batch, are one more.
    """
    directory.mkdir()
    fresh = _fresh_database(postgres, "copied")
    with psycopg.connect(postgres.url) as source, psycopg.connect(fresh, autocommit=True) as target:
        migrate(target)
        target.execute("SELECT make_message_partitions((now() AT TIME ZONE 'UTC')::date - 1, 4)")
        batches = [at for (at,) in source.execute("SELECT ingested_at FROM ingest_batches ORDER BY batch_id")]
        parts = [
            [(table, _dump(source, table, at, directory)) for table in ("messages", "trades")]
            for at in batches
        ]
        parts.append([(table, _dump(source, table, None, directory)) for table in _FOLDS])
        began = time.monotonic()
        for part in parts:
            with target.transaction(), target.cursor() as cursor:
                for table, file in part:
                    columns = _columns(target, table)
                    with cursor.copy(_copy(table, columns)) as copy:
                        copy.write(file.read_bytes())
        return time.monotonic() - began


def _dump(source: psycopg.Connection, table: str, at: datetime | None, directory: Path) -> Path:
    file = directory / f"{table}-{at.timestamp() if at else 'all'}"
    which = sql.SQL(" WHERE ingested_at = {}").format(sql.Literal(at)) if at else sql.SQL("")
    query = sql.SQL("COPY (SELECT {} FROM {}{}) TO STDOUT (FORMAT BINARY)").format(
        sql.SQL(", ").join(map(sql.Identifier, _columns(source, table))), sql.Identifier(table), which
    )
    with file.open("wb") as out, source.cursor() as cursor, cursor.copy(query) as copy:
        for data in copy:
            out.write(data)
    return file


def _columns(connection: psycopg.Connection, table: str) -> list[str]:
    """The columns of a table that can be written: not the generated ones."""
    rows = connection.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped "
        "AND attgenerated = '' ORDER BY attnum",
        (table,),
    )
    return [name for (name,) in rows]


def _copy(table: str, columns: list[str]) -> sql.Composed:
    return sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )


def _fresh_database(postgres: EmbeddedPostgres, name: str) -> str:
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return postgres.url.replace("/ours?", f"/{name}?")
