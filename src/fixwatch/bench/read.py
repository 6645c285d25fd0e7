"""If the questions of the dashboard and the API take as long with much in the tables as with little.

In one run, on one embedded Postgres: a simulated flow is ingested, and copied (under other keys and ids, each copy
older) until the log has as many rows as each of the given sizes says. On top of each every question is asked many
times, in turns and with other ids and pages each time, through the same reader that the screens use. What comes back
is checked: pages are full and in order, timelines are whole.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from statistics import quantiles
from typing import Any, Final, LiteralString

import psycopg

from fixwatch.bench.drain import drain
from fixwatch.bench.growth import SOURCE, fill, keep_source
from fixwatch.bench.machine import machine
from fixwatch.bench.topic import preload
from fixwatch.demo.broker import EmbeddedBroker
from fixwatch.demo.postgres import EmbeddedPostgres
from fixwatch.errors import FixwatchError
from fixwatch.store.order_views import OrderFilter, OrderList
from fixwatch.store.reader import Reader
from fixwatch.store.views import TradeFilter

#: How often each question is asked, after some times that do not count.
_ASKED: Final = 200
_WARM_UP: Final = 20
#: A copy is so much older than the one before: 50 of them are some hours.
_SHIFT: Final = timedelta(minutes=5)
_PAGE: Final = 200

Question = Callable[[], None]


def run(sizes: Sequence[int], seed: int = 1) -> dict[str, Any]:
    """Ask with as many rows in the log as each of `sizes` says; times are in milliseconds.

    `ratio`: of each question, its p95 with the most rows against that with the fewest.

    Raises:
        FixwatchError: a part did not work, or an answer was wrong.
    """
    times: list[tuple[int, dict[str, tuple[float, float]]]] = []
    with (
        tempfile.TemporaryDirectory(prefix="fixwatch-bench-") as directory,
        EmbeddedPostgres(Path(directory) / "postgres") as postgres,
    ):
        with EmbeddedBroker() as broker:
            preload(broker.bootstrap_servers, SOURCE, seed)
            drain(postgres.url, broker.bootstrap_servers, SOURCE)
        with psycopg.connect(postgres.url, autocommit=True) as connection:
            # Copies are older than what was ingested: their days need partitions.
            connection.execute("SELECT make_message_partitions((now() AT TIME ZONE 'UTC')::date - 3, 4)")
            keep_source(connection)
            for size in sorted(sizes):
                rows = fill(connection, size, _SHIFT)
                reader = Reader(postgres.url)
                try:
                    times.append((rows, _ask(_questions(reader, connection, random.Random(seed)))))  # noqa: S311
                finally:
                    reader.close()
    first, last = times[0][1], times[-1][1]
    queries: dict[str, Any] = {
        name: {
            "p50_ms": {rows: round(found[name][0], 2) for rows, found in times},
            "p95_ms": {rows: round(found[name][1], 2) for rows, found in times},
            "ratio": round(last[name][1] / first[name][1], 2),
        }
        for name in first
    }
    return {
        "machine": machine(),
        "rows_in_log": [rows for rows, _ in times],
        "asked": _ASKED,
        "queries": queries,
        "worst_ratio": max(query["ratio"] for query in queries.values()),
    }


def _ask(questions: dict[str, Question]) -> dict[str, tuple[float, float]]:
    """The p50 and p95 of each question, ms. They take turns, so that a busy moment meets all of them."""
    times: defaultdict[str, list[float]] = defaultdict(list)
    for turn in range(_WARM_UP + _ASKED):
        for name, question in questions.items():
            began = time.perf_counter()
            question()
            if turn >= _WARM_UP:
                times[name].append((time.perf_counter() - began) * 1000)
    cuts = {name: quantiles(found, n=20) for name, found in times.items()}
    return {name: (cut[9], cut[18]) for name, cut in cuts.items()}


def _questions(reader: Reader, connection: psycopg.Connection, rng: random.Random) -> dict[str, Question]:
    """What the main views ask; each time about something else."""

    def sample(query: LiteralString) -> list[Any]:
        return connection.execute(query).fetchall()

    orders = sample(
        "SELECT order_key, messages FROM orders TABLESAMPLE SYSTEM (1) WHERE merged_into IS NULL "
        "ORDER BY random() LIMIT 500"
    )
    ids = sample("SELECT id FROM order_ids TABLESAMPLE SYSTEM (1) ORDER BY random() LIMIT 500")
    places = sample(
        "SELECT stream_id, kafka_offset FROM messages TABLESAMPLE SYSTEM (0.1) ORDER BY random() LIMIT 500"
    )
    symbols = [
        symbol for (symbol,) in sample("SELECT DISTINCT symbol FROM source_orders WHERE symbol IS NOT NULL")
    ]
    newest = reader.trades(TradeFilter(), limit=_PAGE)

    def trades(wanted: TradeFilter, before: Any = None) -> None:
        page = reader.trades(wanted, before=before, limit=_PAGE)
        stored = [trade.ingested_at for trade in page.trades]
        _check(stored == sorted(stored, reverse=True), "a page of trades is in order")
        _check(len(stored) == _PAGE or page.searched_to is not None, "a page of trades is full")

    def timeline() -> None:
        order_key, messages = rng.choice(orders)
        # Some copies of the log were cut off at its size: an order of one of these has fewer.
        _check(len(reader.orders.timeline(order_key)) <= messages, "a timeline is the order's")

    def by_id() -> None:
        _check(bool(reader.orders.by_id(rng.choice(ids)[0])), "an order has its id")

    def message() -> None:
        _check(reader.message(*rng.choice(places)) is not None, "a message is where it stands")

    def orders_of(which: OrderList, wanted: OrderFilter | None = None) -> None:
        keys = [order.order_key for order in reader.orders.list(which, wanted, limit=_PAGE).orders]
        _check(keys == sorted(keys, reverse=True), "a page of orders is in order")

    return {
        "health": lambda: _check(reader.health().lag.stored > 0, "something is stored"),
        "overview": lambda: _check(bool(reader.overview(60).symbols), "something was traded"),
        "sessions": lambda: _check(bool(reader.sessions()), "there are sessions"),
        "trades": lambda: trades(TradeFilter()),
        "trades, a later page": lambda: trades(TradeFilter(), newest.older),
        "trades of a symbol": lambda: trades(TradeFilter(symbols=(rng.choice(symbols),))),
        "order by id": by_id,
        "an order's timeline": timeline,
        "orders": lambda: orders_of(OrderList.ALL),
        "orders of a symbol": lambda: orders_of(OrderList.ALL, OrderFilter(symbols=(rng.choice(symbols),))),
        "open orders": lambda: orders_of(OrderList.OPEN),
        "waiting orders": lambda: orders_of(OrderList.WAITING),
        "rejected orders": lambda: orders_of(OrderList.REJECTED),
        "message by place": message,
        "quarantine": lambda: _check(bool(reader.defective_messages().messages), "something is kept back"),
        "defects": lambda: _check(reader.defect_counts(60) is not None, "defects are counted"),
    }


def _check(holds: bool, what: str) -> None:
    if not holds:
        raise FixwatchError(f"The benchmark's own check failed: {what}. This is a bug; please report it.")
