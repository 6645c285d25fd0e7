"""How far work on the whole log has come."""

from __future__ import annotations

from collections.abc import Callable

#: Told what is being done, how many messages of it are, and of how many.
Progress = Callable[[str, int, int], None]


class Counter:
    """Counts messages; offsets stand for them in `total`, so it may be a little more than what comes."""

    def __init__(self, doing: str, total: int, on_progress: Progress) -> None:
        self._doing = doing
        self._on_progress = on_progress
        self.total = total
        self.done = 0

    def add(self, messages: int) -> None:
        """So many more are done."""
        self.done += messages
        self._on_progress(self._doing, self.done, self.total)
