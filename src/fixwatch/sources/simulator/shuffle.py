"""A topic in which nothing is in order: any record in any partition, before or behind its neighbours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from random import Random
from typing import Final

from fixwatch.sources.simulator.carrier import Record

#: Records that wait at a time: both directions of a session, and many orders, are among them.
WINDOW: Final = 2_000


class Shuffle:
    """Holds records back until `window` of them wait, and lets go of any of them then.

    Args:
        rng: decides which, and on the partition.
        partitions: of the topic.
        window: records that wait.
    """

    def __init__(self, rng: Random, partitions: int, window: int = WINDOW) -> None:
        self._rng = rng
        self._partitions = partitions
        self._window = window
        self._waiting: list[Record] = []

    def through(self, records: Iterable[Record]) -> Iterator[tuple[Record, int]]:
        """Take records in; those that go in their place, and to which partition."""
        for record in records:
            self._waiting.append(record)
            if len(self._waiting) > self._window:
                yield self._any()

    def rest(self) -> Iterator[tuple[Record, int]]:
        """All that wait."""
        while self._waiting:
            yield self._any()

    def _any(self) -> tuple[Record, int]:
        at = self._rng.randrange(len(self._waiting))
        self._waiting[at], self._waiting[-1] = self._waiting[-1], self._waiting[at]
        return self._waiting.pop(), self._rng.randrange(self._partitions)
