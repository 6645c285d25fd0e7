"""Differences as they are found: all are counted, the first ones are kept."""

from __future__ import annotations

from typing import Any

from fixwatch.store.comparison import Compared, Difference


class Findings:
    """What is found out about one table or partition."""

    def __init__(self, about: str, most: int) -> None:
        self._about = about
        self._most = most
        self._examples: list[Difference] = []
        self.rows = 0
        self.beyond = 0
        self.differing = 0

    def add(self, key: dict[str, Any], column: str, stored: Any, expected: Any) -> None:
        """Note one difference; `column` is `*` for a whole row."""
        self.differing += 1
        if len(self._examples) < self._most:
            self._examples.append(Difference(self._about, key, column, stored, expected))

    def result(self) -> Compared:
        """All of it."""
        return Compared(self._about, self.rows, self.beyond, self.differing, tuple(self._examples))
