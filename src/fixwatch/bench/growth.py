"""If ingestion keeps its speed while the tables grow.

In one run, on one embedded broker and one embedded Postgres: the log is filled up to each of the given sizes, with
orders, their ids and trades in proportion, and an ingester drains the same number of new messages from the topic on
top of each. What fills the tables are copies of rows that were ingested, under other keys.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import sql

from fixwatch.bench.drain import drain
from fixwatch.bench.machine import machine
from fixwatch.bench.topic import preload
from fixwatch.demo.broker import EmbeddedBroker
from fixwatch.demo.postgres import EmbeddedPostgres
from fixwatch.store.sql import load

_SQL: Final = load("growth", "fixwatch.bench")

#: Messages that are ingested first, and copied.
SOURCE: Final = 200_000
_FILLED: Final = (
    *("messages", "ingest_offsets", "orders", "order_ids", "trades", "trade_minutes", "message_minutes"),
)


def run(sizes: Sequence[int], messages: int, seed: int = 1) -> dict[str, Any]:
    """Measure with as many rows in the log as each of `sizes` says, `messages` each time.

    `ratio_of_last_to_first`: the speed with the most rows against that with the fewest.

    Raises:
        FixwatchError: a part did not work.
    """
    found = []
    with (
        tempfile.TemporaryDirectory(prefix="fixwatch-bench-") as directory,
        EmbeddedPostgres(Path(directory) / "postgres") as postgres,
        EmbeddedBroker() as broker,
    ):
        servers = broker.bootstrap_servers
        preload(servers, SOURCE, seed)
        drain(postgres.url, servers, SOURCE)
        with psycopg.connect(postgres.url, autocommit=True) as connection:
            keep_source(connection)
        for number, size in enumerate(sorted(sizes), start=1):
            with psycopg.connect(postgres.url, autocommit=True) as connection:
                rows = fill(connection, size)
            preload(servers, messages, seed + number)
            seconds, peak_rss = drain(postgres.url, servers, messages)
            found.append(
                {
                    "rows_in_log": rows,
                    "messages_per_s": round(messages / seconds),
                    "peak_rss_mb": round(peak_rss / 1e6),
                }
            )
    return {
        "machine": machine(),
        "messages": messages,
        "results": found,
        "ratio_of_last_to_first": round(found[-1]["messages_per_s"] / found[0]["messages_per_s"], 3),
    }


def keep_source(connection: psycopg.Connection) -> None:
    """Keep what was ingested, to be copied."""
    for statement in _SQL["keep_source"].split(";"):
        connection.execute(statement)


def fill(connection: psycopg.Connection, size: int, shift: timedelta = timedelta()) -> int:
    """Copy until the log has `size` rows, each copy `shift` older; returns how many it has."""
    while True:
        row = connection.execute(_SQL["count"]).fetchone()
        assert row is not None  # noqa: S101  (an aggregate is one row)
        rows, copies = row
        if rows >= size:
            break
        with connection.transaction():
            for table in _FILLED:
                connection.execute(
                    _SQL[f"copy_{table}"], {"copy": copies + 1, "rows": size - rows, "shift": shift}
                )
            connection.execute(_SQL["count_copy"], {"copy": copies + 1})
    for table in _FILLED:
        connection.execute(sql.SQL("VACUUM ANALYZE {}").format(sql.Identifier(table)))
    connection.execute("CHECKPOINT")
    return int(rows)
