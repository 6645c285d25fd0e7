"""Orders: which messages are of one order, and what they say of it. Pure.

An order is known by every ClOrdID(11) that it had (a cancel or replace request brings a new one and names the
last by OrigClOrdID(41)) and by its OrderID(37), within its session pair: both directions speak of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import polars as pl
import pyarrow as pa

from fixwatch.ingest._components import components

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

_LINK: Final = ("pair_id", "cl_ord_id", "orig_cl_ord_id", "_order_id")

#: An id of an order within its session pair. `kind` is `cl_ord_id` or `order_id`.
IDS: Final = pa.schema([("pair_id", pa.int32()), ("kind", pa.string()), ("id", pa.string())])
ORDER_IDS: Final = IDS.append(pa.field("order_key", pa.int64()))

_ID: Final = tuple(IDS.names)


#: Which kind of id each column of a link is.
_KIND_OF: Final = {"orig_cl_ord_id": "cl_ord_id", "cl_ord_id": "cl_ord_id", "_order_id": "order_id"}

_OF_ORDER: Final = (
    pl.col("msg_type").is_in(ORDER_TYPES) & ~pl.col("quarantined") & pl.col("pair_id").is_not_null()
)
_LINK_OF_ROW: Final = (
    pl.when(_OF_ORDER).then(pl.col("pair_id")).alias("pair_id"),
    pl.col("cl_ord_id"),
    pl.col("orig_cl_ord_id"),
    pl.when(~pl.col("order_id").is_in(_NO_ORDER)).then(pl.col("order_id")).alias("_order_id"),
)
_IS_LINK: Final = pl.col("pair_id").is_not_null() & pl.any_horizontal(pl.col(_LINK[1:]).is_not_null())


class Chains:
    """The orders of a batch: which ids belong together. Resolved to order keys by what is known already."""

    def __init__(self, frame: pl.DataFrame) -> None:
        """Find the chains in a frame that has `pair_id`; rows that are of no order take no part."""
        self._rows = frame.select(_LINK_OF_ROW)
        links = self._rows.filter(_IS_LINK).unique(maintain_order=True)
        named = _KIND_OF
        #: Every id of the batch, numbered in the order of the log.
        self.ids = (
            pl.concat(
                links.select("pair_id", pl.lit(kind).alias("kind"), pl.col(column).alias("id"))
                for column, kind in named.items()
            )
            .drop_nulls("id")
            .unique(maintain_order=True)
            .with_row_index("number")
            .cast({"number": pl.Int32})
        )
        for column, kind in named.items():
            of_kind = self.ids.filter(pl.col("kind") == kind).select(
                "pair_id", pl.col("id").alias(column), pl.col("number").alias(f"{column}_number")
            )
            links = links.join(of_kind, on=("pair_id", column), how="left", maintain_order="left")
        numbers = [f"{column}_number" for column in named]
        links = links.with_columns(first=pl.coalesce(numbers))
        # An order's own ids; a link that has only one is joined with itself.
        one = pl.concat([links["first"], links["first"]])
        other = pl.concat(
            [links[numbers[1]].fill_null(links["first"]), links[numbers[2]].fill_null(links["first"])]
        )
        roots = components(_ints(one), _ints(other), self.ids.height)
        self.ids = self.ids.with_columns(
            pl.Series("root", pa.Array.from_buffers(pa.int32(), self.ids.height, [None, pa.py_buffer(roots)]))
        )
        self._links = links.select(*_LINK, number="first")

    def assign(
        self, known: pl.DataFrame, take_keys: Callable[[int], list[int]]
    ) -> tuple[pl.DataFrame, pl.Series]:
        """Give every chain its order key: the lowest that any of its ids has already, or a new one.

        `known` are the ids that have a key, columns as `ORDER_IDS`. Returns the ids that had none with the
        keys that they have now (columns as `ORDER_IDS`), and the key of every row of the frame (int64).
        """
        ids = self.ids.join(known, on=_ID, how="left", maintain_order="left").with_columns(
            pl.col("order_key").min().over("root").alias("chain_key")
        )
        # In the order of the log, so that keys ascend with time.
        new_roots = ids.filter(pl.col("chain_key").is_null())["root"].unique(maintain_order=True)
        new = pl.DataFrame(
            {"root": new_roots, "new_key": pl.Series(take_keys(len(new_roots)), dtype=pl.Int64)}
        )
        ids = ids.join(new, on="root", how="left", maintain_order="left").with_columns(
            pl.coalesce("chain_key", "new_key").alias("chain_key")
        )
        fresh = ids.filter(pl.col("order_key").is_null()).select(*_ID, pl.col("chain_key").alias("order_key"))
        fresh = fresh.sort("pair_id", "id", "kind")
        of_link = self._links.join(ids.select("number", "chain_key"), on="number", how="left").drop("number")
        of_row = self._rows.join(of_link, on=_LINK, how="left", nulls_equal=True, maintain_order="left")
        return fresh, of_row["chain_key"].alias("order_key")


def _ints(numbers: pl.Series) -> memoryview:
    """An int32 column without nulls as a buffer."""
    array = numbers.rechunk().to_arrow()
    begin = array.offset
    return memoryview(array.buffers()[1]).cast("B").cast("i")[begin : begin + len(array)]


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
