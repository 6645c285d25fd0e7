"""FIX from a file or standard input to the topic, each message as it stands in the file."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Protocol

from fixwatch.errors import SettingsError
from fixwatch.fix.log_lines import messages
from fixwatch.logs.compression import decompressed
from fixwatch.sources.session_key import message_key

STANDARD_INPUT: Final = "-"


class Sink(Protocol):
    """What messages are handed to: a `RecordProducer`."""

    def send(self, key: bytes | None, value: bytes) -> None:
        """Take a record."""


@dataclass(slots=True)
class Sent:
    """What became of a file.

    Attributes:
        messages: sent to the topic.
        without_session: those of them whose CompIDs could not be read: sent without a key, to any partition.
        skipped: lines that hold no FIX message.
    """

    messages: int = 0
    without_session: int = 0
    skipped: int = 0


@contextmanager
def open_log(name: str) -> Iterator[BinaryIO]:
    """The file of that name, decompressed if it is gzip or zstd, or standard input for `-`.

    Raises:
        SettingsError: it cannot be read.
    """
    if name == STANDARD_INPUT:
        # Unbuffered: what comes through a pipe is sent when it comes, not when a buffer is full.
        with open(sys.stdin.fileno(), "rb", buffering=0, closefd=False) as piped:
            yield piped
        return
    path = Path(name)
    try:
        stream = path.open("rb")
    except IsADirectoryError:
        raise SettingsError(f"{name} is a directory; name a file, or - for standard input") from None
    except OSError as error:
        raise SettingsError(f"{name} cannot be read: {error.strerror}") from None
    with stream:
        yield decompressed(stream, name)


def send_log(stream: BinaryIO, sink: Sink, sent: Sent) -> None:
    """Send every FIX message of a log, in bounded memory; `sent` counts as it goes.

    BodyLength(9) and CheckSum(10) are left as they are, right or wrong. See `fix.log_lines` for what a log
    may look like. The key is the session pair of SenderCompID(49) and TargetCompID(56).
    """
    log = messages(stream)
    for message in log:
        sent.skipped = log.strays
        key = message_key(message)
        sink.send(key, message)
        sent.messages += 1
        sent.without_session += key is None
    sent.skipped = log.strays
