"""The reconciliation as people see it."""

from __future__ import annotations

import io
from decimal import Decimal

from rich.console import Console

from fixwatch.demo.reconciliation import Line
from fixwatch.demo.run import table


def shown(*lines: Line) -> str:
    console = Console(file=io.StringIO(), width=160)
    console.print(table(list(lines)))
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]


def test_a_line_that_disagrees_says_no() -> None:
    assert " NO " in shown(Line("Trades", "busts", 1, 2))
    assert " NO " not in shown(Line("Trades", "busts", 2, 2))


def test_numbers_keep_every_digit() -> None:
    exact = Decimal("1234567890123456789012345678901234.567890")
    text = shown(Line("Fills", "XOM notional", exact, Decimal("100.000000")))
    assert "1,234,567,890,123,456,789,012,345,678,901,234.56789 " in text
    assert " 100 " in text


def test_what_a_line_is_called_is_not_markup() -> None:
    assert "[red]X" in shown(Line("Session", "[red]X->Y", 1, 1))
