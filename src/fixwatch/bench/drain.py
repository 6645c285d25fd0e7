"""An ingester that drains a topic, and how long it takes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import Final

import psutil
import psycopg

from fixwatch.bench.topic import TOPIC
from fixwatch.errors import FixwatchError

#: Seconds without progress after which the ingester is given up.
_PATIENCE: Final = 60.0
#: Seconds between two looks at how far it is.
_LOOK_EVERY: Final = 0.2


def start_ingester(url: str, bootstrap_servers: str) -> subprocess.Popen[bytes]:
    """`fixwatch ingest` of the benchmarks' topic, as its own process."""
    environment = os.environ | {
        "FIXWATCH_DATABASE_URL": url,
        "FIXWATCH_KAFKA_BOOTSTRAP_SERVERS": bootstrap_servers,
        "FIXWATCH_KAFKA_TOPIC": TOPIC,
    }
    command = [sys.executable, "-m", "fixwatch", "ingest"]
    return subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)


def drain(url: str, bootstrap_servers: str, messages: int) -> tuple[float, int]:
    """Let an ingester store the next `messages` of the topic, all that it has: seconds, and its peak memory in bytes.

    The time is from the first poll that brought something to the last commit.

    Raises:
        FixwatchError: it ended, or nothing came for a minute.
    """
    # One connection, and few looks: a look costs the machine that is measured, a new connection milliseconds.
    process: subprocess.Popen[bytes] | None = None
    with psycopg.connect(url, autocommit=True) as connection:
        before, last_batch = _stored(connection)
        try:
            process = start_ingester(url, bootstrap_servers)
            seen = psutil.Process(process.pid)
            peak, stored, moved_at = 0, 0, time.monotonic()
            while stored < messages:
                time.sleep(_LOOK_EVERY)
                if process.poll() is not None or time.monotonic() - moved_at > _PATIENCE:
                    raise FixwatchError(f"The ingester stopped at {stored:,} of {messages:,} messages.")
                peak = max(peak, seen.memory_info().rss)
                now = _stored(connection)[0] - before
                if now > stored:
                    stored, moved_at = now, time.monotonic()
            row = connection.execute(
                """
                SELECT min(ingested_at - make_interval(secs => decode_ms / 1000.0)), max(committed_at)
                FROM ingest_batches WHERE batch_id > %s
                """,
                (last_batch,),
            ).fetchone()
        finally:
            if process is not None:
                process.terminate()
                process.wait(60)
    assert row is not None  # noqa: S101  (an aggregate is one row)
    first, last = row
    return (last - first).total_seconds(), peak


def _stored(connection: psycopg.Connection) -> tuple[int, int]:
    """How many messages are stored, and the number of the last batch."""
    query = "SELECT coalesce(sum(messages), 0), coalesce(max(batch_id), 0) FROM ingest_batches"
    try:
        row = connection.execute(query).fetchone()
    except psycopg.errors.UndefinedTable:
        return 0, 0
    return (int(row[0]), int(row[1])) if row else (0, 0)
