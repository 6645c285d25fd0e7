"""Orders, read: by any id that they ever had, with their whole timelines, and lists of them, in bounded time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final, LiteralString

import psycopg
from psycopg.rows import dict_row

from fixwatch.session_settings import DEFAULT, SessionSettings
from fixwatch.store.asking import BIGINTS, INTEGERS, can_be_text, every, numbers, texts
from fixwatch.store.message_reader import MessageReader
from fixwatch.store.message_views import MessagePlace, StoredMessage
from fixwatch.store.order_views import Order, OrderFilter, OrderList, OrderPage, OrderPlace, SessionPair
from fixwatch.store.read_pool import ReadPool
from fixwatch.store.sql import load

_SQL: Final = load("order_reads")
_BY_ID: Final = _SQL["by_id"].format(columns=_SQL["columns"])
_BY_KEY: Final = _SQL["by_key"].format(columns=_SQL["columns"])
_WAITING: Final = (OrderList.WAITING, OrderList.STUCK)
_LISTS: Final[dict[OrderList, LiteralString]] = {
    which: _SQL["waiting_list" if which in _WAITING else "list"].format(
        columns=_SQL["columns"], wanted=_SQL["wanted"], which=_SQL[f"which_{which.value}"]
    )
    for which in OrderList
}

#: Orders that one reading may search for matches of a filter: some 50 ms of Postgres.
SCAN_ORDERS: Final = 10_000
#: Days that one id is looked for on, in one session pair.
_MOST_USES: Final = 100
#: What a list's statement says beside its orders: the last one that it looked at, where it looked at all it may.
_REACH: Final = ("reach", "reach_waiting", "searched_to")
_MOST_PAIRS: Final = 500
_EPOCH: Final = date(1970, 1, 1)


class OrderReader:
    """Reads orders through a pool that somebody else owns; safe to share between threads.

    Every method raises `DatabaseError` when the database is not there, or takes longer than 3 s. `rules` say how long
    the orders of a session may wait.
    """

    def __init__(self, pool: ReadPool, rules: SessionSettings) -> None:
        self._pool = pool
        self._rules = rules
        self._messages = MessageReader(pool)

    def by_id(
        self, id_: str, *, pairs: tuple[int, ...] | None = None, day: date | None = None, limit: int = 50
    ) -> tuple[Order, ...]:
        """The orders that ever had this ClOrdID(11), OrigClOrdID(41) or OrderID(37), the latest use first.

        One id may be several orders': of other sessions, of other days. `pairs`: only of these session pairs. `day`:
        what it meant on that trading day, the latest use up to it.
        """
        if not can_be_text(id_):
            return ()
        of = {
            "id": id_,
            "pairs": numbers(pairs),
            "day": INTEGERS[-1] if day is None else (day - _EPOCH).days,
            "uses": _MOST_USES if day is None else 1,
            "limit": limit,
        }
        return self._orders(_BY_ID, of)

    def by_key(self, order_key: int) -> Order | None:
        """The order of a key, or the one that it turned out to be a part of; None where there is none."""
        if order_key not in BIGINTS:
            return None
        return next(iter(self._orders(_BY_KEY, {"order_key": order_key})), None)

    def pairs(self) -> tuple[SessionPair, ...]:
        """The session pairs, the latest seen first; at most 500."""
        with self._pool.snapshot() as connection:
            return every(connection, SessionPair, _SQL["known_pairs"], {"limit": _MOST_PAIRS})

    def timeline(
        self, order_key: int, *, after: MessagePlace | None = None, limit: int = 200
    ) -> tuple[StoredMessage, ...]:
        """An order's messages as they were stored, from behind `after` on; fewer than `limit`: these are the last.

        A NewOrderList(E) speaks of many orders, and is in no timeline.
        """
        return self._messages.of_order(order_key, after=after, limit=limit)

    def list(
        self,
        which: OrderList,
        wanted: OrderFilter | None = None,
        *,
        before: OrderPlace | None = None,
        limit: int = 200,
    ) -> OrderPage:
        """A page of a list: the newest orders that match, or those before the place `before`."""
        wanted = wanted or OrderFilter()
        is_filtered = wanted != OrderFilter() or which is OrderList.STUCK
        of: dict[str, Any] = {
            "before": BIGINTS[-1] if before is None else before.order_key,
            "before_time": None if before is None else before.waiting_since,
            "symbols": texts(wanted.symbols),
            "accounts": texts(wanted.accounts),
            "pairs": numbers(wanted.pairs),
            "limit": limit,
            "scan": max(SCAN_ORDERS, limit) if is_filtered else limit,
            "least_wait": None,
        }
        with self._pool.snapshot() as connection:
            if which is OrderList.STUCK:
                of |= self._limits(connection)
            rows = _rows(connection, _LISTS[which], of)
        reach = [rows[0].pop(name) for name in _REACH]
        for row in rows[1:]:
            for name in _REACH:
                del row[name]
        orders = tuple(self._order(row) for row in rows if row["order_key"] is not None)
        if len(orders) == limit:
            return OrderPage(orders, older=orders[-1].place, complete=True)
        key, waiting_since, searched_to = reach
        if key is None:
            return OrderPage(orders, older=None, complete=True)
        return OrderPage(orders, OrderPlace(key, waiting_since), complete=False, searched_to=searched_to)

    def _orders(self, statement: LiteralString, of: Mapping[str, Any]) -> tuple[Order, ...]:
        with self._pool.snapshot() as connection:
            return tuple(map(self._order, _rows(connection, statement, of)))

    def _order(self, row: Mapping[str, Any]) -> Order:
        may_wait = None
        if row["waiting_for"] is not None:
            rules = self._rules.rules(tuple(row["ends"]))
            is_pending = row["waiting_for"].startswith("pending")
            may_wait = timedelta(seconds=rules.pending_seconds if is_pending else rules.stuck_seconds)
        return Order(**row, may_wait=may_wait)

    def _limits(self, connection: psycopg.Connection[Any]) -> dict[str, Any]:
        """How long orders may wait: of the session pairs that have rules of their own, and of all others."""
        own = []
        if self._rules.entries:
            for pair_id, ends in connection.execute(_SQL["pairs"]):
                rules = self._rules.rules(tuple(ends))
                if (rules.stuck_seconds, rules.pending_seconds) != (
                    DEFAULT.stuck_seconds,
                    DEFAULT.pending_seconds,
                ):
                    own.append((pair_id, rules.stuck_seconds, rules.pending_seconds))
        waits = [DEFAULT.stuck_seconds, DEFAULT.pending_seconds]
        return {
            "limited_pairs": [pair_id for pair_id, _, _ in own],
            "stuck": [stuck for _, stuck, _ in own],
            "pending": [pending for _, _, pending in own],
            "other_stuck": DEFAULT.stuck_seconds,
            "other_pending": DEFAULT.pending_seconds,
            "least_wait": min(*waits, *(limit for _, *limits in own for limit in limits)),
        }


def _rows(
    connection: psycopg.Connection[Any], statement: LiteralString, of: Mapping[str, Any]
) -> list[dict[str, Any]]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(statement, of).fetchall()
