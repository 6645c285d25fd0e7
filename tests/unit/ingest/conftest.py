"""Real, decoded messages for the folds."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import polars as pl
import pyarrow as pa
import pytest

from fixwatch.fix.decoder import DecodeOptions
from fixwatch.fix.encoder import encode
from fixwatch.ingest._trading_days import TradingDays
from fixwatch.ingest.batch import Batch, DecodedBatch, decode_batch
from fixwatch.ingest.rows import rows_of

Fields = dict[int, object]


def message(msg_type: str, seq: int, sender: str = "BUY", target: str = "BROKER", **more: object) -> bytes:
    """One message; further fields as `_11="A"`, the version as `version="FIX.4.2"`."""
    version = str(more.pop("version", "FIX.4.4"))
    extra = [(int(tag.removeprefix("_")), str(value)) for tag, value in more.items()]
    time = f"20260102-09:30:{seq % 60:02d}.{seq % 1000:03d}"
    header = [(35, msg_type), (34, str(seq)), (49, sender), (52, time), (56, target)]
    return encode([*header, *extra], begin_string=version)


def rows_of_messages(
    messages: Sequence[bytes], *, kafka_times: Sequence[int] | None = None, first_offset: int = 0
) -> pa.RecordBatch:
    """Decoded messages as the folds take them, without order keys; one partition, offsets from `first_offset`.

    Sessions are numbered from 1 in the order of their names, so that every call numbers the same ones alike if the
    same ones take part; pairs likewise. `kafka_times` are milliseconds since 1970.
    """
    rows, _ = decoded_messages(messages, kafka_times, first_offset)
    return rows


def decoded_messages(
    messages: Sequence[bytes], kafka_times: Sequence[int] | None = None, first_offset: int = 0
) -> tuple[pa.RecordBatch, DecodedBatch]:
    """As `rows_of_messages`, and what they were made of."""
    n = len(messages)
    times = list(kafka_times or (1_767_346_200_000 + i for i in range(n)))
    batch = Batch(list(messages), [0] * n, list(range(first_offset, first_offset + n)), times)
    decoded = decode_batch(batch, DecodeOptions(), strict=False)
    ends = sorted(decoded.directions)
    pairs = sorted({tuple(sorted((one[:3], one[3:]))) for one in ends})
    ids = {
        one: (number, 1 + pairs.index(tuple(sorted((one[:3], one[3:])))))
        for number, one in enumerate(ends, start=1)
    }
    return rows_of(batch, decoded, {0: 1}, ids, TradingDays()), decoded


FrameOf = Callable[[list[bytes]], pl.DataFrame]


@pytest.fixture
def frame_of() -> FrameOf:
    """Decoded messages with sessions named as a frame; one partition, offsets from 0."""

    def build(messages: list[bytes]) -> pl.DataFrame:
        rows = rows_of_messages(messages)
        frame = pl.from_arrow(rows.drop_columns(["raw"]))
        assert isinstance(frame, pl.DataFrame)
        return frame

    return build
