"""What is wrong with a session at a moment, by what is set for it."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from fixwatch.schedule import Schedule, parse_span
from fixwatch.session_settings import DEFAULT, SessionRules
from fixwatch.store.conduct import Conduct, conduct, ends_of, silence_limit
from fixwatch.store.views import Session

#: A Friday.
AT = datetime(2026, 1, 2, 12, tzinfo=UTC)
OPEN = SessionRules(schedule=Schedule(ZoneInfo("UTC"), parse_span("mon-fri 08:00-16:00")))
CLOSED = SessionRules(schedule=Schedule(ZoneInfo("UTC"), parse_span("mon-fri 13:00-16:00")))


def session(seconds: float = 1, **values: Any) -> Session:
    """A session that was seen so many seconds ago."""
    given = {field.name: None for field in fields(Session)}
    given |= {"logged_on": True, "heart_bt_int": 30, "at": AT, "last_seen": AT - timedelta(seconds=seconds)}
    return Session(**given | values)  # type: ignore[arg-type]


def test_a_session_is_silent_beyond_its_heartbeat_interval_and_some_time_to_be_late() -> None:
    assert conduct(session(38), DEFAULT) is None
    assert conduct(session(39), DEFAULT) is Conduct.SILENT
    assert conduct(session(39, logged_on=False), DEFAULT) is None
    assert conduct(session(39, logged_on=None), DEFAULT) is None


def test_what_is_set_goes_before_the_heartbeat_interval() -> None:
    assert conduct(session(39), SessionRules(silence_seconds=60)) is None
    assert conduct(session(61, heart_bt_int=None), SessionRules(silence_seconds=60)) is Conduct.SILENT


@pytest.mark.parametrize("heart_bt_int", [None, 0, -5])
def test_a_session_without_heartbeats_may_be_silent(heart_bt_int: int | None) -> None:
    assert conduct(session(100_000, heart_bt_int=heart_bt_int), DEFAULT) is None


def test_any_number_may_have_been_sent_for_a_heartbeat_interval() -> None:
    assert silence_limit(session(heart_bt_int=2**63 - 1), DEFAULT) == timedelta(seconds=86_400 * 1.2 + 2)


def test_not_keeping_to_the_schedule_is_told() -> None:
    assert conduct(session(), OPEN) is None
    assert conduct(session(logged_on=False), OPEN) is Conduct.NOT_LOGGED_ON
    assert conduct(session(logged_on=None), OPEN) is Conduct.NOT_LOGGED_ON
    assert conduct(session(), CLOSED) is Conduct.OUT_OF_HOURS
    assert conduct(session(logged_on=False), CLOSED) is None


def test_silence_outside_the_schedule_is_not() -> None:
    assert conduct(session(10_000, logged_on=False), CLOSED) is None
    assert conduct(session(10_000), OPEN) is Conduct.SILENT


def test_ends_are_those_that_settings_match() -> None:
    assert ends_of(session(sender_comp_id="A", target_comp_id="B", target_sub_id="S")) == (
        "A",
        "",
        "",
        "B",
        "S",
        "",
    )
