from __future__ import annotations

from pathlib import Path

import pytest

from fixwatch.errors import SettingsError
from fixwatch.sources.simulator.order_file import OrderFile, order_file, read_orders
from fixwatch.sources.simulator.said import OrderState

ORDERS = [
    OrderState("O1", "C2", "2", "100", "0", "10.5", "100", "10.50", 3, "", 1_000, 2_000, 3_000),
    OrderState("", "C3", "", "", "", "", "5", "", 0, "new", 4_000, 0, 0),
]


def test_orders_stand_beside_their_ledger() -> None:
    assert order_file(Path("a/ledger.json")) == Path("a/ledger.orders.tsv")
    assert order_file(Path("a/X.running.json")) == Path("a/X.running.orders.tsv")


def test_orders_are_read_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "orders.tsv"
    with OrderFile(path) as file:
        file.add(ORDERS[:1])
        # What is written is in the file at once.
        assert list(read_orders(path)) == ORDERS[:1]
        file.add(ORDERS[1:])
    assert list(read_orders(path)) == ORDERS


def test_a_file_of_orders_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "orders.tsv"
    for _ in range(2):
        with OrderFile(path) as file:
            file.add(ORDERS)
    assert list(read_orders(path)) == ORDERS


@pytest.mark.parametrize("text", ["", "order_id\tcl_ord_id\n", "\t".join(OrderState._fields) + "\nO1\tC1\n"])
def test_what_are_no_orders_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "orders.tsv"
    path.write_text(text)
    with pytest.raises(SettingsError, match=r"orders\.tsv"):
        list(read_orders(path))


def test_a_file_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be written"):
        OrderFile(tmp_path / "missing" / "orders.tsv")
