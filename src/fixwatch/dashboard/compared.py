"""Two messages beside each other: which field of one is which of the other. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher

from fixwatch.dashboard.markup import FieldRow, PairRow


def pairs(left: Sequence[FieldRow], right: Sequence[FieldRow]) -> list[PairRow]:
    """The fields of both messages, equal tags of equal depth beside each other.

    In the order of both, and what only the order keeps apart, outside of groups, in the order of the first.
    """
    matcher = SequenceMatcher(None, [_key(row) for row in left], [_key(row) for row in right], autojunk=False)
    found: list[PairRow] = []
    for kind, left_begin, left_end, right_begin, right_end in matcher.get_opcodes():
        if kind == "equal":
            found += map(PairRow, left[left_begin:left_end], right[right_begin:right_end])
        else:
            found += (PairRow(row, None) for row in left[left_begin:left_end])
            found += (PairRow(None, row) for row in right[right_begin:right_end])
    return _reordered(found)


def differences(found: Iterable[PairRow]) -> int:
    """How many fields differ, or are in one of the messages alone."""
    return sum(not pair.is_same and not pair.row.instance for pair in found)


def _reordered(found: Sequence[PairRow]) -> list[PairRow]:
    elsewhere = _alone(pair.right for pair in found if pair.left is None)
    here = _alone(pair.left for pair in found if pair.right is None)
    partners = {tag: elsewhere[tag] for tag in here if tag in elsewhere}
    together = []
    for pair in found:
        if pair.row.tag not in partners or pair.row.depth or (pair.left and pair.right):
            together.append(pair)
        elif pair.left is not None:
            together.append(PairRow(pair.left, partners[pair.left.tag]))
    return together


def _alone(rows: Iterable[FieldRow | None]) -> dict[str, FieldRow]:
    """By tag, those outside of groups whose tag is there once."""
    outside = [row for row in rows if row is not None and row.tag and not row.depth]
    counts = Counter(row.tag for row in outside)
    return {row.tag: row for row in outside if counts[row.tag] == 1}


def _key(row: FieldRow) -> tuple[str, int, bool]:
    # Instances of groups are of a kind, whatever their number.
    return row.tag, row.depth, bool(row.instance)
