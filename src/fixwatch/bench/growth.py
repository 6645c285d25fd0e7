"""If ingestion keeps its speed while the tables grow.

In one run, on one embedded broker and one embedded Postgres: the log is filled up to each of the given sizes, with
orders, their ids and trades in proportion, and an ingester drains the same number of new messages from the topic on
top of each. What fills the tables are copies of rows that were ingested, under other keys.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import psycopg

from fixwatch.bench.copies import fill, keep_source
from fixwatch.bench.drain import drain
from fixwatch.bench.machine import machine
from fixwatch.bench.topic import preload
from fixwatch.demo.broker import EmbeddedBroker
from fixwatch.demo.postgres import EmbeddedPostgres

#: Messages that are ingested first, and copied.
SOURCE: Final = 200_000


def run(sizes: Sequence[int], messages: int, seed: int = 1) -> dict[str, Any]:
    """Measure with at least as many rows in the log as each of `sizes` says (copies are whole), `messages` each time.

    `ratio_of_last_to_first`: the speed with the most rows against that with the fewest.

    Raises:
        FixwatchError: a part did not work.
    """
    found = []
    with (
        tempfile.TemporaryDirectory(prefix="fixwatch-bench-") as directory,
        EmbeddedPostgres(Path(directory) / "postgres") as postgres,
        EmbeddedBroker() as broker,
    ):
        servers = broker.bootstrap_servers
        preload(servers, SOURCE, seed)
        drain(postgres.url, servers, SOURCE)
        with psycopg.connect(postgres.url, autocommit=True) as connection:
            keep_source(connection)
        for number, size in enumerate(sorted(sizes), start=1):
            with psycopg.connect(postgres.url, autocommit=True) as connection:
                rows = fill(connection, size)
            preload(servers, messages, seed + number)
            seconds, peak_rss = drain(postgres.url, servers, messages)
            found.append(
                {
                    "rows_in_log": rows,
                    "messages_per_s": round(messages / seconds),
                    "peak_rss_mb": round(peak_rss / 1e6),
                }
            )
    return {
        "machine": machine(),
        "messages": messages,
        "results": found,
        "ratio_of_last_to_first": round(found[-1]["messages_per_s"] / found[0]["messages_per_s"], 3),
    }
