"""Chosen columns on their way to `messages.extra`: one JSON object a message, by name; null where it has none."""

from __future__ import annotations

import polars as pl
import pyarrow as pa


def extra(columns: pa.RecordBatch) -> pa.Array:
    """The rows as JSON text (`arrow.json`), without what is null; numbers exact, times in ISO 8601 and UTC."""
    frame = pl.from_arrow(columns)
    assert isinstance(frame, pl.DataFrame)  # noqa: S101  (a record batch never becomes a Series)
    members = [
        pl.when(pl.col(name).is_not_null()).then(
            pl.concat_str(pl.lit(f'"{name}":'), _json_value(name, dtype))
        )
        for name, dtype in frame.schema.items()
    ]
    inner = pl.concat_str(members, separator=",", ignore_nulls=True)
    objects = frame.select(
        pl.when(inner != "").then(pl.concat_str(pl.lit("{"), inner, pl.lit("}"))).alias("extra")
    )
    return objects["extra"].to_arrow().cast(pa.string()).cast(pa.json_(pa.string()))


def _json_value(name: str, dtype: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    if isinstance(dtype, pl.String):
        # What is left of {"name":"text"} is the text with what JSON wants escaped.
        object_ = pl.struct(column).struct.json_encode()
        return object_.str.slice(len(name) + 4).str.head(-1)
    if isinstance(dtype, pl.Decimal):
        return column.cast(pl.String).str.strip_chars_end("0").str.strip_chars_end(".")
    if isinstance(dtype, pl.Datetime):
        return column.dt.strftime('"%Y-%m-%dT%H:%M:%S%.6fZ"')
    if isinstance(dtype, pl.Time):
        return column.dt.strftime('"%H:%M:%S%.6f"')
    if isinstance(dtype, pl.Date):
        return column.dt.strftime('"%Y-%m-%d"')
    return column.cast(pl.String)
