"""Tables filled with copies of rows that were ingested, under other keys and ids, each copy older than the last."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import psycopg
from psycopg import sql

from fixwatch.store.sql import load

_SQL: Final = load("copies", "fixwatch.bench")

_FILLED: Final = (
    *("messages", "orders", "order_ids", "trades", "trade_changes"),
    *("trade_minutes", "message_minutes", "defect_minutes", "latency_minutes"),
    *("session_epochs", "session_numbers", "session_events", "quarantine_actions"),
)


def keep_source(connection: psycopg.Connection) -> None:
    """Keep what was ingested, to be copied."""
    for statement in _SQL["keep_source"].split(";"):
        connection.execute(statement)


def fill(connection: psycopg.Connection, size: int, shift: timedelta = timedelta()) -> int:
    """Copy until the log has `size` rows, each copy `shift` older than the one before; how many rows it has.

    Copies are whole: what belongs together is there or is not.
    """
    while True:
        row = connection.execute(_SQL["count"]).fetchone()
        assert row is not None  # noqa: S101  (an aggregate is one row)
        rows, copies = row
        if rows >= size:
            break
        of = {"copy": copies + 1, "shift": shift}
        with connection.transaction():
            connection.execute(_SQL["make_partitions"], of)
            for table in _FILLED:
                connection.execute(_SQL[f"copy_{table}"], of)
            connection.execute(_SQL["count_copy"], of)
    for table in _FILLED:
        connection.execute(sql.SQL("VACUUM ANALYZE {}").format(sql.Identifier(table)))
    connection.execute("CHECKPOINT")
    return int(rows)
