"""Rollups by minute, which the dashboard reads instead of the log. Pure."""

from __future__ import annotations

from typing import Final

import polars as pl
import pyarrow as pa

from fixwatch.fix.defects import Verdict

MESSAGE_MINUTES: Final = pa.schema(
    [
        ("minute", pa.timestamp("us", "UTC")),
        ("session_id", pa.int32()),
        ("msg_type", pa.string()),
        ("verdict", pa.string()),
        ("messages", pa.int64()),
        ("bytes", pa.int64()),
        ("quarantined", pa.int64()),
    ]
)
DEFECT_MINUTES: Final = pa.schema(
    [
        ("minute", pa.timestamp("us", "UTC")),
        ("session_id", pa.int32()),
        ("reason", pa.string()),
        ("ref_tag", pa.int32()),
        ("defects", pa.int64()),
    ]
)
#: Latencies that are counted, or taken back where `count` is negative; a key once. `kind` is one of the enum
#: `latency_kind`, `bucket` what `fw_bucket` of `_histogram.h` says.
LATENCY_MINUTES: Final = pa.schema(
    [
        ("minute", pa.timestamp("us", "UTC")),
        ("session_id", pa.int32()),
        ("kind", pa.string()),
        ("bucket", pa.int32()),
        ("count", pa.int64()),
    ]
)

_MINUTE: Final = pl.col("kafka_time").dt.truncate("1m").alias("minute")
_SESSION: Final = pl.col("session_id").fill_null(0)
_LABELS: Final = pl.Series([verdict.label for verdict in Verdict])  # by number


def message_minutes(frame: pl.DataFrame) -> pl.DataFrame:
    """Messages by minute of the Kafka timestamp, session (0: unreadable), MsgType(35) and verdict."""
    return (
        frame.group_by(_MINUTE, _SESSION, pl.col("msg_type").fill_null(""), "verdict")
        .agg(
            messages=pl.len().cast(pl.Int64),
            bytes=pl.col("bytes").sum(),
            quarantined=pl.col("quarantined").sum().cast(pl.Int64),
        )
        .with_columns(pl.lit(_LABELS).gather(pl.col("verdict")).alias("verdict"))
        .select(MESSAGE_MINUTES.names)
        .sort("minute", "session_id", "msg_type", "verdict")
    )


def defect_minutes(frame: pl.DataFrame, defects: pl.DataFrame) -> pl.DataFrame:
    """Defects by minute of the Kafka timestamp, session, reason and tag (0: no one field is to blame)."""
    where = frame.select(_MINUTE, _SESSION)
    return (
        pl.concat([where[defects["row"].to_list()], defects], how="horizontal")
        .group_by("minute", "session_id", "reason", "ref_tag")
        .agg(defects=pl.len().cast(pl.Int64))
        .select(DEFECT_MINUTES.names)
        .sort("minute", "session_id", "reason", "ref_tag")
    )
