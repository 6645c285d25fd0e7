"""Lists and multilegs as rows that speak of orders."""

from __future__ import annotations

import json
from decimal import Decimal

from fixwatch.fix.encoder import encode
from fixwatch.ingest import orders
from fixwatch.ingest.order_rows import order_rows
from tests.unit.ingest.conftest import message, rows_of_messages

HEADER = [(34, "7"), (49, "BUY"), (52, "20260102-09:30:00"), (56, "BROKER")]


def list_of_two() -> bytes:
    root = [(66, "L1"), (394, "3"), (68, "2"), (73, "2")]
    first = [(11, "A"), (67, "1"), (1, "ACC"), (55, "IBM"), (54, "1"), (38, "100"), (40, "2"), (44, "10.5")]
    second = [(11, "B"), (67, "2"), (55, "MSFT"), (54, "2"), (38, "x"), (40, "1")]
    return encode([(35, "E"), *HEADER, *root, *first, *second], begin_string="FIX.4.4")


def multileg() -> bytes:
    legs = [(555, "2"), (600, "ESZ6"), (623, "1"), (624, "1"), (600, "ESH7"), (623, "1"), (624, "2")]
    body = [
        (11, "M"),
        (54, "1"),
        (55, "ES"),
        *legs,
        (60, "20260102-09:30:00"),
        (38, "5"),
        (40, "2"),
        (44, "-0.25"),
    ]
    return encode([(35, "AB"), *HEADER, *body], begin_string="FIX.4.4")


def test_every_order_of_a_list_is_an_order() -> None:
    rows = order_rows(rows_of_messages([list_of_two(), message("0", 8)]))
    assert rows.column("msg_type").to_pylist() == ["E", "0", "D", "D"]
    assert rows.column("cl_ord_id").to_pylist() == [None, None, "A", "B"]
    assert rows.column("list_id").to_pylist()[2:] == ["L1", "L1"]
    assert rows.column("order_qty").to_pylist()[2:] == [Decimal(100), None]
    assert rows.column("price").to_pylist()[2:] == [Decimal("10.5"), None]
    assert rows.column("sent")[2] == rows.column("sent")[0]
    keys = orders.Chains(rows).assign([], lambda n: list(range(1, n + 1))).order_key.to_pylist()
    assert keys == [None, None, 1, 2]


def test_a_multileg_is_one_order_with_its_legs() -> None:
    rows = order_rows(rows_of_messages([multileg()]))
    assert rows.num_rows == 1
    assert json.loads(rows.column("legs")[0].as_py()) == [
        {"LegSymbol": "ESZ6", "LegRatioQty": "1", "LegSide": "1"},
        {"LegSymbol": "ESH7", "LegRatioQty": "1", "LegSide": "2"},
    ]


def test_batches_without_groups_are_as_they_were() -> None:
    rows = order_rows(rows_of_messages([message("D", 1, _11="A")]))
    assert rows.num_rows == 1
    assert rows.column("legs").null_count == 1
