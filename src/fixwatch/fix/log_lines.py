"""FIX messages out of what people have: logs, pastes, files of one message a line.

A line may begin with a log's prefix; the fields are separated by SOH, `|` or `^A`. What comes out is
separated by SOH, one message at a time, in bounded memory: a line without end is cut.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from typing import BinaryIO, Final, Literal

SOH: Final = b"\x01"

#: A longer line is cut: it is no message, and a file without line ends must not fill the memory.
MAX_LINE_BYTES: Final = 64 * 1024 * 1024
#: How many lines a message with line ends inside a data field may go on over.
MAX_CONTINUATION_LINES: Final = 1000

_CHUNK_BYTES: Final = 256 * 1024
#: Text of this length without a line end is looked through for messages that stand one behind the other.
_UNBROKEN_BYTES: Final = 1024 * 1024
_BEGIN: Final = re.compile(rb"(?<![0-9])8=FIX")
_DELIMITER: Final = re.compile(rb"8=FIXT?\.[0-9]\.[0-9](?:SP[0-9])?(\x01|\||\^A)")
_END: Final = re.compile(rb"(?:\x01|\||\^A)10=[0-9]{3}(?:\x01|\||\^A)")
_NEXT: Final = re.compile(rb"((?:\x01|\||\^A)10=[0-9]{3}(?:\x01|\||\^A)[ \t]*)8=FIX")
_FIELD_IN_FRONT: Final = re.compile(rb"[0-9]+=[^\x01]*\x01")


class LogMessages(Iterator[bytes]):
    """The messages of a log, in order, and in `strays` how many lines held none.

    `strays`: what becomes of lines without `8=FIX` that are not empty: `skip` them, or `keep` them in their
    place, as they are.
    """

    def __init__(self, stream: BinaryIO, strays: Literal["skip", "keep"] = "skip") -> None:
        self.strays = 0
        self._keep = strays == "keep"
        self._lines = _lines(stream)
        self._ahead: deque[bytes] = deque()
        self._messages = self._read()

    def __next__(self) -> bytes:
        return next(self._messages)

    def _read(self) -> Iterator[bytes]:
        while (line := self._next_line()) is not None:
            whole = line.removesuffix(b"\r")
            if not whole:
                continue
            found = _BEGIN.search(whole)
            if found is None:
                self.strays += 1
                if self._keep:
                    yield whole
                continue
            begin = found.start()
            if begin and _FIELD_IN_FRONT.match(whole, 0, begin):
                begin = 0  # a field in front of BeginString(8) is a defect of the message, not a prefix
            *others, last = _split(line[begin:])
            for message in others:
                yield to_soh(message)
            yield to_soh(self._with_continuation(last))

    def _next_line(self) -> bytes | None:
        return self._ahead.popleft() if self._ahead else next(self._lines, None)

    def _with_continuation(self, message: bytes) -> bytes:
        """Put a message together whose data field has line ends; else the lines stay where they are.

        What is inside stays as it is, also a CR in front of a line end, and empty lines.
        """
        whole = message.removesuffix(b"\r")
        if SOH not in message or _END.search(message):
            return whole
        parts, size = [message], len(message)
        taken = 0
        while taken < MAX_CONTINUATION_LINES and size < MAX_LINE_BYTES:
            if taken == len(self._ahead):
                line = next(self._lines, None)
                if line is None:
                    break
                self._ahead.append(line)
            line = self._ahead[taken]
            if _BEGIN.search(line):
                break
            taken += 1
            parts.append(line)
            size += len(line) + 1
            if _END.search(line):
                for _ in range(taken):
                    self._ahead.popleft()
                return b"\n".join(parts).removesuffix(b"\r")
        return whole


def messages(stream: BinaryIO, strays: Literal["skip", "keep"] = "skip") -> LogMessages:
    """Iterate over the messages of a log or a paste, opened for reading bytes."""
    return LogMessages(stream, strays)


def to_soh(message: bytes) -> bytes:
    """A message with its fields separated by SOH, whatever they were separated by."""
    found = _DELIMITER.search(message)
    delimiter = found[1] if found else next((known for known in (SOH, b"^A", b"|") if known in message), SOH)
    if delimiter == SOH:
        return message
    message = message.strip().replace(delimiter, SOH)
    return message if message.endswith(SOH) else message + SOH


def _split(line: bytes) -> Iterator[bytes]:
    """The messages of a line: usually one; more where a file has no line ends at all."""
    start = 0
    for boundary in _NEXT.finditer(line):
        yield line[start : boundary.end(1)].rstrip(b" \t")
        start = boundary.end(1)
    yield line[start:]


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    """The lines, without their line feeds, as they arrive; one that is too long is cut."""
    read = getattr(stream, "read1", stream.read)  # of a pipe, what is there now
    line: list[bytes] = []
    size, check_at, cut = 0, _UNBROKEN_BYTES, False
    while chunk := read(_CHUNK_BYTES):
        first, *others = chunk.split(b"\n")
        if not cut:
            line.append(first)
            size += len(first)
        for following in others:
            yield b"".join(line)
            line, size, check_at, cut = [following], len(following), _UNBROKEN_BYTES, False
        if size > check_at:
            joined = b"".join(line)
            boundary = _last_boundary(joined)
            check_at = _UNBROKEN_BYTES if boundary else size * 2
            if size > MAX_LINE_BYTES and not boundary:
                boundary, cut = size, True
            if boundary:
                yield joined[:boundary].rstrip(b" \t")
            line, size = [joined[boundary:]], len(joined) - boundary
    if size:
        yield b"".join(line)


def _last_boundary(text: bytes) -> int:
    """Where the last message of several begins that stand on one line, or 0.

    What is in front of a line's first message is looked at together with that message, never by itself.
    """
    first = _BEGIN.search(text)
    last = 0
    for boundary in _NEXT.finditer(text, first.end()) if first else ():
        last = boundary.end(1)
    return last
