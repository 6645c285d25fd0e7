from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixwatch.dashboard import decoded, pasted
from fixwatch.fix.encoder import encode

RAW = encode(
    [(35, "D"), (49, "BUY"), (56, "BROKER"), (11, "C 1"), (55, "VOD.L"), (54, "1"), (58, "two words")]
)
TEXT = RAW.decode()


@pytest.mark.parametrize(
    "delimiter",
    [
        "\x01",
        "|",
        "^A",
        "^",
        "<SOH>",
        "[SOH]",
        "\\x01",
        "\\u0001",
        "\u2401",
        ";",
        "\t",
        ",",
        "\n",
        "\r\n",
        " | ",
        "~",
        "\u00a6",
    ],
)
def test_any_delimiter_is_read(delimiter: str) -> None:
    assert pasted.read(TEXT.replace("\x01", delimiter)).messages == (RAW,)


@pytest.mark.parametrize("delimiter", ["|", "^", "\x01", ";"])
def test_last_delimiter_may_be_missing(delimiter: str) -> None:
    (found,) = pasted.read(TEXT.rstrip("\x01").replace("\x01", delimiter)).messages
    assert [row.tag for row in decoded.read(found).rows if row.value][-1] == "10"


def test_spaces_between_fields_are_read_where_there_is_nothing_else() -> None:
    (found,) = pasted.read("8=FIX.4.4 35=D 49=BUY 56=BROKER 58=two words 10=000").messages
    assert found == b"8=FIX.4.4\x0135=D\x0149=BUY\x0156=BROKER\x0158=two words\x0110=000\x01"


@pytest.mark.parametrize("delimiter", ["|", "\x01", "^"])
def test_prefix_of_a_log_is_passed_over(delimiter: str) -> None:
    line = "2026-01-02 10:00:00.123 INFO [a|b] in: " + TEXT.replace("\x01", delimiter)
    assert pasted.read(f"{line}\nnot a message\n{line}\n").messages == (RAW, RAW)


def test_several_messages_a_line_a_field_are_told_apart() -> None:
    lines = TEXT.replace("\x01", "\n")
    assert pasted.read(lines + "\n" + lines).messages == (RAW, RAW)


def test_part_of_a_message_is_read_all_the_same() -> None:
    (found,) = pasted.read("35=D|55=VOD.L|54=1").messages
    assert [row.tag for row in decoded.read(found).rows if row.value] == ["35", "55", "54"]


def test_more_than_a_mebibyte_is_refused_in_words() -> None:
    found = pasted.read("8=FIX.4.4|58=" + "x" * pasted.MOST_BYTES)
    assert found.messages == ()
    assert "1.0 MiB" in found.refusal
    assert "fixwatch decode" in found.refusal


def test_a_mebibyte_is_read() -> None:
    head = "8=FIX.4.4|35=B|58="
    (found,) = pasted.read(head + "x" * (pasted.MOST_BYTES - len(head) - 1) + "|").messages
    assert len(found) == pasted.MOST_BYTES


def test_nothing_is_nothing_and_prose_is_said_to_be_no_fix() -> None:
    assert pasted.read(" \n ") == pasted.Pasted()
    assert "no FIX" in pasted.read("hello").refusal


@given(st.text(max_size=200))
@settings(max_examples=300, deadline=None)
def test_any_text_is_read_or_refused(text: str) -> None:
    for found in pasted.read(text).messages:
        decoded.read(found)
    for found in pasted.read(f"8=FIX.4.4|{text}|10=000|").messages:
        decoded.read(found)
