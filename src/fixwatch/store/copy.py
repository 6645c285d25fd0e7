"""Arrow to Postgres by binary COPY: the fastest way in, and exact for NUMERIC.

https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import psycopg
import pyarrow as pa
from pgpq import ArrowToPostgresBinaryEncoder
from pgpq.encoders import StringEncoderBuilder
from pgpq.schema import Jsonb
from psycopg import sql

_JSON: Final = pa.json_(pa.string())


@dataclass(frozen=True, slots=True)
class CopyData:
    """Rows in Postgres' own binary form: encoded without a connection, sent later."""

    table: str
    columns: tuple[str, ...]
    rows: int
    payload: tuple[bytes, ...]


def encode(table: str, rows: pa.RecordBatch) -> CopyData:
    """Encode `rows` for `table`, whose columns are those of the batch, by name.

    The types on the wire are those of Arrow (text for string, bytea for binary, numeric for decimal128,
    timestamptz for timestamp, jsonb for the extension type `arrow.json`); Postgres takes them only where the
    column has that type, or is an enum and the value a string.
    """
    schema = pa.schema(
        [pa.field(field.name, pa.string()) if field.type == _JSON else field for field in rows.schema]
    )
    encoders = {
        field.name: StringEncoderBuilder.new_with_output(stored, Jsonb())
        if field.type == _JSON
        else ArrowToPostgresBinaryEncoder.infer_encoder(stored)
        for field, stored in zip(rows.schema, schema, strict=True)
    }
    encoder = ArrowToPostgresBinaryEncoder.new_with_encoders(schema, encoders)
    stored_rows = [column.storage if column.type == _JSON else column for column in rows.columns]
    rows = pa.RecordBatch.from_arrays(stored_rows, schema=schema)
    payload = (encoder.write_header(), encoder.write_batch(rows), encoder.finish())
    return CopyData(table, tuple(rows.schema.names), rows.num_rows, payload)


def send(cursor: psycopg.Cursor, data: CopyData) -> None:
    """Append encoded rows to their table.

    Raises:
        psycopg.Error: Postgres refuses a value; nothing of the rows is stored.
    """
    statement = sql.SQL("COPY {} ({}) FROM STDIN WITH (FORMAT BINARY)").format(
        sql.Identifier(data.table), sql.SQL(", ").join(map(sql.Identifier, data.columns))
    )
    with cursor.copy(statement) as copy:
        for part in data.payload:
            copy.write(part)
