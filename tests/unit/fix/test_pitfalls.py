"""What broke other FIX decoders, each as a test; the thread is in the comment (project#number).

The same through a real Postgres: tests/integration/test_copy.py.
"""

from __future__ import annotations

import datetime as dt
import io
from decimal import Decimal
from typing import Any

import pytest

from fixwatch.fix import log_lines
from fixwatch.fix.decoder import decode
from fixwatch.fix.encoder import encode
from fixwatch.fix.message import Message
from tests.unit.fix.conftest import Outcome

HEADER = [(34, 2), (49, "DROP"), (52, "20260102-09:30:00.000"), (56, "COPY")]
TIME = (60, "20260102-09:30:00")
ORDER = [(11, "id"), (55, "IBM"), (54, "1"), TIME, (40, "1")]
PARTIES = [(453, 2), (448, "a"), (447, "D"), (452, 1), (448, "b"), (447, "D"), (452, 3)]


def order(*more: tuple[int, Any], version: str = "FIX.4.4") -> bytes:
    return encode([(35, "D"), *HEADER, *ORDER, *more], version)


def row(message: bytes) -> dict[str, Any]:
    return decode([message]).columns.to_pylist()[0]


#: A drop copy: a whole message in XmlData(213) of another, with what looks like fields of the outer one.
INNER = order((58, "=|55=EVIL|10=000|"))
DROP_COPY = encode([(35, "n"), *HEADER, (212, len(INNER)), (213, INNER)])


def test_a_whole_message_inside_xml_data_is_one_value(outcome: Outcome) -> None:
    # quickfix#62, simplefix#16, quickfixn#304
    assert outcome(DROP_COPY, profile="strict") == ("valid", [])
    found = Message.parse(DROP_COPY).find(213)
    assert found is not None
    assert found.raw == INNER
    assert list(log_lines.messages(io.BytesIO(DROP_COPY + b"\n" + DROP_COPY))) == [DROP_COPY, DROP_COPY]


def test_what_looks_like_fields_inside_data_is_none_of_the_message() -> None:
    # nexus#429: corrupted silently, since the CheckSum is right.
    columns = row(DROP_COPY)
    assert (columns["msg_type"], columns["symbol"], columns["cl_ord_id"]) == ("n", None, None)
    assert [entry.tag for entry in Message.parse(DROP_COPY).fields] == [
        8,
        9,
        35,
        34,
        49,
        52,
        56,
        212,
        213,
        10,
    ]


@pytest.mark.parametrize("length", [0, 1, 2, 4, 40, 10**9, 10**30])
def test_a_data_length_that_lies_swallows_no_field(outcome: Outcome, length: int) -> None:
    # quickfixj#591
    news = encode([(35, "B"), *HEADER, (95, 3), (96, b"abc"), (148, "x"), (58, "behind")])
    message = reframed(news.replace(b"\x0195=3\x01", b"\x0195=%d\x01" % length))
    verdict, defects = outcome(message)
    assert verdict == "garbled"
    assert defects[0] == "data_length_wrong:96"
    assert row(message)["text"] == "behind"


def reframed(message: bytes) -> bytes:
    """The same fields with a true BodyLength(9) and CheckSum(10)."""
    begin, _, body = message[: message.rindex(b"\x0110=") + 1].split(b"\x01", 2)
    framed = b"%b\x019=%d\x01%b" % (begin, len(body), body)
    return framed + b"10=%03d\x01" % (sum(framed) % 256)


@pytest.mark.parametrize("change", [-1, 1, -20, 20, 1000, 2**31, 2**32, 2**64])
def test_a_body_length_that_lies_is_never_valid(outcome: Outcome, change: int) -> None:
    # nexus#585
    message = order()
    length = int(message.split(b"\x019=")[1].split(b"\x01")[0])
    lying = message.replace(b"\x019=%d\x01" % length, b"\x019=%d\x01" % (length + change))
    lying = lying[:-7] + b"10=%03d\x01" % (sum(lying[:-7]) % 256)
    verdict, defects = outcome(lying)
    assert verdict == "garbled"
    assert "body_length_wrong:9" in defects or "body_length_format:9" in defects


def test_a_missing_checksum_is_never_valid(outcome: Outcome) -> None:
    # nexus#585
    assert outcome(order()[:-7])[0] == "garbled"


@pytest.mark.parametrize(
    "piece", [b"=", b"\x01", b"8=", b"9=", b"453=", b"453=9\x01", b"95=9\x01", b"96=", b"8=FIX.4.4\x01"]
)
def test_nonsense_comes_to_an_end_with_a_bounded_list_of_defects(piece: bytes) -> None:
    # quickfixj#432: an endless loop that took all memory
    decoded = decode([piece * 5000, b"8=FIX.4.4\x019=9\x0135=D\x01" + piece * 5000])
    assert len(decoded.verdicts) == 2
    assert 0 < decoded.defects.num_rows <= 2 * 256


@pytest.mark.parametrize("tag", [b"abc", b"-1", b"", b"0", b"99999999999999999999", b"1 "])
def test_a_bad_tag_is_a_defect_of_its_message_alone(tag: bytes) -> None:
    # simplefix: raised without consuming, and again at the next call
    bad = reframed(order().replace(b"\x0140=1\x01", b"\x0140=1\x01" + tag + b"=x\x01"))
    decoded = decode([bad, order(), bad, order()])
    assert [verdict.as_py() > 0 for verdict in decoded.verdicts] == [True, False, True, False]
    assert decoded.columns.column("symbol").to_pylist() == ["IBM"] * 4


def test_an_unknown_tag_inside_a_group_leaves_the_group_whole(outcome: Outcome) -> None:
    # quickfix PR#147, quickfixj PR#106 and #108
    message = order((453, 2), (448, "a"), (9001, "x"), (447, "D"), (448, "b"), (447, "D"))
    assert outcome(message) == ("valid", [])
    assert group_values(message, 448) == ["a", "b"]


def test_another_order_inside_a_group_leaves_the_group_whole() -> None:
    # quickfixj PR#110
    message = order((453, 2), (448, "a"), (452, 1), (447, "D"), (448, "b"), (452, 3), (447, "D"))
    assert group_values(message, 448) == ["a", "b"]
    assert group_values(message, 447) == ["D", "D"]


def test_a_group_that_ends_the_body_leaves_the_trailer_alone(outcome: Outcome) -> None:
    # quickfixgo PR#767
    message = order(*PARTIES, (93, 3), (89, b"a\x01b"))
    assert outcome(message, profile="strict") == ("valid", [])
    assert [entry.tag for entry in Message.parse(message).fields][-4:] == [453, 93, 89, 10]


def test_every_instance_of_a_group_is_kept_not_the_last() -> None:
    assert group_values(order(*PARTIES), 452) == ["1", "3"]


def test_a_column_has_the_roots_value_not_that_of_the_last_repeated_tag() -> None:
    legs = [(555, 2), (600, "L1"), (654, "r1"), (600, "L2"), (654, "r2"), (670, 1), (671, "leg-account")]
    message = encode([(35, "AB"), *HEADER, (1, "mine"), *ORDER, *legs])
    assert row(message)["account"] == "mine"
    repeated = order((1, "first"), (1, "second"))
    assert row(repeated)["account"] == "first"


def group_values(message: bytes, tag: int) -> list[str]:
    return [
        entry.value
        for outer in Message.parse(message).fields
        for instance in outer.groups
        for entry in instance
        if entry.tag == tag
    ]


def test_fixt_is_recognised_where_only_fix_was_looked_for(outcome: Outcome) -> None:
    message = order(version="FIXT.1.1")
    assert outcome(message, profile="strict") == ("valid", [])
    assert Message.parse(message).version == "FIX.5.0SP2"
    line = b"in: " + message.replace(b"\x01", b"|")
    assert list(log_lines.messages(io.BytesIO(line))) == [message]


def test_a_latin_1_apostrophe_stops_nothing(outcome: Outcome) -> None:
    # quickfixn PR#431: one of them kept a drop copy down for a day
    message = order((58, b"d\xb4accord \x92"))
    assert outcome(message, profile="strict") == ("valid", [])
    assert row(message)["text"] == "d\xb4accord \x92"
    assert decode([message, order()]).columns.column("text").to_pylist()[1] is None


@pytest.mark.parametrize("chunk", range(1, 12))
def test_encoded_text_survives_any_chunking(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    # quickfixn#478: decoded to text at chunk boundaries
    monkeypatch.setattr(log_lines, "_CHUNK_BYTES", chunk)
    text = "成交\n回報 |^A".encode("shift_jis", "replace") + "買い".encode()
    message = order((354, len(text)), (355, text))
    assert list(log_lines.messages(io.BytesIO(message + b"\r\n" + message))) == [message, message]


def test_chinese_text_is_kept_whole_whatever_its_bytes(outcome: Outcome) -> None:
    # quickfixj#650: cut where its characters were counted and its bytes stored
    text = "成交" * 500
    message = order((58, text))
    assert outcome(message) == ("valid", [])
    assert row(message)["text"] == text


@pytest.mark.parametrize(
    ("fraction", "kept"),
    [
        ("", 0),
        (".123", 123_000),
        (".123456", 123_456),  # quickfixn#352: rejected outright
        (".1234567", 123_456),  # quickfixn#702: 100 ns
        (".123456789012", 123_456),  # quickfixj PR#107: picoseconds, cut to milliseconds
    ],
)
def test_fractions_of_seconds_are_kept_to_the_microsecond_and_whole_in_the_bytes(
    outcome: Outcome, fraction: str, kept: int
) -> None:
    message = encode([(35, "D"), *HEADER, *ORDER[:3], (60, f"20260102-09:30:00{fraction}"), (40, "1")])
    assert outcome(message) == ("valid", [])
    assert row(message)["transact_time"].microsecond == kept
    found = Message.parse(message).find(60)
    assert found is not None
    assert found.value == f"20260102-09:30:00{fraction}"


def test_a_leap_second_is_a_time(outcome: Outcome) -> None:
    message = encode([(35, "D"), *HEADER, *ORDER[:3], (60, "20161231-23:59:60"), (40, "1")])
    assert outcome(message) == ("valid", [])
    assert row(message)["transact_time"] == dt.datetime(2017, 1, 1, tzinfo=dt.UTC)


@pytest.mark.parametrize("price", ["1.233", "1.00000001", "0.1", "4.35", "1234567890.123456789012345678"])
def test_a_price_is_the_number_that_was_sent(price: str) -> None:
    # quickfix#83: 1.233 became 1.2329999999999999
    assert row(order((44, price)))["price"] == Decimal(price)
