"""Histograms in Postgres: added to, and taken back."""

from __future__ import annotations

from datetime import UTC, datetime

import psycopg
import pyarrow as pa

from fixwatch.ingest.rollups import LATENCY_MINUTES
from fixwatch.store.copy import arrays
from fixwatch.store.writer import Writer

MINUTE = datetime(2026, 1, 2, 9, 30, tzinfo=UTC)


def test_counts_add_up_and_what_is_taken_back_leaves_no_row(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        writer = Writer(connection)

        def count(*rows: tuple[str, int, int]) -> None:
            batch = pa.RecordBatch.from_pylist(
                [
                    {"minute": MINUTE, "session_id": 1, "kind": kind, "bucket": bucket, "count": count}
                    for kind, bucket, count in rows
                ],
                LATENCY_MINUTES,
            )
            negative = any(count < 0 for _, _, count in rows)
            with writer.transaction() as transaction:
                transaction.count_latencies(arrays(batch), some_taken_back=negative)

        count(("ack", 7, 1), ("skew", -3, 2))
        count(("skew", -3, 5))
        count(("ack", 7, -1), ("ack", 9, 1))
        stored = connection.execute(
            "SELECT kind::text, bucket, count FROM latency_minutes ORDER BY kind, bucket"
        ).fetchall()
        assert stored == [("ack", 9, 1), ("skew", -3, 7)]
