"""Stored rows beside recomputed ones: which differ, in which column, in what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, LiteralString

from fixwatch.store.shadow import Shadow
from fixwatch.store.sql import load
from fixwatch.store.whole_tables import WholeTable, whole_tables

_SQL: Final = load("comparison")


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that is not what it should be; `column` is `*` where the whole row is missing or too much."""

    table: str
    key: dict[str, Any]
    column: str
    stored: Any
    expected: Any


@dataclass(frozen=True, slots=True)
class Compared:
    """What became of one table: rows that were compared, those that could not be, and those that differ."""

    table: str
    rows: int
    beyond_the_log: int
    differing: int
    #: Of the first differing rows.
    examples: tuple[Difference, ...]


class Comparison:
    """Compares a shadow's tables with the copies that it took."""

    def __init__(self, shadow: Shadow) -> None:
        self._shadow = shadow

    def table(self, name: str, examples: int) -> Compared:
        """Compare a fold with what is stored of it; at most `examples` rows that differ are told."""
        table = WholeTable(self._shadow, name, live=False)
        with whole_tables(self._shadow) as floor:
            count = table.format(_SQL["count"])
            rows, beyond = self._shadow.connection.execute(count, floor).fetchone() or (0, 0)
            differing = self._differing(table, "differences", {**floor, "limit": examples})
        return _compared(table, rows - beyond, beyond, differing)

    def log(self, examples: int) -> Compared:
        """What differs between the log's rows and what its bytes decode to."""
        table = WholeTable(self._shadow, "messages", live=True)
        with whole_tables(self._shadow):
            differing = self._differing(table, "message_differences", {"limit": examples})
        return _compared(table, 0, 0, differing)

    def _differing(
        self, table: WholeTable, statement: LiteralString, parameters: dict[str, Any]
    ) -> list[tuple[Any, ...]]:
        return self._shadow.connection.execute(table.format(_SQL[statement]), parameters).fetchall()


def _compared(table: WholeTable, rows: int, beyond: int, differing: list[tuple[Any, ...]]) -> Compared:
    names = [column.name for column in table.columns]
    examples: list[Difference] = []
    for *values, _ in differing:
        stored = dict(zip(names, values[: len(names)], strict=True))
        recomputed = dict(zip(names, values[len(names) :], strict=True))
        examples.extend(_row_differences(table, stored, recomputed))
    total = differing[0][-1] if differing else 0
    return Compared(table.name, rows, beyond, total, tuple(examples))


def _row_differences(
    table: WholeTable, stored: dict[str, Any], recomputed: dict[str, Any]
) -> list[Difference]:
    missing = all(stored[name] is None for name in table.keys)
    extra = all(recomputed[name] is None for name in table.keys)
    key = {name: (recomputed if missing else stored)[name] for name in table.keys}
    if missing or extra:
        absent, present = (None, "a row") if missing else ("a row", "none")
        return [Difference(table.name, key, "*", absent, present)]
    return [
        Difference(table.name, key, name, stored[name], recomputed[name])
        for name in stored
        if stored[name] != recomputed[name]
    ]
