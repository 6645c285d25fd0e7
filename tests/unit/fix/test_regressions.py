"""What the fuzzers found, each at its smallest."""

from __future__ import annotations

import io

import pytest

from fixwatch.fix import log_lines
from fixwatch.fix.decoder import decode
from fixwatch.fix.encoder import encode
from fixwatch.fix.redaction import redact

LOGON = [(35, "A"), (34, 1), (49, "A"), (56, "B"), (52, "20260102-09:30:00"), (98, 0), (108, 30)]


def with_checksum(message: bytes) -> bytes:
    return message + b"10=%03d\x01" % (sum(message) % 256)


def test_raw_data_is_blanked_by_a_length_that_does_not_stand_right_before_it() -> None:
    # The decoder takes the length that was said last; redaction blanked no further than the first SOH.
    body = b"35=A\x0134=1\x0149=A\x0152=20260102-09:30:00\x0156=B\x0195=9\x0198=0\x01108=30\x0196=se\x01secret\x01"
    message = with_checksum(b"8=FIX.4.2\x019=%d\x01%b" % (len(body), body))
    assert decode([message]).secret_rows.to_pylist() == [0]
    assert b"\x0196=*********\x01" in redact(message)


def test_a_length_inside_of_data_is_not_the_length_of_raw_data() -> None:
    data = b"x\x0195=2\x01"
    body = b"35=A\x0195=9\x01212=%d\x01213=%b\x0196=se\x01secret\x01" % (len(data), data)
    assert b"\x0196=*********\x01" in redact(with_checksum(b"8=FIX.4.2\x019=%d\x01%b" % (len(body), body)))


def test_raw_data_that_is_cut_is_blanked_to_the_end() -> None:
    assert redact(b"8=FIX.4.2\x019=99\x0135=A\x0195=20\x0196=user\x01secr").endswith(b"\x0196=" + b"*" * 9)


@pytest.mark.parametrize(
    "message", [b"8=FIXA35=B\x0135=A\x0196=x\x01", b"8=FIX.4.2\x0135=B\x0135=A\x0196=x\x01"]
)
def test_a_logon_is_one_where_anything_says_so(message: bytes) -> None:
    assert redact(message).endswith(b"\x0196=*\x01")


def test_the_true_checksum_of_a_message_is_not_written_over_stars() -> None:
    message = with_checksum(b"8=FIX.4.2\x0135=A\x0195=14\x0196=a\x01secret\x01")
    assert redact(redact(message)) == redact(message)


@pytest.fixture
def short_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line without end is looked through after 40 bytes, not a mebibyte."""
    monkeypatch.setattr(log_lines, "_UNBROKEN_BYTES", 40)
    monkeypatch.setattr(log_lines, "_CHUNK_BYTES", 7)


@pytest.mark.usefixtures("short_limits")
def test_a_blank_between_messages_on_one_line_is_never_part_of_one() -> None:
    message = encode(LOGON)
    assert list(log_lines.messages(io.BytesIO((message + b" ") * 5))) == [message] * 4 + [message + b" "]


@pytest.mark.usefixtures("short_limits")
def test_what_stands_in_front_of_a_long_line_is_no_line_of_its_own() -> None:
    message = encode(LOGON)
    reader = log_lines.messages(io.BytesIO(b"0|10=123|" + message * 3), strays="keep")
    assert list(reader) == [message] * 3
    assert reader.strays == 0


def test_a_prefix_is_no_field_because_of_a_soh_behind_it() -> None:
    line = b"9=00 in: " + encode(LOGON).replace(b"\x01", b"|") + encode(LOGON)
    assert list(log_lines.messages(io.BytesIO(line))) == [encode(LOGON)] * 2


def test_the_last_of_several_messages_on_a_line_may_go_on_over_the_next() -> None:
    news = encode([(35, "B"), (34, 3), (95, 7), (96, b"one\ntwo")])
    assert list(log_lines.messages(io.BytesIO(encode(LOGON) + news + b"\n"))) == [encode(LOGON), news]
