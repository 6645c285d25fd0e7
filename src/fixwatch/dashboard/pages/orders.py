"""Orders: found by any id they ever had, or listed: open, stuck, rejected, with defects."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import streamlit as st

from fixwatch.dashboard import markup, opening, order_wording, paging, query, reading, tables, wording
from fixwatch.dashboard.choosing import several
from fixwatch.dashboard.live import live, time_zone, time_zone_name
from fixwatch.store.order_views import Order, OrderFilter, OrderList, OrderPage, OrderPlace

_PAGE: Final = 200
_LISTS: Final = {
    "Open": OrderList.OPEN,
    "Stuck": OrderList.STUCK,
    "Waiting": OrderList.WAITING,
    "Rejected": OrderList.REJECTED,
    "With defects": OrderList.DEFECTIVE,
    "All": OrderList.ALL,
}
_DEFAULT: Final = "Open"
_EMPTY: Final = {
    "Open": "No order is open",
    "Stuck": "No order is stuck: every request was answered in time",
    "Waiting": "No order waits for an answer",
    "Rejected": "No order was rejected",
    "With defects": "No order contradicts itself",
    "All": "No order has been seen yet",
}
_LIST: Final = "orders"
#: Pixels. The grid measures the first rows that it gets; what comes later may be longer, and a number that is
#: cut reads as another number.
_WIDTHS: Final = {"Symbol": 80, "Side": 85, "State": 130, "Waits for": 170, "Remark": 150}
_FIGURE_WIDTHS: Final = {
    "Quantity": 95,
    "Price": 85,
    "Filled": 90,
    "Left": 90,
    "Avg price": 85,
    "Messages": 85,
}


def page() -> None:
    """Draw the page."""
    live(reading.trade_choices, lambda choices: _draw(choices.symbols))


def _draw(known_symbols: Sequence[str]) -> None:
    opening.follow()
    wanted_id = st.text_input(
        "Find an order",
        key="id",
        bind="query-params",
        max_chars=300,
        type="search",
        placeholder="ClOrdID(11), OrigClOrdID(41), OrderID(37) or ExecID(17)",
        on_change=paging.to_newest,
        args=(_LIST,),
    )
    if wanted_id and wanted_id.strip():
        _found(wanted_id.strip())
        return
    name = st.segmented_control(
        "Orders",
        list(_LISTS),
        default=_DEFAULT,
        required=True,
        key="list",
        bind="query-params",
        on_change=paging.to_newest,
        args=(_LIST,),
        label_visibility="collapsed",
    )
    name = name or _DEFAULT
    query.taken("list", [name])
    wanted = _filters(known_symbols)
    before: OrderPlace | None = paging.place(_LIST)
    page = reading.reader().orders.list(_LISTS[name], wanted, before=before, limit=_PAGE)
    _position(page, before)
    empty = _EMPTY[name] if wanted == OrderFilter() else "No order matches these filters"
    _table(page.orders, empty)


def _found(wanted_id: str) -> None:
    orders = reading.orders_of_id(wanted_id)
    if not orders:
        st.html(markup.note(f"No order ever had the id {wanted_id}, and no fill."))
        st.caption("An id is looked for whole, as it was sent: upper and lower case count.")
        return
    number = "1 order" if len(orders) == 1 else f"{len(orders)} orders"
    st.caption(f"{number}, the latest use of the id first. Press an id to see what happened to its order.")
    _table(orders, "")


def _filters(known_symbols: Sequence[str]) -> OrderFilter:
    symbol, account, session = st.columns(3, gap="small")
    symbols = several(symbol, "Symbol", known_symbols, key="symbol", of_list=_LIST)
    accounts = several(account, "Account", reading.accounts(), key="account", of_list=_LIST)
    pairs = reading.session_pairs()
    chosen = session.multiselect(
        "Session",
        list(pairs),
        key="pair",
        bind="query-params",
        on_change=paging.to_newest,
        args=(_LIST,),
        placeholder="All sessions",
    )
    query.taken("pair", chosen)
    return OrderFilter(
        symbols=tuple(symbols) or None,
        accounts=tuple(accounts) or None,
        pairs=tuple(pairs[label] for label in chosen) or None,
    )


def _position(page: OrderPage, before: OrderPlace | None) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        number = "1 order" if len(page.orders) == 1 else f"{wording.count(len(page.orders))} orders"
        shown = f"{number}, newest first" + (", an older page" if before is not None else "")
        if not page.complete and page.searched_to is not None:
            shown += (
                f" · searched back to {wording.day_time(page.searched_to, time_zone())} {time_zone_name()}"
            )
        st.caption(shown, width="stretch")
        paging.buttons(_LIST, page.older)


def _table(orders: Sequence[Order], empty: str) -> None:
    where, now = time_zone(), datetime.now(time_zone())
    tables.draw(
        {
            "ClOrdID": opening.labels(
                "orders",
                [order.cl_ord_id or order.order_id for order in orders],
                [str(o.order_key) for o in orders],
            ),
            "Symbol": [wording.visible(order.symbol or wording.NOTHING) for order in orders],
            "Side": [wording.side(order.side) for order in orders],
            "Quantity": [wording.amount(order.order_qty) for order in orders],
            "Price": [order_wording.price(order) for order in orders],
            "State": [order_wording.state(order) for order in orders],
            "Filled": [wording.amount(order.cum_qty) for order in orders],
            "Left": [wording.amount(order.leaves_qty) for order in orders],
            "Avg price": [wording.amount(order.avg_px, least_places=2) for order in orders],
            "Waits for": [order_wording.waiting(order) for order in orders],
            "Remark": [order_wording.remark(order) for order in orders],
            f"Sent ({time_zone_name()})": [
                wording.moment(order.sent_at or order.first_seen, where, now) for order in orders
            ],
            "Session": [order_wording.ends(order) for order in orders],
            "Account": [wording.visible(order.account or "") for order in orders],
            "OrderID": [wording.visible(order.order_id or "") for order in orders],
            "Messages": [wording.count(order.messages) for order in orders],
        },
        key="orders",
        height=640,
        empty=empty,
        column_config={
            "ClOrdID": opening.column("orders", "order", "key", "Press to see what happened to the order"),
            **{name: st.column_config.TextColumn(width=width) for name, width in _WIDTHS.items()},
            **{
                name: st.column_config.TextColumn(width=width, alignment="right")
                for name, width in _FIGURE_WIDTHS.items()
            },
        },
        alt="Orders, the newest first",
    )
