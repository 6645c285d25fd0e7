"""What is said of a session and of its events in a few words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from fixwatch.dashboard import wording
from fixwatch.dashboard.status import Level
from fixwatch.schedule import DAY
from fixwatch.session_settings import SessionRules
from fixwatch.store.conduct import Conduct, conduct
from fixwatch.store.session_views import SessionEvent
from fixwatch.store.views import Session

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_STATES: Final = {
    True: (Level.OK, "● Logged on"),
    False: (Level.EMPTY, "○ Logged off"),
    None: (Level.EMPTY, "? Not known"),
}
_WRONG: Final = {
    Conduct.SILENT: "● Logged on, silent",
    Conduct.NOT_LOGGED_ON: "○ Not logged on, but open",
    Conduct.OUT_OF_HOURS: "● Logged on, but closed",
}
_SESSION_REJECT_REASON, _BUSINESS_REJECT_REASON, _DK_REASON = 373, 380, 127
KINDS: Final = {
    "logon": "● Logon",
    "logout": "○ Logout",
    "reset": "↺ Numbers begin anew",
    "gap_fill": "Gap fill",
    "resend_request": "▲ Resend request",
    "test_request": "Test request",
    "heartbeat": "Heartbeat in answer",
    "reject": "✕ Reject",
    "business_reject": "✕ Business reject",
    "dont_know_trade": "✕ Don't know trade",
    "out_of_hours": "▲ Outside its hours",
}
_BEGAN_BY: Final = {
    "logon_reset": "Logon with ResetSeqNumFlag",
    "logon": "Logon with MsgSeqNum 1",
    "sequence_reset": "SequenceReset",
}


def state(session: Session, rules: SessionRules) -> tuple[Level, str]:
    """Its state with a sign, and how bad that is."""
    wrong = conduct(session, rules)
    return _STATES[session.logged_on] if wrong is None else (Level.NOTICE, _WRONG[wrong])


def began_by(kind: str | None) -> str:
    """What began an epoch of sequence numbers."""
    return "before what was seen" if kind is None else _BEGAN_BY.get(kind, kind)


def event(of: SessionEvent) -> str:
    """What an event says, in a line."""
    begin = "" if of.begin_number is None else wording.count(of.begin_number)
    match of.kind:
        case "reset":
            return f"from number {begin}" if begin else ""
        case "gap_fill":
            return f"passes over {begin} to {_number(of.end_number)}"
        case "resend_request":
            return f"asks for {begin} to {_number(of.end_number) if of.end_number else 'the last'}"
        case "test_request" | "heartbeat":
            return wording.visible(of.ref_id or "")
        case "reject":
            return _rejected(of, _SESSION_REJECT_REASON)
        case "business_reject":
            return _rejected(of, _BUSINESS_REJECT_REASON)
        case "dont_know_trade":
            return _rejected(of, _DK_REASON)
    return wording.visible(of.text or "")


def hours(rules: SessionRules, now: datetime, where: tzinfo) -> list[str]:
    """When it is open within the next week, in the viewer's zone; empty where it has no schedule."""
    if rules.schedule is None:
        return []
    begin = (now - _EPOCH) // timedelta(microseconds=1)
    shown = []
    for opens, closes in rules.schedule.spans(begin, begin + 7 * DAY):
        first, last = ((_EPOCH + timedelta(microseconds=at)).astimezone(where) for at in (opens, closes))
        since = "now" if opens <= begin else f"{first:%a %H:%M}"
        shown.append(f"{since} to {last:%a %H:%M}")
    return shown


def trading_day(rules: SessionRules) -> str:
    """When its trading day begins."""
    return f"{rules.trading_day.begins:%H:%M} {rules.trading_day.zone.key}"


def _rejected(of: SessionEvent, tag: int) -> str:
    parts = [wording.meaning(tag, of.reason)] if of.reason else []
    parts += [f"tag {of.ref_tag}"] if of.ref_tag is not None else []
    parts += [f"of message {wording.count(of.ref_seq_num)}"] if of.ref_seq_num is not None else []
    parts += [wording.msg_type(of.ref_msg_type)] if of.ref_msg_type else []
    parts += [wording.visible(of.ref_id)] if of.ref_id else []
    parts += [wording.visible(of.text)] if of.text else []
    return " · ".join(parts)


def _number(value: int | None) -> str:
    return wording.NOTHING if value is None else wording.count(value)
