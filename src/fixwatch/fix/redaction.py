"""Secrets out of messages before anything stores or logs them.

Every byte of a secret value becomes `*`, so the message keeps its length and BodyLength(9) stays true; a
CheckSum(10) that was right is made right again, one that was wrong stays as it was sent. Works on bytes that
are no proper message too, with SOH, `|` or `^A` between fields: what looks like a secret field is blanked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from fixwatch.fix.data_fields import DATA_LENGTH_TAG
from fixwatch.fix.encoder import checksum

#: Password(554), NewPassword(925), and RawData(96), which older versions' Logon(A) carries the password in.
SECRET_TAGS: Final = frozenset((96, 554, 925))

_RAW_DATA: Final = 96
_MSG_TYPE: Final = 35
_DELIMITERS: Final = (b"\x01", b"^A", b"|")
_TAG: Final = re.compile(rb"([1-9][0-9]{0,9})=")
_LENGTH: Final = re.compile(rb"[0-9]{1,9}")


def redact(message: bytes, secret_tags: frozenset[int] = SECRET_TAGS) -> bytes:
    """`message` with the values of `secret_tags` blanked; the same object where there is nothing to blank.

    RawData(96) is a secret only in a Logon(A), or where no MsgType(35) can be read.
    """
    if _pattern(secret_tags).search(message) is None:
        return message
    delimiter = next((known for known in _DELIMITERS if known in message), b"\x01")
    fields = list(_fields(message, delimiter))
    msg_types = {message[start:end] for tag, start, end in fields if tag == _MSG_TYPE}
    tags = secret_tags if b"A" in msg_types or not msg_types else secret_tags - {_RAW_DATA}
    secrets = [(start, end) for tag, start, end in fields if tag in tags]
    # What stands inside another field, or where no field can be made out, and looks like a secret.
    at = 0
    while (match := _pattern(tags).search(message, at)) is not None:
        found = message.find(delimiter, match.end())
        at = len(message) if found < 0 else found
        secrets.append((match.end(), at))
    if not secrets:
        return message
    blanked = bytearray(message)
    for start, end in secrets:
        blanked[start:end] = b"*" * (end - start)
    return _with_checksum(message, blanked, delimiter)


@lru_cache(maxsize=16)
def _pattern(tags: frozenset[int]) -> re.Pattern[bytes]:
    return re.compile(rb"(?<![0-9])(?:%b)=" % b"|".join(b"%d" % tag for tag in sorted(tags)))


def _fields(message: bytes, delimiter: bytes) -> Iterator[tuple[int, int, int]]:
    """Tag, start and end of each value, as the decoder takes them: data fields by the length that was said last."""
    lengths: dict[int, bytes] = {}
    at = 0
    while at < len(message):
        head = _TAG.match(message, at)
        end = message.find(delimiter, at if head is None else head.end())
        end = len(message) if end < 0 else end
        if head is not None:
            tag, start = int(head[1]), head.end()
            said = lengths.pop(DATA_LENGTH_TAG.get(tag, 0), b"")
            stop = start + int(said) if _LENGTH.fullmatch(said) else -1
            if stop >= 0 and message.startswith(delimiter, stop):
                end = stop
            elif stop >= len(message) and _trailer(message, delimiter) is None:
                end = len(message)  # cut inside the data, which may have delimiters in it
            lengths[tag] = message[start:end]
            yield tag, start, end
        at = end + len(delimiter)


def _with_checksum(before: bytes, blanked: bytearray, delimiter: bytes) -> bytes:
    trailer = _trailer(before, delimiter)
    if trailer is not None:
        body_end = trailer.start() + len(delimiter)
        if checksum(before[:body_end].replace(delimiter, b"\x01")) == int(trailer[1]):
            right = checksum(bytes(blanked[:body_end]).replace(delimiter, b"\x01"))
            blanked[trailer.start(1) : trailer.end(1)] = b"%03d" % right
    return bytes(blanked)


def _trailer(message: bytes, delimiter: bytes) -> re.Match[bytes] | None:
    return re.compile(rb"%b10=([0-9]{3})(?:%b)?\s*\Z" % ((re.escape(delimiter),) * 2)).search(message)
