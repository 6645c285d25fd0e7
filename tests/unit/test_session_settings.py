"""What is set for sessions, and what is said of a file that is wrong."""

from __future__ import annotations

from datetime import time
from pathlib import Path

import pytest

from fixwatch import session_settings
from fixwatch.errors import SettingsError
from fixwatch.session_settings import DEFAULT, parse

FILE = """
[[session]]
name = "options"
sender_comp_id = "BROKER*"
target_sub_id = "OPT?"
time_zone = "America/New_York"
day_begins = "17:00"
schedule = ["sun 17:00 - fri 16:00"]
silence_seconds = 45

[[session]]
sender_comp_id = "BROKER1"
day_begins = 06:30:00
stuck_seconds = 2.5
"""


def test_the_first_entry_that_matches_counts_whichever_end_sends() -> None:
    given = parse(FILE)
    options = given.rules(("BROKER1", "", "", "FUND", "OPT1", ""))
    assert (options.silence_seconds, options.trading_day.begins) == (45, time(17))
    assert options.schedule is not None
    assert options.stuck_seconds == DEFAULT.stuck_seconds
    assert given.rules(("FUND", "OPT1", "", "BROKER1", "", "")) is options
    second = given.rules(("FUND", "OPT", "", "BROKER1", "", ""))
    assert (second.stuck_seconds, second.trading_day.begins, second.schedule) == (2.5, time(6, 30), None)
    assert given.rules(("FUND", "OPT1", "", "BROKE", "", "")) is DEFAULT


def test_an_end_is_compared_whole_and_by_case() -> None:
    given = parse('[[session]]\nsender_comp_id = "A.B"\nstuck_seconds = 1')
    assert given.rules(("A.B", "", "", "X", "", "")).stuck_seconds == 1
    assert given.rules(("AxB", "", "", "X", "", "")) is DEFAULT
    assert given.rules(("a.b", "", "", "X", "", "")) is DEFAULT
    assert given.rules(("A.B2", "", "", "X", "", "")) is DEFAULT


def test_without_a_file_days_are_utc_days() -> None:
    rules = session_settings.load("").rules(("A", "", "", "B", "", ""))
    assert rules is DEFAULT
    assert rules.trading_day.is_utc


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1", "x: not known"),
        ("session = 1", "write [[session]]"),
        ("[[session]]\n[[session]]\ntimezone = 'UTC'", "entry 2: timezone: not known; known are time_zone"),
        (
            "[[session]]\nname = 'N'\ntime_zone = 'Mars/Olympus'",
            "entry 1 (N): time_zone: 'Mars/Olympus' is no time",
        ),
        ("[[session]]\ntime_zone = '../../etc/passwd'", "entry 1: time_zone: "),
        ("[[session]]\ntime_zone = ''", "entry 1: time_zone: '' is no time zone"),
        ("[[session]]\nday_begins = '5pm'", "entry 1: day_begins: '5pm' is no time of day"),
        ("[[session]]\nday_begins = 17", "entry 1: day_begins: 17 is no text"),
        ("[[session]]\nsender_comp_id = 5", "entry 1: sender_comp_id: 5 is no text"),
        ("[[session]]\nschedule = ['mon 8-9']", "entry 1: schedule: 'mon 8-9' is no span"),
        ("[[session]]\nschedule = []", "entry 1: schedule: is empty"),
        ("[[session]]\nsilence_seconds = 0", "entry 1: silence_seconds: 0 is no number of seconds"),
        ("[[session]]\nstuck_seconds = true", "entry 1: stuck_seconds: True is no number"),
        ("[[session]]\npending_seconds = nan", "entry 1: pending_seconds: nan is no number"),
        ("[[session]", "line 1"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_with_its_entry(text: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "sessions.toml"
    file.write_text(text)
    with pytest.raises(SettingsError) as raised:
        session_settings.load(str(file))
    assert str(raised.value).startswith(f"FIXWATCH_SESSIONS: {file}: ")
    assert said in str(raised.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"FIXWATCH_SESSIONS: .*none\.toml cannot be read"):
        session_settings.load(str(tmp_path / "none.toml"))


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_bytes(b"\xff")
    with pytest.raises(SettingsError, match=r"x\.toml cannot be read"):
        session_settings.load(str(tmp_path / "x.toml"))
