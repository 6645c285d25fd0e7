from __future__ import annotations

from decimal import Decimal

import pytest

from fixwatch.errors import EncodeError
from fixwatch.fix.encoder import checksum, encode


def test_frame_is_computed() -> None:
    message = encode(
        [(35, "0"), (34, 2), (49, "TW42"), (52, b"20260102-09:30:00.000"), (56, "ISLD")], "FIX.4.2"
    )
    assert message == (
        b"8=FIX.4.2\x019=51\x0135=0\x0134=2\x0149=TW42\x0152=20260102-09:30:00.000\x0156=ISLD\x0110=247\x01"
    )


def test_body_length_counts_bytes_not_characters() -> None:
    message = encode([(35, "B"), (58, "Zürich")])
    assert b"\x019=%d\x01" % len("35=B\x0158=Zürich\x01".encode()) in message


def test_decimals_keep_their_digits_and_have_no_exponent() -> None:
    message = encode([(35, "8"), (44, Decimal("1E+3")), (6, Decimal("0.000000010")), (31, Decimal("-0.50"))])
    assert b"\x0144=1000\x016=0.000000010\x0131=-0.50\x01" in message


def test_checksum_of_long_data_is_the_byte_sum() -> None:
    data = bytes(range(256)) * 7 + b"\xff" * 1000
    assert checksum(data) == sum(data) % 256


def test_data_field_may_contain_soh() -> None:
    message = encode([(35, "A"), (95, 5), (96, b"a\x01b=c")])
    assert b"\x0195=5\x0196=a\x01b=c\x01" in message


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ([], "first field must be MsgType"),
        ([(49, "A"), (35, "0")], "first field must be MsgType"),
        ([(35, "0"), (0, "x")], "Tag 0 is not a positive number"),
        ([(35, "0"), (-5, "x")], "Tag -5 is not a positive number"),
        ([(35, "0"), (58, "")], "Tag 58 has an empty value"),
        ([(35, "0"), (58, "a\x01b")], "Tag 58 contains SOH|tag 58 contains SOH"),
        ([(35, "0"), (9, "5")], "Tag 9 is computed"),
        ([(35, "0"), (10, "000")], "Tag 10 is computed"),
        ([(35, "0"), (8, "FIX.4.4")], "Tag 8 is computed"),
        ([(35, "A"), (96, b"abc")], "must follow its length field 95"),
        ([(35, "A"), (95, 2), (96, b"abc")], "Length field 95 must be 3"),
        ([(35, "0"), (44, Decimal("NaN"))], "not a number"),
        ([(35, "0"), (43, True)], "Boolean"),
        ([(35, "0"), (44, 1.5)], "not float"),
    ],
)
def test_unreadable_fields_are_refused(fields: list[tuple[int, str]], words: str) -> None:
    with pytest.raises(EncodeError, match=words):
        encode(fields)
