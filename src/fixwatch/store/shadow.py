"""A shadow of the database: temporary tables of one connection that hide the real ones.

Whatever writes through the connection for the database, by the tables' plain names, writes into the shadow. It
begins empty and ends with the connection, also with that of a killed process: nothing is left to sweep.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, LiteralString

import psycopg
from psycopg import sql
from psycopg.adapt import Buffer
from psycopg.types.datetime import TimestamptzLoader

from fixwatch.store.identities import Ends
from fixwatch.store.sql import load

_SQL: Final = load("shadow")

#: The server's memory for one shadow's tables; what is more goes to disk.
_TEMP_BUFFERS: Final = "SET temp_buffers = '64MB'"
#: What the shadow's streams say for their topic's id; Kafka's ids are longer.
TOPIC_ID: Final = "shadow"


_FIRST: Final = datetime(1, 1, 1, tzinfo=UTC)
_LAST: Final = datetime(9999, 12, 31, 23, 59, 59, 999_999, UTC)


class _InfiniteLoader(TimestamptzLoader):
    """Takes Postgres' infinities for the ends of Python's time, which has none."""

    def load(self, data: Buffer) -> datetime:
        if bytes(data) in (b"-infinity", b"infinity"):
            return _FIRST if data[0] == ord("-") else _LAST
        return super().load(data)


class Shadow:
    """Hides every table behind an empty one. The connection is in autocommit mode and somebody else's."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection
        connection.adapters.register_loader("timestamptz", _InfiniteLoader)
        connection.execute(_TEMP_BUFFERS)
        row = connection.execute("SELECT current_schema()").fetchone()
        self.live = str(row[0]) if row else "public"
        for (table,) in connection.execute(_SQL["tables"], {"live": self.live}).fetchall():
            if table != "messages":
                self._execute("hide_table", table=sql.Identifier(table))
        for sequence, start in connection.execute(_SQL["sequences"], {"live": self.live}).fetchall():
            self._execute("hide_sequence", sequence=sql.Identifier(sequence), start=sql.Literal(start))
        self._execute("hide_log")

    def begin_streams(self, topic: str, stream_ids: Sequence[int]) -> None:
        """Let streams begin at offset 0: each is the partition of its own number of the topic `TOPIC_ID`."""
        self.connection.execute(
            _SQL["begin_streams"], {"topic": topic, "topic_id": TOPIC_ID, "stream_ids": list(stream_ids)}
        )

    def next_offsets(self) -> dict[int, int]:
        """How far each stream has come."""
        return dict(self.connection.execute(_SQL["next_offsets"], {"topic_id": TOPIC_ID}).fetchall())

    def take_copy(self, source: psycopg.Connection, table: str) -> None:
        """Keep a table as `source` sees it now, as `stored_<table>`."""
        stored = sql.Identifier(f"stored_{table}")
        self._execute("stored_table", stored=stored, table=sql.Identifier(table))
        copy_out = self._statement("copy_out", table=sql.Identifier(table))
        copy_in = self._statement("copy_in", table=stored)
        with source.cursor().copy(copy_out) as found, self.connection.cursor().copy(copy_in) as kept:
            for data in found:
                kept.write(data)
        self.connection.execute(sql.SQL("ANALYZE {}").format(stored))

    def fill(self, table: str) -> None:
        """Fill a hidden table with its copy, and number on behind it."""
        name = sql.Identifier(table)
        self._execute("fill_from_stored", table=name, stored=sql.Identifier(f"stored_{table}"))
        for (column,) in self.connection.execute(_SQL["identity_columns"], {"table": table}).fetchall():
            statement = self._statement("number_on", table=name, column=sql.Identifier(column))
            self.connection.execute(statement, {"table": table, "column": column})

    def add_sessions(self, sessions: Mapping[Ends, tuple[int, int]]) -> None:
        """Take sessions in, with their (session_id, pair_id) and without figures; those that are there stay."""
        columns: dict[str, list[object]] = {
            "session_id": [numbers[0] for numbers in sessions.values()],
            "pair_id": [numbers[1] for numbers in sessions.values()],
        }
        for at, name in enumerate("abcdef"):
            columns[name] = [ends[at] for ends in sessions]
        self.connection.execute(_SQL["add_sessions"], columns)

    def _statement(self, name: LiteralString, **parts: sql.Composable) -> sql.Composed:
        return sql.SQL(_SQL[name]).format(live=sql.Identifier(self.live), **parts)

    def _execute(self, name: LiteralString, **parts: sql.Composable) -> None:
        self.connection.execute(self._statement(name, **parts))


def known_sessions(source: psycopg.Connection) -> dict[Ends, tuple[int, int]]:
    """The (session_id, pair_id) of every session that `source` sees."""
    rows = source.execute(_SQL["read_sessions"])
    return {(a, b, c, d, e, f): (session_id, pair_id) for session_id, pair_id, a, b, c, d, e, f in rows}
