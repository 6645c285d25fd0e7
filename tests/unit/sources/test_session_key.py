from __future__ import annotations

import pytest

from fixwatch.sources.session_key import message_key, pair_key


def test_both_directions_have_one_key() -> None:
    there = b"8=FIX.4.4\x0135=D\x0149=BUY1\x0156=BROKER\x0111=1\x01"
    back = b"8=FIX.4.4\x0135=8\x0156=BUY1\x0134=2\x0149=BROKER\x0111=1\x01"
    assert message_key(there) == message_key(back) == pair_key(b"BUY1", b"BROKER") == b"BROKER<>BUY1"


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"8=FIX.4.4\x0135=D\x01",
        b"8=FIX.4.4\x0135=D\x0149=BUY1\x01",
        b"8=FIX.4.4\x0135=D\x0149=BUY1\x0156=\x01",
        b"8=FIX.4.4\x0135=D\x0149=BUY1\x0156=CUT",
        b"8=FIX.4.4\x0135=D\x01149=BUY1\x01256=BROKER\x01",
        b"8=FIX.4.4\x0149=" + b"A" * 300 + b"\x0156=B\x01",
    ],
)
def test_without_both_comp_ids_there_is_no_key(message: bytes) -> None:
    assert message_key(message) is None


def test_the_first_of_two_values_counts() -> None:
    assert message_key(b"8=FIX.4.2\x0149=A\x0149=X\x0156=B\x01") == b"A<>B"
