"""One order: its terms, its life drawn, every message of it decoded."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import streamlit as st

from fixwatch.dashboard import (
    decoded,
    links,
    lives,
    markup,
    message_view,
    order_charts,
    order_wording,
    query,
    reading,
    tables,
    wording,
)
from fixwatch.dashboard.live import live, time_zone, time_zone_name
from fixwatch.dashboard.lives import Event
from fixwatch.dashboard.status import Level
from fixwatch.store.message_views import StoredMessage
from fixwatch.store.order_views import Order

#: Messages of an order that are drawn; a page of them is read.
_MOST_MESSAGES: Final = 200
_LARGEST_KEY: Final = 2**63 - 1
_ALT: Final = {
    "messages": "Messages of the order, both ways",
    "states": "States of the order",
    "quantity": "What is filled of the order",
}
_BY_MESSAGE, _BY_TIME = "Message by message", "To scale of time"


@dataclass(frozen=True, slots=True)
class _Answer:
    order: Order | None
    messages: tuple[StoredMessage, ...] = ()


def page() -> None:
    """Draw the page."""
    links.link("orders", "All orders", icon=":material/arrow_back:")
    key = query.asked("key")
    if not (key.isascii() and key.isdigit() and len(key) <= 19 and int(key) <= _LARGEST_KEY):
        st.html(markup.note(f"{key or 'Nothing'} is no order's key. Look the order up by one of its ids."))
        return
    live(partial(_read, int(key)), partial(_draw, key))


def _read(order_key: int) -> _Answer:
    orders = reading.reader().orders
    order = orders.by_key(order_key)
    if order is None:
        return _Answer(None)
    return _Answer(order, orders.timeline(order.order_key, limit=_MOST_MESSAGES))


def _draw(key: str, answer: _Answer) -> None:
    order = answer.order
    if order is None:
        st.html(markup.note(f"There is no order with the key {key}. Look it up by one of its ids."))
        return
    _heading(order)
    _facts(order)
    events = lives.life(answer.messages)
    if not events:
        st.caption("Its messages are no longer in the log: they are older than what is kept.")
        return
    _life(order, events)
    _messages(order, answer.messages, events)


def _heading(order: Order) -> None:
    st.html(markup.title(order_wording.terms(order), order.cl_ord_id or order.order_id or ""))
    labels = [(order_wording.state_level(order), order_wording.state(order))]
    if waits := order_wording.waiting(order):
        labels.append(
            (Level.NOTICE if order.is_stuck else Level.EMPTY, f"waits for {waits.removeprefix('▲ ')}")
        )
    if order.reject_reason or order.cancel_reject_reason:
        reasons = filter(None, (order.reject_reason, order.cancel_reject_reason))
        labels += [(Level.TROUBLE, reason.replace("_", " ").capitalize()) for reason in reasons]
    labels += [(Level.NOTICE, order_wording.defect(found)) for found in order.defects or ()]
    st.html(markup.tags(labels))


def _facts(order: Order) -> None:
    where, zone = time_zone(), time_zone_name()
    with st.container(border=True):
        st.html(
            markup.facts(
                (
                    ("OrderQty", wording.amount(order.order_qty)),
                    ("CumQty", wording.amount(order.cum_qty)),
                    ("LeavesQty", wording.amount(order.leaves_qty)),
                    ("AvgPx", wording.amount(order.avg_px, least_places=2)),
                    ("Price", order_wording.price(order)),
                    ("Currency", order.currency or ""),
                    ("Good for", order_wording.time_in_force(order)),
                    ("Account", order.account or ""),
                    ("ClOrdID", order.cl_ord_id or ""),
                    ("OrderID", order.order_id or ""),
                    ("Session", order_wording.ends(order)),
                    ("Trading day", "" if order.trading_day is None else str(order.trading_day)),
                    (f"Sent ({zone})", wording.exact_time(order.sent_at, where)),
                    ("Answered after", wording.duration(order.answered_in)),
                    ("First fill after", wording.duration(order.filled_in)),
                    ("Fills that stand", wording.count(order.fills)),
                    ("Messages", f"{wording.count(order.messages)}, repeats {wording.count(order.repeats)}"),
                    ("Text", order.text or ""),
                )
            )
        )


def _life(order: Order, events: list[Event]) -> None:
    with st.container(border=True):
        left, right = st.columns([3, 2], vertical_alignment="center")
        left.subheader("Its life")
        spaced = right.segmented_control(
            "Spaced",
            [_BY_MESSAGE, _BY_TIME],
            default=_BY_MESSAGE,
            required=True,
            key="spaced",
            bind="query-params",
            label_visibility="collapsed",
        )
        query.taken("spaced", [spaced or _BY_MESSAGE])
        by_time = spaced == _BY_TIME
        for name, chart in order_charts.life(
            events, order.order_qty, time_zone(), time_zone_name(), by_time=by_time
        ):
            st.altair_chart(chart, key=f"life_{name}", alt=_ALT[name])
        told = "; ".join(f"{event.words}: {event.state or 'no state yet'}" for event in events[:20])
        st.html(markup.unseen(f"The life of the order, told: {told}"))
        if order.messages > len(events):
            st.caption(f"Its first {len(events)} messages of {wording.count(order.messages)}.")


def _messages(order: Order, messages: tuple[StoredMessage, ...], events: list[Event]) -> None:
    where = time_zone()
    left, right = st.columns([1, 1], gap="small")
    with left, st.container(border=True):
        st.subheader("Its messages")
        tables.draw(
            {
                f"Sent ({time_zone_name()})": [wording.exact_time(event.at, where)[11:] for event in events],
                "After": [wording.duration(event.since_previous) for event in events],
                "What": [wording.visible(event.words) for event in events],
                "State": [event.state or "" for event in events],
                "CumQty": [wording.amount(event.cum_qty) for event in events],
                "From, to": [wording.visible(event.way, most=60) for event in events],
                "Defects": [_defects(messages[event.place]) for event in events],
                "MsgSeqNum": ["" if event.seq_num is None else str(event.seq_num) for event in events],
            },
            key=f"messages_{order.order_key}",
            on_select="rerun",
            selection_mode="single-row-required",
            empty="Its messages are no longer in the log",
            height=460,
            column_config={
                name: st.column_config.TextColumn(alignment="right")
                for name in ("After", "CumQty", "MsgSeqNum")
            },
            alt="Messages of the order, in the order of sending",
        )
        st.caption("Select one to see all its fields.")
    with right, st.container(border=True):
        chosen = _selected(f"messages_{order.order_key}", len(events))
        _message(messages[events[chosen].place])


def _message(message: StoredMessage) -> None:
    found = decoded.stored(message.raw, message.verdict, message.defects, reading.options())
    message_view.heading(found, kept_back=message.quarantined)
    message_view.fields(found.rows)
    message_view.as_it_came(found.raw, len(message.raw))
    message_view.link(message)


def _defects(message: StoredMessage) -> str:
    return ", ".join(f"▲ {wording.defect(found)}" for found in message.defects or ())


def _selected(key: str, count: int) -> int:
    state: Any = st.session_state.get(key)
    rows = state["selection"]["rows"] if state else []
    return rows[0] if rows and rows[0] < count else 0
