"""The entries of a repeating group, out of a raw message. For the few fields that folds want of a group.

No dictionary is asked. So where the message goes on behind the group, the fields there count as the last entry's; and
of a tag that an entry has twice, as groups inside of it may, the first value counts. `fix/message.py` knows better,
and is for people.
"""

from __future__ import annotations

from typing import Final

from fixwatch.ingest._group_entries import entries

#: Entries of one message that are read: a message of megabytes must not become a million rows.
MOST_ENTRIES: Final = 1_000


def group_entries(raw: bytes, counter: int, first: int, most: int = MOST_ENTRIES) -> list[dict[int, bytes]]:
    """The entries of the group that the field `counter` counts, in their order: values by tag.

    An entry begins with the field that stands right behind the counter, which should be `first` (FIX 4.4 volume 1,
    "Repeating Groups"). Entries that lack `first` are left out, and so is what is more than the counter says, or
    than `most`. Data fields are read by their length, where it is true: what is inside of them is no field.
    """
    return entries(raw, counter, first, most)
