"""Sessions: a row a direction."""

from __future__ import annotations

from typing import Final

import streamlit as st

from fixwatch.dashboard import opening, reading, session_wording, tables, wording
from fixwatch.dashboard.live import live, time_zone, time_zone_name
from fixwatch.store.conduct import ends_of
from fixwatch.store.figures import RECENT_MINUTES
from fixwatch.store.views import Session

#: Longer tables scroll inside.
_MOST_ROWS: Final = 24
_RIGHT: Final = (
    "Messages",
    f"Last {RECENT_MINUTES} min",
    "Quarantined",
    "MsgSeqNum",
    "Gaps",
    "Missing",
    "PossDup",
    "Resets",
    "Rejects",
    "Heartbeat",
)


def page() -> None:
    """Draw the page."""
    live(reading.sessions, _draw)


def _draw(sessions: tuple[Session, ...]) -> None:
    opening.follow()
    on = sum(session.logged_on is True for session in sessions)
    st.caption(
        f"{wording.count(len(sessions))} directions, {wording.count(on)} logged on. Quarantined: of the last "
        f"{RECENT_MINUTES} min. Missing: sequence numbers that have not come yet. Gaps: since the last reset. "
        "Rejects: Reject, BusinessMessageReject, DontKnowTrade."
    )
    where, rules = time_zone(), reading.session_rules()
    tables.draw(
        {
            "Sender": opening.labels(
                "sessions",
                [session.sender for session in sessions],
                [str(session.session_id) for session in sessions],
            ),
            "Target": [wording.visible(session.target) for session in sessions],
            "State": [
                session_wording.state(session, rules.rules(ends_of(session)))[1] for session in sessions
            ],
            "Last seen": [
                f"{wording.ago(None if session.last_seen is None else session.at - session.last_seen)} ago"
                for session in sessions
            ],
            f"Last {RECENT_MINUTES} min": [wording.count(session.recent_messages) for session in sessions],
            "Quarantined": [wording.count(session.recent_quarantined) for session in sessions],
            "Missing": [wording.count(session.missing) for session in sessions],
            "Gaps": [wording.count(session.gaps) for session in sessions],
            "MsgSeqNum": [
                wording.NOTHING if session.last_number is None else wording.count(session.last_number)
                for session in sessions
            ],
            "Messages": [wording.count(session.messages) for session in sessions],
            "PossDup": [wording.count(session.poss_dups) for session in sessions],
            "Resets": [wording.count(session.resets) for session in sessions],
            "Rejects": [
                wording.count(session.rejects + session.business_rejects + session.dont_know_trades)
                for session in sessions
            ],
            "Version": [wording.visible(session.begin_string or wording.NOTHING) for session in sessions],
            "Heartbeat": [
                wording.NOTHING if session.heart_bt_int is None else f"{session.heart_bt_int} s"
                for session in sessions
            ],
            f"First seen ({time_zone_name()})": [
                wording.NOTHING
                if session.first_seen is None
                else f"{session.first_seen.astimezone(where):%Y-%m-%d %H:%M:%S}"
                for session in sessions
            ],
        },
        key="sessions",
        height="content" if len(sessions) <= _MOST_ROWS else 800,
        empty="No session has been seen yet",
        column_config={
            "Sender": opening.column("sessions", "session", "id", "Press to see what the session did"),
            **{name: st.column_config.TextColumn(alignment="right") for name in _RIGHT},
        },
        alt="Directions of sessions",
    )
