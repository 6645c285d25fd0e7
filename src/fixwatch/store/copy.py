"""Arrow to Postgres in its own binary form: rows by COPY, and columns as arrays that a statement unnests.

COPY (https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format") is the fastest way in, for rows that
are new. What a statement has to look up or merge goes with it as one array a column: a temporary table would be
emptied at every commit, which costs milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

import psycopg
import pyarrow as pa
from psycopg import sql
from psycopg.adapt import Buffer, Dumper
from psycopg.pq import Format

from fixwatch.store._binary import array_payload, copy_payload


@dataclass(frozen=True, slots=True)
class CopyData:
    """Rows in Postgres' own binary form: encoded without a connection, sent later."""

    table: str
    columns: tuple[str, ...]
    rows: int
    payload: bytes


def encode(table: str, rows: pa.RecordBatch) -> CopyData:
    """Encode `rows` for `table`, whose columns are those of the batch, by name.

    The types on the wire are those of Arrow: text for string, bytea for binary, numeric for decimal128(38, 18),
    bigint, integer, boolean, date, timestamptz for timestamp[us, UTC], text[] for list<string>, jsonb for the
    extension type `arrow.json`. Postgres takes them only where the column has that type, or is an enum and the
    value a string.

    Raises TypeError for any other type.
    """
    return CopyData(table, tuple(rows.schema.names), rows.num_rows, copy_payload(rows))


def send(cursor: psycopg.Cursor, data: CopyData) -> None:
    """Append encoded rows to their table.

    Raises:
        psycopg.Error: Postgres refuses a value; nothing of the rows is stored.
    """
    with cursor.copy(_statement(data.table, data.columns)) as copy:
        copy.write(data.payload)


@cache
def _statement(table: str, columns: tuple[str, ...]) -> bytes:
    statement = sql.SQL("COPY {} ({}) FROM STDIN WITH (FORMAT BINARY)").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    return statement.as_bytes()


class _Array(bytes):
    """A parameter: an array of Postgres in binary form."""


class _ArrayDumper(Dumper):
    format = Format.BINARY

    def dump(self, obj: bytes) -> Buffer:
        return obj


def _array_of(name: str, oid: int) -> type[_Array]:
    array = type(f"{name}Array", (_Array,), {})
    psycopg.adapters.register_dumper(array, type(f"{name}ArrayDumper", (_ArrayDumper,), {"oid": oid}))
    return array


#: By the type of an Arrow column: the type of its items in Postgres, and the parameter. The numbers are those of
#: pg_type, which never change.
_ARRAYS: Final = {
    pa.bool_(): (16, _array_of("Bool", 1000)),
    pa.int32(): (23, _array_of("Int4", 1007)),
    pa.int64(): (20, _array_of("Int8", 1016)),
    pa.string(): (25, _array_of("Text", 1009)),
    pa.binary(): (17, _array_of("Bytea", 1001)),
    pa.date32(): (1082, _array_of("Date", 1182)),
    pa.timestamp("us", "UTC"): (1184, _array_of("Timestamptz", 1185)),
    pa.decimal128(38, 18): (1700, _array_of("Numeric", 1231)),
}


@dataclass(frozen=True, slots=True)
class Arrays:
    """Rows as parameters of a statement: by column name, an array of all rows' values."""

    rows: int
    columns: dict[str, bytes]


def arrays(rows: pa.RecordBatch) -> Arrays:
    """Encode the columns of `rows`; types as in `encode`, without text[] and jsonb.

    Raises KeyError for any other type.
    """
    columns: dict[str, bytes] = {}
    for name, column in zip(rows.schema.names, rows.columns, strict=True):
        item_oid, array = _ARRAYS[column.type]
        columns[name] = array(array_payload(column, item_oid))
    return Arrays(rows.num_rows, columns)
