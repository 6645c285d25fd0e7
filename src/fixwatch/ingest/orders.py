"""Orders: which messages are of one order, and what they say of it. Pure.

An order is known by every ClOrdID(11) that it had (a cancel or replace request brings a new one and names the
last by OrigClOrdID(41)) and by its OrderID(37), within its session pair, both directions of which speak of it, and
its trading day (`_chains.pyx`).

Its state is the set of what was said of it (`_order_state.h`); its row is what that set comes to
(`_order_life.h`). So a repeat says nothing new, and no order of arrival makes a difference: states merge.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from fixwatch.ingest import _order_merge
from fixwatch.ingest._chains import ID_COLUMNS, KINDS, Links
from fixwatch.ingest._order_merge import LATENCY_COLUMNS, ORDER_COLUMNS, ORDER_TYPES
from fixwatch.ingest._orders import Orders
from fixwatch.ingest.rollups import LATENCY_MINUTES
from fixwatch.store.identities import KnownId

#: Columns of `OrderRows.orders`: those of the table `orders`, with `defects` as names joined by commas.
ROWS: Final = pa.schema(list(zip(ORDER_COLUMNS, ORDER_TYPES, strict=True)))

#: An id of an order within its session pair and trading day. `kind` is `cl_ord_id` or `order_id`; `day` is counted
#: from 1970-01-01.
IDS: Final = pa.schema(
    [("pair_id", pa.int32()), ("kind", pa.string()), ("id", pa.string()), ("day", pa.int32())]
)
#: And its order; `starts`: it is brought into use on that day.
ORDER_IDS: Final = IDS.append(pa.field("starts", pa.bool_())).append(pa.field("order_key", pa.int64()))

#: In the order of `KINDS`: what the ids of `ID_COLUMNS` are.
_KIND_OF_COLUMN: Final = pa.array([KINDS[name == "order_id"] for name in ID_COLUMNS])


@dataclass(frozen=True, slots=True)
class Assigned:
    """Whose order each row is.

    `fresh` are ids that have no key of their day yet, with the keys that they have now, sorted, columns as
    `ORDER_IDS`; `started` those that have one but were not known to be brought into use on their day, columns as
    `IDS`; `order_key` the key of every row (int64, null where it is of no order); `new` the keys that nobody had,
    ascending with the log; `moved` those that turned out to be another order's, and that order's key.
    """

    fresh: pa.RecordBatch
    started: pa.RecordBatch
    order_key: pa.Array
    new: list[int]
    moved: dict[int, int]


class Chains:
    """The orders of a batch: which ids belong together. Resolved to order keys by what is known already.

    `ids` are all of them, columns as `IDS`, in the order of the log.
    """

    def __init__(self, rows: pa.RecordBatch) -> None:
        """Find the chains in rows (columns `_chains.READ`); those that are of no order take no part."""
        self._links = Links(rows)
        row, column = self._links.places()
        at = _array(pa.int32(), self._links.count, row)
        which = _array(pa.uint8(), self._links.count, column)
        texts = pa.concat_arrays([rows.column(name) for name in ID_COLUMNS])
        text = pc.add(pc.multiply(which.cast(pa.int64()), rows.num_rows), at)
        self.ids = pa.RecordBatch.from_arrays(
            [
                rows.column("pair_id").take(at),
                _KIND_OF_COLUMN.take(which),
                texts.take(text),
                rows.column("trading_day").take(at),
            ],
            schema=IDS,
        )
        self._rows = rows.num_rows

    def assign(self, known: Sequence[KnownId], take_keys: Callable[[int], list[int]]) -> Assigned:
        """Give every chain its order key: the lowest that any of its ids has already, or a new one.

        `known` are ids that have a key, of their day or the nearest ones before and after it.
        """
        row_keys, bits, id_keys, fresh_bits, started_bits, new, moved = self._links.assign(
            list(known), take_keys
        )
        keys = pa.Array.from_buffers(pa.int64(), self._rows, [pa.py_buffer(bits), pa.py_buffer(row_keys)])
        fresh = pa.RecordBatch.from_arrays(
            [
                *self.ids.columns,
                self._bits(self._links.starting()),
                _array(pa.int64(), self._links.count, id_keys),
            ],
            schema=ORDER_IDS,
        ).filter(self._bits(fresh_bits))
        by = [(name, "ascending") for name in ("pair_id", "id", "kind", "day")]
        started = self.ids.filter(self._bits(started_bits))
        return Assigned(fresh.take(pc.sort_indices(fresh, by)), started, keys, new, moved)

    def _bits(self, bits: bytearray) -> pa.BooleanArray:
        return pa.Array.from_buffers(pa.bool_(), self._links.count, [None, pa.py_buffer(bits)])


@dataclass(frozen=True, slots=True)
class OrderRows:
    """Orders as they are now (columns as `ROWS`, ascending by key), and what that changes of latencies."""

    orders: pa.RecordBatch
    latencies: pa.RecordBatch


def fold(rows: pa.RecordBatch) -> Orders:
    """What a batch says of each order; the rows have an `order_key`, and `legs` (string)."""
    return Orders(rows)


def merge(
    said: Orders, stored: Mapping[int, Sequence[bytes]], moved: Mapping[int, int] | None = None
) -> OrderRows:
    """What that makes of what is stored.

    `stored`: the column `events` of the orders that are, by key; several where orders turned out to be one.
    `moved`: keys in `said` that turned out to be another order's, and that order's key.

    Raises ValueError: what is stored is damaged.
    """
    columns, latencies = _order_merge.merge(
        said, {key: list(states) for key, states in stored.items()}, dict(moved or {})
    )
    return OrderRows(
        pa.RecordBatch.from_arrays(columns, schema=ROWS),
        pa.RecordBatch.from_arrays(latencies, names=list(LATENCY_COLUMNS)).cast(LATENCY_MINUTES),
    )


def _array(kind: pa.DataType, rows: int, values: bytearray) -> pa.Array:
    return pa.Array.from_buffers(kind, rows, [None, pa.py_buffer(values)])
