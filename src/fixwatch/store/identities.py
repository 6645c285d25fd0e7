"""Names to numbers: which session a direction is, which order an id is of.

A number is given once, committed before any row carries it, and never changes. So numbers may be kept in memory, a
number without rows harms nobody, and whoever stores the same message again finds the same numbers.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Final

import psycopg
import pyarrow as pa
import pyarrow.compute as pc

from fixwatch.store.connection import KEY_LOOKUPS, LET_GO
from fixwatch.store.copy import arrays, encode, send
from fixwatch.store.sql import load

_SQL: Final = load("identities")

#: Order keys that are taken at a time.
_KEYS_AT_ONCE: Final = 1_000

#: A direction of a session: SenderCompID(49), SubID(50), LocationID(142), TargetCompID(56), SubID(57),
#: LocationID(143); empty where the message has none.
Ends = tuple[str, str, str, str, str, str]

#: (pair_id, kind, id, the day that was asked for, the nearest day that has the id, if it was brought into use on
#: that one, order_key); `kind` is `cl_ord_id` or `order_id`, days are counted from 1970-01-01.
KnownId = tuple[int, str, str, int, int, bool, int]


class Identities:
    """Asks and registers through a connection in autocommit mode that somebody else owns."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        self._keys: list[int] = []
        # A crash may take back numbers that no committed row carries: a row's own commit comes later in the
        # write-ahead log and flushes theirs with it. So there is nothing to wait for.
        connection.execute("SET synchronous_commit = off")
        for statement in (*KEY_LOOKUPS, *LET_GO):
            connection.execute(statement)

    def known_sessions(self, ends: Sequence[Ends]) -> dict[Ends, tuple[int, int]]:
        """The (session_id, pair_id) of those directions that are known."""
        rows = self._connection.execute(_SQL["read_sessions"], _arrays(ends))
        return {(a, b, c, d, e, f): (session_id, pair_id) for a, b, c, d, e, f, session_id, pair_id in rows}

    def register_sessions(self, ends: Sequence[Ends]) -> None:
        """Number the directions that are not known yet; they have no figures until a batch brings them."""
        of = _arrays(ends)
        with self._connection.transaction():
            self._connection.execute(_SQL["register_pairs"], of)
            self._connection.execute(_SQL["register_sessions"], of)

    def known_orders(self, ids: pa.RecordBatch) -> list[KnownId]:
        """Which of `ids` (columns pair_id, kind, id, day) are of an order already, on their day or near it.

        Of each the latest use up to its day, and, where that day is over, the earliest use after it.
        """
        if not ids.num_rows:
            return []
        known = self._connection.execute(_SQL["read_order_ids"], arrays(ids).columns).fetchall()
        # Of today there is nothing later, whatever the zone. This asks for what comes late, and for old logs.
        old = ids.filter(pc.less(ids.column("day"), pa.scalar(int(time.time() // 86_400) - 1, pa.int32())))
        if old.num_rows:
            known += self._connection.execute(_SQL["read_later_order_ids"], arrays(old).columns).fetchall()
        return known

    def start_orders(self, ids: pa.RecordBatch) -> None:
        """Note that `ids` (columns pair_id, kind, id, day), which are registered, came into use on their day."""
        if ids.num_rows:
            self._connection.execute(_SQL["start_order_ids"], arrays(ids).columns)

    def take_order_keys(self, count: int) -> list[int]:
        """`count` order keys that nobody has, ascending."""
        if count > len(self._keys):
            # What is at hand is let go, so that keys ascend; a statement a batch would cost more than numbers do.
            rows = self._connection.execute(_SQL["take_order_keys"], {"count": max(count, _KEYS_AT_ONCE)})
            self._keys = [key for (key,) in rows]
        taken, self._keys = self._keys[:count], self._keys[count:]
        return taken

    def register_orders(self, keys: pa.RecordBatch) -> bool:
        """Keep the order keys of new ids (columns pair_id, kind, id, day, starts, order_key), sorted by the
        first four.

        All or none: where somebody else has registered one of them meanwhile, False, and the others are not kept
        either. Their order may have the key that this one has now.
        """
        try:
            with self._connection.cursor() as cursor:
                send(cursor, encode("order_ids", keys))  # one statement, so a transaction of its own
        except psycopg.errors.UniqueViolation:
            return False
        return True


def _arrays(ends: Sequence[Ends]) -> dict[str, list[Any]]:
    """Rows as one array a column, for `unnest`: any number of rows is six parameters."""
    columns = zip(*ends, strict=True) if ends else ([] for _ in range(6))
    return {name: list(column) for name, column in zip("abcdef", columns, strict=True)}
