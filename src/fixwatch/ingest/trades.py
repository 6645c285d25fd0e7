"""Trades: what the rows of a batch say of fills, busts and corrections. Pure.

ExecutionReport(8): up to FIX 4.2 ExecTransType(20) says what a report does (0 new, 1 cancel, 2 correct) and a fill is
a new one with ExecType(150) 1 or 2 (4.0, which has none: with OrdStatus(39) 1 or 2). Since 4.3 ExecType says it: F
trade, H trade cancel, G trade correct. A bust or a correction names the fill, or a correction of it, by
ExecRefID(19). TradeCaptureReport(AE): see `captures.py`.

A trade is known by its session, ExecID(17), side and trading day. A fill without an ExecID is known by what it says
and when it was sent: it counts, and a repeat of it is no other trade. A change without an ExecRefID is taken to name
the trade that has its own ExecID.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from heapq import nsmallest
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from fixwatch.ingest import _trades
from fixwatch.ingest.captures import captured
from fixwatch.ingest.trade_reports import REPORTS, execution_reports, int32s, together

#: What a trade is known by.
KEY: Final = ("session_id", "exec_id", "side_no", "trading_day")
#: What makes two reports of one trade the same; `content` is a number for it.
CONTENT: Final = ("last_qty", "last_px", "symbol", "side", "order_id", "account", "currency")
#: Of a trade's reports the least counts, by the sender's time and number, then by content, then by place.
ORDER: Final = ("sent", "msg_seq_num", "content", "stream_id", "kafka_offset")
#: Contents of one trade that are told apart: the least, so that every order of arrival tells the same ones apart.
MOST_CONTENTS: Final = 16

_OF_CHANGE: Final = (
    *("session_id", "ref_id", "side_no", "exec_id", "trading_day", "sent", "msg_seq_num"),
    *("stream_id", "kafka_offset", "trade_date", "last_qty", "last_px"),
)


def _fields(names: list[str] | tuple[str, ...]) -> list[pa.Field]:
    """As Postgres has them: days are dates."""
    days = {"trading_day": pa.field("trading_day", pa.date32())}
    return [days.get(name) or REPORTS.field(name) for name in names]


#: A row a trade: the report that counts, how many `reports` there are, and where these have several contents, which:
#: numbers with blanks between them.
FILLS: Final = pa.schema(
    [
        *_fields([name for name in REPORTS.names if name != "ref_id"]),
        ("content", pa.int64()),
        ("reports", pa.int32()),
        ("contents", pa.string()),
    ]
)
#: A row a report of a bust or a correction; repeats are other rows.
CHANGES: Final = pa.schema([*_fields(_OF_CHANGE), ("is_bust", pa.bool_()), ("content", pa.int64())])

_SAYS: Final = ("folded", "session_id", "msg_type", "exec_type", "exec_trans_type", "ord_status", "last_qty")
_NO_FILLS: Final = pa.RecordBatch.from_pylist([], FILLS)
_NO_CHANGES: Final = pa.RecordBatch.from_pylist([], CHANGES)


@dataclass(frozen=True, slots=True)
class Trades:
    """What a batch says of trades: rows as `FILLS`, and as `CHANGES`."""

    fills: pa.RecordBatch
    changes: pa.RecordBatch


def fold(rows: pa.RecordBatch) -> Trades:
    """What rows (columns as `ingest/rows.py`) say of trades. Trades come in the order of their first reports."""
    filled, changed, busts, capturing = _trades.kinds([rows.column(name) for name in _SAYS], rows.num_rows)
    fills = execution_reports(rows, filled)
    changes = execution_reports(rows, changed)
    is_bust = pa.array(list(map(bool, busts)), pa.bool_())
    if capturing:
        found = captured(rows, int32s(capturing))
        fills = together(fills, found.fills)
        changes = together(changes, found.changes)
        is_bust = pa.concat_arrays([is_bust, found.is_bust])
    return Trades(_fills(fills), _changes(changes, is_bust))


def _digests(columns: list[pa.Array]) -> pa.Array:
    numbers = _trades.digests(columns, len(columns[0]))
    return pa.Array.from_buffers(pa.int64(), len(columns[0]), [None, pa.py_buffer(numbers)])


def _ids(ids: pa.Array, says: list[pa.Array]) -> pa.Array:
    """The ids, and where there is none, one made of what the report says."""
    if not ids.null_count:
        return ids
    numbers = _digests(says).to_pylist()
    return pc.coalesce(ids, pa.array([f"no-id:{number & (2**64 - 1):016x}" for number in numbers]))


def _fills(reports: pa.RecordBatch) -> pa.RecordBatch:
    if not reports.num_rows:
        return _NO_FILLS
    columns = dict(zip(REPORTS.names, reports.columns, strict=True))
    columns["content"] = _digests([columns[name] for name in CONTENT])
    columns["exec_id"] = _ids(
        columns["exec_id"], [columns[name] for name in ("sent", "msg_seq_num", "content")]
    )
    counts, numbers, trades, mixed = _trades.group(
        [columns[name] for name in KEY], [columns[name] for name in ORDER], reports.num_rows
    )
    contents = _contents(columns["content"], int32s(trades)) if mixed else {}
    rows = int32s(counts)
    if len(rows) < reports.num_rows:
        columns = {name: column.take(rows) for name, column in columns.items()}
    columns["reports"] = int32s(numbers)
    columns["contents"] = (
        pa.array([contents.get(trade) for trade in range(len(rows))], pa.string())
        if mixed
        else (pa.nulls(len(rows), pa.string()))
    )
    return _as(FILLS, columns)


def _contents(content: pa.Array, trades: pa.Array) -> dict[int, str]:
    """Of the trades whose reports have several contents, which."""
    found: dict[int, set[int]] = defaultdict(set)
    for trade, number in zip(trades.to_pylist(), content.to_pylist(), strict=True):
        found[trade].add(number)
    return {
        trade: " ".join(map(str, nsmallest(MOST_CONTENTS, numbers)))
        for trade, numbers in found.items()
        if len(numbers) > 1
    }


def _changes(reports: pa.RecordBatch, is_bust: pa.Array) -> pa.RecordBatch:
    if not reports.num_rows:
        return _NO_CHANGES
    columns = dict(zip(REPORTS.names, reports.columns, strict=True))
    columns["is_bust"] = is_bust
    columns["content"] = _digests(
        [is_bust, *(columns[name] for name in ("last_qty", "last_px", "trade_date"))]
    )
    says = [columns[name] for name in ("sent", "msg_seq_num", "content", "ref_id")]
    columns["exec_id"] = _ids(columns["exec_id"], says)
    columns["ref_id"] = pc.coalesce(columns["ref_id"], columns["exec_id"])
    return _as(CHANGES, columns)


def _as(schema: pa.Schema, columns: dict[str, pa.Array]) -> pa.RecordBatch:
    columns["trading_day"] = columns["trading_day"].view(pa.date32())
    return pa.RecordBatch.from_arrays([columns[name] for name in schema.names], schema=schema)
