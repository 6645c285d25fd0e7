"""A message by its place in the topic: what people type, and why nothing may be there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from fixwatch.dashboard import reading, wording
from fixwatch.store.message_views import StoredMessage

_LARGEST_PARTITION, _LARGEST_OFFSET = 2**31 - 1, 2**63 - 1
#: Why offsets are not in the log.
GAP_REASONS: Final = {
    "before_first_start": "the topic began later when it was first looked at",
    "deleted": "the broker deleted it before it was stored",
    "truncated": "the broker lost it",
}


@dataclass(frozen=True, slots=True)
class Place:
    """A topic, a partition and an offset."""

    topic: str
    partition: int
    offset: int


def parse(topic: str, partition: str, offset: str) -> Place | None:
    """The place that somebody typed; None while something is not typed yet. Raises ValueError with what is wrong."""
    if not topic or not offset.strip():
        return None
    return Place(
        topic,
        _number("Partition", partition.strip() or "0", _LARGEST_PARTITION),
        _number("Offset", offset.strip(), _LARGEST_OFFSET),
    )


def find(place: Place) -> StoredMessage:
    """The message at a place, of the topic's newest incarnation that has it.

    Raises ValueError, with the reason, where none is there; DatabaseError while the database does not answer.
    """
    streams = [
        stream
        for stream in reading.streams()
        if stream.topic == place.topic and stream.partition == place.partition
    ]
    if not streams:
        known = sorted({f"{stream.topic} {stream.partition}" for stream in reading.streams()})[:20]
        raise ValueError(
            "Nothing was ever stored of this partition"
            + (f". There are: {', '.join(known)}." if known else ": the log is empty.")
        )
    reader = reading.reader()
    if (stored := reader.messages.at(place.topic, place.partition, place.offset)) is not None:
        return stored
    newest = streams[0]
    if place.offset >= newest.next_offset:
        raise ValueError(
            "Nothing was stored there yet: "
            + (
                f"the offsets of this partition go up to {wording.count(newest.next_offset - 1)}."
                if newest.next_offset
                else "this partition is empty."
            )
        )
    if (gap := reader.system.gap_at(newest.stream_id, place.offset)) is not None:
        why = GAP_REASONS.get(gap.reason, gap.reason)
        raise ValueError(f"This offset is not in the log and never will be: {why}.")
    if place.offset < (begin := reader.system.begin_of(newest.stream_id)):
        raise ValueError(
            f"This is no longer in the log, which begins with offset {wording.count(begin)} here."
        )
    raise ValueError("Nothing is stored there.")


def _number(name: str, text: str, largest: int) -> int:
    plain = text.replace(",", "").replace("_", "").replace(" ", "")
    if not (plain.isascii() and plain.isdigit()) or int(plain[:20]) > largest or len(plain) > 19:
        raise ValueError(
            f"{name}: a whole number from 0 to {largest:,}, not {wording.visible(text, most=30)}."
        )
    return int(plain)
