"""Secrets out of messages before anything stores or logs them.

Every byte of a secret value becomes `*`, so the message keeps its length and BodyLength(9) stays true; a
CheckSum(10) that was right is made right again, one that was wrong stays as it was sent. Works on bytes that
are no proper message too, with SOH, `|` or `^A` between fields: what looks like a secret field is blanked.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from fixwatch.fix.data_fields import DATA_LENGTH_TAG
from fixwatch.fix.encoder import checksum

#: Password(554), NewPassword(925), and RawData(96), which older versions' Logon(A) carries the password in.
SECRET_TAGS: Final = frozenset((96, 554, 925))

_RAW_DATA: Final = 96
_MSG_TYPE: Final = re.compile(rb"(?:^|[\x01|A])35=([^\x01|^]*)")
_DELIMITERS: Final = (b"\x01", b"^A", b"|")


def redact(message: bytes, secret_tags: frozenset[int] = SECRET_TAGS) -> bytes:
    """`message` with the values of `secret_tags` blanked; the same object where there is nothing to blank.

    RawData(96) is a secret only in a Logon(A), or where no MsgType(35) can be read.
    """
    delimiter = next((known for known in _DELIMITERS if known in message), b"\x01")
    found = _MSG_TYPE.search(message)
    tags = secret_tags if found is None or found[1] == b"A" else secret_tags - {_RAW_DATA}
    if not tags:
        return message
    pattern = _pattern(tags)
    match = pattern.search(message)
    if match is None:
        return message
    blanked = bytearray(message)
    while match is not None:
        start = match.end()
        end = _value_end(message, int(match[1]), match.start(), start, delimiter)
        blanked[start:end] = b"*" * (end - start)
        match = pattern.search(message, end)
    return _with_checksum(message, blanked, delimiter)


@lru_cache(maxsize=16)
def _pattern(tags: frozenset[int]) -> re.Pattern[bytes]:
    return re.compile(rb"(?<![0-9])(%b)=" % b"|".join(b"%d" % tag for tag in sorted(tags)))


def _value_end(message: bytes, tag: int, at: int, start: int, delimiter: bytes) -> int:
    """Where a value ends: by its length field where that is true, else at the next delimiter."""
    if tag in DATA_LENGTH_TAG:
        length_field = re.compile(
            rb"(?<![0-9])%d=([0-9]{1,9})%b\Z" % (DATA_LENGTH_TAG[tag], re.escape(delimiter))
        )
        said = length_field.search(message[max(0, at - 24) : at])
        if said is not None:
            end = start + int(said[1])
            if end == len(message) or message.startswith(delimiter, end):
                return end
    end = message.find(delimiter, start)
    return len(message) if end < 0 else end


def _with_checksum(before: bytes, blanked: bytearray, delimiter: bytes) -> bytes:
    trailer = re.compile(rb"%b10=([0-9]{3})(?:%b)?\s*\Z" % ((re.escape(delimiter),) * 2)).search(before)
    if trailer is not None:
        body_end = trailer.start() + len(delimiter)
        if checksum(before[:body_end].replace(delimiter, b"\x01")) == int(trailer[1]):
            right = checksum(bytes(blanked[:body_end]).replace(delimiter, b"\x01"))
            blanked[trailer.start(1) : trailer.end(1)] = b"%03d" % right
    return bytes(blanked)
