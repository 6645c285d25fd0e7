"""A log to decoded Arrow batches: the columns of a message, where it stood, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from fixwatch.errors import SettingsError
from fixwatch.fix.decoder import Decoded, DecodeOptions, decode
from fixwatch.fix.defects import BY_CODE, Verdict
from fixwatch.fix.message import to_text
from fixwatch.fix.redaction import redact
from fixwatch.logs.blocks import Block

#: What a log's columns are, besides those of a message: place, prefix, judgement, bytes.
_PLACE: Final = (pa.field("line", pa.int64()), pa.field("offset", pa.int64()))
_PREFIX: Final = pa.field("prefix", pa.string())
_JUDGEMENT: Final = (pa.field("verdict", pa.string()), pa.field("defects", pa.list_(pa.string())))
_RAW: Final = pa.field("raw", pa.large_binary())
#: Those that are only there when they are asked for.
ON_REQUEST: Final = ("prefix", "raw")

_LABELS: Final = pa.array([verdict.label for verdict in sorted(Verdict)])
_REASONS: Final = pa.array([BY_CODE[code].label if code in BY_CODE else None for code in range(256)])


def log_schema(options: DecodeOptions, columns: Sequence[str] | None = None) -> pa.Schema:
    """The schema of a log's batches: `columns` in that order, or all but `prefix` and `raw`.

    Raises SettingsError for a column that there is not, or one of the options' that has the name of a log's.
    """
    theirs = {field.name for field in (*_PLACE, _PREFIX, *_JUDGEMENT, _RAW)}
    if taken := [column.name for column in options.columns if column.name in theirs]:
        raise SettingsError(f"Column {taken[0]!r} is there already: it is the log's own.")
    every = pa.schema([*_PLACE, _PREFIX, *_JUDGEMENT, *options.schema, _RAW])
    names = [name for name in every.names if name not in ON_REQUEST] if columns is None else columns
    if unknown := [name for name in names if name not in every.names]:
        raise SettingsError(f"There is no column {unknown[0]!r}; there are {', '.join(every.names)}.")
    return pa.schema([every.field(name) for name in names])


def decode_block(block: Block, options: DecodeOptions, schema: pa.Schema) -> pa.RecordBatch:
    """A block's messages as a batch of `schema` (see `log_schema`)."""
    decoded = decode(block.messages, options)
    columns = dict(zip(decoded.columns.schema.names, decoded.columns.columns, strict=True))
    arrays = [columns[name] if name in columns else _column(name, block, decoded) for name in schema.names]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _column(name: str, block: Block, decoded: Decoded) -> pa.Array:
    """A column that is the log's, not the message's."""
    match name:
        case "line":
            return block.lines
        case "offset":
            return block.offsets
        case "prefix":
            return _text(block.prefixes)
        case "verdict":
            return _LABELS.take(decoded.verdicts)
        case "defects":
            return _defects(decoded)
        case _:
            return _without_secrets(block.messages, decoded)


def _defects(decoded: Decoded) -> pa.ListArray:
    """`reason` or `reason:tag`, as the log in the database spells it, the primary defect first."""
    found = decoded.defects
    reasons = _REASONS.take(found.column("reason"))
    tags = found.column("ref_tag").cast(pa.string())
    words = pc.if_else(pc.is_null(tags), reasons, pc.binary_join_element_wise(reasons, tags, ":"))
    counts = [0] * (len(decoded.verdicts) + 1)
    for row in found.column("row").to_pylist():
        counts[row + 1] += 1
    return pa.ListArray.from_arrays(pa.array(accumulate(counts), pa.int32()), words)


def _text(prefixes: pa.LargeBinaryArray) -> pa.StringArray:
    try:
        return prefixes.cast(pa.large_string()).cast(pa.string())
    except pa.ArrowInvalid:  # some of it is no UTF-8
        return pa.array([to_text(prefix) for prefix in prefixes.to_pylist()], pa.string())


def _without_secrets(messages: pa.LargeBinaryArray, decoded: Decoded) -> pa.Array:
    rows = decoded.secret_rows.to_pylist()
    if not rows:
        return messages
    pieces = []
    done = 0
    for row in rows:
        pieces.append(messages[done:row])
        pieces.append(pa.array([redact(messages[row].as_py())], pa.large_binary()))
        done = row + 1
    return pa.concat_arrays([*pieces, messages[done:]])
