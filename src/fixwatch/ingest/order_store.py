"""Orders into Postgres: what is stored is locked, merged with what a batch says, and written again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence, Set
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from fixwatch.ingest import orders
from fixwatch.ingest._order_merge import ids_of
from fixwatch.ingest._orders import Orders
from fixwatch.ingest.orders import OrderRows
from fixwatch.store.copy import arrays, encode
from fixwatch.store.writer import StoredOrder, Transaction

_IDS: Final = pa.schema([("pair_id", pa.int32()), ("kind", pa.string()), ("id", pa.string())])
_JSON: Final = pa.json_(pa.string())


def store_orders(
    transaction: Transaction, said: Orders, new: Set[int], moved: dict[int, int], *, merge_all: bool
) -> None:
    """Store what a batch says of its orders. Its messages are in the log already.

    `new`: order keys that nobody had; they are appended without a look, which costs half of merging them, unless
    `merge_all`. `moved`: keys that turned out to be another order's, and that order's key.

    Raises:
        psycopg.errors.UniqueViolation: an order was stored by somebody else all the same.
    """
    keys = said.keys()
    looked_up = keys if merge_all else [key for key in keys if key not in new]
    found, moved = _lock(transaction, sorted({*looked_up, *moved, *moved.values()}), moved)
    if moved:
        pairs = said.pairs() | {order.order_key: order.pair_id for order in found}
        # Where they end may be an order that nothing was said of yet, and that is not stored.
        pairs = {moved.get(key, key): pair for key, pair in pairs.items()}
        transaction.move_orders(moved, pairs, arrays(_ids(found, moved)))
    stored: defaultdict[int, list[bytes]] = defaultdict(list)
    known = set()
    for order in found:
        if order.merged_into is None:
            known.add(order.order_key)
        if order.events is not None:
            stored[moved.get(order.order_key, order.order_key)].append(order.events)
    merged = orders.merge(said, stored, moved)
    _write(transaction, merged, known - moved.keys())


def _lock(
    transaction: Transaction, keys: Sequence[int], moved: dict[int, int]
) -> tuple[list[StoredOrder], dict[int, int]]:
    """What is stored of these orders and of those that they are parts of; and all that is moved, to where it ends.

    Somebody else may have found out meanwhile that one of our orders is a part of another one.
    """
    found: dict[int, StoredOrder] = {}
    moved = dict(moved)
    wanted = list(keys)
    while wanted:
        for order in transaction.lock_orders(wanted):
            found[order.order_key] = order
            if order.merged_into is not None:
                other = moved.get(order.order_key, order.merged_into)
                # Both are the same order then; the older key is the one that stays.
                low, high = sorted((other, order.merged_into))
                moved[order.order_key] = low
                if low != high:
                    moved[high] = low
        wanted = sorted(key for key in {*moved, *moved.values()} if key not in found and key not in keys)
        keys = [*keys, *wanted]
    for key in moved:
        end = moved[key]
        while end in moved:
            end = moved[end]
        moved[key] = end
    return list(found.values()), moved


def _ids(found: Sequence[StoredOrder], moved: dict[int, int]) -> pa.RecordBatch:
    """The ids that are known of the orders that moved."""
    rows = [
        {"pair_id": order.pair_id, "kind": kind, "id": id_}
        for order in found
        if order.order_key in moved and order.events is not None
        for kind, id_ in ids_of(order.events)
    ]
    return pa.RecordBatch.from_pylist(rows, _IDS)


def _write(transaction: Transaction, merged: OrderRows, known: Set[int]) -> None:
    rows = merged.orders
    if not known:
        transaction.append(encode("orders", _for_copy(rows)))
    elif len(known) == rows.num_rows:
        transaction.update_orders(arrays(rows))
    else:
        is_known = pc.is_in(rows.column("order_key"), value_set=pa.array(known, pa.int64()))
        transaction.append(encode("orders", _for_copy(rows.filter(pc.invert(is_known)))))
        transaction.update_orders(arrays(rows.filter(is_known)))
    latencies = merged.latencies
    if latencies.num_rows:
        taken_back = pc.min(latencies.column("count")).as_py() < 0
        transaction.count_latencies(arrays(latencies), some_taken_back=taken_back)


def _for_copy(rows: pa.RecordBatch) -> pa.RecordBatch:
    """Rows with lists and JSON as COPY wants them."""
    defects, legs = (rows.schema.get_field_index(name) for name in ("defects", "legs"))
    lists = pc.split_pattern(rows.column(defects), ",")
    return rows.set_column(defects, "defects", lists).set_column(legs, "legs", rows.column(legs).cast(_JSON))
