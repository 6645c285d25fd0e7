"""The Kafka key of a FIX message: its session pair, so that both directions share a partition."""

from __future__ import annotations

import re
from typing import Final

#: SenderCompID(49) and TargetCompID(56), wherever they are; a CompID longer than this is none.
_COMP_ID: Final = re.compile(rb"\x01(49|56)=([^\x01]{1,255})(?=\x01)")


def pair_key(one: bytes, other: bytes) -> bytes:
    """The key of the session pair of two CompIDs, the same for both directions: `BROKER<>BUY1`."""
    first, second = sorted((one, other))
    return first + b"<>" + second


def message_key(message: bytes) -> bytes | None:
    """The key of a SOH-delimited message, without decoding it; None where a CompID cannot be found."""
    comp_ids: dict[bytes, bytes] = {}
    for match in _COMP_ID.finditer(message):
        comp_ids.setdefault(match[1], match[2])
        if len(comp_ids) == 2:
            return pair_key(comp_ids[b"49"], comp_ids[b"56"])
    return None
