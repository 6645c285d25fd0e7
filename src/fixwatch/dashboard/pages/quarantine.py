"""Quarantine: messages with defects, and what is wrong with each of them."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any, Final

import streamlit as st

from fixwatch.dashboard import decoded, markup, message_view, query, reading, tables, wording
from fixwatch.dashboard.live import live, time_zone, time_zone_name
from fixwatch.fix.defects import BY_LABEL
from fixwatch.store.message_views import DefectiveMessage, DefectivePage, StoredMessage

_PAGE: Final = 200
_QUARANTINED, _ALL = "Quarantined", "All with defects"
_VERDICTS: Final = {"garbled": "✕ Garbled", "rejected": "▲ Rejected", "valid": "Valid"}


def page() -> None:
    """Draw the page."""
    live(reading.session_labels, _draw)


def _draw(session_ids: dict[str, int]) -> None:
    shown, reason, session = st.columns([1.2, 1.4, 1.4], gap="small", vertical_alignment="bottom")
    which = shown.segmented_control(
        "Messages",
        [_QUARANTINED, _ALL],
        default=_QUARANTINED,
        required=True,
        key="shown",
        bind="query-params",
        on_change=_deselect,
    )
    query.taken("shown", [which or _QUARANTINED])
    reasons = reason.multiselect(
        "Reason",
        list(BY_LABEL),
        key="reason",
        bind="query-params",
        format_func=wording.reason,
        on_change=_deselect,
        placeholder="All reasons",
    )
    query.taken("reason", map(wording.reason, reasons))
    sessions = session.multiselect(
        "Session",
        list(session_ids),
        key="counterparty",
        bind="query-params",
        on_change=_deselect,
        placeholder="All sessions",
    )
    query.taken("counterparty", sessions)
    read = partial(
        reading.reader().messages.defective,
        only_quarantined=which != _ALL,
        reasons=tuple(reasons) or None,
        sessions=tuple(session_ids[label] for label in sessions) or None,
        limit=_PAGE,
    )
    # A selected row must stay what and where it is: the list stands still until it is let go.
    held: DefectivePage | None = st.session_state.get("quarantine_held") if _selected() is not None else None
    found = held or read()
    st.session_state["quarantine_held"] = found
    _caption(found, held=held is not None)
    _table(found.messages)
    row = _selected()
    if row is not None and row < len(found.messages):
        _message(found.messages[row])


def _caption(found: DefectivePage, *, held: bool) -> None:
    number = len(found.messages)
    text = f"{wording.count(number)} message{'' if number == 1 else 's'}, newest first"
    if found.searched_to is not None:
        text += f" · searched back to {found.searched_to.astimezone(time_zone()):%Y-%m-%d %H:%M:%S}"
    text += (
        " · the list stands still while a message is selected" if held else " · select one to see its fields"
    )
    st.caption(text)


def _table(messages: tuple[DefectiveMessage, ...]) -> None:
    where, now = time_zone(), datetime.now(time_zone())
    tables.draw(
        {
            f"Stored ({time_zone_name()})": [
                wording.moment(found.ingested_at, where, now) for found in messages
            ],
            "Verdict": [_VERDICTS.get(found.verdict, found.verdict) for found in messages],
            "Defects": [", ".join(map(wording.defect, found.defects)) for found in messages],
            "MsgType": [wording.msg_type(found.msg_type) for found in messages],
            "Session": [found.label or "not readable" for found in messages],
            "MsgSeqNum": [
                wording.NOTHING if found.msg_seq_num is None else str(found.msg_seq_num) for found in messages
            ],
            "Symbol": [found.symbol or "" for found in messages],
            "ClOrdID": [found.cl_ord_id or "" for found in messages],
            "Partition": [str(found.partition) for found in messages],
            "Offset": [str(found.kafka_offset) for found in messages],
        },
        key="quarantine",
        on_select="rerun",
        selection_mode="single-row",
        height=320,
        empty="Nothing is in quarantine",
        column_config={
            "Defects": st.column_config.TextColumn(width="medium"),
            **{
                name: st.column_config.TextColumn(alignment="right")
                for name in ("MsgSeqNum", "Partition", "Offset")
            },
        },
        alt="Messages with defects, the newest first",
    )


def _message(chosen: DefectiveMessage) -> None:
    stored = reading.reader().messages.at_place(chosen.stream_id, chosen.kafka_offset)
    with st.container(border=True):
        if stored is None:
            st.write("This message is no longer in the log: it is older than what is kept.")
            return
        left, right = st.columns([2, 3], gap="medium")
        with left:
            _facts(chosen, stored)
        with right:
            _fields(stored)


def _facts(chosen: DefectiveMessage, stored: StoredMessage) -> None:
    st.subheader("What is wrong")
    st.html(markup.bullet_list(map(decoded.explained, stored.defects)))
    st.subheader("Where it is")
    sent = f"{stored.kafka_time.astimezone(time_zone()):%Y-%m-%d %H:%M:%S.%f} {time_zone_name()}"
    st.html(
        markup.bullet_list(
            (
                f"{stored.topic}, partition {stored.partition}, offset {stored.kafka_offset}",
                f"Kafka timestamp {sent}",
                f"Session: {chosen.label or 'not readable'}",
                "Kept back: orders, trades and sessions do not count it"
                if stored.quarantined
                else "Counted all the same: its defects do not keep it from being understood",
            )
        )
    )
    st.subheader("As it came")
    message_view.as_it_came(stored.raw, stored.raw_bytes, 180)
    message_view.link(stored)


def _fields(stored: StoredMessage) -> None:
    st.subheader("Fields")
    message_view.fields(decoded.field_rows(stored.raw, stored.defects, reading.options()))


def _selected() -> int | None:
    state: Any = st.session_state.get("quarantine")
    rows = state["selection"]["rows"] if state else []
    return rows[0] if rows else None


def _deselect() -> None:
    st.session_state.pop("quarantine", None)
