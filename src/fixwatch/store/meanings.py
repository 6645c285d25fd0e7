"""What coded values mean, in words, for people."""

from __future__ import annotations

from typing import Final

from fixwatch.fix.dictionary import Dictionary

#: The version whose values are those of all before it.
_LATEST: Final = "FIX.5.0SP2"


def meaning(tag: int, value: str | int | None) -> str | None:
    """What a value of a field means, as `UNKNOWN_SYMBOL`; the value itself where no version has it; None for None."""
    if value is None:
        return None
    return Dictionary.load(_LATEST).enum_meaning(tag, str(value)) or str(value)
