from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from fixwatch.errors import SettingsError
from fixwatch.fix.columns import SCHEMA
from fixwatch.fix.decoder import DecodeOptions, decode
from fixwatch.fix.defects import BY_CODE, Verdict
from fixwatch.fix.encoder import checksum, encode

HEADER = [(34, 2), (49, "TW44"), (52, "20260102-09:30:00.000"), (56, "ISLD")]
STRICT_FRAME = DecodeOptions()
LENIENT = DecodeOptions(frame="lenient")


def heartbeat(*more: tuple[int, Any]) -> bytes:
    return encode([(35, "0"), *HEADER, *more])


def framed(body: bytes, begin: bytes = b"FIX.4.4") -> bytes:
    message = b"8=%b\x019=%d\x01%b" % (begin, len(body), body)
    return message + b"10=%03d\x01" % checksum(message)


def outcome(message: bytes | None, options: DecodeOptions = STRICT_FRAME) -> tuple[str, list[str]]:
    """The verdict's label and the defects as `reason:tag`."""
    decoded = decode([message], options)
    labels = [
        BY_CODE[row["reason"]].label + ("" if row["ref_tag"] is None else f":{row['ref_tag']}")
        for row in decoded.defects.to_pylist()
    ]
    return Verdict(decoded.verdicts[0].as_py()).label, labels


def value(message: bytes, column: str) -> Any:
    return decode([message]).columns.column(column)[0].as_py()


def order(*more: tuple[int, Any]) -> bytes:
    return encode(
        [(35, "D"), *HEADER, (11, "id"), (55, "INTC"), (54, "1"), (60, "20260102-09:30:00"), (40, "1"), *more]
    )


def test_a_good_message_is_valid() -> None:
    assert outcome(heartbeat()) == ("valid", [])


def test_an_empty_batch_gives_empty_columns() -> None:
    decoded = decode([])
    assert decoded.columns.num_rows == len(decoded.verdicts) == decoded.defects.num_rows == 0
    assert decoded.columns.schema == SCHEMA


@pytest.mark.parametrize("message", [None, b""])
def test_a_tombstone_is_empty(message: bytes | None) -> None:
    assert outcome(message) == ("garbled", ["empty"])


@pytest.mark.parametrize(
    "message", [b"\x01", b"=", b"8", b"\x00", b'{"a": 1}', b"\xff" * 9, b"8=\x01", b"=" * 999]
)
def test_what_is_not_fix_is_garbled(message: bytes) -> None:
    assert outcome(message) == ("garbled", ["not_fix"])


def test_every_prefix_of_a_valid_message_is_garbled() -> None:
    message = order((38, "100"))
    assert outcome(message)[0] == "valid"
    for end in range(len(message)):
        assert outcome(message[:end])[0] == "garbled"
        assert outcome(message[:end], LENIENT)[0] in ("garbled", "rejected")


def test_a_cut_message_fills_the_columns_that_could_be_read() -> None:
    message = order((38, "1000"), (44, "12.5"))
    cut = message[: message.index(b"38=1000") + 5]
    row = decode([cut]).columns.to_pylist()[0]
    assert row["symbol"] == "INTC"
    assert row["order_qty"] is None  # 38=10 may be the beginning of 38=1000
    assert row["price"] is None


def test_a_cut_tag_leaves_the_last_whole_field() -> None:
    message = order((38, "1000"))
    cut = message[: message.index(b"38=1000") + 10]
    assert value(cut, "order_qty") == 1000


def test_a_message_over_the_limit_is_too_long() -> None:
    options = DecodeOptions(max_message_bytes=100)
    assert outcome(heartbeat((112, "x" * 100)), options) == ("garbled", ["too_long"])


@pytest.mark.parametrize(
    ("message", "defects"),
    [
        (b"8=FIX.4.4\x0135=0\x0110=000\x01", ["body_length_missing:9", "checksum_wrong:10"]),
        (framed(b"34=2\x0135=0\x01"), ["msg_type_not_third:35"]),
        (b"35=0\x018=FIX.4.4\x019=5\x0110=000\x01", ["not_fix"]),
        (framed(b"35=0\x0149garbled=TW\x01"), ["tag_format"]),
        (framed(b"35=0\x01\x01"), ["tag_format"]),
        (framed(b"35=0\x01049=A\x01"), ["tag_format"]),
        (framed(b"35=0\x0112345678901234567890=A\x01"), ["tag_format"]),
        (framed(b"35=0\x014294967344=A\x01"), ["tag_format"]),
        (heartbeat() + b"x", ["trailing_bytes"]),
        (heartbeat() + heartbeat(), ["trailing_bytes"]),
    ],
)
def test_a_broken_frame_garbles(message: bytes, defects: list[str]) -> None:
    assert outcome(message) == ("garbled", defects)


@pytest.mark.parametrize(
    ("old", "new", "defect"),
    [
        (b"9=51", b"9=52", "body_length_wrong:9"),
        (b"9=51", b"9=-51", "body_length_format:9"),
        (b"9=51", b"9=", "body_length_format:9"),
        (b"9=51", b"9=99999999999999999999", "body_length_wrong:9"),
        (b"\x0110=", b"\x0110=0", "checksum_format:10"),
        (b"\x0110=", b"\x0111=", "checksum_missing:10"),
        (b"TW44", b"TW45", "checksum_wrong:10"),
    ],
)
def test_a_lying_length_or_sum_garbles_and_lenient_framing_reads_on(
    old: bytes, new: bytes, defect: str
) -> None:
    message = heartbeat().replace(old, new)
    verdict, defects = outcome(message)
    assert (verdict, defect in defects) == ("garbled", True)
    verdict, defects = outcome(message, LENIENT)
    assert (verdict, defect in defects) == ("rejected", True)
    assert value(message, "target_comp_id") == "ISLD"


def test_demo_feeds_without_body_length_and_checksum_are_readable() -> None:
    message = b"8=FIX.4.4\x0135=D\x0111=a\x0155=AAPL\x0138=100\x0110=000\x01"
    assert value(message, "symbol") == "AAPL"
    assert value(message, "order_qty") == Decimal(100)
    assert outcome(message, LENIENT)[0] == "rejected"


def test_data_fields_hold_whole_fix_messages() -> None:
    inner = heartbeat((58, "inner")) + b"=\x01="
    message = encode([(35, "n"), *HEADER, (212, len(inner)), (213, inner)])
    assert outcome(message)[0] != "garbled"
    assert value(message, "text") is None
    assert value(message, "msg_type") == "n"


@pytest.mark.parametrize("length", ["2", "4", "99999", "-1", "x", "9999999999999999999999"])
def test_a_lying_data_length_garbles_and_swallows_nothing(length: str) -> None:
    message = framed(b"35=B\x0195=%b\x0196=abc\x0155=IBM\x01" % length.encode())
    assert outcome(message) == ("garbled", ["data_length_wrong:96"])
    assert value(message, "symbol") == "IBM"


def test_a_data_field_without_its_length_garbles() -> None:
    assert outcome(framed(b"35=B\x0196=abc\x01")) == ("garbled", ["data_length_wrong:96"])


@pytest.mark.parametrize("tag", [b"0", b"-1", b"-2147483647"])
def test_a_tag_that_is_no_positive_number_is_rejected(tag: bytes) -> None:
    message = framed(b"35=0\x0134=2\x0149=A\x0152=20260102-09:30:00\x0156=B\x01" + tag + b"=HI\x01")
    verdict, defects = outcome(message)
    assert (verdict, defects[0]) == ("rejected", f"invalid_tag_number:{int(tag)}")


def test_an_empty_value_is_rejected() -> None:
    body = b"35=0\x0134=2\x0149=A\x0152=20260102-09:30:00\x0156=\x01"
    assert outcome(framed(body)) == ("rejected", ["tag_without_value:56"])


def test_more_fields_than_any_message_has_are_garbled() -> None:
    assert outcome(framed(b"35=0\x01" + b"1=a\x01" * 70_000))[1][0] == "too_many_fields"


def test_ten_thousand_fields_are_read() -> None:
    message = order(*[(58, "x")] * 10_000, (38, "7"))
    assert value(message, "order_qty") == 7


def test_a_repeated_tag_keeps_its_first_value() -> None:
    message = order((38, "100"), (38, "200"))
    assert value(message, "order_qty") == 100
    assert outcome(message) == ("rejected", ["tag_appears_more_than_once:38"])


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("00023.23", "23.23"),
        ("23.", "23"),
        (".5", "0.5"),
        ("-0", "0"),
        ("-.25", "-0.25"),
        ("0.000000000000000001", "0.000000000000000001"),
        ("1.1000000000000000000000", "1.1"),
        ("99999999999999999999.999999999999999999", "99999999999999999999.999999999999999999"),
        ("-99999999999999999999", "-99999999999999999999"),
        ("1.233", "1.233"),
    ],
)
def test_decimals_are_exact(text: str, number: str) -> None:
    assert value(order((44, text)), "price") == Decimal(number)


@pytest.mark.parametrize(
    "text", ["+1", "1e5", " 1", "1 ", "1,5", ".", "-", "-.", "1.2.3", "--1", "0x1", "NaN", "1\x00"]
)
def test_decimals_in_other_forms_are_wrong_format(text: str) -> None:
    message = order((44, text))
    assert "incorrect_data_format:44" in outcome(message)[1]
    assert value(message, "price") is None


@pytest.mark.parametrize("text", ["0.0000000000000000001", "100000000000000000000", "9" * 60])
def test_decimals_that_do_not_fit_are_never_rounded(text: str) -> None:
    message = order((44, text))
    assert outcome(message) == ("rejected", ["value_does_not_fit:44"])
    assert value(message, "price") is None


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("20260102-09:30:00", "2026-01-02T09:30:00"),
        ("20260102-09:30:00.1", "2026-01-02T09:30:00.100000"),
        ("20260102-09:30:00.123", "2026-01-02T09:30:00.123000"),
        ("20260102-09:30:00.123456", "2026-01-02T09:30:00.123456"),
        ("20260102-09:30:00.123456789", "2026-01-02T09:30:00.123456"),
        ("20260102-09:30:00.123456789012", "2026-01-02T09:30:00.123456"),
        ("20161231-23:59:60", "2017-01-01T00:00:00"),
        ("20161231-23:59:60.5", "2017-01-01T00:00:00.500000"),
        ("20240229-00:00:00", "2024-02-29T00:00:00"),
        ("19691231-23:59:59.999999", "1969-12-31T23:59:59.999999"),
        ("00010101-00:00:00", "0001-01-01T00:00:00"),
        ("99991231-23:59:59", "9999-12-31T23:59:59"),
    ],
)
def test_timestamps_from_seconds_to_picoseconds(text: str, time: str) -> None:
    wanted = dt.datetime.fromisoformat(time).replace(tzinfo=dt.UTC)
    assert value(order((126, text)), "expire_time") == wanted


@pytest.mark.parametrize(
    "text",
    [
        "20260230-09:30:00",
        "20250229-09:30:00",
        "20261301-09:30:00",
        "20260100-09:30:00",
        "00000101-09:30:00",
        "20260102-24:00:00",
        "20260102-09:60:00",
        "20260102-09:30:61",
        "20260102-09:30",
        "20260102 09:30:00",
        "20260102-09:30:00.",
        "20260102-09:30:00.1234567890123",
        "20260102-09:30:00Z",
        "2026",
    ],
)
def test_timestamps_that_are_none_are_wrong_format(text: str) -> None:
    message = order((126, text))
    assert "incorrect_data_format:126" in outcome(message)[1]
    assert value(message, "expire_time") is None


def test_dates_booleans_and_integers() -> None:
    message = order((432, "20240229"), (43, "Y"), (38, "1"))
    assert value(message, "expire_date") == dt.date(2024, 2, 29)
    assert value(message, "poss_dup") is True
    assert value(message, "msg_seq_num") == 2


@pytest.mark.parametrize(
    ("text", "outcome_of_it"),
    [
        ("9223372036854775807", ("valid", [])),
        ("9223372036854775808", ("rejected", ["value_does_not_fit:34"])),
        ("-", ("rejected", ["incorrect_data_format:34"])),
        ("1.0", ("rejected", ["incorrect_data_format:34"])),
    ],
)
def test_integers_past_64_bits_do_not_fit(text: str, outcome_of_it: tuple[str, list[str]]) -> None:
    message = encode([(35, "0"), (34, text), *HEADER[1:]])
    assert outcome(message) == outcome_of_it


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("Zürich 中文".encode(), "Zürich 中文"),
        (b"client\x92s", "client\x92s"),
        ("Zürich".encode("latin-1"), "Zürich"),
        (b"a\x00b", "a�b"),
        (b"\xc3\x28", "Ã("),
        (b"\xed\xa0\x80", "í\xa0\x80"),
        (b"\xf4\x90\x80\x80", "ô\x90\x80\x80"),
        (b"\xe4\xb8", "ä\xb8"),
    ],
)
def test_text_of_any_bytes_is_shown(raw: bytes, shown: str) -> None:
    assert value(order((58, raw)), "text") == shown
    assert outcome(order((58, raw)))[0] == "valid"


def test_an_identifier_past_the_limit_is_a_defect() -> None:
    assert outcome(order((1, "x" * 255))) == ("valid", [])
    message = order((1, "x" * 256))
    assert outcome(message) == ("rejected", ["id_too_long:1"])
    assert value(message, "account") is None
    assert outcome(order((1, b"\xff" * 128)))[1] == ["id_too_long:1"]  # 256 bytes once it is UTF-8


def test_garbled_rows_do_not_leak_into_their_neighbours() -> None:
    decoded = decode([order((1, "a")), b"junk", order(), order((1, "b"))])
    assert decoded.columns.column("account").to_pylist() == ["a", None, None, "b"]
    decoded.columns.validate(full=True)


def test_lists_and_arrow_arrays_give_the_same() -> None:
    messages = [order((38, "5")), None, b"junk", heartbeat()]
    wanted = decode(messages)
    for kind in (pa.binary(), pa.large_binary()):
        array = pa.array([b"before", *messages, b"after"], kind)[1:-1]
        got = decode(array)
        assert got.columns.equals(wanted.columns)
        assert got.verdicts.equals(wanted.verdicts)
        assert got.defects.equals(wanted.defects)


def test_an_arrow_array_without_values_is_empty_messages() -> None:
    assert decode(pa.array([None, None], pa.binary())).verdicts.to_pylist() == [2, 2]
    assert decode(pa.array([], pa.binary())).columns.num_rows == 0


@pytest.mark.parametrize("messages", [["text"], [1], pa.array(["text"])])
def test_anything_but_bytes_is_a_type_error(messages: Any) -> None:
    with pytest.raises(TypeError):
        decode(messages)


def test_columns_outlive_the_batch_they_came_from() -> None:
    columns = decode([order((58, f"text {n}")) for n in range(1000)]).columns
    assert columns.column("text")[999].as_py() == "text 999"


def test_frame_checks_alone_let_any_field_pass() -> None:
    message = order((4711, "x"), (59, "Z"), (44, "1e5"))
    assert len(outcome(message)[1]) == 3
    assert outcome(message, DecodeOptions(checks="frame")) == ("rejected", ["incorrect_data_format:44"])
    assert outcome(message + b"x", DecodeOptions(checks="frame"))[0] == "garbled"


@pytest.mark.parametrize(
    "options", [{"profile": "loose"}, {"frame": "none"}, {"checks": "few"}, {"max_message_bytes": 0}]
)
def test_options_name_what_they_may_be(options: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match="may be"):
        DecodeOptions(**options)
