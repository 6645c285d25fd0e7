"""Minutes of messages and defects."""

from __future__ import annotations

from fixwatch.ingest import rollups
from tests.unit.ingest.conftest import decoded_messages, message


def test_minutes_are_of_the_kafka_timestamp() -> None:
    good = [message("0", 1), message("0", 2), message("1", 3, _112="T")]
    rows, decoded = decoded_messages([*good, b"garbage"])
    found = rollups.message_minutes(rows, decoded.decoded.verdicts)
    names = ("session_id", "msg_type", "verdict", "messages", "quarantined")
    assert [tuple(row.values()) for row in found.select(names).to_pylist()] == [
        (0, "", "garbled", 1, 1),
        (1, "0", "valid", 2, 0),
        (1, "1", "valid", 1, 0),
    ]
    assert {f"{minute:%Y-%m-%dT%H:%M:%S}" for minute in found.column("minute").to_pylist()} == {
        "2026-01-02T09:30:00"
    }
    assert sum(found.column("bytes").to_pylist()) == sum(map(len, good)) + len(b"garbage")


def test_minutes_are_sorted_by_their_keys() -> None:
    values = [message(kind, seq) for seq, kind in enumerate("5A0125A0" * 40)]
    times = [1_767_346_200_000 + 7_000 * at for at in range(len(values))]
    rows, decoded = decoded_messages(values, times)
    found = rollups.message_minutes(rows, decoded.decoded.verdicts).to_pylist()
    keys = [tuple(row.values())[:4] for row in found]
    assert keys == sorted(keys)
    assert sum(row["messages"] for row in found) == len(values)


def test_every_defect_is_counted_by_reason_and_tag() -> None:
    rows, decoded = decoded_messages([b"", message("0", 1), b"garbage", b""], [0] * 4)
    found = rollups.defect_minutes(rows, decoded.defects).to_pylist()
    empty = [row for row in found if row["reason"] == "empty"]
    assert [(row["session_id"], row["ref_tag"], row["defects"]) for row in empty] == [(0, 0, 2)]
    assert sum(row["defects"] for row in found) == decoded.defects.num_rows


def test_a_batch_without_messages_or_defects_has_no_minutes() -> None:
    rows, decoded = decoded_messages([])
    assert rollups.message_minutes(rows, decoded.decoded.verdicts).num_rows == 0
    assert rollups.defect_minutes(rows, decoded.defects).num_rows == 0


def test_what_was_counted_is_taken_back_and_what_is_the_same_is_left_out() -> None:
    rows, decoded = decoded_messages([message("0", 1), message("0", 2), b"garbage"])
    counted = rollups.Counted(
        rollups.message_minutes(rows, decoded.decoded.verdicts), rollups.defect_minutes(rows, decoded.defects)
    )
    again = counted.less(counted)
    assert (again.message_minutes.num_rows, again.defect_minutes.num_rows) == (0, 0)
    fewer_rows, fewer = decoded_messages([message("0", 1)])
    fewer_counted = rollups.Counted(
        rollups.message_minutes(fewer_rows, fewer.decoded.verdicts),
        rollups.defect_minutes(fewer_rows, fewer.defects),
    )
    names = ("session_id", "verdict", "messages", "quarantined")
    taken_back = fewer_counted.less(counted)
    assert [tuple(row.values()) for row in taken_back.message_minutes.select(names).to_pylist()] == [
        (0, "garbled", -1, -1),
        (1, "valid", -1, 0),
    ]
    assert sum(taken_back.defect_minutes.column("defects").to_pylist()) == -decoded.defects.num_rows
