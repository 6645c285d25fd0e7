"""The orders of a ledger, in a file beside it: a line an order, columns as `OrderState`, separated by tabs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from fixwatch.errors import SettingsError
from fixwatch.sources.simulator.said import OrderState

#: Columns that are numbers.
_NUMBERS: Final = frozenset({"fills", "sent_at", "answered_at", "first_fill_at"})
_ARE_NUMBERS: Final = tuple(name in _NUMBERS for name in OrderState._fields)


def order_file(ledger: Path) -> Path:
    """Where the orders of a ledger are: `ledger.orders.tsv` beside `ledger.json`."""
    return ledger.with_suffix(".orders.tsv")


class OrderFile:
    """A file of orders that is being written, a context manager.

    Raises:
        SettingsError: it cannot be written; so do its methods.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._file = path.open("w", encoding="utf-8")
        except OSError as error:
            raise self._failed(error) from None
        self._write("\t".join(OrderState._fields) + "\n")

    def add(self, orders: Iterable[OrderState]) -> None:
        """Write orders, all the way to the file."""
        self._write("".join("\t".join(map(str, order)) + "\n" for order in orders))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def _write(self, text: str) -> None:
        try:
            self._file.write(text)
            self._file.flush()
        except OSError as error:
            raise self._failed(error) from None

    def _failed(self, error: OSError) -> SettingsError:
        return SettingsError(f"the orders {self._path} cannot be written: {error.strerror}")


def read_orders(path: Path) -> Iterator[OrderState]:
    """The orders in a file.

    Raises:
        SettingsError: it cannot be read, or is not such a file.
    """
    try:
        with path.open(encoding="utf-8") as lines:
            if next(lines, "").rstrip("\n").split("\t") != list(OrderState._fields):
                raise SettingsError(f"{path}: these are not a ledger's orders")
            for line in lines:
                values = line.rstrip("\n").split("\t")
                yield OrderState._make(
                    int(value) if is_number else value
                    for value, is_number in zip(values, _ARE_NUMBERS, strict=True)
                )
    except (OSError, ValueError) as error:
        raise SettingsError(f"the orders {path} cannot be read: {error}") from None
