"""Fields to bytes: one FIX message with its BodyLength(9) and CheckSum(10) computed.

Nothing here knows a dictionary: the caller's order of fields is kept, since the order of header, body, groups
and trailer is meaning. Only what would break the frame for a reader is refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Final
from zlib import adler32

from fixwatch.errors import EncodeError
from fixwatch.fix.data_fields import DATA_LENGTH_TAG

SOH: Final = 0x01
_FRAME_TAGS: Final = frozenset((8, 9, 10))

#: `b"35="` and so on: formatting the tag anew costs as much as the rest of the field.
_TAG_BYTES: Final[dict[int, bytes]] = {tag: b"%d=" % tag for tag in range(1, 1000)}

#: The low half of Adler-32 begun at 0 is the sum of the bytes modulo 65521, far faster than sum() over
#: bytes. It is that sum itself as long as the sum stays below: 256 bytes of 255 are 65280.
_ADLER_EXACT: Final = 256
#: The same for ASCII, which nearly every message is: 515 bytes of 127 are 65405.
_ADLER_EXACT_ASCII: Final = 515


def encode(fields: Iterable[tuple[int, str | bytes | int | Decimal]], begin_string: str = "FIX.4.4") -> bytes:
    """One message: `fields` in their order, framed (FIX 4.4 volume 1, "Message format").

    The fields begin with MsgType(35). A `str` is encoded as UTF-8, a `Decimal` is written without exponent
    and with the digits it has. A data field (RawData(96) and its like) may contain SOH; its length field must
    stand right before it and be true.

    Raises EncodeError for fields that a reader could not take apart again: no MsgType(35) in front, a tag
    below 1, one of BeginString(8), BodyLength(9), CheckSum(10), an empty value, SOH in a value, a data field
    whose length field is missing or wrong.
    """
    parts: list[bytes] = []
    append = parts.append
    tag_bytes = _TAG_BYTES
    length_tag_before = 0
    length_before = b""
    for tag, value in fields:
        kind = type(value)
        if kind is str:
            data = value.encode()  # type: ignore[union-attr]
        elif kind is bytes:
            data = value
        else:
            data = _value_bytes(tag, value)
        if not data:
            raise EncodeError(f"Tag {tag} has an empty value; leave the field out.")
        if tag in DATA_LENGTH_TAG:
            _check_data_length(tag, data, length_tag_before, length_before)
        elif SOH in data:
            raise EncodeError(f"The value of tag {tag} contains SOH, which only data fields may.")
        if tag in _FRAME_TAGS:
            raise EncodeError(f"Tag {tag} is computed; leave it out.")
        prefix = tag_bytes.get(tag)
        if prefix is None:
            if tag < 1:
                raise EncodeError(f"Tag {tag} is not a positive number.")
            prefix = b"%d=" % tag
        append(prefix + data)
        length_tag_before, length_before = tag, data
    if not parts or not parts[0].startswith(b"35="):
        raise EncodeError("The first field must be MsgType(35).")
    append(b"")
    body = b"\x01".join(parts)
    message = b"8=%b\x019=%d\x01%b" % (begin_string.encode(), len(body), body)
    return message + b"10=%03d\x01" % checksum(message)


def checksum(data: bytes) -> int:
    """The sum of all bytes modulo 256: the value of CheckSum(10) when `data` is all before it."""
    if len(data) <= _ADLER_EXACT or (len(data) <= _ADLER_EXACT_ASCII and data.isascii()):
        return adler32(data, 0) & 0xFF
    pieces = (data[start : start + _ADLER_EXACT] for start in range(0, len(data), _ADLER_EXACT))
    return sum(adler32(piece, 0) & 0xFFFF for piece in pieces) & 0xFF


def _value_bytes(tag: int, value: object) -> bytes:
    if isinstance(value, bool):
        raise EncodeError(f"Tag {tag}: write a Boolean as 'Y' or 'N'.")
    if isinstance(value, int):
        return b"%d" % value
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise EncodeError(f"Tag {tag}: {value} is not a number.")
        return format(value, "f").encode()
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    raise EncodeError(f"Tag {tag}: a value is str, bytes, int or Decimal, not {type(value).__name__}.")


def _check_data_length(tag: int, data: bytes, length_tag: int, length: bytes) -> None:
    wanted = DATA_LENGTH_TAG[tag]
    if length_tag != wanted:
        raise EncodeError(f"Data field {tag} must follow its length field {wanted}.")
    if length != b"%d" % len(data):
        raise EncodeError(f"Length field {wanted} must be {len(data)}, the bytes of data field {tag}.")
