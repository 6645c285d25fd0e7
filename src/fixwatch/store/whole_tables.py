"""Whole tables, stored beside recomputed: their columns, and which rows the log can still say anything about."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, LiteralString, NamedTuple

from psycopg import sql

from fixwatch.store.shadow import Shadow
from fixwatch.store.sql import load

_SQL: Final = load("whole_tables")

#: The shadow's connection only looks rows up otherwise.
_PLANS: Final = (
    "SET LOCAL enable_hashjoin = on",
    "SET LOCAL enable_mergejoin = on",
    "SET LOCAL enable_seqscan = on",
)
#: The log has no primary key. Its rows are known by their place in the topic, and when they were stored.
PLACE: Final = ("stream_id", "kafka_offset", "ingested_at")


class Column(NamedTuple):
    """A column of a table: its name, if it is of the primary key, and if it is written or generated."""

    name: str
    is_key: bool
    is_written: bool


@contextmanager
def whole_tables(shadow: Shadow) -> Iterator[dict[str, str]]:
    """One transaction for whole tables. Yields the parameters of `WholeTable.format`ted statements."""
    with shadow.connection.transaction():
        for statement in _PLANS:
            shadow.connection.execute(statement)
        until, last_kafka_time = shadow.connection.execute(
            sql.SQL(_SQL["floor"]).format(live=sql.Identifier(shadow.live))
        ).fetchone() or ("-infinity", "-infinity")
        yield {"until": until, "last_kafka_time": last_kafka_time}


class WholeTable:
    """A table of which rows are stored (s) and recomputed (r): in the copies that the shadow took, or live."""

    def __init__(self, shadow: Shadow, name: str, *, live: bool) -> None:
        self.name = name
        self._shadow = shadow
        self._live = live
        identifier = sql.Identifier(shadow.live, name).as_string(shadow.connection)
        rows = shadow.connection.execute(_SQL["columns"], {"table": identifier})
        self.columns = [Column(*row) for row in rows]
        self.keys = [column.name for column in self.columns if column.is_key] or list(PLACE)

    def format(self, statement: LiteralString) -> sql.Composed:
        """The statement with the table's names in the places that it has for them."""
        names = [column.name for column in self.columns]
        written = [column.name for column in self.columns if column.is_written]
        values = [name for name in written if name not in self.keys]
        parts = {f"stored_{name}": self._stored(name) for name in ("trades", "trade_changes", "sessions")}

        def condition(name: str) -> sql.Composed:
            return sql.SQL(_SQL.get(f"{name}_{self.name}", "true")).format(**parts)

        return sql.SQL(statement).format(
            live=sql.Identifier(self._shadow.live),
            table=sql.Identifier(self.name),
            stored=self._stored(self.name),
            recomputed=sql.Identifier("pg_temp", self.name),
            keys=_list("{}", self.keys),
            order=_list("coalesce(s.{0}, r.{0})", self.keys),
            same_key=_list("s.{0} = r.{0}", self.keys, " AND "),
            stored_columns=_list("s.{}", names),
            recomputed_columns=_list("r.{}", names),
            written=_list("{}", written),
            recomputed_written=_list("r.{}", written),
            assignments=_list("{0} = r.{0}", values),
            comparable=condition("comparable"),
            recomputable=condition("recomputable"),
        )

    def _stored(self, name: str) -> sql.Identifier:
        if self._live:
            return sql.Identifier(self._shadow.live, name)
        return sql.Identifier("pg_temp", f"stored_{name}")


def _list(each: LiteralString, names: list[str], between: LiteralString = ", ") -> sql.Composed:
    return sql.SQL(between).join(sql.SQL(each).format(sql.Identifier(name)) for name in names)
