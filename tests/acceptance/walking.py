"""A way through the whole dashboard: every page with something on it, and how to know that it is drawn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import psycopg

from tests.acceptance.chromium import Screen

#: Pages by name.
_PATHS: Final = {
    "overview": "",
    "blotter": "blotter",
    "orders": "orders?list=All",
    "order": "order?key={order}",
    "sessions": "sessions",
    "session": "session?id=1",
    "messages": "messages?from=The+log&topic=fix-trades&partition=0&offset=0",
    "quarantine": "quarantine",
    "alerts": "alerts",
    "system": "system",
}


def walk(screen: Screen, order: int) -> Iterator[str]:
    """Open one page after the other, `order` being the key of one; gives the name of each when it is drawn."""
    for name, path in _PATHS.items():
        open_page(screen, path.format(order=order))
        yield name


def open_page(screen: Screen, path: str) -> None:
    """Open a page that has something on it, and wait until that is drawn; of the quarantine a message is selected."""
    screen.open(path)
    if path.startswith("messages"):
        screen.page.get_by_role("table", name="Fields of the message").wait_for()
    else:
        screen.until(screen.table, f"a table of {path}")
    if path.startswith("quarantine"):
        screen.select_row(0)
        screen.page.get_by_text("What is wrong").wait_for()


def an_order(screen: Screen, orders: psycopg.Connection[Any]) -> tuple[int, str, int]:
    """Key, ClOrdID and messages of an order that is filled and over."""
    found = screen.until(
        lambda: orders.execute(
            "SELECT order_key, cl_ord_id, messages FROM orders WHERE fills >= 2 AND leaves_qty = 0"
            " AND ord_status = '2' AND cl_ord_id IS NOT NULL AND merged_into IS NULL ORDER BY order_key LIMIT 1"
        ).fetchone(),
        "an order that is filled",
    )
    return int(found[0]), str(found[1]), int(found[2])
