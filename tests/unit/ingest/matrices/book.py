"""A store of orders in memory, so that the fold can be tried without Postgres: ids, states and rows.

It does with dicts what `ingest/order_store.py` does with tables; a batch is one call.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import count
from typing import Any, Final
from zlib import crc32

import pyarrow as pa

from fixwatch.fix.decoder import DecodeOptions
from fixwatch.ingest import orders
from fixwatch.ingest._trading_days import TradingDays
from fixwatch.ingest.batch import Batch, decode_batch
from fixwatch.ingest.order_rows import order_rows
from fixwatch.ingest.rows import rows_of, with_order_keys
from fixwatch.store.identities import Ends, KnownId

_OPTIONS: Final = DecodeOptions()

#: A message and when the topic had it.
Arrived = tuple[bytes, datetime]
Row = dict[str, Any]


class Book:
    """The orders that batches of messages come to."""

    def __init__(self) -> None:
        self.states: dict[int, bytes] = {}
        self.rows: dict[int, Row] = {}
        self.moved: dict[int, int] = {}
        self.latencies: Counter[tuple[Any, ...]] = Counter()
        self._ids: defaultdict[tuple[int, str, str], dict[int, tuple[bool, int]]] = defaultdict(dict)
        self._sessions: dict[Ends, tuple[int, int]] = {}
        self._keys = count(1)
        self._offsets = count()

    def take(self, messages: Sequence[Arrived]) -> None:
        """Fold one batch."""
        size = len(messages)
        times = [int(time.timestamp() * 1000) for _, time in messages]
        offsets = [next(self._offsets) for _ in range(size)]
        batch = Batch([raw for raw, _ in messages], [0] * size, offsets, times)
        decoded = decode_batch(batch, _OPTIONS, strict=False)
        # By name, so that no order of arrival gives other numbers.
        for ends in decoded.directions:
            self._sessions[ends] = (_number(*ends), _number(*sorted((ends[:3], ends[3:]))))
        rows = order_rows(rows_of(batch, decoded, {0: 1}, self._sessions, TradingDays()))
        chains = orders.Chains(rows)
        assigned = chains.assign(self._known(chains.ids), lambda n: [next(self._keys) for _ in range(n)])
        for one in assigned.fresh.to_pylist():
            self._ids[_id(one)][one["day"]] = (one["starts"], one["order_key"])
        for one in assigned.started.to_pylist():
            days = self._ids[_id(one)]
            days[one["day"]] = (True, days[one["day"]][1])
        said = orders.fold(with_order_keys(rows, assigned.order_key))
        self._store(said, assigned.moved)

    def _known(self, ids: pa.RecordBatch) -> list[KnownId]:
        known = []
        for one in ids.to_pylist():
            days = self._ids.get(_id(one), {})
            before = [day for day in days if day <= one["day"]]
            after = [day for day in days if day > one["day"]]
            near = sorted(before)[-1:] + sorted(after)[:1]
            known.extend((*_id(one), one["day"], day, *days[day]) for day in near)
        return known

    def _store(self, said: orders.Orders, moved: dict[int, int]) -> None:
        for key, into in moved.items():
            for days in self._ids.values():
                days.update({day: (starts, into) for day, (starts, of) in days.items() if of == key})
        stored: defaultdict[int, list[bytes]] = defaultdict(list)
        for key in {*said.keys(), *moved, *moved.values()}:
            if key in self.states:
                stored[moved.get(key, key)].append(self.states[key])
        merged = orders.merge(said, stored, moved)
        for key in moved:
            self.states.pop(key, None)
            self.rows.pop(key, None)
        for row in merged.orders.to_pylist():
            self.states[row["order_key"]] = row["events"]
            self.rows[row["order_key"]] = row
        self.moved |= moved
        for one in merged.latencies.to_pylist():
            minute, session, kind, bucket, more = one.values()
            self.latencies[minute, session, kind, bucket] += more

    def orders(self) -> list[Row]:
        """All orders, by the first of their messages."""
        return sorted(self.rows.values(), key=lambda row: (row["first_seen"], row["order_key"]))


def _id(one: dict[str, Any]) -> tuple[int, str, str]:
    return one["pair_id"], one["kind"], one["id"]


def _number(*names: object) -> int:
    return crc32(repr(names).encode()) >> 1


def told(batches: Iterable[Sequence[Arrived]]) -> Book:
    """What these batches come to, one after the other."""
    book = Book()
    for batch in batches:
        book.take(batch)
    return book
