"""A FIX log as Polars frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, cast

import polars as pl
import pyarrow as pa

from fixwatch.fix.decoder import DecodeOptions
from fixwatch.logs.batches import decode_block, log_schema
from fixwatch.logs.blocks import BLOCK_BYTES, Strays, blocks
from fixwatch.logs.compression import open_log

_DEFAULTS: Final = DecodeOptions()


def read_log(
    path: str | Path,
    options: DecodeOptions = _DEFAULTS,
    *,
    columns: Sequence[str] | None = None,
    strays: Strays = "skip",
) -> pl.DataFrame:
    """A FIX log as one frame, a row a message, in the log's order.

    The log: SOH, `|` or `^A` between the fields (each line may have its own), anything in front of `8=FIX`,
    LF or CRLF, several messages on a line, line ends inside data fields; as it is, or compressed by gzip or
    zstd, which is seen by its first bytes.

    The columns, all of which `columns` may name, in any order:

    ==========  ==============  ==============================================================================
    column      dtype           value
    ==========  ==============  ==============================================================================
    `line`      Int64           the line that the message begins on, from 1
    `offset`    Int64           bytes from the begin of the (decompressed) log to the message
    `verdict`   String          `valid`, `rejected` (a defect against the dictionary) or `garbled` (a broken frame)
    `defects`   List(String)    `reason` or `reason:tag`, the one that QuickFIX would report first; empty if valid
    ...         ...             those of `columns.SCHEMA`: text String, numbers Int64, prices and quantities
                                Decimal(38, 18), times Datetime("us", "UTC"), dates Date, Y/N Boolean; then those of
                                `options.columns`
    `prefix`    String          what stood on the line in front of the message; only where `columns` names it
    `raw`       Binary          the message, SOH between its fields, secrets blanked; only where `columns` names it
    ==========  ==============  ==============================================================================

    `strays`: lines without a message are left out (`skip`), or `keep` gives each a row: garbled, `not_fix`.

    The frame holds every row: for a log larger than memory use `scan_log`, fewer columns, or
    `fixwatch decode --format parquet`. Raises LogError: the file cannot be read, or its compression is broken;
    SettingsError: there is no such column.
    """
    schema = log_schema(options, columns)
    with open_log(path) as stream:
        decoded = [decode_block(block, options, schema) for block in blocks(stream, strays)]
    table = pa.Table.from_batches(decoded, schema)
    return _frame(table)


def scan_log(
    path: str | Path,
    options: DecodeOptions = _DEFAULTS,
    *,
    columns: Sequence[str] | None = None,
    strays: Strays = "skip",
    block_bytes: int = BLOCK_BYTES,
) -> Iterator[pl.DataFrame]:
    """`read_log` a frame at a time, in bounded memory: each holds the messages of `block_bytes` of the log.

    The frames have the same columns, and together the same rows. Raises what `read_log` raises, when the first
    frame is asked for or where the log breaks off.
    """
    schema = log_schema(options, columns)
    with open_log(path) as stream:
        for block in blocks(stream, strays, block_bytes):
            if len(block.messages):
                yield _frame(decode_block(block, options, schema))


def _frame(data: pa.Table | pa.RecordBatch) -> pl.DataFrame:
    return cast(pl.DataFrame, pl.from_arrow(data, rechunk=False))
