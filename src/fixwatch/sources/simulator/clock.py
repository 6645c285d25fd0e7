"""The simulator's clocks: a clock is called for the time of the next message, in microseconds since 1970."""

from __future__ import annotations

import time
from collections.abc import Callable

Clock = Callable[[], int]


def wall_clock() -> int:
    """The time of this machine."""
    return time.time_ns() // 1000


class SimulatedClock:
    """Goes on by a fixed step at every call, so that a simulation is the same at every run.

    Args:
        start: the time of the first call, microseconds since 1970, UTC.
        step: microseconds between two calls.
    """

    def __init__(self, start: int, step: int = 20) -> None:
        self._next = start
        self._step = step

    def __call__(self) -> int:
        now = self._next
        self._next += self._step
        return now
