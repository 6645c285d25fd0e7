from __future__ import annotations

import pytest

from fixwatch.fix.decoder import decode
from fixwatch.fix.encoder import encode
from fixwatch.fix.redaction import redact

LOGON = [(35, "A"), (34, 1), (49, "A"), (56, "B"), (52, "20260102-09:30:00"), (98, 0), (108, 30)]


def test_passwords_become_stars_and_the_frame_stays_true() -> None:
    fields = [*LOGON, (1137, "9"), (553, "me"), (554, "hunter2"), (925, "hunter3")]
    message = redact(encode(fields, "FIXT.1.1"))
    assert b"\x01554=*******\x01925=*******\x01" in message
    assert b"hunter" not in message
    assert decode([message]).verdicts.to_pylist() == [0]


def test_raw_data_of_a_logon_is_read_by_its_length() -> None:
    message = redact(encode([*LOGON, (95, 9), (96, b"se\x01cret=1"), (553, "me")]))
    assert b"\x0196=*********\x01553=me\x01" in message


def test_raw_data_of_another_message_is_kept() -> None:
    news = encode([(35, "B"), (95, 3), (96, b"abc")])
    assert redact(news) is news


def test_a_raw_data_length_that_lies_still_blanks_to_the_next_delimiter() -> None:
    assert redact(b"8=FIX.4.2\x0135=A\x0195=2\x0196=secret\x0149=A\x01").endswith(
        b"\x0196=******\x0149=A\x01"
    )


def test_a_wrong_checksum_is_kept_as_it_was_sent() -> None:
    message = encode([*LOGON, (554, "hunter2")])
    broken = message[:-4] + (b"000\x01" if message[-4:-1] != b"000" else b"111\x01")
    assert redact(broken)[-4:] == broken[-4:]


@pytest.mark.parametrize(
    ("text", "blanked"),
    [
        (b"8=FIX.4.4|35=A|554=secret|10=000|", b"8=FIX.4.4|35=A|554=******|10=000|"),
        (b"8=FIX.4.4^A35=A^A554=secret^A10=000^A", b"8=FIX.4.4^A35=A^A554=******^A10=000^A"),
        (b"garbage 554=secret", b"garbage 554=******"),
        (b"35=A\x01554=sec|ret\x0149=A", b"35=A\x01554=*******\x0149=A"),
        (b"554=", b"554="),
        (b"5554=public", b"5554=public"),
        (b"", b""),
    ],
)
def test_secrets_are_found_in_garbled_text(text: bytes, blanked: bytes) -> None:
    assert redact(text) == blanked


def test_more_tags_can_be_secret() -> None:
    assert redact(b"8=FIX.4.4|35=D|1=ACC|58=x|", frozenset((1,))) == b"8=FIX.4.4|35=D|1=***|58=x|"


def test_rows_with_secrets_are_named_by_the_decoder() -> None:
    messages = [
        encode([*LOGON, (554, "x")]),
        encode([(35, "B"), (95, 3), (96, b"abc")]),
        encode([*LOGON, (95, 3), (96, b"abc")]),
        b"nonsense 925=x",
        encode(LOGON),
    ]
    assert decode(messages).secret_rows.to_pylist() == [0, 2, 3]
