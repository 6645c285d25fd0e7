"""Orders: which messages are of one order, and what they say of it. Pure.

An order is known by every ClOrdID(11) that it had (a cancel or replace request brings a new one and names the
last by OrigClOrdID(41)) and by its OrderID(37), within its session pair: both directions speak of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from fixwatch.ingest._chains import Links
from fixwatch.store.identities import OrderId

_DECIMAL: Final = pa.decimal128(38, 18)

ROWS: Final = pa.schema(
    [
        ("order_key", pa.int64()),
        ("pair_id", pa.int32()),
        ("cl_ord_id", pa.string()),
        ("order_id", pa.string()),
        ("account", pa.string()),
        ("symbol", pa.string()),
        ("side", pa.string()),
        ("ord_type", pa.string()),
        ("time_in_force", pa.string()),
        ("currency", pa.string()),
        ("order_qty", _DECIMAL),
        ("price", _DECIMAL),
        ("ord_status", pa.string()),
        ("exec_type", pa.string()),
        ("cum_qty", _DECIMAL),
        ("leaves_qty", _DECIMAL),
        ("avg_px", _DECIMAL),
        ("text", pa.string()),
        ("state_time", pa.timestamp("us", "UTC")),
        ("state_seq_num", pa.int64()),
        ("terms_time", pa.timestamp("us", "UTC")),
        ("terms_seq_num", pa.int64()),
        ("sent_at", pa.timestamp("us", "UTC")),
        ("answered_at", pa.timestamp("us", "UTC")),
        ("messages", pa.int64()),
        ("first_seen", pa.timestamp("us", "UTC")),
        ("last_seen", pa.timestamp("us", "UTC")),
    ]
)

#: NewOrderSingle, cancel and replace requests, status request, ExecutionReport, OrderCancelReject, multileg.
ORDER_TYPES: Final = ("D", "F", "G", "H", "8", "9", "AB", "AC")

#: What OrderID(37) says where there is no order: OrderCancelReject of an unknown one (FIX 4.4, MsgType 9).
_NO_ORDER: Final = ("NONE", "")

#: An id of an order within its session pair. `kind` is `cl_ord_id` or `order_id`.
IDS: Final = pa.schema([("pair_id", pa.int32()), ("kind", pa.string()), ("id", pa.string())])
ORDER_IDS: Final = IDS.append(pa.field("order_key", pa.int64()))

_KINDS: Final = ["cl_ord_id", "order_id"]
#: The columns that ids stand in, and which of the kinds they are of.
_ID_COLUMNS: Final = {"orig_cl_ord_id": 0, "cl_ord_id": 0, "order_id": 1}

_OF_ORDER: Final = pl.col("msg_type").is_in(ORDER_TYPES) & ~pl.col("quarantined")
_LINK: Final = (
    pl.when(_OF_ORDER).then(pl.col("pair_id")).alias("pair_id"),
    pl.col("orig_cl_ord_id"),
    pl.col("cl_ord_id"),
    pl.when(~pl.col("order_id").is_in(_NO_ORDER)).then(pl.col("order_id")).alias("order_id"),
)


class Chains:
    """The orders of a batch: which ids belong together. Resolved to order keys by what is known already.

    `ids` are all of them, columns as `IDS`, in the order of the log.
    """

    def __init__(self, frame: pl.DataFrame) -> None:
        """Find the chains in a frame that has `pair_id`; rows that are of no order take no part."""
        rows = frame.select(_LINK).to_arrow().combine_chunks()
        pairs = _whole(rows.column("pair_id"))
        columns = [_whole(rows.column(name)).cast(pa.large_string()) for name in _ID_COLUMNS]
        self._links = Links(pairs, columns, list(_ID_COLUMNS.values()))
        row, column = self._links.places()
        at = _array(pa.int32(), self._links.count, row)
        which = _array(pa.uint8(), self._links.count, column)
        text = pc.add(pc.multiply(which.cast(pa.int64()), frame.height), at)
        kind = pa.array([_KINDS[kind] for kind in _ID_COLUMNS.values()]).take(which)
        ids = pa.concat_arrays(columns).take(text).cast(pa.string())
        self.ids = pa.RecordBatch.from_arrays([pairs.take(at), kind, ids], schema=IDS)

    def assign(
        self, known: Sequence[OrderId], take_keys: Callable[[int], list[int]]
    ) -> tuple[pa.RecordBatch, pl.Series, list[int]]:
        """Give every chain its order key: the lowest that any of its ids has already, or a new one.

        `known` are the ids that have a key. Returns the ids that had none with the keys that they have now, sorted
        (columns as `ORDER_IDS`), the key of every row of the frame (int64), and the keys that are new, which ascend
        with the log.
        """
        row_keys, bits, id_keys, fresh_bits, new = self._links.assign(list(known), _KINDS, take_keys)
        rows = len(row_keys) // 8
        keys = pa.Array.from_buffers(pa.int64(), rows, [pa.py_buffer(bits), pa.py_buffer(row_keys)])
        fresh = pa.RecordBatch.from_arrays(
            [*self.ids.columns, _array(pa.int64(), self._links.count, id_keys)], schema=ORDER_IDS
        )
        is_fresh = pa.Array.from_buffers(pa.bool_(), self._links.count, [None, pa.py_buffer(fresh_bits)])
        fresh = fresh.filter(is_fresh)
        fresh = fresh.take(
            pc.sort_indices(fresh, [(name, "ascending") for name in ("pair_id", "id", "kind")])
        )
        return fresh, pl.Series("order_key", keys), new


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks)


def _array(kind: pa.DataType, rows: int, values: bytearray) -> pa.Array:
    return pa.Array.from_buffers(kind, rows, [None, pa.py_buffer(values)])


# Expressions are made once: for a small batch, making them costs more than running them.
_IS_REPORT: Final = pl.col("msg_type") == "8"
# A request to replace is not yet the order's terms: the report that answers it is.
_HAS_TERMS: Final = pl.col("order_qty").is_not_null() & pl.col("msg_type").is_in(["D", "8", "AB"])
_SENT: Final = (
    pl.coalesce("orig_sending_time", "sending_time", "kafka_time").alias("sent"),
    pl.when(~pl.col("order_id").is_in(_NO_ORDER)).then(pl.col("order_id")).alias("order_id"),
)
#: What the fold reads of a frame that has several times as many columns.
_READ: Final = (
    *("order_key", "pair_id", "msg_type", "cl_ord_id", "order_id", "account", "symbol", "side", "ord_type"),
    *("time_in_force", "currency", "order_qty", "price", "ord_status", "exec_type", "cum_qty", "leaves_qty"),
    *("avg_px", "text", "msg_seq_num", "sending_time", "orig_sending_time", "kafka_time"),
)
_FIGURES: Final = (
    pl.col("pair_id").first(),
    pl.col("cl_ord_id").first(ignore_nulls=True).alias("first_cl_ord_id"),
    pl.col("order_id").last(ignore_nulls=True),
    pl.col("account", "symbol", "side", "time_in_force", "currency").first(ignore_nulls=True),
    pl.col("sent").filter(pl.col("msg_type") == "D").min().alias("sent_at"),
    pl.len().cast(pl.Int64).alias("messages"),
    pl.col("kafka_time").min().alias("first_seen"),
    pl.col("kafka_time").max().alias("last_seen"),
)
_STATE: Final = (
    pl.col("ord_status", "exec_type", "cum_qty", "leaves_qty", "avg_px", "text").last(),
    pl.col("sent").last().alias("state_time"),
    pl.col("msg_seq_num").last().alias("state_seq_num"),
    pl.col("sent").min().alias("answered_at"),
)
_TERMS: Final = (
    pl.col("cl_ord_id").last(),
    pl.col("ord_type", "order_qty", "price").last(ignore_nulls=True),
    pl.col("sent").last().alias("terms_time"),
    pl.col("msg_seq_num").last().alias("terms_seq_num"),
)
_CL_ORD_ID: Final = pl.coalesce("cl_ord_id", "first_cl_ord_id").alias("cl_ord_id")


def fold(frame: pl.DataFrame) -> pl.DataFrame:
    """What a batch says of each order: a row an order, columns as `ROWS`.

    The frame holds only what is folded, with `pair_id` and `order_key`; its order does not matter: what was
    sent last (SendingTime(52), or OrigSendingTime(122) of a repeat, then MsgSeqNum(34)) is the state.
    """
    rows = frame.select(_READ).filter(pl.col("order_key").is_not_null()).with_columns(_SENT)
    rows = rows.sort("sent", "msg_seq_num", maintain_order=True)
    state = rows.filter(_IS_REPORT).group_by("order_key").agg(_STATE)
    terms = rows.filter(_HAS_TERMS).group_by("order_key").agg(_TERMS)
    return (
        rows.group_by("order_key")
        .agg(_FIGURES)
        .join(state, on="order_key", how="left")
        .join(terms, on="order_key", how="left")
        .with_columns(_CL_ORD_ID)
        .select(ROWS.names)
        .sort("order_key")
    )
