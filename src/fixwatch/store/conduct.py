"""How a direction of a session behaves at this moment, by what is set for it. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from fixwatch.session_settings import SessionRules
from fixwatch.store.views import Session

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
#: A heartbeat may be late by a fifth of the interval (FIX 4.4 volume 2, "Heartbeat": some reasonable transmission
#: time), and by what the way to here takes, seconds.
_LATE, _WAY = 1.2, 2.0


class Conduct(StrEnum):
    """What is wrong with a session."""

    #: Logged on, open, and nothing came for longer than the heartbeat interval allows.
    SILENT = "silent"
    #: Not logged on while its schedule says that it is open.
    NOT_LOGGED_ON = "not_logged_on"
    #: Logged on while its schedule says that it is closed.
    OUT_OF_HOURS = "out_of_hours"


def conduct(session: Session, rules: SessionRules) -> Conduct | None:
    """What is wrong with a session at `session.at`; None: nothing. Silence while it is closed is not."""
    is_open = True
    if rules.schedule is not None:
        is_open = rules.schedule.is_open((session.at - _EPOCH) // timedelta(microseconds=1))
        if is_open and not session.logged_on:
            return Conduct.NOT_LOGGED_ON
        if not is_open and session.logged_on:
            return Conduct.OUT_OF_HOURS
    limit = silence_limit(session, rules)
    if is_open and session.logged_on and limit is not None and session.last_seen is not None:
        return Conduct.SILENT if session.at - session.last_seen > limit else None
    return None


def silence_limit(session: Session, rules: SessionRules) -> timedelta | None:
    """How long a session that is logged on may be silent; None: nothing says so.

    What is set for it, or else its HeartBtInt(108) and some time to be late. 0 is no heartbeats.
    """
    if rules.silence_seconds is not None:
        return timedelta(seconds=rules.silence_seconds)
    if not session.heart_bt_int or session.heart_bt_int < 0:
        return None
    # Somebody may have sent any number.
    return timedelta(seconds=min(session.heart_bt_int, 86_400) * _LATE + _WAY)


def ends_of(session: Session) -> tuple[str, ...]:
    """The ends of a session as `SessionSettings.rules` takes them."""
    return tuple(
        end or ""
        for end in (
            session.sender_comp_id,
            session.sender_sub_id,
            session.sender_location_id,
            session.target_comp_id,
            session.target_sub_id,
            session.target_location_id,
        )
    )
