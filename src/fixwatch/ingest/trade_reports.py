"""Reports of trades, in one form for every message that reports any. Pure."""

from __future__ import annotations

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

#: The `side_no` of an ExecutionReport(8); the sides of a TradeCaptureReport(AE) are numbered from 1 on.
NO_SIDE: Final = 0
#: The `side_no` of what a TradeCaptureReport says of all sides of another.
ALL_SIDES: Final = -1

_DECIMAL: Final = pa.decimal128(38, 18)
_TIME: Final = pa.timestamp("us", "UTC")

#: One report of a fill, a bust or a correction. `exec_id` is its own id, `ref_id` the one that it names; ids of
#: ExecutionReports are ExecID(17) and ExecRefID(19), of TradeCaptureReports TradeReportID(571) and
#: TradeReportRefID(572). `msg_seq_num` is 0 where there is none; `trading_day` counts days since 1970-01-01.
REPORTS: Final = pa.schema(
    [
        ("session_id", pa.int32()),
        ("exec_id", pa.string()),
        ("side_no", pa.int32()),
        ("trading_day", pa.int32()),
        ("sent", _TIME),
        ("msg_seq_num", pa.int64()),
        ("stream_id", pa.int32()),
        ("kafka_offset", pa.int64()),
        ("ref_id", pa.string()),
        ("cl_ord_id", pa.string()),
        ("order_id", pa.string()),
        ("account", pa.string()),
        ("symbol", pa.string()),
        ("side", pa.string()),
        ("currency", pa.string()),
        ("last_mkt", pa.string()),
        ("trade_date", pa.date32()),
        ("settl_date", pa.date32()),
        ("transact_time", _TIME),
        ("last_qty", _DECIMAL),
        ("last_px", _DECIMAL),
    ]
)

_NONE: Final = pa.RecordBatch.from_pylist([], REPORTS)


def int32s(numbers: bytearray) -> pa.Array:
    """Numbers as the loops give them, without a copy."""
    return pa.Array.from_buffers(pa.int32(), len(numbers) // 4, [None, pa.py_buffer(numbers)])


def reports_of(rows: pa.RecordBatch, numbers: pa.Array, other: dict[str, pa.Array]) -> pa.RecordBatch:
    """The rows of these numbers (int32) as `REPORTS`: columns of `ingest/rows.py`, but for those in `other`."""
    if not len(numbers):
        return _NONE
    columns = dict(other)
    for name in REPORTS.names:
        if name not in columns:
            columns[name] = rows.column(name).take(numbers)
    if columns["msg_seq_num"].null_count:
        columns["msg_seq_num"] = pc.fill_null(columns["msg_seq_num"], 0)
    return pa.RecordBatch.from_arrays([columns[name] for name in REPORTS.names], schema=REPORTS)


def execution_reports(rows: pa.RecordBatch, numbers: bytearray) -> pa.RecordBatch:
    """The ExecutionReports(8) in the rows of these numbers."""
    at = int32s(numbers)
    sides = int32s(bytearray(4 * len(at)))
    return reports_of(rows, at, {"side_no": sides, "ref_id": rows.column("exec_ref_id").take(at)})


def together(a: pa.RecordBatch, b: pa.RecordBatch) -> pa.RecordBatch:
    """The rows of both, which have the same columns."""
    if not (a.num_rows and b.num_rows):
        return a if a.num_rows else b
    return pa.concat_batches([a, b])
