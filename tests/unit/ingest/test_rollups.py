"""Minutes of messages and defects."""

from __future__ import annotations

import polars as pl

from fixwatch.fix.decoder import DecodeOptions
from fixwatch.ingest import rollups, sessions
from fixwatch.ingest.batch import Batch, decode_batch
from tests.unit.ingest.conftest import FrameOf, message


def test_minutes_are_of_the_kafka_timestamp(frame_of: FrameOf) -> None:
    good = [message("0", 1), message("0", 2), message("1", 3, _112="T")]
    rows = rollups.message_minutes(frame_of([*good, b"garbage"]))
    assert rows.select("session_id", "msg_type", "verdict", "messages", "quarantined").rows() == [
        (0, "", "garbled", 1, 1),
        (1, "0", "valid", 2, 0),
        (1, "1", "valid", 1, 0),
    ]
    assert rows["minute"].dt.to_string("%Y-%m-%dT%H:%M:%S").unique().to_list() == ["2026-01-02T09:30:00"]
    assert rows["bytes"].sum() == sum(map(len, good)) + len(b"garbage")


def test_every_defect_is_counted_by_reason_and_tag() -> None:
    batch = Batch([b"", message("0", 1), b"garbage", b""], [0] * 4, [0, 1, 2, 3], [0] * 4)
    decoded = decode_batch(batch, {0: 1}, DecodeOptions(), strict=False)
    frame = sessions.with_session_ids(decoded.frame, {})
    rows = rollups.defect_minutes(frame, decoded.defects)
    assert rows.filter(pl.col("reason") == "empty").select("session_id", "ref_tag", "defects").rows() == [
        (0, 0, 2)
    ]
    assert rows["defects"].sum() == decoded.defects.height
