"""The compiled splitter gives what `fix.log_lines` gives, however a log is cut into blocks."""

from __future__ import annotations

import io
import subprocess
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fixwatch.fix import log_lines
from fixwatch.fix.encoder import encode
from fixwatch.logs import _splitter
from fixwatch.logs.blocks import blocks

HEARTBEAT = encode([(35, "0"), (34, 2), (49, "A"), (56, "B")])
NEWS = encode([(35, "B"), (34, 3), (95, 17), (96, b"one\n\ntwo\r\nthree\r\n"), (58, "x")])
PIECES = st.sampled_from(
    [
        *(
            b"8=FIX",
            b"8=FIX.4.4",
            b"8=FIXT.1.1",
            b"8=FIX.5.0SP2",
            b"108=FIX",
            b"35=0",
            b"35=0\x01",
            b"8",
            b"F",
        ),
        *(b"|", b"\x01", b"^A", b"^", b"A", b"=", b" ", b"\t", b"\x0b", b"\xff", b"words", b"1"),
        *(b"|10=123|", b"\x0110=123\x01", b"^A10=999^A", b"10=12", b"|10=123| \t8=FIX"),
        *(b"\n", b"\n", b"\r\n", b"\r", b"\n8=FIX.4.2\x01", HEARTBEAT, NEWS),
    ]
)
LOGS = st.lists(PIECES, max_size=40).map(b"".join)

#: What a message can stand behind that is not the first on its line.
SEPARATORS = (b"\x01", b"|", b"A", b" ", b"\t")


def split(log: bytes, block_bytes: int, strays: str = "skip") -> tuple[list[bytes], int]:
    found = list(blocks(io.BytesIO(log), strays, block_bytes))  # type: ignore[arg-type]
    return [message for block in found for message in block.messages.to_pylist()], found[-1].strays


@given(log=LOGS, block_bytes=st.sampled_from([1, 2, 7, 64, 10_000]), strays=st.sampled_from(["skip", "keep"]))
@example(log=HEARTBEAT * 3, block_bytes=len(HEARTBEAT) + 1, strays="skip")
@example(log=HEARTBEAT[:-8] + b"\nwords\n\n" + HEARTBEAT, block_bytes=1, strays="keep")
def test_any_log_in_any_blocks_gives_the_messages_of_its_lines(
    log: bytes, block_bytes: int, strays: str
) -> None:
    reader = log_lines.messages(io.BytesIO(log), strays)  # type: ignore[arg-type]
    expected = list(reader)
    assert split(log, block_bytes, strays) == (expected, reader.strays)


@given(log=LOGS, block_bytes=st.sampled_from([1, 7, 10_000]))
def test_lines_and_offsets_say_where_a_message_was(log: bytes, block_bytes: int) -> None:
    for block in blocks(io.BytesIO(log), "skip", block_bytes):
        places = zip(block.lines, block.offsets, block.prefixes, strict=True)
        for line, offset, prefix in [[value.as_py() for value in place] for place in places]:
            assert line == log[:offset].count(b"\n") + 1
            assert log[:offset].endswith(prefix)
            assert log[offset - len(prefix) - 1 : offset - len(prefix)] in (b"", b"\n", *SEPARATORS)


def test_data_with_line_ends_keeps_every_byte_of_them() -> None:
    for end in (b"\n", b"\r\n"):
        log = HEARTBEAT + end + NEWS + end + HEARTBEAT + end
        assert split(log, 64)[0] == [HEARTBEAT, NEWS, HEARTBEAT]


def test_messages_without_line_ends_need_no_more_than_a_block() -> None:
    sizes = [len(block.messages) for block in blocks(io.BytesIO(HEARTBEAT * 1000), "skip", 1000)]
    assert sum(sizes) == 1000
    assert max(sizes) < 40


def test_a_message_in_pieces_grows_by_one_delimiter_at_most() -> None:
    # Every message gets a SOH that its end lacks: the buffer has to have room for all of them.
    log = b"8=FIX|10=123|8=FIX^A10=123^A" * 3000
    expected = list(log_lines.messages(io.BytesIO(log)))
    assert split(log, 100_000)[0] == expected


@pytest.mark.parametrize("line", [b"x" * 5000, b"prefix 8=FIX.4.4|" + b"x" * 5000])
def test_a_line_without_end_is_cut(line: bytes) -> None:
    script = (
        "import io\n"
        "from fixwatch.fix import log_lines\n"
        "log_lines.MAX_LINE_BYTES = 1000\n"
        "from fixwatch.logs.blocks import blocks\n"
        f"log = {line!r} + b'\\n' + {HEARTBEAT!r}\n"
        "found = [m for b in blocks(io.BytesIO(log), 'keep', 64) for m in b.messages.to_pylist()]\n"
        f"assert found[1:] == [{HEARTBEAT!r}], found\n"
        "assert 1000 <= len(found[0]) <= 1001, len(found[0])\n"
    )
    # In a process of its own: the compiled limits are read when the module is imported.
    subprocess.run([sys.executable, "-c", script], check=True)


def test_a_line_with_a_thousand_times_more_lines_than_a_message_has_stays_apart() -> None:
    cut = HEARTBEAT[:30]
    log = cut + b"\n" + b"words\n" * (log_lines.MAX_CONTINUATION_LINES + 5) + b"\x0110=123\x01\n"
    assert split(log, 100)[0] == [cut]


def test_a_block_is_bytes() -> None:
    with pytest.raises(TypeError):
        _splitter.Splitter(False).split(None, True)  # type: ignore[arg-type]
