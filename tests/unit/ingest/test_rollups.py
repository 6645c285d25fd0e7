"""Minutes of messages and defects."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl

from fixwatch.ingest import rollups
from fixwatch.ingest.prepare import frame
from tests.unit.ingest.conftest import FrameOf, decoded_messages, message


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
    rows, decoded = decoded_messages([b"", message("0", 1), b"garbage", b""], [0] * 4)
    found = rollups.defect_minutes(
        frame(rows, decoded, datetime(2026, 1, 2, tzinfo=UTC)), pl.DataFrame(decoded.defects)
    )
    assert found.filter(pl.col("reason") == "empty").select("session_id", "ref_tag", "defects").rows() == [
        (0, 0, 2)
    ]
    assert found["defects"].sum() == decoded.defects.num_rows
