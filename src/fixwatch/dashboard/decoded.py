"""A stored message as rows for people: whatever could be read of it, with its defects at their fields."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Final

from fixwatch.dashboard import wording
from fixwatch.dashboard.markup import FieldRow
from fixwatch.fix.decoder import DecodeOptions
from fixwatch.fix.message import Message, to_text

_DEFAULTS: Final = DecodeOptions()
#: Nobody reads on; a hostile message may have tens of thousands.
MOST_FIELDS: Final = 500


def field_rows(raw: bytes, defects: Sequence[str], options: DecodeOptions = _DEFAULTS) -> list[FieldRow]:
    """The fields of `raw` in their order, at most `MOST_FIELDS`; `defects` as the log holds them.

    Names, meanings and groups are those of the dictionaries among the options.
    """
    blamed = _by_tag(defects)
    rows = [
        FieldRow(
            tag=str(field.tag or ""),
            name=field.name or ("" if field.tag else "Not a field"),
            value=field.value,
            meaning=_words(field.meaning),
            depth=depth,
            defect=blamed.pop(field.tag, "") if field.tag else "",
        )
        for depth, field in islice(Message.parse(raw, options).walk(), MOST_FIELDS)
    ]
    # What is blamed and not there: a required tag that is missing, most often.
    absent = [FieldRow(str(tag), "", "", "", defect=defect) for tag, defect in blamed.items()]
    return rows + absent if rows else []


def readable(raw: bytes) -> str:
    """The bytes as text, SOH as `|`."""
    return to_text(raw).replace("\x01", "|")


def _by_tag(defects: Iterable[str]) -> dict[int, str]:
    blamed: dict[int, str] = {}
    for defect in defects:
        reason, _, tag = defect.partition(":")
        if tag.isascii() and tag.isdigit():
            words = wording.reason(reason)
            number = int(tag)
            blamed[number] = f"{blamed[number]}, {words}" if number in blamed else words
    return blamed


def _words(meaning: str | None) -> str:
    """`SELL_SHORT` as `Sell short`; names (`ExecutionReport`, `FIXT11`) as they are."""
    if meaning is None:
        return ""
    words = meaning.replace("_", " ")
    return words.capitalize() if words.isupper() and not words.startswith("FIX") else words
