"""Stored rows beside recomputed ones: which differ, in which column, in what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, LiteralString

from psycopg import sql

from fixwatch.store.shadow import Shadow
from fixwatch.store.sql import load

_SQL: Final = load("comparison")

#: Whole tables are compared here, where the connection's ordinary work only looks rows up.
_WHOLE_TABLES: Final = (
    "SET LOCAL enable_hashjoin = on",
    "SET LOCAL enable_mergejoin = on",
    "SET LOCAL enable_seqscan = on",
)
#: The log's rows are known by their place in the topic, and when they were stored.
_PLACE: Final = ("stream_id", "kafka_offset", "ingested_at")


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that is not what it should be; `column` is `*` where the whole row is missing or too much."""

    table: str
    key: dict[str, Any]
    column: str
    stored: Any
    expected: Any


@dataclass(frozen=True, slots=True)
class Compared:
    """What became of one table: rows that were compared, those that could not be, and those that differ."""

    table: str
    rows: int
    beyond_the_log: int
    differing: int
    #: Of the first differing rows.
    examples: tuple[Difference, ...]


class Comparison:
    """Compares a shadow's tables: with the copies that it took, or (`live`) with the real ones."""

    def __init__(self, shadow: Shadow, *, live: bool = False) -> None:
        self._shadow = shadow
        self._connection = shadow.connection
        self._live = live

    def table(self, table: str, examples: int) -> Compared:
        """Compare a fold with what is stored of it; at most `examples` rows that differ are told."""
        columns = self._columns(table)
        with self._connection.transaction():
            floor = self._begin()
            count = self._format("count", table, columns)
            found = self._connection.execute(count, floor).fetchone()
            rows, beyond = found or (0, 0)
            statement = self._format("differences", table, columns)
            differing = self._connection.execute(statement, {**floor, "limit": examples}).fetchall()
        return _compared(table, rows - beyond, beyond, columns, differing)

    def log(self, examples: int) -> Compared:
        """What differs between the log's rows and what its bytes decode to."""
        columns = {name: name in _PLACE for name in self._columns("messages")}
        with self._connection.transaction():
            self._begin()
            statement = self._format("message_differences", "messages", columns)
            differing = self._connection.execute(statement, {"limit": examples}).fetchall()
        return _compared("messages", 0, 0, columns, differing)

    def _begin(self) -> dict[str, str]:
        for statement in _WHOLE_TABLES:
            self._connection.execute(statement)
        until, last_kafka_time = self._connection.execute(
            sql.SQL(_SQL["floor"]).format(live=sql.Identifier(self._shadow.live))
        ).fetchone() or ("-infinity", "-infinity")
        return {"until": until, "last_kafka_time": last_kafka_time}

    def _columns(self, table: str) -> dict[str, bool]:
        """The table's columns in their order, and if each is of the key."""
        name = sql.Identifier(self._shadow.live, table).as_string(self._connection)
        return dict(self._connection.execute(_SQL["columns"], {"table": name}).fetchall())

    def _stored(self, table: str) -> sql.Identifier:
        if self._live:
            return sql.Identifier(self._shadow.live, table)
        return sql.Identifier("pg_temp", f"stored_{table}")

    def _format(self, statement: LiteralString, table: str, columns: dict[str, bool]) -> sql.Composed:
        comparable = _SQL.get(f"comparable_{table}", "true")
        keys = [name for name, is_key in columns.items() if is_key]
        return sql.SQL(_SQL[statement]).format(
            live=sql.Identifier(self._shadow.live),
            stored=self._stored(table),
            recomputed=sql.Identifier("pg_temp", table),
            keys=sql.SQL(", ").join(map(sql.Identifier, keys)),
            order=sql.SQL(", ").join(
                sql.SQL("coalesce({}, {})").format(sql.Identifier("s", name), sql.Identifier("r", name))
                for name in keys
            ),
            stored_columns=_of("s", columns),
            recomputed_columns=_of("r", columns),
            comparable=sql.SQL(comparable).format(stored_trades=self._stored("trades")),
        )


def _of(side: str, columns: dict[str, bool]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(side, name) for name in columns)


def _compared(
    table: str, rows: int, beyond: int, columns: dict[str, bool], differing: list[tuple[Any, ...]]
) -> Compared:
    names = list(columns)
    examples: list[Difference] = []
    for *values, _ in differing:
        stored = dict(zip(names, values[: len(names)], strict=True))
        recomputed = dict(zip(names, values[len(names) :], strict=True))
        examples.extend(_row_differences(table, columns, stored, recomputed))
    total = differing[0][-1] if differing else 0
    return Compared(table, rows, beyond, total, tuple(examples))


def _row_differences(
    table: str, columns: dict[str, bool], stored: dict[str, Any], recomputed: dict[str, Any]
) -> list[Difference]:
    keys = [name for name, is_key in columns.items() if is_key]
    missing = all(stored[name] is None for name in keys)
    extra = all(recomputed[name] is None for name in keys)
    key = {name: (recomputed if missing else stored)[name] for name in keys}
    if missing or extra:
        return [Difference(table, key, "*", None if missing else "a row", "none" if extra else "a row")]
    return [
        Difference(table, key, name, stored[name], recomputed[name])
        for name in columns
        if stored[name] != recomputed[name]
    ]
