"""Frames of real, decoded messages for the folds."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest

from fixwatch.fix.decoder import DecodeOptions
from fixwatch.fix.encoder import encode
from fixwatch.ingest import sessions
from fixwatch.ingest.batch import Batch, decode_batch

Fields = dict[int, object]


def message(msg_type: str, seq: int, sender: str = "BUY", target: str = "BROKER", **more: object) -> bytes:
    """One message; further fields as `_11="A"`, the version as `version="FIX.4.2"`."""
    version = str(more.pop("version", "FIX.4.4"))
    extra = [(int(tag.removeprefix("_")), str(value)) for tag, value in more.items()]
    time = f"20260102-09:30:{seq % 60:02d}.{seq % 1000:03d}"
    header = [(35, msg_type), (34, str(seq)), (49, sender), (52, time), (56, target)]
    return encode([*header, *extra], begin_string=version)


FrameOf = Callable[[list[bytes]], pl.DataFrame]


@pytest.fixture
def frame_of() -> FrameOf:
    """Decoded messages with sessions named, as the folds take them; one partition, offsets from 0."""

    def build(messages: list[bytes]) -> pl.DataFrame:
        n = len(messages)
        batch = Batch(messages, [0] * n, list(range(n)), [1_767_346_200_000 + i for i in range(n)])
        frame = decode_batch(batch, {0: 1}, DecodeOptions(), strict=False).frame
        ends = sessions.ends_of(frame)
        distinct = sorted({tuple(sorted((one[:3], one[3:]))) for one in ends})
        pairs = {pair: number for number, pair in enumerate(distinct, start=1)}
        ids = {one: (i, pairs[tuple(sorted((one[:3], one[3:])))]) for i, one in enumerate(ends, start=1)}
        return sessions.with_session_ids(frame, ids).with_columns(
            pl.lit(None, pl.Int64).alias("order_key"),
            pl.col("kafka_time").alias("ingested_at"),
        )

    return build
