"""A stream to blocks of messages, in bounded memory: what is not whole at a block's end is kept for the next."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final, Literal

import pyarrow as pa

from fixwatch.errors import LogError
from fixwatch.logs._splitter import Splitter

#: Some 30,000 messages: large enough that a call costs nothing, small enough that its columns stay small.
BLOCK_BYTES: Final = 8 * 1024 * 1024

Strays = Literal["skip", "keep"]


@dataclass(frozen=True, slots=True)
class Block:
    """Messages of a log, in order.

    `messages`: large_binary, each separated by SOH. `prefixes`: large_binary, what stood on the line in front
    of each. `lines`: int64, the line that each begins on, from 1. `offsets`: int64, bytes from the begin of the
    (decompressed) log to the message. `strays`: how many lines so far held no message.
    """

    messages: pa.LargeBinaryArray
    prefixes: pa.LargeBinaryArray
    lines: pa.Int64Array
    offsets: pa.Int64Array
    strays: int


def blocks(stream: BinaryIO, strays: Strays = "skip", block_bytes: int = BLOCK_BYTES) -> Iterator[Block]:
    """Take a log apart by the rules of `fix.log_lines`, `block_bytes` at a time. The last block may be empty.

    Lines without a message are left out, or with `keep` given as they are. Only a message or a line longer than
    a block needs more memory; both are cut at `log_lines.MAX_LINE_BYTES`. Raises LogError: it cannot be
    read to its end.
    """
    splitter = Splitter(strays == "keep")
    rest = b""
    while True:
        # Twice as much as what was not enough: the work stays in proportion to the bytes.
        read = _read(stream, max(block_bytes, len(rest)))
        block = rest + read if rest else read
        taken, values, ends, prefixes, prefix_ends, lines, offsets = splitter.split(block, not read)
        if lines or not read:
            yield Block(
                _binary(values, ends),
                _binary(prefixes, prefix_ends),
                _numbers(lines),
                _numbers(offsets),
                splitter.strays,
            )
        if not read:
            return
        rest = block[taken:]


def _read(stream: BinaryIO, size: int) -> bytes:
    try:
        return stream.read(size)
    except OSError as error:
        raise LogError(f"The log cannot be read to its end: {error.strerror or error}.") from None


def _binary(values: bytearray, ends: array[int]) -> pa.LargeBinaryArray:
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(values)]
    return pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(ends) - 1, buffers)


def _numbers(numbers: array[int]) -> pa.Int64Array:
    return pa.Int64Array.from_buffers(pa.int64(), len(numbers), [None, pa.py_buffer(numbers)])
