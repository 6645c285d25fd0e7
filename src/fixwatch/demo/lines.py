"""The lines of a reconciliation: a figure of the ledger beside the same one of Postgres."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

Figure = int | Decimal


@dataclass(frozen=True, slots=True)
class Line:
    """One figure of both.

    `at_least`: Postgres may have more, for `note`'s reason. `differences`: what differs, even if the figures do not.
    """

    section: str
    name: str
    expected: Figure
    found: Figure
    at_least: bool = False
    note: str = ""
    differences: tuple[str, ...] = ()

    @property
    def agrees(self) -> bool:
        """If Postgres holds what the ledger says."""
        if self.differences:
            return False
        return self.found >= self.expected if self.at_least else self.found == self.expected
