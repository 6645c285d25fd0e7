"""Orders, read from a real Postgres that a real ingester has filled."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, LiteralString

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row

from fixwatch.store import order_reader
from fixwatch.store.order_views import OrderFilter, OrderList
from fixwatch.store.reader import Reader
from tests.integration.ingested import Ingested


@pytest.fixture
def reader(flow: Ingested) -> Iterator[Reader]:
    found = Reader(flow.database_url)
    yield found
    found.close()


def rows(flow: Ingested, query: LiteralString | sql.Composed, *values: object) -> list[dict[str, Any]]:
    with psycopg.connect(flow.database_url, row_factory=dict_row) as connection:
        return connection.execute(query, values).fetchall()


def test_an_order_is_found_by_every_id_that_it_ever_had(reader: Reader, flow: Ingested) -> None:
    ids = rows(flow, "SELECT id, order_key FROM order_ids")
    assert len(ids) > 100
    for one in ids[:100]:
        assert one["order_key"] in [order.order_key for order in reader.orders.by_id(one["id"])]


def test_a_timeline_is_every_message_of_the_order_however_it_is_paged(reader: Reader, flow: Ingested) -> None:
    (longest, messages), *_ = (
        (row["order_key"], row["messages"])
        for row in rows(flow, "SELECT order_key, messages FROM orders ORDER BY messages DESC LIMIT 1")
    )
    whole = reader.orders.timeline(longest)
    assert len(whole) == messages
    paged, after = [], None
    while page := reader.orders.timeline(longest, after=after, limit=3):
        paged += page
        after = page[-1].place
    assert paged == list(whole)
    assert {one.msg_type for one in whole} >= {"D", "8"}
    assert all(one.raw.startswith(b"8=FIX") and one.label for one in whole)


def test_an_id_that_nobody_has_finds_nothing(reader: Reader) -> None:
    for id_ in ("no such id", "", "x" * 10_000, "\0", "' OR 1=1 --", "‮"):
        assert reader.orders.by_id(id_) == ()
    assert reader.orders.by_key(-1) is None
    assert reader.orders.timeline(-1) == ()


@pytest.mark.parametrize(
    ("which", "condition"),
    [
        (OrderList.ALL, "true"),
        (OrderList.OPEN, "ord_status IS NULL OR ord_status NOT IN ('2', '3', '4', '8', 'B', 'C')"),
        (OrderList.WAITING, "waiting_for IS NOT NULL"),
        (OrderList.REJECTED, "ord_status = '8'"),
        (OrderList.DEFECTIVE, "defects IS NOT NULL"),
    ],
)
def test_the_pages_of_a_list_are_all_of_it_once(
    reader: Reader, flow: Ingested, which: OrderList, condition: LiteralString
) -> None:
    where = sql.SQL(condition)
    order = sql.SQL("waiting_since DESC," if which is OrderList.WAITING else "")
    query = sql.SQL("SELECT order_key FROM orders WHERE ({}) ORDER BY {} order_key DESC").format(where, order)
    expected = [row["order_key"] for row in rows(flow, query)]
    found, before = [], None
    while True:
        page = reader.orders.list(which, before=before, limit=7)
        found += [order.order_key for order in page.orders]
        before = page.older
        if before is None:
            break
    assert found == expected


def test_a_filter_that_matches_little_says_how_far_it_looked(
    reader: Reader, flow: Ingested, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(order_reader, "SCAN_ORDERS", 50)
    symbol = rows(flow, "SELECT symbol FROM orders GROUP BY symbol ORDER BY count(*) LIMIT 1")[0]["symbol"]
    wanted = OrderFilter(symbols=(symbol, "\0"))
    expected = [
        row["order_key"]
        for row in rows(
            flow, "SELECT order_key FROM orders WHERE symbol = %s ORDER BY order_key DESC", symbol
        )
    ]
    found: list[int] = []
    before, looks = None, 0
    while True:
        page = reader.orders.list(OrderList.ALL, wanted, before=before, limit=50)
        found += [order.order_key for order in page.orders]
        looks += 1
        if page.older is None:
            break
        assert not page.complete
        before = page.older
    assert found == expected
    assert looks > 3


def test_an_order_that_turned_out_to_be_another_one_is_found_as_that(
    reader: Reader, ingested: Ingested
) -> None:
    one, other = (
        row["order_key"] for row in rows(ingested, "SELECT order_key FROM orders ORDER BY order_key LIMIT 2")
    )
    with psycopg.connect(ingested.database_url) as connection:
        connection.execute("UPDATE orders SET merged_into = %s WHERE order_key = %s", (one, other))
    reading = Reader(ingested.database_url)
    try:
        order = reading.orders.by_key(other)
        assert order is not None
        assert order.order_key == one
        id_ = rows(ingested, "SELECT id FROM order_ids WHERE order_key = %s LIMIT 1", other)[0]["id"]
        assert [order.order_key for order in reading.orders.by_id(id_)] == [one]
        listed = reading.orders.list(OrderList.ALL, limit=10_000).orders
        assert other not in [order.order_key for order in listed]
    finally:
        reading.close()
