"""Quarantine: messages with defects, what is wrong with each of them, and what can be done about it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final

import streamlit as st

from fixwatch.dashboard import (
    acting,
    actions,
    decoded,
    markup,
    message_view,
    paging,
    query,
    reading,
    tables,
    wording,
)
from fixwatch.dashboard.live import live, time_zone, time_zone_name
from fixwatch.fix.defects import BY_LABEL
from fixwatch.store.message_views import DefectiveMessage, DefectivePage, StoredMessage
from fixwatch.store.operating import MOST_NOTE
from fixwatch.store.quarantine import Kind

_PAGE: Final = 200
_QUARANTINED, _DISMISSED, _ALL, _HISTORY = "Quarantined", "Dismissed", "All with defects", "History"
_VERDICTS: Final = {"garbled": "✕ Garbled", "rejected": "▲ Rejected", "valid": "Valid"}
_LIST, _ACTIONS = "quarantine", "quarantine_history"
#: Where the session keeps the list that stands still, and which grid it is in: a new one has nothing selected.
_HELD, _GRID = "quarantine_held", "quarantine_grid"
_NOTE: Final = "quarantine_note"


def page() -> None:
    """Draw the page."""
    live(reading.session_labels, _draw)


def _draw(session_ids: dict[str, int]) -> None:
    shown, reason, session = st.columns([2.3, 1, 1], gap="small", vertical_alignment="bottom")
    which = (
        shown.segmented_control(
            "Messages",
            [_QUARANTINED, _DISMISSED, _ALL, _HISTORY],
            default=_QUARANTINED,
            required=True,
            key="shown",
            bind="query-params",
            on_change=_begin_anew,
        )
        or _QUARANTINED
    )
    query.taken("shown", [which])
    if which == _HISTORY:
        _history()
        return
    reasons = reason.multiselect(
        "Reason",
        list(BY_LABEL),
        key="reason",
        bind="query-params",
        format_func=wording.reason,
        on_change=_begin_anew,
        placeholder="All reasons",
    )
    query.taken("reason", map(wording.reason, reasons))
    sessions = session.multiselect(
        "Session",
        list(session_ids),
        key="counterparty",
        bind="query-params",
        on_change=_begin_anew,
        placeholder="All sessions",
    )
    query.taken("counterparty", sessions)
    read = partial(
        reading.reader().messages.defective,
        only_quarantined=which != _ALL,
        dismissed=None if which == _ALL else which == _DISMISSED,
        reasons=tuple(reasons) or None,
        sessions=tuple(session_ids[label] for label in sessions) or None,
        before=paging.place(_LIST),
        limit=_PAGE,
    )
    # Selected rows must stay what and where they are: the list stands still until they are let go.
    held: DefectivePage | None = st.session_state.get(_HELD) if _selected() else None
    found = held or read()
    st.session_state[_HELD] = found
    chosen = [found.messages[row] for row in _selected() if row < len(found.messages)]
    _acts(chosen, which)
    actions.progress()
    _position(found, chosen)
    _table(found.messages)
    if len(chosen) == 1:
        _message(chosen[0])
    elif chosen:
        st.caption(
            f"{wording.count(len(chosen))} messages are selected. Select one alone to see what is wrong with it."
        )


def _history() -> None:
    """What was done, and what came of it."""
    before: int | None = paging.place(_ACTIONS)
    found = reading.reader().quarantine.history(before=before, limit=_PAGE)
    actions.progress()
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(f"{wording.number(len(found), 'action')}, newest first", width="stretch")
        paging.buttons(_ACTIONS, found[-1].action_id if len(found) == _PAGE else None)
    actions.table(found, key="actions", height=640, empty="Nothing was done about any message yet")


def _acts(chosen: Sequence[DefectiveMessage], which: str) -> None:
    """What can be done about the messages that are selected."""
    kept_back = [message for message in chosen if message.quarantined]
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="acts"):
        acting.name_field()
        ready = bool(kept_back) and bool(acting.name())
        of = f" {wording.count(len(kept_back))}" if kept_back else ""
        st.button(
            f"Re-ingest{of}",
            icon=":material/replay:",
            disabled=not ready,
            on_click=_act,
            args=("reingest", kept_back),
            help="Decode them again by the settings that the ingesters run with, and count those that are kept back "
            "no longer. Mend the dictionary or the setting first, and restart the ingesters.",
        )
        if which == _DISMISSED:
            st.button(
                f"Reopen{of}",
                icon=":material/undo:",
                disabled=not ready,
                on_click=_act,
                args=("reopen", kept_back),
                help="Back into the list.",
            )
        else:
            with st.popover(
                f"Dismiss{of}",
                icon=":material/visibility_off:",
                disabled=not ready,
                help="Leave them out of this list. They stay in the log and in the counts.",
            ):
                st.text_area(
                    "Why may they be left where they are?",
                    key=_NOTE,
                    max_chars=MOST_NOTE,
                    height=100,
                    width=340,
                )
                st.button(
                    f"Dismiss{of} with this note",
                    icon=":material/check:",
                    on_click=_act,
                    args=("dismiss", kept_back),
                )
        if chosen and not ready:
            st.caption(
                "Say who you are first." if kept_back else "These are not kept back: nothing is to be done."
            )


def _act(kind: Kind, messages: Sequence[DefectiveMessage]) -> None:
    note = str(st.session_state.get(_NOTE) or "") if kind == "dismiss" else ""
    if acting.ask(kind, [message.place for message in messages], note):
        st.session_state[_NOTE] = ""
        _deselect()


def _position(found: DefectivePage, chosen: Sequence[DefectiveMessage]) -> None:
    text = f"{wording.number(len(found.messages), 'message')}, newest first"
    if found.searched_to is not None:
        text += f" · searched back to {found.searched_to.astimezone(time_zone()):%Y-%m-%d %H:%M:%S}"
    text += (
        f" · {wording.count(len(chosen))} selected, the list stands still"
        if chosen
        else " · select one to see its fields, or all by the box in the heading"
    )
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(text, width="stretch")
        paging.buttons(_LIST, None if chosen else found.older)


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
            "Session": [wording.visible(found.label) or "not readable" for found in messages],
            "MsgSeqNum": [
                wording.NOTHING if found.msg_seq_num is None else str(found.msg_seq_num) for found in messages
            ],
            "Action": [_state(found) for found in messages],
            "Symbol": [wording.visible(found.symbol or "") for found in messages],
            "ClOrdID": [wording.visible(found.cl_ord_id or "") for found in messages],
            "Partition": [str(found.partition) for found in messages],
            "Offset": [str(found.kafka_offset) for found in messages],
        },
        key=_grid(),
        on_select="rerun",
        selection_mode="multi-row",
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


def _state(message: DefectiveMessage) -> str:
    if message.asked_for is not None:
        return f"… Asked: {actions.KINDS.get(message.asked_for, message.asked_for).lower()}"
    return "○ Dismissed" if message.dismissed else ""


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
    actions.of_message(stored.stream_id, stored.kafka_offset)


def _fields(stored: StoredMessage) -> None:
    st.subheader("Fields")
    message_view.fields(decoded.field_rows(stored.raw, stored.defects, reading.options()))


def _grid() -> str:
    return f"quarantine_{st.session_state.get(_GRID, 0)}"


def _selected() -> list[int]:
    state: Any = st.session_state.get(_grid())
    return list(state["selection"]["rows"]) if state else []


def _deselect() -> None:
    st.session_state[_GRID] = st.session_state.get(_GRID, 0) + 1


def _begin_anew() -> None:
    _deselect()
    paging.to_newest(_LIST)
    paging.to_newest(_ACTIONS)
