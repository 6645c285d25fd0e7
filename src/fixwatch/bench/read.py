"""If the questions of the dashboard and the API take as long with much in the tables as with little.

In one run, on one embedded Postgres: a simulated flow is stored as if it had been ingested until now, a million
messages a day, and copied (under other keys and ids, each copy older) until the log has as many rows as each of the
given sizes says; what is smaller stays as a database of its own. Then every question is asked many times, of all
databases in turns and about something else each time, through the same reader that the screens use: a busy moment of
the machine meets all of them. What comes back is checked: pages are full and in order, timelines are whole.
"""

from __future__ import annotations

import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from random import Random
from statistics import median, quantiles
from typing import Any, Final

import psycopg
from psycopg import sql

from fixwatch.bench.copies import fill, keep_source
from fixwatch.bench.machine import machine
from fixwatch.bench.past import store_past
from fixwatch.bench.questions import Question, questions
from fixwatch.demo.postgres import EmbeddedPostgres
from fixwatch.store.reader import Reader

#: How often each question is asked, after some times that do not count: statements are prepared after five.
ASKED: Final = 200
_WARM_UP: Final = 20
#: The p95 that counts is the median of those of so many rounds: a busy moment of the machine spoils one.
_ROUNDS: Final = 5
#: Of fewer times there is no 95th in a hundred; with fewer asked than this, a round is all of them.
_LEAST_ROUND: Final = 40
#: Messages that are stored and copied, at most.
_SOURCE: Final = 200_000
#: A million messages a day. With much fewer there is little but heartbeats.
_STEP: Final = timedelta(days=1) / 1_000_000
_MINUTE: Final = timedelta(minutes=1)
#: Nothing here outlives the run.
_CARELESS: Final = ("fsync", "full_page_writes", "synchronous_commit")


def run(sizes: Sequence[int], asked: int = ASKED, seed: int = 1) -> dict[str, Any]:
    """Ask with as many rows in the log as each of `sizes` says; times are in milliseconds.

    `ratio`: of each question, its p95 with the most rows against that with the fewest. `worst_ratio` is the greatest.

    Raises:
        FixwatchError: a part did not work, or an answer was wrong.
    """
    with (
        tempfile.TemporaryDirectory(prefix="fixwatch-bench-") as directory,
        EmbeddedPostgres(Path(directory) / "postgres") as postgres,
    ):
        urls = _fill(postgres.url, sorted(sizes), seed)
        readers = {rows: Reader(url) for rows, url in urls.items()}
        try:
            length = min(urls) * _STEP
            asking = {
                rows: questions(reader, urls[rows], length, Random(seed))  # noqa: S311  (nothing secret is drawn)
                for rows, reader in readers.items()
            }
            times = _ask(asking, asked)
        finally:
            for reader in readers.values():
                reader.close()
    queries = {name: _figures(found) for name, found in times.items()}
    return {
        "machine": machine(),
        "rows_in_log": list(urls),
        "asked": asked,
        "queries": queries,
        "worst_ratio": max(query["ratio"] for query in queries.values()),
        "worst_p95_ms": max(max(query["p95_ms"].values()) for query in queries.values()),
    }


def _fill(url: str, sizes: Sequence[int], seed: int) -> dict[int, str]:
    """Databases with at least as many rows in the log as `sizes` say: their URLs, by the rows."""
    source = min(_SOURCE, sizes[0])
    # Whole minutes: sums of minutes are moved by it.
    shift = -(-source * _STEP // _MINUTE) * _MINUTE
    with psycopg.connect(url, autocommit=True) as connection:
        for setting in _CARELESS:
            connection.execute(sql.SQL("ALTER SYSTEM SET {} = off").format(sql.Identifier(setting)))
        connection.execute("SELECT pg_reload_conf()")
    store_past(url, source, shift / source, seed)
    with psycopg.connect(url, autocommit=True) as connection:
        keep_source(connection)
    found = {}
    for number, size in enumerate(sizes, start=1):
        with psycopg.connect(url, autocommit=True) as connection:
            rows = fill(connection, size, shift)
        found[rows] = url if number == len(sizes) else _keep(url, rows)
    return found


def _keep(url: str, rows: int) -> str:
    """A copy of the database as it is now; its URL."""
    name = f"rows_{rows}"
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE fixwatch").format(sql.Identifier(name))
    with psycopg.connect(url.replace("/fixwatch?", "/postgres?"), autocommit=True) as connection:
        connection.execute(statement)
    return url.replace("/fixwatch?", f"/{name}?")


def _ask(asking: Mapping[int, Mapping[str, Question]], asked: int) -> dict[str, dict[int, list[float]]]:
    """How long each question took of each database, ms."""
    times: defaultdict[str, dict[int, list[float]]] = defaultdict(lambda: {rows: [] for rows in asking})
    sizes = list(asking)
    for turn in range(_WARM_UP + asked):
        for name in asking[sizes[0]]:
            # Whoever comes first finds the processor's caches cold.
            for rows in sizes if turn % 2 else reversed(sizes):
                began = time.perf_counter()
                asking[rows][name]()
                if turn >= _WARM_UP:
                    times[name][rows].append((time.perf_counter() - began) * 1000)
    return times


def _figures(times: Mapping[int, Sequence[float]]) -> dict[str, Any]:
    p50 = {rows: median(found) for rows, found in times.items()}
    p95 = {rows: median(map(_p95, _rounds(found))) for rows, found in times.items()}
    few, many = min(times), max(times)
    return {
        "p50_ms": {rows: round(found, 2) for rows, found in p50.items()},
        "p95_ms": {rows: round(found, 2) for rows, found in p95.items()},
        "p50_ratio": round(p50[many] / p50[few], 2),
        "ratio": round(p95[many] / p95[few], 2),
    }


def _rounds(found: Sequence[float]) -> list[Sequence[float]]:
    size = max(_LEAST_ROUND, -(-len(found) // _ROUNDS))
    return [found[at : at + size] for at in range(0, max(1, len(found) - size + 1), size)]


def _p95(found: Sequence[float]) -> float:
    return quantiles(found, n=20)[18]
