"""The rows of a batch as every fold reads them: what was decoded, and what names and settings make of it.

A fold is a pure function of such rows: no order of rows, no division into batches and no repeat changes what the
folds of all batches come to. `_rows.h` reads the columns without a Python object a value.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from fixwatch.fix.columns import SCHEMA as DECODED
from fixwatch.ingest._rows import earlier, moments
from fixwatch.ingest._trading_days import TradingDays
from fixwatch.ingest.batch import Batch, DecodedBatch
from fixwatch.store.identities import Ends

#: What folds know of a row besides its fields.
#:
#: ==============  ====================  =====================================================================
#: folded          bool                  if it takes part: false where it is kept back (the quarantine)
#: session_id      int32                 the direction of its session, null where it could not be read
#: pair_id         int32                 both directions of it
#: order_key       int64                 its order, null where it is of none
#: trading_day     int32                 days since 1970-01-01 of the trading day, as its session's settings say
#: early           bool                  within five minutes after that day began
#: sent            timestamp[us, UTC]    when its sender sent it first: OrigSendingTime(122) where there is one; else
#:                                       TransactTime(60) of a PossResend(97), SendingTime(52), the Kafka timestamp
#: kafka_time      timestamp[us, UTC]    when the topic had it
#: stream_id       int32                 where it stands in the topic ...
#: kafka_offset    int64                 ... and at which offset
#: raw             large_binary          the whole message, secrets blanked
#: ==============  ====================  =====================================================================
PLACE: Final = pa.schema(
    [
        ("folded", pa.bool_()),
        ("session_id", pa.int32()),
        ("pair_id", pa.int32()),
        ("order_key", pa.int64()),
        ("trading_day", pa.int32()),
        ("early", pa.bool_()),
        ("sent", pa.timestamp("us", "UTC")),
        ("kafka_time", pa.timestamp("us", "UTC")),
        ("stream_id", pa.int32()),
        ("kafka_offset", pa.int64()),
        ("raw", pa.large_binary()),
    ]
)

#: All columns of the rows: `PLACE`, then every decoded column (`fix/columns.py`).
ROWS: Final = pa.schema([*PLACE, *DECODED])

#: How long after its beginning a trading day is `early`, microseconds.
_EARLY_US: Final = 300_000_000


def rows_of(
    batch: Batch,
    decoded: DecodedBatch,
    stream_ids: Mapping[int, int],
    sessions: Mapping[Ends, tuple[int, int]],
    days: TradingDays,
) -> pa.RecordBatch:
    """The rows of a batch, columns as `ROWS` but `order_key`, which is null: whose order a row is comes last.

    `stream_ids` maps the batch's partitions to streams, `sessions` directions to (session_id, pair_id); `days`
    says which trading day a moment is of.
    """
    count = len(batch)
    columns = decoded.decoded.columns
    known = [sessions.get(ends, (None, None)) for ends in decoded.directions]
    session_id, pair_id = (
        pa.array(ids, pa.int32()).take(decoded.direction)
        for ids in (zip(*known, strict=True) if known else ((), ()))
    )
    sent, of_day = moments(
        columns.column("orig_sending_time"),
        columns.column("poss_dup"),
        columns.column("poss_resend"),
        columns.column("transact_time"),
        columns.column("sending_time"),
        decoded.kafka_time,
    )
    day = days.of(_moments(of_day, count), pair_id)
    day_before = days.of(_moments(earlier(of_day, _EARLY_US), count), pair_id)
    return pa.RecordBatch.from_arrays(
        [
            pc.invert(decoded.quarantined),
            session_id,
            pair_id,
            pa.nulls(count, pa.int64()),
            day,
            pc.not_equal(day, day_before),
            _moments(sent, count),
            decoded.kafka_time,
            pa.array([stream_ids[partition] for partition in batch.partitions], pa.int32()),
            pa.array(batch.offsets, pa.int64()),
            decoded.raw,
            *columns.columns[: len(DECODED)],
        ],
        schema=ROWS,
    )


def with_order_keys(rows: pa.RecordBatch, order_key: pa.Array) -> pa.RecordBatch:
    """The rows with the order that each is of (int64, null where it is of none)."""
    return rows.set_column(rows.schema.get_field_index("order_key"), "order_key", order_key)


def _moments(microseconds: bytearray, count: int) -> pa.Array:
    return pa.Array.from_buffers(pa.timestamp("us", "UTC"), count, [None, pa.py_buffer(microseconds)])
