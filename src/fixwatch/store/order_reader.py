"""Orders, read: by any id that they ever had, with their whole timelines, and lists of them, in bounded time."""

from __future__ import annotations

from typing import Any, Final

from psycopg.rows import class_row, dict_row

from fixwatch.store.order_views import MessagePlace, Order, OrderFilter, OrderList, OrderMessage, OrderPage
from fixwatch.store.read_pool import ReadPool
from fixwatch.store.sql import load

_SQL: Final = load("order_reads")

#: Orders that one reading may search for matches of a filter: some 50 ms of Postgres.
SCAN_ORDERS: Final = 10_000
#: Bytes of a message that are read for people.
_MOST_RAW_BYTES: Final = 64 * 1024
_END: Final = 2**63 - 1


class OrderReader:
    """Reads orders through a pool that somebody else owns; safe to share between threads.

    Every method raises `DatabaseError` when the database is not there, or takes longer than 3 s.
    """

    def __init__(self, pool: ReadPool) -> None:
        self._pool = pool

    def by_id(self, id_: str, *, pairs: tuple[int, ...] | None = None, limit: int = 50) -> tuple[Order, ...]:
        """The orders that ever had this ClOrdID(11), OrigClOrdID(41) or OrderID(37), the latest use first.

        `pairs`: only of these session pairs. One id may be several orders': of other sessions, of other days.
        """
        # Postgres has no NUL in text: no order has such an id.
        if "\0" in id_:
            return ()
        of = {"id": id_, "pairs": None if pairs is None else list(pairs), "limit": limit}
        with self._pool.snapshot() as connection:
            keys = [key for key, _ in connection.execute(_SQL["keys_of_id"], of)]
            with connection.cursor(row_factory=class_row(Order)) as cursor:
                found = {order.order_key: order for order in cursor.execute(_SQL["orders"], {"keys": keys})}
        return tuple(found[key] for key in dict.fromkeys(keys) if key in found)

    def by_key(self, order_key: int) -> Order | None:
        """The order of a key, or the one that it turned out to be a part of; None where there is none."""
        with self._pool.snapshot() as connection, connection.cursor(row_factory=class_row(Order)) as cursor:
            return cursor.execute(_SQL["orders"], {"keys": [order_key]}).fetchone()

    def timeline(
        self, order_key: int, *, after: MessagePlace | None = None, limit: int = 500
    ) -> tuple[OrderMessage, ...]:
        """An order's messages as they were stored, from behind `after` on; fewer than `limit`: these are the last."""
        of = {
            "order_key": order_key,
            "after_time": None if after is None else after.ingested_at,
            "after_stream": -1 if after is None else after.stream_id,
            "after_offset": -1 if after is None else after.kafka_offset,
            "limit": limit,
            "most_bytes": _MOST_RAW_BYTES,
        }
        with (
            self._pool.snapshot() as connection,
            connection.cursor(row_factory=class_row(OrderMessage)) as cursor,
        ):
            return tuple(cursor.execute(_SQL["timeline"], of))

    def list(
        self,
        which: OrderList,
        wanted: OrderFilter | None = None,
        *,
        before: int | None = None,
        limit: int = 200,
    ) -> OrderPage:
        """A page of a list: the newest orders that match, or those before the key `before`."""
        wanted = wanted or OrderFilter()
        filtered = wanted != OrderFilter()
        of: dict[str, Any] = {
            "before": _END if before is None else before,
            "symbols": _array(wanted.symbols),
            "accounts": _array(wanted.accounts),
            "pairs": _array(wanted.pairs),
            "limit": limit,
            "scan": SCAN_ORDERS if filtered else limit,
        }
        with self._pool.snapshot() as connection, connection.cursor(row_factory=dict_row) as cursor:
            rows = cursor.execute(_SQL[f"list_{which.value}"], of).fetchall()
        reach = rows[0]["reach"] if rows else None
        orders = tuple(
            Order(**{name: value for name, value in row.items() if name != "reach"})
            for row in rows
            if row["order_key"] is not None
        )
        if len(orders) == limit:
            return OrderPage(orders, older=orders[-1].order_key, complete=True)
        return OrderPage(orders, older=reach, complete=reach is None)


def _array(values: tuple[Any, ...] | None) -> list[Any] | None:
    # psycopg makes arrays of lists; of tuples it makes records. A NUL is in no text of Postgres.
    if values is None:
        return None
    return [value for value in values if not (isinstance(value, str) and "\0" in value)]
