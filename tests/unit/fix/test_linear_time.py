"""Sixteen times the input is sixteen times the work, whatever a counterparty puts into it.

Work is counted (`tests/fuzz/count_steps.c`), not timed: the same numbers on every machine, however busy.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from fixwatch.fix.encoder import checksum
from tests.fuzz import tables_as_c

ROOT = Path(__file__).parents[3]
TIMES = 16
#: Beyond proportion: rounding, and memory that is doubled at the wrong moment. Quadratic would be 256.
BOUND = 1.25 * TIMES

Steps = Callable[[bytes, bytes], float]


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> Steps:
    """How many times the work of one message another one is."""
    directory = tmp_path_factory.mktemp("steps")
    (directory / "tables.h").write_text("\n".join(tables_as_c.header()))
    program = directory / "count_steps"
    subprocess.run(
        [
            *(
                os.environ.get("CC", "cc"),
                "-std=gnu11",
                "-O1",
                "-fno-builtin",
                "-fsanitize-coverage=trace-pc",
            ),
            *(f"-I{ROOT / 'src/fixwatch/fix'}", f"-I{directory}"),
            *(str(ROOT / "tests/fuzz/count_steps.c"), "-o", str(program)),
        ],
        check=True,
    )

    def ratio(message: bytes, longer: bytes) -> float:
        files = [directory / "message", directory / "longer"]
        for file, content in zip(files, (message, longer), strict=True):
            file.write_bytes(content)
        counted = subprocess.run([program, *files], check=True, capture_output=True, text=True).stdout.split()
        return int(counted[1]) / int(counted[0])

    return ratio


def message(
    part: bytes, times: int, *, msg_type: bytes = b"8", front: bytes = b"", back: bytes = b""
) -> bytes:
    """A message whose body is `part` over and over."""
    body = (
        b"35=%b\x0134=2\x0149=A\x0152=20260102-09:30:00\x0156=B\x01" % msg_type + front + part * times + back
    )
    framed = b"8=FIX.4.4\x019=%d\x01%b" % (len(body), body)
    return framed + b"10=%03d\x01" % checksum(framed)


PARTY = b"448=P\x01447=D\x01452=1\x01"
SHAPES = {
    "fields": {"part": b"58=text\x01"},
    "fields_of_a_column_that_do_not_fit": {"part": b"38=1e5\x0144=%b\x01" % (b"9" * 30)},
    "undefined_tags": {"part": b"9001=x\x014999=y\x01"},
    "tags_of_twenty_digits": {"part": b"99999999999999999999=x\x01"},
    "one_tag_of_many_digits": {"part": b"9" * 20, "back": b"=x\x01"},
    "fields_without_a_tag": {"part": b"=\x01"},
    "separators": {"part": b"\x01" * 8},
    "group_instances": {"front": b"453=600\x01", "part": PARTY},
    "groups_in_groups": {"front": b"453=600\x01", "part": PARTY + b"802=2\x01523=x\x01803=1\x01523=y\x01803=2\x01"},
    "groups_that_count_too_many": {"part": b"453=999999999\x01" + PARTY},
    "counts_of_groups_without_instances": {"part": b"453=999999999\x01802=999999999\x01"},
    "undefined_tags_in_a_group": {"front": b"453=1\x01448=P\x01", "part": b"9001=x\x01"},
    "undefined_tags_between_members": {"front": b"453=600\x01", "part": b"448=P\x019001=x\x019002=y\x01"},
    "data_fields": {"part": b"95=3\x0196=a\x01b\x01"},
    "data_fields_whose_length_lies": {"part": b"95=999999999\x0196=a\x01b\x01"},
    "lengths_without_data": {"part": b"95=3\x01212=3\x01"},
    "one_long_data_field": {"front": b"95=1\x0196=", "part": b"a\x01b=" * 8},
    "values_in_a_list": {"front": b"18=1", "part": b" 1", "back": b"\x01"},
    "digits_of_a_decimal": {"front": b"44=0.", "part": b"1234567890", "back": b"\x01"},
    "text_of_nul": {"front": b"58=", "part": b"\x00\x00\x00\x00", "back": b"\x01"},
    "text_of_latin_1": {"front": b"58=", "part": b"\xe9\xe9\xe9\xe9", "back": b"\x01"},
    "what_looks_like_a_secret": {"part": b"58=554\x0158=96 554 925\x01"},
    "a_msg_type_without_end": {"front": b"35=", "part": b"AAAAAAAA", "back": b"\x01"},
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_the_work_grows_with_the_length_of(shape: str, steps: Steps) -> None:
    once = 625  # times 16: ten thousand
    ratio = steps(message(times=once, **SHAPES[shape]), message(times=TIMES * once, **SHAPES[shape]))  # type: ignore[arg-type]
    assert TIMES / 4 <= ratio <= BOUND


def test_a_message_of_a_hundred_megabytes_is_not_read(steps: Steps) -> None:
    # Not as fields; what looks like a secret is looked for.
    size = 100_000_000
    assert steps(b"58=x\x01" * (size // 5 // TIMES), b"58=x\x01" * (size // 5)) <= BOUND


def test_more_fields_than_a_message_may_have_are_not_read(steps: Steps) -> None:
    # 128 bytes of frame and header, then fields of two bytes: half a million of them, 65,536 are read.
    assert steps(message(b"=\x01", 65_536), message(b"=\x01", 500_000)) <= 500_000 / 65_536
