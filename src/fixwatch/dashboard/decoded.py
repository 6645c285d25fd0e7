"""A stored message as rows for people: whatever could be read of it, with its defects at their fields."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from fixwatch.dashboard import wording
from fixwatch.dashboard.markup import FieldRow

#: Nobody reads on; a hostile message may have tens of thousands.
MOST_FIELDS: Final = 500


def field_rows(raw: bytes, defects: Sequence[str]) -> list[FieldRow]:
    """The fields of `raw` in their order, at most `MOST_FIELDS`; `defects` as the log holds them."""
    blamed = _by_tag(defects)
    rows = []
    for part in raw.split(b"\x01")[:MOST_FIELDS]:
        tag, _, value = part.partition(b"=")
        if tag.isdigit():
            rows.append(FieldRow(int(tag), "", value.decode("utf-8", "replace"), "", defect=blamed.get(int(tag), "")))
    return rows


def readable(raw: bytes) -> str:
    """The bytes as text, SOH as `|`; what is not UTF-8 is read as Latin-1."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    return text.replace("\x01", "|")


def _by_tag(defects: Iterable[str]) -> dict[int, str]:
    blamed: dict[int, str] = {}
    for defect in defects:
        reason, _, tag = defect.partition(":")
        if tag.isdigit():
            blamed.setdefault(int(tag), wording.reason(reason))
    return blamed
