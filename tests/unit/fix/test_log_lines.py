from __future__ import annotations

import io

import pytest

from fixwatch.fix import log_lines
from fixwatch.fix.encoder import encode
from fixwatch.fix.log_lines import messages, to_soh

HEARTBEAT = encode([(35, "0"), (34, 2), (49, "A"), (56, "B")])
NEWS = encode([(35, "B"), (34, 3), (95, 13), (96, b"one\ntwo\nthree"), (58, "x")])


def read(data: bytes, **options: object) -> list[bytes]:
    return list(messages(io.BytesIO(data), **options))  # type: ignore[arg-type]


@pytest.mark.parametrize("delimiter", [b"\x01", b"|", b"^A"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b""])
@pytest.mark.parametrize("prefix", [b"", b"20260102-09:30:00.000 : ", b"2026-01-02 INFO [108] out: "])
def test_delimiters_line_ends_and_prefixes_make_no_difference(
    delimiter: bytes, end: bytes, prefix: bytes
) -> None:
    line = prefix + HEARTBEAT.replace(b"\x01", delimiter) + end
    assert read(line) == [HEARTBEAT]
    if end or not prefix:
        assert read(line * 3) == [HEARTBEAT] * 3


def test_a_last_delimiter_that_is_missing_is_put_back() -> None:
    assert to_soh(HEARTBEAT.replace(b"\x01", b"|")[:-1] + b" ") == HEARTBEAT


def test_a_soh_message_keeps_its_pipes() -> None:
    message = encode([(35, "B"), (58, "a|b^Ac")])
    assert read(message) == [message]


def test_lines_without_a_message_are_counted_and_skipped_or_kept() -> None:
    data = b"started\n\n" + HEARTBEAT + b"\nnothing here\r\n108=FIX\n"
    reader = messages(io.BytesIO(data))
    assert list(reader) == [HEARTBEAT]
    assert reader.strays == 3
    assert read(data, strays="keep") == [b"started", HEARTBEAT, b"nothing here", b"108=FIX"]


def test_a_field_in_front_of_begin_string_is_part_of_the_message() -> None:
    line = b"35=0\x018=FIX.4.2\x019=5\x0110=000\x01"
    assert read(line) == [line]


def test_data_with_line_ends_is_put_together() -> None:
    assert read(HEARTBEAT + b"\n" + NEWS + b"\n" + HEARTBEAT + b"\n") == [HEARTBEAT, NEWS, HEARTBEAT]


def test_a_cut_message_does_not_swallow_the_lines_behind_it() -> None:
    cut = HEARTBEAT[:30]
    assert read(cut + b"\nsome words\n" + HEARTBEAT + b"\n", strays="keep") == [cut, b"some words", HEARTBEAT]
    assert read(cut + b"\nsome words\n", strays="keep") == [cut, b"some words"]


def test_messages_without_line_ends_are_taken_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(HEARTBEAT * 5 + b"\n") == [HEARTBEAT] * 5
    monkeypatch.setattr(log_lines, "_CHUNK_BYTES", 100)
    monkeypatch.setattr(log_lines, "_UNBROKEN_BYTES", 150)
    assert read(HEARTBEAT * 500) == [HEARTBEAT] * 500


def test_a_message_inside_a_message_stays_there() -> None:
    outer = encode([(35, "n"), (212, len(HEARTBEAT)), (213, HEARTBEAT), (58, "x")])
    assert read(outer * 2) == [outer] * 2


@pytest.mark.parametrize("chunk", [1, 2, 7, 64, 100_000])
def test_any_chunking_gives_the_same_messages(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_lines, "_CHUNK_BYTES", chunk)
    data = (
        b"words\n"
        + HEARTBEAT
        + b"\r\n"
        + NEWS
        + b"\n"
        + HEARTBEAT.replace(b"\x01", b"^A")
        + b"\n\n"
        + HEARTBEAT
    )
    assert read(data) == [HEARTBEAT, NEWS, HEARTBEAT, HEARTBEAT]


def test_a_line_without_end_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_lines, "_CHUNK_BYTES", 64)
    monkeypatch.setattr(log_lines, "_UNBROKEN_BYTES", 128)
    monkeypatch.setattr(log_lines, "MAX_LINE_BYTES", 1024)
    lines = read(b"x" * 100_000 + b"\n" + HEARTBEAT, strays="keep")
    assert lines[-1] == HEARTBEAT
    assert len(lines) == 2
    assert len(lines[0]) < 5000
