"""A batch on its way: records as they were polled, then decoded and checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from fixwatch.fix.decoder import Decoded, DecodeOptions, decode
from fixwatch.fix.defects import BY_CODE, DefectReason, Verdict
from fixwatch.fix.redaction import redact
from fixwatch.ingest._rows import ends_of
from fixwatch.store.identities import Ends

#: The six fields that name a direction of a session, in the order of the `sessions` table.
ENDS: Final = (
    "sender_comp_id",
    "sender_sub_id",
    "sender_location_id",
    "target_comp_id",
    "target_sub_id",
    "target_location_id",
)

#: The last millisecond of the year 9999, the latest that every part of the way can hold, ms since 1970.
LATEST_MS: Final = 253_402_300_799_999


@dataclass(frozen=True, slots=True)
class Batch:
    """Records as they were polled: four lists of one length; within a partition, offsets ascend."""

    values: Sequence[bytes]
    partitions: Sequence[int]
    offsets: Sequence[int]
    #: Kafka timestamps: milliseconds since 1970-01-01 UTC.
    timestamps: Sequence[int]
    #: When the log first took them, where they are of the log; None: they are new.
    ingested_at: datetime | None = None

    def __len__(self) -> int:
        return len(self.values)

    def ends(self) -> dict[int, int]:
        """The last offset of each partition."""
        return dict(zip(self.partitions, self.offsets, strict=True))

    def part(self, begin: int, end: int) -> Batch:
        """The records from `begin` up to `end`."""
        return Batch(
            self.values[begin:end],
            self.partitions[begin:end],
            self.offsets[begin:end],
            self.timestamps[begin:end],
            self.ingested_at,
        )

    def rows(self, rows: Sequence[int]) -> Batch:
        """The records at `rows`, in that order."""
        return Batch(
            [self.values[row] for row in rows],
            [self.partitions[row] for row in rows],
            [self.offsets[row] for row in rows],
            [self.timestamps[row] for row in rows],
            self.ingested_at,
        )


@dataclass(frozen=True, slots=True)
class DecodedBatch:
    """A decoded batch: what was decoded, what was found wrong, and whose rows they are.

    All arrays have a value a record. `kafka_time`: timestamp[us, UTC]; `quarantined`: bool; `direction`: int32, the
    place in `directions` of the session's direction, null where the CompIDs could not be read; `founding`: by place
    in `directions`, if a row of it is folded.
    `defects` has a row a defect: `row`, `reason` (text) and `ref_tag` (0: no one field is to blame).
    """

    decoded: Decoded
    raw: pa.LargeBinaryArray
    defects: pa.RecordBatch
    kafka_time: pa.Array
    quarantined: pa.BooleanArray
    direction: pa.Int32Array
    directions: list[Ends]
    founding: list[bool]


def decode_batch(
    batch: Batch, options: DecodeOptions, *, strict: bool, readable: bool = True
) -> DecodedBatch:
    """Decode and check a batch, and blank the secrets in it.

    `strict` quarantines every message that has a defect; otherwise only garbled ones, and those that do not say
    which session they are of, are kept back. `readable=False` is for records whose values Postgres refuses: only
    their bytes and their defects are kept.
    """
    raw = pa.array(batch.values, pa.large_binary())
    decoded = decode(raw, options)
    if not readable:
        decoded = _unreadable(decoded)
    if len(decoded.secret_rows):
        raw = pa.array(without_secrets(batch.values, decoded), pa.large_binary())
    ends = [decoded.columns.column(name) for name in ENDS]
    codes, named, firsts = ends_of(ends)
    direction = pa.Array.from_buffers(pa.int32(), len(batch), [pa.py_buffer(named), pa.py_buffer(codes)])
    kept_back = Verdict.REJECTED if strict else Verdict.GARBLED
    quarantined = pc.or_(
        pc.greater_equal(decoded.verdicts, pa.scalar(int(kept_back), pa.uint8())), pc.is_null(direction)
    )
    directions: list[Ends] = []
    for row in firsts:
        a, b, c, d, e, f = (end[row].as_py() or "" for end in ends)
        directions.append((a, b, c, d, e, f))
    folded = set(pc.unique(direction.filter(pc.invert(quarantined))).to_pylist())
    return DecodedBatch(
        decoded=decoded,
        raw=raw,
        defects=_defects(decoded),
        kafka_time=_kafka_times(batch.timestamps),
        quarantined=quarantined,
        direction=direction,
        directions=directions,
        founding=[number in folded for number in range(len(directions))],
    )


def _kafka_times(timestamps: Sequence[int]) -> pa.Array:
    # A producer may give any 64 bits for a time, and a broker takes them.
    bounded = pc.min_element_wise(pc.max_element_wise(pa.array(timestamps, pa.int64()), 0), LATEST_MS)
    return pc.multiply(bounded, 1000).cast(pa.timestamp("us", "UTC"))


def without_secrets(values: Sequence[bytes], decoded: Decoded) -> list[bytes]:
    """The values as the log keeps them: those of `decoded.secret_rows` with their secrets blanked."""
    kept = list(values)
    for row in decoded.secret_rows.to_pylist():
        kept[row] = redact(kept[row])
    return kept


def _unreadable(decoded: Decoded) -> Decoded:
    rows, schema = decoded.columns.num_rows, decoded.columns.schema
    return Decoded(
        columns=pa.RecordBatch.from_arrays([pa.nulls(rows, field.type) for field in schema], schema=schema),
        verdicts=decoded.verdicts,
        defects=pa.RecordBatch.from_arrays(
            [
                pa.array(range(rows), pa.int32()),
                pa.array([DefectReason.REFUSED_BY_DATABASE.code] * rows, pa.uint8()),
                pa.nulls(rows, pa.int32()),
            ],
            names=["row", "reason", "ref_tag"],
        ),
        secret_rows=decoded.secret_rows,
    )


#: By code.
_REASONS: Final = pa.array([BY_CODE[code].label if code in BY_CODE else None for code in range(256)])


def _defects(decoded: Decoded) -> pa.RecordBatch:
    row, code, ref_tag = decoded.defects.columns
    return pa.RecordBatch.from_arrays(
        [row, _REASONS.take(code), ref_tag.fill_null(0)], names=["row", "reason", "ref_tag"]
    )


def defect_lists(defects: pa.RecordBatch, rows: int) -> pa.ListArray:
    """The log's `defects` column: `reason` or `reason:tag`, a list a row, null where there is none."""
    if not defects.num_rows:
        return pa.nulls(rows, pa.list_(pa.string()))
    lists: list[list[str] | None] = [None] * rows
    for row, reason, tag in zip(*(column.to_pylist() for column in defects.columns), strict=True):
        label = f"{reason}:{tag}" if tag else reason
        have = lists[row]
        if have is None:
            lists[row] = [label]
        else:
            have.append(label)
    return pa.array(lists, pa.list_(pa.string()))
