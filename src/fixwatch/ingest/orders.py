"""Orders: which messages are of one order, and what they say of it. Pure.

An order is known by every ClOrdID(11) that it had (a cancel or replace request brings a new one and names the
last by OrigClOrdID(41)) and by its OrderID(37), within its session pair: both directions speak of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

import polars as pl
import pyarrow as pa

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


class OrderId(NamedTuple):
    """One name of an order within a session pair; `kind` is `cl_ord_id` or `order_id`."""

    pair_id: int
    kind: str
    id: str


class Chains:
    """The orders of a batch: which ids belong together. Resolved to order keys by what is known already."""

    def __init__(self, frame: pl.DataFrame) -> None:
        """Find the chains in a frame that has `pair_id`; rows that are of no order take no part."""
        self._rows = frame.select(
            "pair_id",
            *(
                pl.when(_of_order()).then(pl.col(name)).alias(name)
                for name in ("cl_ord_id", "orig_cl_ord_id")
            ),
            pl.when(_of_order() & ~pl.col("order_id").is_in(_NO_ORDER))
            .then(pl.col("order_id"))
            .alias("_order_id"),
        )
        self._links = (
            self._rows.filter(pl.col("pair_id").is_not_null())
            .filter(pl.any_horizontal(pl.col(_LINK[1:]).is_not_null()))
            .unique(maintain_order=True)
        )
        self._parent: dict[OrderId, OrderId] = {}
        for link in self._links.iter_rows():
            first, *others = _ids(link)
            for other in others:
                self._join(first, other)
            self._parent.setdefault(first, first)

    @property
    def ids(self) -> list[OrderId]:
        """Every id in the batch, sorted."""
        return sorted(self._parent)

    def assign(
        self, known: dict[OrderId, int], take_keys: Callable[[int], list[int]]
    ) -> tuple[dict[OrderId, int], pl.Series]:
        """Give every chain its order key: the lowest that any of its ids has already, or a new one.

        Returns the keys of the ids that were not known, and the key of every row of the frame (int64).
        """
        keys: dict[OrderId, int] = {}
        for order_id, key in known.items():
            root = self._find(order_id)
            keys[root] = min(key, keys.get(root, key))
        # In the order of the log, so that keys ascend with time.
        new_roots = list(dict.fromkeys(root for i in self._parent if (root := self._find(i)) not in keys))
        keys.update(zip(new_roots, take_keys(len(new_roots)), strict=True))
        fresh = {i: keys[self._find(i)] for i in self._parent if i not in known}
        of_link = self._links.with_columns(
            order_key=pl.Series(
                [keys[self._find(next(_ids(link)))] for link in self._links.iter_rows()], dtype=pl.Int64
            )
        )
        of_row = self._rows.join(of_link, on=_LINK, how="left", nulls_equal=True, maintain_order="left")
        return fresh, of_row["order_key"]

    def _find(self, order_id: OrderId) -> OrderId:
        root = order_id
        while (above := self._parent.get(root, root)) != root:
            root = above
        while (above := self._parent.get(order_id, order_id)) != root:
            self._parent[order_id] = root
            order_id = above
        return root

    def _join(self, a: OrderId, b: OrderId) -> None:
        self._parent.setdefault(a, a)
        self._parent.setdefault(b, b)
        self._parent[self._find(b)] = self._find(a)


def _of_order() -> pl.Expr:
    return pl.col("msg_type").is_in(ORDER_TYPES) & ~pl.col("quarantined")


def _ids(link: tuple[int, str | None, str | None, str | None]) -> Iterator[OrderId]:
    pair_id, cl_ord_id, orig_cl_ord_id, order_id = link
    if orig_cl_ord_id is not None:
        yield OrderId(pair_id, "cl_ord_id", orig_cl_ord_id)
    if cl_ord_id is not None:
        yield OrderId(pair_id, "cl_ord_id", cl_ord_id)
    if order_id is not None:
        yield OrderId(pair_id, "order_id", order_id)


def fold(frame: pl.DataFrame) -> pl.DataFrame:
    """What a batch says of each order: a row an order, columns as `ROWS`.

    The frame holds only what is folded, with `pair_id` and `order_key`; its order does not matter: what was
    sent last (SendingTime(52), or OrigSendingTime(122) of a repeat, then MsgSeqNum(34)) is the state.
    """
    report = pl.col("msg_type") == "8"
    has_terms = pl.col("order_qty").is_not_null() & pl.col("msg_type").is_in(["D", "G", "8", "AB", "AC"])
    # A request to replace is not yet the order's terms: the report that answers it is.
    terms = has_terms & (pl.col("msg_type") != "G") & (pl.col("msg_type") != "AC")
    rows = (
        frame.filter(pl.col("order_key").is_not_null())
        .with_columns(
            sent=pl.coalesce("orig_sending_time", "sending_time", "kafka_time"),
            order_id=pl.when(~pl.col("order_id").is_in(_NO_ORDER)).then(pl.col("order_id")),
        )
        .sort("sent", "msg_seq_num", maintain_order=True)
    )
    return (
        rows.group_by("order_key")
        .agg(
            pl.col("pair_id").first(),
            pl.coalesce(
                pl.col("cl_ord_id").filter(terms).last(), pl.col("cl_ord_id").drop_nulls().first()
            ).alias("cl_ord_id"),
            pl.col("order_id").drop_nulls().last(),
            *(pl.col(name).drop_nulls().first() for name in ("account", "symbol", "side")),
            pl.col("ord_type").filter(terms).drop_nulls().last(),
            *(pl.col(name).drop_nulls().first() for name in ("time_in_force", "currency")),
            *(pl.col(name).filter(terms).drop_nulls().last() for name in ("order_qty", "price")),
            *(
                pl.col(name).filter(report).last()
                for name in ("ord_status", "exec_type", "cum_qty", "leaves_qty", "avg_px", "text")
            ),
            state_time=pl.col("sent").filter(report).last(),
            state_seq_num=pl.col("msg_seq_num").filter(report).last(),
            terms_time=pl.col("sent").filter(terms).last(),
            terms_seq_num=pl.col("msg_seq_num").filter(terms).last(),
            sent_at=pl.col("sent").filter(pl.col("msg_type") == "D").min(),
            answered_at=pl.col("sent").filter(report).min(),
            messages=pl.len().cast(pl.Int64),
            first_seen=pl.col("kafka_time").min(),
            last_seen=pl.col("kafka_time").max(),
        )
        .select(ROWS.names)
        .sort("order_key")
    )
