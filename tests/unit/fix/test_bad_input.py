"""Input that is out of all proportion, or next to nothing: an answer each time, never an exception."""

from __future__ import annotations

import mmap

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from fixwatch.fix.columns import SCHEMA, Column, Kind
from fixwatch.fix.decoder import DecodeOptions, decode
from fixwatch.fix.defects import BY_CODE, Verdict
from fixwatch.fix.encoder import checksum, encode
from tests.unit.fix.conftest import Outcome, outcome_of

HEADER = [(35, "0"), (34, 1), (49, "A"), (52, "20260102-09:30:00"), (56, "B")]
REJECT = [(35, "3"), *HEADER[1:], (45, 1)]
MEGABYTE = 1_000_000


def framed(body: bytes) -> bytes:
    message = b"8=FIX.4.4\x019=%d\x01%b" % (len(body), body)
    return message + b"10=%03d\x01" % checksum(message)


@pytest.mark.parametrize("empty", [[], (), pa.array([], pa.binary()), pa.array([], pa.large_binary())])
def test_a_batch_of_no_messages_has_no_rows(empty: object) -> None:
    decoded = decode(empty)  # type: ignore[arg-type]
    assert decoded.columns.schema == SCHEMA
    rows = [
        decoded.columns.num_rows,
        len(decoded.verdicts),
        decoded.defects.num_rows,
        len(decoded.secret_rows),
    ]
    assert rows == [0, 0, 0, 0]


def test_a_message_of_one_byte_is_garbled_whatever_the_byte() -> None:
    decoded = decode([bytes([byte]) for byte in range(256)])
    assert decoded.verdicts.to_pylist() == [Verdict.GARBLED] * 256
    primary = dict(
        zip(
            decoded.defects["row"].to_pylist()[::-1], decoded.defects["reason"].to_pylist()[::-1], strict=True
        )
    )
    assert {BY_CODE[code].label for code in primary.values()} <= {"not_fix", "tag_format"}
    assert len(primary) == 256


def test_a_message_of_no_bytes_is_empty(outcome: Outcome) -> None:
    assert outcome(b"") == outcome(None) == ("garbled", ["empty"])


def test_a_message_of_100_megabytes_is_too_long(outcome: Outcome) -> None:
    message = encode([*HEADER, (5001, "x" * 100 * MEGABYTE)])
    assert outcome(message) == ("garbled", ["too_long"])
    assert outcome(b"\x00" * 100 * MEGABYTE) == ("garbled", ["too_long"])


def test_a_message_of_100_megabytes_is_read_where_the_limit_allows_it() -> None:
    message = encode([*HEADER, (5001, "x" * 100 * MEGABYTE)])
    options = DecodeOptions(max_message_bytes=2**31 - 1, columns=[Column(5001, "mine", Kind.TEXT)])
    decoded = decode([message], options)
    assert decoded.verdicts.to_pylist() == [Verdict.VALID]
    assert pc.binary_length(decoded.columns.column("mine")).to_pylist() == [100 * MEGABYTE]


def test_a_message_of_10_000_fields_is_read_to_its_end(outcome: Outcome) -> None:
    fields = [(5000 + number, number) for number in range(10_000)]
    message = encode([*HEADER, *fields])
    assert outcome(message) == ("valid", [])
    options = DecodeOptions(columns=[Column(14_999, "last", Kind.INT)])
    assert decode([message], options).columns.column("last").to_pylist() == [9_999]
    assert outcome(message, profile="strict")[1][0] == "invalid_tag_number:5000"


def test_a_message_of_10_000_instances_of_a_group_is_counted(outcome: Outcome) -> None:
    order = [(35, "D"), *HEADER[1:], (11, "id"), (40, "1"), (54, "1"), (60, "20260102-09:30:00")]
    parties = [(448, "A"), (447, "D"), (452, 1)] * 10_000
    assert outcome(encode([*order, (453, 10_000), *parties])) == ("valid", [])
    assert outcome(encode([*order, (453, 9_999), *parties])) == ("rejected", ["group_count_wrong:453"])


@pytest.mark.parametrize("tag", ["9" * 20, "0" * 19 + "1", "1" + "0" * 19, "18446744073709551670"])
def test_a_tag_of_20_digits_is_no_tag(outcome: Outcome, tag: str) -> None:
    # 18446744073709551670 is 54 and 2^64: a counter that wraps would take it for Side(54).
    body = encode([*HEADER, (1, "x")])
    head, tail = body.split(b"\x011=x\x01")
    begin = head.split(b"\x01", 2)[2]
    message = framed(begin + b"\x01" + tag.encode() + b"=1\x01")
    assert tail.startswith(b"10=")
    verdict, defects = outcome(message)
    assert (verdict, defects[0]) == ("garbled", "tag_format")


def test_nul_bytes_are_values_like_others(outcome: Outcome) -> None:
    message = framed(b"35=3\x0134=1\x0149=A\x0152=20260102-09:30:00\x0156=B\x0145=1\x0158=a\x00b\x01")
    assert outcome(message) == ("valid", [])
    assert decode([message]).columns.column("text").to_pylist() == ["a\ufffdb"]


@pytest.mark.parametrize(
    ("body", "verdict"),
    [
        (b"35=0\x0134=\x001\x0149=A\x0152=20260102-09:30:00\x0156=B\x01", "rejected"),
        (b"35=\x00\x0134=1\x0149=A\x0152=20260102-09:30:00\x0156=B\x01", "rejected"),
        (b"35=0\x00\x0134=1\x0149=A\x0152=20260102-09:30:00\x0156=B\x01", "rejected"),
        (b"35=0\x0134=1\x0149=A\x0152=20260102-09:30:00\x0156=B\x01\x0058=x\x01", "garbled"),
        (b"35=0\x0134=1\x0149=A\x0152=20260102-09:30:00\x0156=B\x015\x008=x\x01", "garbled"),
        (b"\x00", "garbled"),
    ],
)
def test_nul_bytes_elsewhere_are_defects(outcome: Outcome, body: bytes, verdict: str) -> None:
    assert outcome(framed(body))[0] == verdict


def test_the_leap_second_that_ends_the_year_9999_does_not_fit() -> None:
    # It would begin the year 10000, which neither Python nor the drivers of databases have.
    message = encode([*HEADER[:3], (52, "99991231-23:59:60"), (56, "B")])
    for messages in ([message], [message] * 200):
        decoded = decode(messages)
        assert decoded.columns.column("sending_time").to_pylist() == [None] * len(messages)
        assert set(decoded.verdicts.to_pylist()) == {Verdict.REJECTED}
    assert outcome_of(message, DecodeOptions()) == ("rejected", ["value_does_not_fit:52"])
    last = encode([*HEADER[:3], (52, "99991231-23:59:59.999999"), (56, "B")])
    assert decode([last]).columns.column("sending_time").to_pylist()[0].year == 9999


def test_a_message_of_nothing_but_nul_is_garbled(outcome: Outcome) -> None:
    for length in (1, 7, 64, 1000):
        assert outcome(b"\x00" * length)[0] == "garbled"


@pytest.mark.slow  # under sanitizers, 0.1 s without
@pytest.mark.parametrize("bytes_each", [50_000, MEGABYTE])
def test_a_batch_of_more_than_two_gigabytes_is_decoded(bytes_each: int) -> None:
    # One object over and over: what the batch refers to is 2 GB, what it holds is one message.
    message = encode([*HEADER, (5001, "x" * bytes_each)])
    rows = 2**31 // len(message) + 10
    assert rows * len(message) > 2**31
    decoded = decode([message] * rows)
    assert pc.value_counts(decoded.verdicts).to_pylist() == [{"values": Verdict.VALID, "counts": rows}]
    assert decoded.columns.column("msg_seq_num").null_count == 0


@pytest.mark.slow
@pytest.mark.parametrize(("bytes_each", "checks"), [(60_000, "all"), (60_000, "frame"), (MEGABYTE, "all")])
def test_text_that_an_arrow_column_cannot_hold_is_a_defect(bytes_each: int, checks: str) -> None:
    # Offsets of an Arrow string column have 31 bits: the texts behind that are left out, and it is said. 4 GB.
    message = encode([*REJECT, (58, "x" * bytes_each)])
    rows = 2**31 // bytes_each + 10
    fits = (2**31 - 1) // bytes_each
    decoded = decode([message] * rows, DecodeOptions(checks=checks))
    text = decoded.columns.column("text")
    text.validate(full=True)
    assert text.null_count >= rows - fits
    defects = decoded.defects.to_pylist()
    lacking = pc.indices_nonzero(pc.is_null(text)).to_pylist()
    assert [defect["row"] for defect in defects] == lacking
    assert {(BY_CODE[defect["reason"]].label, defect["ref_tag"]) for defect in defects} == {
        ("value_does_not_fit", 58)
    }
    # Room is reckoned a block of rows at a time, at three bytes a byte of what may not be ASCII.
    assert text.null_count <= rows - fits + 64 * 3


@pytest.mark.slow
def test_a_message_of_two_gigabytes_does_not_hide_the_one_behind_it() -> None:
    # Memory that nobody has written to: nothing but the last page is there.
    message, front = encode(HEADER), 2**31 + 4096
    memory = mmap.mmap(-1, front + len(message))
    memory[front:] = message
    offsets = pa.py_buffer(pa.array([0, front, front + len(message)], pa.int64()).buffers()[1])
    array = pa.LargeBinaryArray.from_buffers(pa.large_binary(), 2, [None, offsets, pa.py_buffer(memory)])
    decoded = decode(array)
    assert decoded.verdicts.to_pylist() == [Verdict.GARBLED, Verdict.VALID]
    assert [BY_CODE[code].label for code in decoded.defects["reason"].to_pylist()] == ["too_long"]
    assert outcome_of(message, DecodeOptions()) == ("valid", [])


@pytest.mark.slow
def test_chunks_of_more_than_two_gigabytes_together_are_decoded() -> None:
    message = encode([*HEADER, (5001, "x" * MEGABYTE)])
    chunk = pa.array([message] * 1_100, pa.binary())
    decoded = decode(pa.chunked_array([chunk, chunk]))
    assert pc.value_counts(decoded.verdicts).to_pylist() == [{"values": Verdict.VALID, "counts": 2_200}]


@pytest.mark.parametrize("kind", [pa.string(), pa.int64()])
def test_arrow_arrays_of_anything_but_bytes_are_refused(kind: pa.DataType) -> None:
    for array in (pa.array([], kind), pa.chunked_array([], kind)):
        with pytest.raises(TypeError, match="not of binary"):
            decode(array)
