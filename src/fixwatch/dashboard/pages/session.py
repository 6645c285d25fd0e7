"""One direction of a session: its state, what it sent, what it did, which numbers are missing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Final

import streamlit as st

from fixwatch.dashboard import (
    links,
    markup,
    paging,
    query,
    reading,
    session_charts,
    session_wording,
    tables,
    wording,
)
from fixwatch.dashboard.live import live, time_zone, time_zone_name
from fixwatch.dashboard.status import Level
from fixwatch.session_settings import SessionRules
from fixwatch.store.conduct import ends_of, silence_limit
from fixwatch.store.session_views import (
    EventKey,
    NumberGap,
    SessionEpoch,
    SessionEvent,
    UnansweredTestRequest,
)
from fixwatch.store.system_views import MessageStep
from fixwatch.store.views import Session

_PAGE: Final = 100
#: Minutes of a window, and of a bar in it.
_WINDOWS: Final = {"1 h": (60, 1), "4 h": (240, 5), "24 h": (1_440, 30)}
_DEFAULT_WINDOW: Final = "1 h"
_HEIGHT: Final = 300


@dataclass(frozen=True, slots=True)
class _Answer:
    session: Session | None
    other: Session | None = None
    steps: tuple[MessageStep, ...] = ()
    events: tuple[SessionEvent, ...] = ()
    gaps: tuple[NumberGap, ...] = ()
    epochs: tuple[SessionEpoch, ...] = ()
    unanswered: tuple[UnansweredTestRequest, ...] = ()


def page() -> None:
    """Draw the page."""
    links.link("sessions", "All sessions", icon=":material/arrow_back:")
    asked = query.asked("id")
    if not (asked.isascii() and asked.isdigit() and len(asked) < 10):
        st.html(markup.note(f"{asked or 'Nothing'} is no session. Choose one from the list."))
        return
    left, right = st.columns([1, 3], gap="small", vertical_alignment="bottom")
    label = left.segmented_control(
        "Messages of the last",
        list(_WINDOWS),
        default=_DEFAULT_WINDOW,
        required=True,
        key="window",
        bind="query-params",
    )
    query.taken("window", [label or _DEFAULT_WINDOW])
    kinds = right.multiselect(
        "Events",
        list(session_wording.KINDS),
        key="kind",
        bind="query-params",
        format_func=lambda kind: session_wording.KINDS[kind],
        on_change=paging.to_newest,
        args=(_events_of(int(asked)),),
        placeholder="All kinds of events",
    )
    query.taken("kind", [session_wording.KINDS[kind] for kind in kinds])
    live(
        partial(_read, int(asked), label or _DEFAULT_WINDOW, tuple(kinds)), partial(_draw, asked, label or "")
    )


def _read(session_id: int, label: str, kinds: tuple[str, ...]) -> _Answer:
    everybody = reading.sessions()
    session = next((found for found in everybody if found.session_id == session_id), None)
    if session is None:
        return _Answer(None)
    ends = ends_of(session)
    other = next((found for found in everybody if ends_of(found) == ends[3:] + ends[:3]), None)
    of_sessions, (minutes, step) = reading.reader().sessions, _WINDOWS[label]
    before: EventKey | None = paging.place(_events_of(session_id))
    return _Answer(
        session,
        other,
        reading.reader().system.message_steps(session_id, minutes, step),
        of_sessions.events(sessions=(session_id,), kinds=kinds or None, before=before, limit=_PAGE),
        of_sessions.gaps(session_id),
        of_sessions.epochs(session_id),
        tuple(found for found in of_sessions.unanswered_test_requests() if found.session_id == session_id),
    )


def _draw(asked: str, label: str, answer: _Answer) -> None:
    session = answer.session
    if session is None:
        st.html(markup.note(f"There is no session {asked}. Choose one from the list."))
        return
    rules = reading.session_rules().rules(ends_of(session))
    _heading(answer, session, rules)
    _facts(session, rules)
    with st.container(border=True):
        st.subheader("Messages")
        step = _WINDOWS[label or _DEFAULT_WINDOW][1]
        st.altair_chart(
            session_charts.messages(answer.steps, step, time_zone(), time_zone_name()),
            key="session_messages",
            alt=f"Messages by {step} min, of the application and of the session layer",
        )
    left, right = st.columns([3, 2], gap="small")
    with left, st.container(border=True):
        _events(session.session_id, answer)
    with right:
        with st.container(border=True):
            _gaps(answer)
        with st.container(border=True):
            _epochs(answer)


def _heading(answer: _Answer, session: Session, rules: SessionRules) -> None:
    st.html(markup.title(session.label, session.begin_string or ""))
    labels = [session_wording.state(session, rules)]
    if session.missing:
        labels.append((Level.NOTICE, wording.number(session.missing, "sequence number") + " missing"))
    if answer.unanswered:
        labels.append(
            (Level.NOTICE, wording.number(len(answer.unanswered), "test request") + " without an answer")
        )
    if session.recent_quarantined:
        labels.append(
            (Level.NOTICE, wording.number(session.recent_quarantined, "message") + " quarantined lately")
        )
    st.html(markup.tags(labels))
    if answer.other is not None:
        links.link(
            "session", "The other direction", icon=":material/swap_horiz:", id=str(answer.other.session_id)
        )


def _facts(session: Session, rules: SessionRules) -> None:
    where, zone = time_zone(), time_zone_name()
    silent = None if session.last_seen is None else session.at - session.last_seen
    limit = silence_limit(session, rules)
    opens = session_wording.hours(rules, session.at, where)
    with st.container(border=True):
        st.html(
            markup.facts(
                (
                    ("Last seen", f"{wording.ago(silent)} ago"),
                    ("May be silent for", "any time" if limit is None else wording.duration(limit)),
                    ("Heartbeat", "" if session.heart_bt_int is None else f"{session.heart_bt_int} s"),
                    (f"Logged on or off ({zone})", wording.day_time(session.state_sent, where)),
                    ("Messages", wording.count(session.messages)),
                    ("of the application", wording.count(session.application_messages)),
                    ("PossDup", wording.count(session.poss_dups)),
                    ("Last number", _number(session.last_number)),
                    ("Gaps since the last reset", wording.count(session.gaps)),
                    ("Numbers skipped", wording.count(session.skipped)),
                    ("resent", wording.count(session.resent)),
                    ("filled", wording.count(session.filled)),
                    ("still missing", wording.count(session.missing)),
                    ("Numbers used twice", wording.count(session.repeated)),
                    ("Rejects", wording.count(session.rejects)),
                    ("Business rejects", wording.count(session.business_rejects)),
                    ("Don't know trade", wording.count(session.dont_know_trades)),
                    ("Resend requests", wording.count(session.resend_requests)),
                    (f"First seen ({zone})", wording.day_time(session.first_seen, where)),
                    ("Trading day begins", session_wording.trading_day(rules)),
                    (f"Open ({zone})", "; ".join(opens[:3]) or "any time: no schedule is set"),
                )
            )
        )


def _events(session_id: int, answer: _Answer) -> None:
    where, events = time_zone(), answer.events
    st.subheader("What it did")
    tables.draw(
        {
            f"Sent ({time_zone_name()})": [wording.exact_time(event.sent, where)[:-3] for event in events],
            "What": [session_wording.KINDS.get(event.kind, event.kind) for event in events],
            "MsgSeqNum": [wording.count(event.seq_num) if event.seq_num else "" for event in events],
            "It says": [session_wording.event(event) for event in events],
        },
        key="session_events",
        height=2 * _HEIGHT,
        empty="Nothing rare happened: no logon, reset, gap or reject was seen",
        column_config={"MsgSeqNum": st.column_config.TextColumn(alignment="right")},
        alt="Events of the session, the last one sent first",
    )
    with st.container(horizontal=True, gap="small"):
        paging.buttons(_events_of(session_id), events[-1].key if len(events) == _PAGE else None)


def _gaps(answer: _Answer) -> None:
    gaps = answer.gaps
    st.subheader("Gaps since the last reset")
    tables.draw(
        {
            "First": [wording.count(gap.first_number) for gap in gaps],
            "Last": [wording.count(gap.last_number) for gap in gaps],
            "Resent": [wording.count(gap.resent) for gap in gaps],
            "Filled": [wording.count(gap.filled) for gap in gaps],
            "Missing": [f"▲ {wording.count(gap.missing)}" if gap.missing else "0" for gap in gaps],
        },
        key="session_gaps",
        height=_HEIGHT - 60,
        empty="No number was skipped",
        column_config={
            name: st.column_config.TextColumn(alignment="right")
            for name in ("First", "Last", "Resent", "Filled", "Missing")
        },
        alt="Gaps in the sequence numbers, the newest first",
    )


def _epochs(answer: _Answer) -> None:
    where, epochs = time_zone(), answer.epochs
    st.subheader("Resets")
    tables.draw(
        {
            f"Began ({time_zone_name()})": [wording.day_time(epoch.began_at, where) for epoch in epochs],
            "By": [session_wording.began_by(epoch.began_by) for epoch in epochs],
            "First number": [_number(epoch.first_number) for epoch in epochs],
            "Messages": [wording.count(epoch.direct_messages) for epoch in epochs],
        },
        key="session_epochs",
        height=_HEIGHT - 60,
        empty="No message of it has a number",
        column_config={
            name: st.column_config.TextColumn(alignment="right") for name in ("First number", "Messages")
        },
        alt="Epochs of sequence numbers, the present one first",
    )


def _number(value: int | None) -> str:
    return wording.NOTHING if value is None else wording.count(value)


def _events_of(session_id: int) -> str:
    """The name of the list of its events: another session's is on a page of its own."""
    return f"events_{session_id}"
