"""Messages out of what people paste: with any delimiter, a log's prefix in front, one or several. Pure."""

from __future__ import annotations

import io
import re
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from typing import Final

from fixwatch.dashboard import wording
from fixwatch.fix.log_lines import messages

#: A longer paste is not read: it is a file, and `fixwatch decode` reads those.
MOST_BYTES: Final = 1024 * 1024
#: Messages of one paste that are told apart.
MOST_MESSAGES: Final = 1_000
_SOH: Final = "\x01"
#: How SOH is written where it cannot be seen, the longer before those that they begin with.
_WRITTEN: Final = ("\\u0001", "\\x01", "\\001", "<SOH>", "[SOH]", "{SOH}", "^A", "\u2401", "\u0001")
_BEGIN: Final = re.compile(r"(?<![0-9])8=FIX")
_VERSION: Final = re.compile(
    r"(?<![0-9])8=FIXT?\.[0-9]\.[0-9](?:SP[0-9])?([^0-9A-Za-z=]{1,8}?)(?=[0-9]{1,9}=)"
)
#: Between two fields of a message that has no BeginString.
_BETWEEN: Final = re.compile(r"([^0-9A-Za-z=.\s]|\s+)\s*(?=[0-9]{1,9}=)")


@dataclass(frozen=True, slots=True)
class Pasted:
    """The messages of a paste, SOH between their fields; `refusal` says why there are none."""

    messages: tuple[bytes, ...] = ()
    refusal: str = ""


def read(text: str) -> Pasted:
    """The messages of a paste of at most a mebibyte."""
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > MOST_BYTES:
        return Pasted(
            refusal=f"This is {wording.size(size)}: at most {wording.size(MOST_BYTES)} are read here. "
            "For a whole file: fixwatch decode FILE"
        )
    if not text.strip():
        return Pasted()
    text = _with_soh(text)
    found = tuple(islice(messages(io.BytesIO(text.encode("utf-8", "surrogatepass"))), MOST_MESSAGES))
    if not found and "=" in text:
        # A part of a message: its fields are read all the same.
        found = (text.strip().encode("utf-8", "surrogatepass"),)
    if not found:
        return Pasted(
            refusal="There is no FIX in this: a message begins with 8=FIX, and fields look like 35=D."
        )
    return Pasted(found)


def _with_soh(text: str) -> str:
    """The text with SOH between fields, whatever stood there."""
    for written in _WRITTEN:
        text = text.replace(written, _SOH)
    if _SOH in text:
        return text
    between = _VERSION.search(text)
    if between is not None:
        delimiter = between[1]
    else:
        counted = Counter(found[1] for found in _BETWEEN.finditer(text))
        if not counted:
            return text
        delimiter = counted.most_common(1)[0][0]
    if not delimiter.strip("\r\n"):
        # A line a field: the messages begin where they say so.
        return "\n".join(_SOH.join(_lines(part)) + _SOH for part in _parts(text) if part.strip())
    if delimiter.isspace():
        return re.sub(r"[ \t]+(?=[0-9]{1,9}=)", _SOH, text.rstrip()) + _SOH
    lines = (line.rstrip().removesuffix(delimiter.strip()).rstrip() for line in text.split("\n"))
    return "\n".join(line.replace(delimiter, _SOH) + _SOH if line else line for line in lines)


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _parts(text: str) -> list[str]:
    begins = [found.start() for found in _BEGIN.finditer(text)]
    if not begins:
        return [text]
    return [text[begin:end] for begin, end in zip(begins, [*begins[1:], len(text)], strict=True)]
