"""A batch on its way: records as they were polled, then decoded, then one frame that the folds read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from fixwatch.fix.decoder import Decoded, DecodeOptions, decode
from fixwatch.fix.defects import BY_CODE, DefectReason, Verdict
from fixwatch.fix.redaction import redact

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

#: The decoded columns that the folds read, besides the ends: making frames of all would cost more than the folds.
FOLDED: Final = (
    *("begin_string", "msg_type", "msg_seq_num", "poss_dup", "sending_time", "orig_sending_time"),
    *("heart_bt_int", "reset_seq_num", "new_seq_no", "gap_fill", "text"),
    *("cl_ord_id", "orig_cl_ord_id", "order_id", "account", "symbol", "side", "ord_type", "time_in_force"),
    *("order_qty", "price", "currency", "transact_time", "trade_date", "exec_id", "exec_ref_id"),
    *(
        "exec_trans_type",
        "exec_type",
        "ord_status",
        "last_qty",
        "last_px",
        "last_mkt",
        "cum_qty",
        "leaves_qty",
    ),
    "avg_px",
)

#: Between the six in the frame's `direction`; no field of a FIX message has it.
SEPARATOR: Final = "\x01"


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
    """A decoded batch: what the log stores, and the frame that the folds read.

    `frame` has a row a record: the columns `FOLDED`, and `stream_id`, `kafka_offset`, `kafka_time`
    (timestamp[us, UTC]), `bytes` (int64), `verdict` (uint8), `quarantined` (bool), and `direction`: the ends of
    the session in one text, null where the CompIDs could not be read.
    `defects` has a row a defect: `row`, `reason` (text) and `ref_tag` (0: no one field is to blame).
    """

    decoded: Decoded
    raw: pa.LargeBinaryArray
    defect_lists: pa.ListArray
    frame: pl.DataFrame
    defects: pl.DataFrame


def decode_batch(
    batch: Batch,
    stream_ids: Mapping[int, int],
    options: DecodeOptions,
    *,
    strict: bool,
    readable: bool = True,
) -> DecodedBatch:
    """Decode and check a batch, and blank the secrets in it.

    `stream_ids` maps the partitions to streams. `strict` quarantines every message that has a defect;
    otherwise only garbled ones, and those that do not say which session they are of, are kept back.
    `readable=False` is for records whose values Postgres refuses: only their bytes and their defects are kept.
    """
    raw = pa.array(batch.values, pa.large_binary())
    decoded = decode(raw, options)
    if not readable:
        decoded = _unreadable(decoded)
    if len(decoded.secret_rows):
        raw = pa.array(without_secrets(batch.values, decoded), pa.large_binary())
    defects = _defects(decoded)
    frame = pl.from_arrow(decoded.columns.select([*ENDS, *FOLDED]))
    assert isinstance(frame, pl.DataFrame)  # noqa: S101  (a record batch never becomes a Series)
    frame = frame.with_columns(
        pl.Series("stream_id", [stream_ids[partition] for partition in batch.partitions], pl.Int32),
        pl.Series("kafka_offset", batch.offsets, pl.Int64),
        # A producer may give any 64 bits for a time, and a broker takes them.
        pl.Series("kafka_time", batch.timestamps, pl.Int64)
        .clip(0, LATEST_MS)
        .cast(pl.Datetime("ms", "UTC"))
        .cast(pl.Datetime("us", "UTC")),
        pl.Series("bytes", pc.binary_length(raw), pl.Int64),
        pl.Series("verdict", decoded.verdicts, pl.UInt8),
        pl.when(pl.col("sender_comp_id").is_not_null() & pl.col("target_comp_id").is_not_null())
        .then(pl.concat_str([pl.col(end).fill_null("") for end in ENDS], separator=SEPARATOR))
        .alias("direction"),
    ).drop(ENDS)
    kept_back = pl.col("verdict") >= (Verdict.REJECTED if strict else Verdict.GARBLED)
    frame = frame.with_columns((kept_back | pl.col("direction").is_null()).alias("quarantined"))
    return DecodedBatch(
        decoded=decoded,
        raw=raw,
        defect_lists=_defect_lists(defects, len(batch)),
        frame=frame,
        defects=defects,
    )


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


def _defects(decoded: Decoded) -> pl.DataFrame:
    row, code, ref_tag = decoded.defects.columns
    return pl.DataFrame(
        {"row": row, "reason": _REASONS.take(code), "ref_tag": ref_tag.fill_null(0)},
        schema={"row": pl.Int32, "reason": pl.String, "ref_tag": pl.Int32},
    )


def _defect_lists(defects: pl.DataFrame, rows: int) -> pa.ListArray:
    """The log's `defects` column: `reason` or `reason:tag`, a list a row, null where there is none."""
    if not defects.height:
        return pa.nulls(rows, pa.list_(pa.string()))
    lists: list[list[str] | None] = [None] * rows
    for row, reason, tag in defects.iter_rows():
        label = f"{reason}:{tag}" if tag else reason
        have = lists[row]
        if have is None:
            lists[row] = [label]
        else:
            have.append(label)
    return pa.array(lists, pa.list_(pa.string()))
