"""Rollups by minute, which the dashboard reads instead of the log. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from fixwatch.fix.defects import Verdict
from fixwatch.ingest import _rollups

MESSAGE_MINUTES: Final = pa.schema(
    [
        ("minute", pa.timestamp("us", "UTC")),
        ("session_id", pa.int32()),
        ("msg_type", pa.string()),
        ("verdict", pa.string()),
        ("messages", pa.int64()),
        ("bytes", pa.int64()),
        ("quarantined", pa.int64()),
    ]
)
DEFECT_MINUTES: Final = pa.schema(
    [
        ("minute", pa.timestamp("us", "UTC")),
        ("session_id", pa.int32()),
        ("reason", pa.string()),
        ("ref_tag", pa.int32()),
        ("defects", pa.int64()),
    ]
)
#: Latencies that are counted, or taken back where `count` is negative; a key once. `kind` is one of the enum
#: `latency_kind`, `bucket` what `fw_bucket` of `_histogram.h` says.
LATENCY_MINUTES: Final = pa.schema(
    [
        ("minute", pa.timestamp("us", "UTC")),
        ("session_id", pa.int32()),
        ("kind", pa.string()),
        ("bucket", pa.int32()),
        ("count", pa.int64()),
    ]
)


@dataclass(frozen=True, slots=True)
class Counted:
    """What messages count: rows of `MESSAGE_MINUTES` and of `DEFECT_MINUTES`."""

    message_minutes: pa.RecordBatch
    defect_minutes: pa.RecordBatch

    def less(self, other: Counted) -> Counted:
        """What these count more than others; a key once, and none that counts as much in both."""
        return Counted(
            _less(self.message_minutes, other.message_minutes, sums=3),
            _less(self.defect_minutes, other.defect_minutes, sums=1),
        )


_LABELS: Final = [verdict.label for verdict in Verdict]  # by number


def message_minutes(rows: pa.RecordBatch, verdicts: pa.Array) -> pa.RecordBatch:
    """Messages by minute of the Kafka timestamp, session (0: unreadable), MsgType(35) and verdict.

    `rows` have the columns of `rows.ROWS`; `verdicts` (uint8) are theirs.
    """
    minutes, sessions, types, numbers, *counts = _rollups.message_minutes(
        rows.column("kafka_time"),
        rows.column("session_id"),
        rows.column("msg_type"),
        verdicts,
        pc.invert(rows.column("folded")),
        rows.column("raw"),
    )
    columns: list[list[Any]] = [minutes, sessions, types, [_LABELS[number] for number in numbers], *counts]
    return _record_batch(columns, MESSAGE_MINUTES)


def defect_minutes(rows: pa.RecordBatch, defects: pa.RecordBatch) -> pa.RecordBatch:
    """Defects by minute of the Kafka timestamp, session, reason and tag (0: no one field is to blame).

    `defects` has a row a defect: `row`, `reason`, `ref_tag`. They are few.
    """
    at = defects.column("row")
    minutes = (
        pc.floor_temporal(rows.column("kafka_time").take(at), unit="minute").cast(pa.int64()).to_pylist()
    )
    sessions = rows.column("session_id").take(at).fill_null(0).to_pylist()
    found = Counter(
        zip(
            minutes,
            sessions,
            defects.column("reason").to_pylist(),
            defects.column("ref_tag").to_pylist(),
            strict=True,
        )
    )
    keys = sorted(found)
    columns: list[list[Any]] = [list(column) for column in zip(*keys, strict=True)] or [[], [], [], []]
    return _record_batch([*columns, [found[key] for key in keys]], DEFECT_MINUTES)


def skew_minutes(rows: pa.RecordBatch) -> pa.RecordBatch:
    """SendingTime(52) less the Kafka timestamp, of messages that are folded and no repeats; as `LATENCY_MINUTES`.

    The minutes are those of the Kafka timestamp: a clock that is off must not hide in another minute.
    """
    names = ("kafka_time", "session_id", "sending_time", "poss_dup", "folded")
    minutes, sessions, buckets, counts = _rollups.skew_minutes(*(rows.column(name) for name in names))
    return _record_batch([minutes, sessions, ["skew"] * len(counts), buckets, counts], LATENCY_MINUTES)


def _less(rows: pa.RecordBatch, others: pa.RecordBatch, *, sums: int) -> pa.RecordBatch:
    """Rows less others; the last `sums` columns are numbers, what stands before them is the key."""
    keys = len(rows.schema) - sums
    found: dict[tuple[Any, ...], list[int]] = {}
    for sign, each in ((1, rows), (-1, others)):
        for row in zip(*(column.to_pylist() for column in each.columns), strict=True):
            numbers = found.setdefault(row[:keys], [0] * sums)
            for at, number in enumerate(row[keys:]):
                numbers[at] += sign * number
    left = sorted((*key, *numbers) for key, numbers in found.items() if any(numbers))
    columns = zip(*left, strict=True) if left else ([] for _ in rows.schema)
    return pa.RecordBatch.from_arrays(
        [pa.array(column, field.type) for column, field in zip(columns, rows.schema, strict=True)],
        schema=rows.schema,
    )


def _record_batch(columns: list[list[Any]], schema: pa.Schema) -> pa.RecordBatch:
    """Columns as lists; times are microseconds since 1970."""
    arrays = [
        pa.array(column, pa.int64()).cast(field.type)
        if pa.types.is_timestamp(field.type)
        else pa.array(column, field.type)
        for column, field in zip(columns, schema, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)
